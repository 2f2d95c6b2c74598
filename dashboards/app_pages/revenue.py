"""From charge to cash: what was charged and what became of it, how long it is owed, what payers deny and why."""

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import bars, stack, waterfall
from dashboards.figures.style import BAD, CATEGORIES, SEQUENCE
from dashboards.figures.trends import first_and_last, trend
from dashboards.kpis.metric import below, benchmark, metric, rests_on
from dashboards.kpis.months import CATALOG, go_lives, months_of, since
from dashboards.kpis.periods import QUARTER, dated, newest
from dashboards.kpis.rates import rate, share
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.filters import PAYER_NAMES, filters
from dashboards.layout.page import current_sheet, not_available, open_page
from dashboards.store.published import ask
from models.few_cases import marked
from models.wording import amount, period

TILES = ("net_collection_rate", "days_in_ar", "ar_over_90_days_share", "clean_claim_rate", "initial_denial_rate")
FLOWS = {
    "contractual_adjustment": "Contractual<br>adjustments",
    "other_adjustment": "Other<br>adjustments",
    "write_off": "Write-offs",
    "payer_payment": "Paid by payers",
    "patient_payment": "Paid by patients",
}
AGES = {
    "0_to_30_days": "0–30 days",
    "31_to_60_days": "31–60 days",
    "61_to_90_days": "61–90 days",
    "91_to_120_days": "91–120 days",
    "over_120_days": "Over 120 days",
}
# Darker is older; past 90 days, where receivables are at risk, the colours of a warning.
AGE_COLOURS = {"0_to_30_days": SEQUENCE[3], "31_to_60_days": SEQUENCE[5], "61_to_90_days": SEQUENCE[7]} | {
    "91_to_120_days": CATEGORIES[2],
    "over_120_days": BAD,
}
REASONS = {
    "authorization": "Authorization",
    "coding": "Coding",
    "duplicate": "Duplicate",
    "eligibility": "Eligibility",
    "medical_necessity": "Medical necessity",
    "timely_filing": "Late filing",
    "other": "Other",
}
_FLOWS = """
    select basis, month_on, flow, cast(sum(amount_usd) as double) as amount_usd
    from marts.fct_revenue_flows
    where {condition}
    group by all
    order by month_on
"""
_AGES = """
    select month_on, age_band, cast(sum(balance_usd) as double) as balance_usd
    from marts.fct_receivable_ages
    where {condition}
    group by all
    order by month_on
"""
_ANSWERS = """
    select month_on, payer_name, payer_class, denial_reason, sum(n_claims) as n_claims, sum(n_recovered) as n_recovered,
        cast(sum(denied_usd) as double) as denied_usd, cast(sum(recovered_usd) as double) as recovered_usd,
        cast(sum(billed_usd) as double) as billed_usd
    from marts.fct_claim_answers
    where {condition}
    group by all
"""

publication = open_page("Revenue cycle", "From charge to cash: collections, time to payment, and denials with reasons.")
chosen = filters(publication, payer=True)
current_sheet().filters = chosen.said
condition, parameters = chosen.where("location_key", "payer_class")
catalog = {row["kpi_code"]: row for row in ask(publication, CATALOG).iter_rows(named=True)}

periods = newest(publication, chosen, QUARTER, TILES)
tiles = []
for column, code in zip(st.columns(len(TILES)), TILES, strict=True):
    kpi, shown = catalog[code], periods.get(code)
    lines = (rests_on(kpi, shown), f"Target {amount(kpi['target'], kpi['unit'])}")
    with column, st.container(border=True, height="stretch"):
        metric(kpi, shown, note="on the quarter before")
        below(*lines)
    tiles.append((kpi["kpi_name"], amount(shown["value"] if shown else None, kpi["unit"]), ". ".join(lines)))
current_sheet().tiles(tiles)

flows = ask(publication, _FLOWS.format(condition=condition), parameters)
if flows.is_empty():
    not_available("Charges and payments", "billing delivered none for these filters")
    st.stop()
_, last = first_and_last(flows.filter(pl.col("basis") == "posting")["month_on"])

# Payment takes up to four months, so the newest months are left out; they would look like a loss.
settled = since(flows.filter(pl.col("basis") == "service"), pl.select(pl.lit(last).dt.offset_by("-4mo")).item(), chosen.months)
sums = dict(settled.group_by("flow").agg(pl.col("amount_usd").sum()).iter_rows())
charged = sums.get("charge", 0.0)
left, right = st.columns(2)
if charged:
    paid = sums.get("payer_payment", 0.0) + sums.get("patient_payment", 0.0)
    owed = charged - sum(value for flow, value in sums.items() if flow != "charge")
    steps = [("Charged", charged, False)]
    steps += [(name, -sums[flow], False) for flow, name in FLOWS.items() if sums.get(flow) and not flow.endswith("payment")]
    steps += [("Still owed", -owed, False), ("Collected", paid, True)]
    span = period(*first_and_last(settled["month_on"]))
    with left:
        figure(
            waterfall(steps),
            title=f"Of {amount(charged, 'usd')} charged, {amount(paid, 'usd')} was collected",
            alt=f"Waterfall from {amount(charged, 'usd')} charged to {amount(paid, 'usd')} collected, services of {span}.",
            data=pl.DataFrame(
                [(name, value) for name, value, _ in steps], schema=["step", "amount_usd"], orient="row"
            ).with_columns(pl.col("step").str.replace("<br>", " ")),
            name="charges_to_cash",
            note=f"Services of {span}: the four newest months are still being paid for.",
        )
posted = since(flows.filter((pl.col("basis") == "posting") & pl.col("flow").str.ends_with("payment")), last, chosen.months)
with right:
    figure(
        stack(
            posted,
            x="month_on",
            value="amount_usd",
            part="flow",
            parts={"payer_payment": "Payers", "patient_payment": "Patients"},
            unit="usd",
        ),
        title="Cash by month of posting",
        alt="Stacked bars of payments by payers and patients, by month of posting.",
        data=posted,
        name="cash_by_month",
        note="The running month is not over.",
    )

aged = periods.get("ar_over_90_days_share")
ages = ask(publication, _AGES.format(condition=condition), parameters)
ages = since(ages, aged["last_month_on"] if aged else last, chosen.months)
left, right = st.columns(2)
with left:
    figure(
        stack(ages, x="month_on", value="balance_usd", part="age_band", parts=AGES, unit="usd", colours=AGE_COLOURS),
        title=f"What was owed at each month's end, by age, {period(*first_and_last(ages['month_on']))}",
        alt="Stacked bars of receivables by age band at each month's end.",
        data=ages,
        name="receivables_by_age",
        note="At each month's end, by days since the service; credit balances are taken off.",
    )
days = months_of(publication, chosen, "days_in_ar")
with right:
    if days.is_empty():
        not_available("Days in A/R", catalog["days_in_ar"]["unavailable_reason"] or "there are no months yet")
    else:
        drawn = since(days, first_and_last(days["month_on"])[1], chosen.months)
        kpi = catalog["days_in_ar"]
        figure(
            trend(
                drawn,
                unit="days",
                target=kpi["target"],
                benchmark=benchmark(kpi),
                events=go_lives(publication, chosen).filter(pl.col("event_on") >= drawn["month_on"].min()),
                has_holidays=True,
                height=340,
            ),
            title=f"Days in A/R at each month's end, {chosen.said}",
            alt="Days in accounts receivable by month, beside the target and the benchmark.",
            data=drawn.drop("slice_key", "slice_name"),
            name="days_in_ar_by_month",
            note="Open dots: still coming in. The value above is the mean of three month ends.",
        )

# The denial rate is mature with its KPI, whose cases these are.
denial = newest(publication, chosen, chosen.months, ("initial_denial_rate",)).get("initial_denial_rate")
if denial is None:
    not_available("Denials", "no month of answers is mature yet, or billing delivered none")
    st.stop()
answers = since(ask(publication, _ANSWERS.format(condition=condition), parameters), denial["last_month_on"], chosen.months)
answered = period(denial["first_month_on"], denial["last_month_on"])
denied = answers.filter(pl.col("denial_reason") != "none")
if denied.is_empty():
    not_available("Denials", "payers denied no claim in this period, or billing delivered no answers")
    st.stop()
sum_of = [pl.col("n_claims", "n_recovered", "denied_usd", "recovered_usd").sum()]
reasons = (
    denied.group_by("denial_reason")
    .agg(sum_of)
    .with_columns(reason=pl.col("denial_reason").replace_strict(REASONS, default=pl.col("denial_reason")))
    .sort("denied_usd", descending=True)
)
payers = (
    answers.group_by("payer_name", "payer_class")
    .agg(
        pl.col("n_claims").sum(),
        n_denied=pl.col("n_claims").filter(pl.col("denial_reason") != "none").sum(),
        denied_usd=pl.col("denied_usd").sum(),
        n_recovered=pl.col("n_recovered").sum(),
    )
    .with_columns(
        rate=rate("n_denied", "n_claims"),
        recovered=rate("n_recovered", "n_denied"),
        payer_class=pl.col("payer_class").replace_strict(PAYER_NAMES, default=pl.col("payer_class")),
    )
    .sort("denied_usd", descending=True)
)
payers = payers.with_columns(marked("n_denied", "n_claims"))
n_denied, n_recovered, denied_usd = denied.select(pl.sum("n_claims", "n_recovered", "denied_usd")).row(0)
say(
    f"{answered}: payers first denied **{n_denied:,}** of {answers['n_claims'].sum():,} claims, "
    f"{amount(denied_usd, 'usd')}; **{reasons['reason'][0].lower()}** cost most. "
    f"{amount(share(n_recovered, n_denied), 'share')} of the denied claims have been paid since."
)
left, right = st.columns([2, 3])
with left:
    figure(
        bars(reasons, label="reason", value="denied_usd", unit="usd"),
        title=f"Denied dollars by reason, first answers of {answered}",
        alt=f"Denied dollars by reason; most is {reasons['reason'][0]}, {amount(reasons['denied_usd'][0], 'usd')}.",
        data=dated(reasons, denial),
        name="denials_by_reason",
    )
with right:
    table(
        dated(
            payers.select("payer_name", "payer_class", "n_claims", "n_denied", "rate", "few", "denied_usd", "recovered"), denial
        ),
        title=f"Denials by payer, the costliest first, first answers of {answered}",
        columns={
            "payer_name": "Payer",
            "payer_class": "Class",
            "n_claims": "Claims",
            "n_denied": "Denied",
            "rate": st.column_config.NumberColumn("Denial rate", format="percent"),
            "few": st.column_config.TextColumn("Few", width="small", help="Fewer than 30 claims, or fewer than 10 denied."),
            "denied_usd": st.column_config.NumberColumn("Denied dollars", format="$%,.0f"),
            "first_month_on": None,
            "last_month_on": None,
            "recovered": st.column_config.NumberColumn("Paid since", format="percent"),
        },
        name="denials_by_payer",
    )
