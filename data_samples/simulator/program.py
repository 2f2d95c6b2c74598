"""Practice-wide CRM data: campaigns, marketing spend, the program's roll-out and costs."""

from datetime import date

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.leads import LEAD_SOURCES
from data_samples.simulator.practice import NEVER, PROGRAM, Practice

_SPEND_PER_NEW_PATIENT = {
    "paid_search": 74, "social": 38, "website": 22, "patient_referral": 6, "physician_referral": 10, "event": 14, "mail": 26,
}  # fmt: skip
_NULL = pl.lit(None, dtype=pl.Datetime("us"))


def practice_wide(practice: Practice, clock: Clock, n_patients: int, random: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Versions of the four extracts that no patient belongs to."""
    return {
        "campaigns": _campaigns(clock, n_patients),
        "marketing_spend": _marketing_spend(clock, n_patients, random),
        "program_rollout": _rollout(practice, clock),
        "program_costs": _costs(practice, clock, n_patients, random),
    }


def _at(day: str) -> pl.Expr:
    return pl.col(day).cast(pl.Datetime("us")) + pl.duration(hours=14)


def _campaigns(clock: Clock, n_patients: int) -> pl.DataFrame:
    started: date = clock.start_on.astype(object)
    rows: list[tuple[str, str, str, str, date, date | None, float]] = [
        ("cmp-reminders", "Appointment reminders", "reminder", "sms", started, None, 0.0),
        ("cmp-survey", "Patient survey", "satisfaction", "email", started, None, 0.0),
    ]
    months = clock.month_starts
    for month in range(clock.first // 6 * 6, clock.last + 1, 6):
        name = months[month].astype("datetime64[M]")
        first, ends = months[month].item(), (months[month + 6] - 1).item()
        rows.append((f"cmp-recall-{name}", f"Recall from {name}", "recall", "phone", first, ends, round(0.05 * n_patients, 2)))
    first, last = (int(str(months[month])[:4]) for month in (clock.first - 1, clock.last))
    for year in range(first, last + 1):
        on, ends = date(year, 1, 1), date(year, 12, 31)
        rows.append(
            (f"cmp-acquisition-{year}", f"New patients {year}", "acquisition", "mail", on, ends, round(0.02 * n_patients, 2))
        )
    columns = ("campaign_id", "campaign_name", "campaign_type", "channel", "started_on", "ended_on", "cost_usd")
    frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    return frame.with_columns(updated_at=_at("started_on"))


def _months(clock: Clock) -> np.ndarray:
    return clock.month_starts[clock.first : clock.last + 1]


def _marketing_spend(clock: Clock, n_patients: int, random: np.random.Generator) -> pl.DataFrame:
    months = _months(clock)
    new_patients = 0.0085 * n_patients
    rows = []
    for source in LEAD_SOURCES:
        amount = np.round(_SPEND_PER_NEW_PATIENT[source] * new_patients * random.uniform(0.8, 1.25, len(months)), 2)
        rows.append(pl.DataFrame({"month_on": pl.Series(months), "lead_source": [source] * len(months), "amount_usd": amount}))
    frame = pl.concat(rows).with_columns(
        spend_id=pl.concat_str(pl.lit("spd-"), pl.col("month_on").dt.strftime("%Y%m"), pl.lit("-"), "lead_source"),
        location_id=pl.lit(None, dtype=pl.String),
        updated_at=_at("month_on") + pl.duration(days=2),
    )
    return frame


def _rollout(practice: Practice, clock: Clock) -> pl.DataFrame:
    live = practice.go_live_month
    on = np.where(live < NEVER, clock.month_starts[np.minimum(live, clock.n_simulated)], np.datetime64("NaT"))
    planned = pl.lit(clock.start_on.item()).cast(pl.Datetime("us")) + pl.duration(hours=14)
    return practice.sites.select("location_id").with_columns(
        program_name=pl.lit(PROGRAM), go_live_on=pl.Series(on), updated_at=planned
    )


def _costs(practice: Practice, clock: Clock, n_patients: int, random: np.random.Generator) -> pl.DataFrame:
    """Per site: implementation and training at its start, monthly licence, support and staff. For all: integration, tuning."""
    per_site = n_patients / practice.sites.height
    rows = []
    starts = [month for month in practice.go_live_month if month <= clock.last]
    for location, live in zip(practice.sites["location_id"], practice.go_live_month, strict=True):
        if live > clock.last:
            continue
        rows += [
            (location, "implementation", live - 1, 2_000 + 3.2 * per_site),
            (location, "training", live - 1, 800 + 0.9 * per_site),
        ]
        for month in range(live, clock.last + 1):
            monthly = (("licence", 0.42), ("support", 0.07), ("staff", 0.55))
            rows += [(location, category, month, 40 + rate * per_site) for category, rate in monthly]
    if starts:
        rows += [(None, "integration", min(starts) - 2, 6_000 + 0.8 * n_patients)]
        rows += [(None, "optimisation", month, 300 + 0.06 * n_patients) for month in range(min(starts) + 3, clock.last + 1, 3)]
    columns = ("location_id", "category", "month", "amount_usd")
    frame = pl.DataFrame(rows, schema=dict(zip(columns, (pl.String, pl.String, pl.Int64, pl.Float64), strict=True)), orient="row")
    frame = frame.with_row_index("row", 1)
    return frame.select(
        cost_id="cst-" + pl.col("row").cast(pl.String).str.zfill(4),
        program_name=pl.lit(PROGRAM),
        location_id="location_id",
        category="category",
        month_on=pl.Series(clock.month_starts[frame["month"].to_numpy()]),
        amount_usd=pl.Series(np.round(frame["amount_usd"].to_numpy() * random.uniform(0.97, 1.03, frame.height), 2)),
    ).with_columns(updated_at=_at("month_on") + pl.duration(days=3))
