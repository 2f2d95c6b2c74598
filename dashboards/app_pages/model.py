"""Shows whether the risk model can be trusted: ranking, calibration, subgroups, and uses to avoid."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.model_charts import decision, importances, reliability, subgroups
from dashboards.figures.model_wording import (
    METRICS,
    MODEL_NAMES,
    OUTCOMES,
    SUBGROUP_METRICS,
    TIERS_IN_WORDS,
    TILES,
    level_in_words,
    looks_in_words,
    rank_in_words,
)
from dashboards.figures.wording import each, language, plain
from dashboards.layout.address import say_unknown
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.page import current_sheet, not_available, open_page
from dashboards.store.published import Publication, ask
from models.wording import counted, day, spelt_out

_THERE = "select table_name from catalog.tables where starts_with(table_name, 'ml.')"
_EVALUATIONS = "select * from ml.model_evaluations order by model_version, subgroup_type, subgroup, metric"
_CARD = "select * from ml.model_cards order by model_version, attribute_number"
_CURVES = "select * from ml.model_curves where model_version = ? order by curve, series, point"
_IMPORTANCES = "select * from ml.model_importances where model_version = ? order by importance_rank"
_MONITORING = "select * from ml.model_monitoring"
_NOT_OF_THIS = "it is worked out for the model of drifting away alone"
_SITES = "select cast(location_key as varchar), location_name from marts.dim_locations"
_N_FURTHEST = 5
_LIFT = "select * from ml.outreach_lift order by month = 'all' desc, month desc, tier"


def _models(evaluations: pl.DataFrame) -> dict[str, str]:
    """Version → name; the task is the version without its last part."""
    versions = evaluations["model_version"].unique(maintain_order=True).to_list()
    return {one: f"{MODEL_NAMES.get(one.rpartition('-')[0], plain(one))}, version {one.rpartition('-')[2]}" for one in versions}


def _tiles(whole: pl.DataFrame, outcome: str) -> None:
    """The answer in words, then its figures; `outcome` is what the model foretells, in words."""
    values = {row["metric"]: row for row in whole.iter_rows(named=True)}
    auroc = values.get("auroc")
    if auroc and auroc["value"] is not None:
        rules = [name for name in ("overdue_rule", "own_share") if f"auroc_{name}" in values]
        rule = values[f"auroc_{rules[0]}"]["value"] if rules else None
        gain = values.get(f"auroc_gain_over_{rules[0]}", {}).get("low") if rules else None
        say(rank_in_words(auroc["value"], rule, gain, outcome))
    for reason in ("not_used", "not_evaluated"):
        if reason in values:
            not_available("The fitted model", values[reason]["note"] or plain(reason))
    shown = [name for name in TILES if name in values and values[name]["value"] is not None]
    for column, name in zip(st.columns(len(shown)) if shown else (), shown, strict=True):
        title, help_text = TILES[name]
        row = values[name]
        interval = f"95 % interval {row['low']:.2f} to {row['high']:.2f}" if row["low"] is not None else "no interval"
        column.metric(
            title,
            f"{row['value']:.2f}",
            delta=interval,
            delta_color="off",
            delta_arrow="off",
            help=help_text,
            border=True,
        )
    level = values.get("observed_over_expected")
    if shown:
        row = values[shown[0]]
        looks = looks_in_words(row["n_rows"], row["n_patients"], row["n_events"], level["value"] if level else None, outcome)
        say(f"Tested in months after its training ({_span(row)}), on {looks}")
        if outcome == OUTCOMES["disengagement"]:
            say(TIERS_IN_WORDS)
    if level and level["value"] is not None:
        say(f"**How far the level can be believed.** {level_in_words(*(level[c] for c in ('value', 'low', 'high', 'n_events')))}")


def _span(row: dict[str, Any]) -> str:
    return f"{day(row['test_from_on'])} to {day(row['test_to_on'])}"


def _is_of_patients(version: str) -> bool:
    """Whether a model foretells who drifts away; the other one foretells which appointments are missed."""
    return version.startswith("disengagement-")


def _curves(publication: Publication, version: str, there: set[str]) -> None:
    if "ml.model_curves" not in there:
        not_available(
            "Calibration and decision curves", "this publication was made before they were measured; the next run has them"
        )
        return
    curves = ask(publication, _CURVES, (version,))
    if curves.is_empty():
        why = "too few patients drifted away in the months of the evaluation" if _is_of_patients(version) else _NOT_OF_THIS
        not_available("Calibration and decision curves", why)
        return
    left, right = st.columns(2)
    points = curves.filter(pl.col("curve") == "reliability")
    if not points.is_empty():
        with left:
            figure(
                reliability(points),
                title="Calibration: observed against predicted risk",
                alt="Observed rate over predicted risk, per tenth of the rows; on the diagonal, predictions match outcomes.",
                data=points,
                note="Each dot: a tenth of the rows. Above the line the risk is underrated, below it is overrated.",
            )
    points = curves.filter(pl.col("curve") == "decision")
    if not points.is_empty():
        with right:
            figure(
                decision(points),
                title="Whether acting on the model helps",
                alt="Net benefit by risk threshold, of the model against contacting everybody.",
                data=points,
                note="The highest line is the best policy at that threshold (Vickers and Elkin 2006). Zero: contact nobody.",
            )


def _figures(whole: pl.DataFrame) -> None:
    """The model against simpler and richer ones, and all other metrics of its evaluation."""
    order = pl.DataFrame({"metric": list(METRICS), "figure": list(METRICS.values())}).with_row_index("place")
    named = whole.join(order, on="metric", how="left").sort("place", "metric", nulls_last=True)
    columns = {
        "figure": st.column_config.TextColumn("Figure", width=430),
        "value": st.column_config.NumberColumn("Measured", format="%.3f"),
        "low": st.column_config.NumberColumn("95 % from", format="%.3f"),
        "high": st.column_config.NumberColumn("to", format="%.3f"),
        "n_patients": st.column_config.NumberColumn("Patients", format="localized"),
        "n_events": st.column_config.NumberColumn("Came true", format="localized"),
        "note": st.column_config.TextColumn("Note", width="large"),
    }
    table(
        named.with_columns(
            each(named["note"], spelt_out), figure=pl.col("figure").fill_null(pl.col("metric").str.replace_all("_", " "))
        ).select(name for name in columns if name in named.columns or name == "figure"),
        title="The model against simpler and richer ones",
        columns=columns,
        note="Measured in months after its training. A challenger is tried only with enough events, and replaces the model "
        "only if it is better by more than chance.",
    )


def _subgroups(publication: Publication, evaluations: pl.DataFrame, whole: pl.DataFrame) -> None:
    names = dict(ask(publication, _SITES).iter_rows())
    divided = evaluations.filter(pl.col("subgroup_type") != "all")
    groups = divided.with_columns(
        group=pl.format(
            "{}: {}",
            each(divided["subgroup_type"], plain),
            pl.when(pl.col("subgroup_type") == "language")
            .then(each(divided["subgroup"], language))
            .otherwise(pl.col("subgroup").replace(names).str.replace_all("_", " ")),
        )
    ).with_columns(label=pl.format("{} ({} of {})", "group", "n_events", "n_patients"))
    for metric, title in SUBGROUP_METRICS.items():
        rows = groups.filter(pl.col("metric") == metric, pl.col("value").is_not_null())
        if rows.is_empty():
            continue
        reference = whole.filter(pl.col("metric") == metric)["value"].to_list()
        figure(
            subgroups(rows, reference[0] if reference else None),
            title=title,
            alt=f"{title}, with 95 % intervals; the dotted line is everybody.",
            data=rows.select("subgroup_type", "subgroup", "metric", "value", "low", "high", "n_patients", "n_events"),
            note="In brackets: predictions with the outcome, of how many patients. Lines are 95 % intervals.",
        )
    furthest = (
        groups.filter(pl.col("metric") == "observed_over_expected", pl.col("value") > 0)
        .sort(pl.col("value").log().abs(), "group", descending=[True, False])
        .head(_N_FURTHEST)
    )
    if not furthest.is_empty():
        table(
            furthest.select("group", "value", "low", "high", "n_events", "n_patients"),
            title="Groups whose level is furthest off",
            columns={
                "group": "Group",
                "value": st.column_config.NumberColumn("Observed over expected", format="%.2f"),
                "low": st.column_config.NumberColumn("95 % from", format="%.2f"),
                "high": st.column_config.NumberColumn("to", format="%.2f"),
                "n_events": st.column_config.NumberColumn("Came true", format="localized"),
                "n_patients": st.column_config.NumberColumn("Patients", format="localized"),
            },
            note="Above 1, the risk is underrated. Chance alone makes one interval in twenty miss 1.",
        )
    missing = groups.filter(pl.col("metric") == "not_evaluated")
    if not missing.is_empty():
        columns = (
            ["group", "n_events", "n_patients", "note"] if "note" in missing.columns else ["group", "n_events", "n_patients"]
        )
        table(
            missing.select(columns),
            title="Groups too small to judge",
            columns={
                "group": "Group",
                "n_events": "Came true",
                "n_patients": "Patients",
                "note": st.column_config.TextColumn("Why", width="large"),
            },
            note="Too few outcomes for a metric. The model may perform worse for these groups; this is not yet known.",
        )


def _inputs(publication: Publication, version: str, there: set[str]) -> None:
    if "ml.model_importances" not in there:
        not_available("What moves the risk", "this publication was made before it was measured; the next run has it")
        return
    rows = ask(publication, _IMPORTANCES, (version,)).head(15)
    if rows.is_empty():
        not_available("What moves the risk", "there is no fitted model" if _is_of_patients(version) else _NOT_OF_THIS)
        return
    figure(
        importances(rows),
        title="Inputs with the most influence on the risk",
        alt="The fifteen inputs with the most influence, the strongest first.",
        data=rows,
        note="Associations, not causes: changing one of them need not change the risk.",
    )


def _monitoring(publication: Publication, there: set[str]) -> None:
    if "ml.model_monitoring" not in there:
        not_available("Monitoring", "this publication was made before the model was monitored; the next run monitors it")
    else:
        rows = ask(publication, _MONITORING)
        for row in rows.filter(pl.col("status") != "ok").iter_rows(named=True):
            consequence = "the overdue rule replaces it" if row["status"] == "stop" else "read its risks with care"
            st.warning(
                f"**{plain(row['check_name'])}** of {plain(row['subject']).lower()}: {consequence}.",
                icon=":material/monitor_heart:",
            )
        if rows.filter(pl.col("status") != "ok").is_empty():
            st.success(f"{counted(len(rows), 'check')}: the model fits today's patients.", icon=":material/check_circle:")
        table(
            rows.with_columns(each(rows["check_name"], plain), each(rows["subject"], plain)).sort(
                pl.col("status") == "ok", maintain_order=True
            ),
            title="Whether the model still fits the patients of today",
            columns={
                "check_name": "Check",
                "subject": "Of what",
                "value": st.column_config.NumberColumn("Measured", format="%.3f"),
                "warns_at": st.column_config.NumberColumn("Warns from", format="%.3f"),
                "stops_at": st.column_config.NumberColumn("Stops from", format="%.3f"),
                "status": "Status",
                "why": st.column_config.TextColumn("Why these limits", width="large"),
            },
            note="If a check says stop, no score of the model is published, and the simple rule ranks the list.",
        )
    if "ml.outreach_lift" in there:
        lift = ask(publication, _LIFT)
        if lift.is_empty():
            not_available("What contacting changed", "no CRM campaign held patients out at random")
        else:
            table(
                lift.with_columns(pl.col("month").replace("all", "All months"), each(lift["tier"], plain)),
                title="What contacting changed: contacted against held out at random",
                columns={
                    "month": "Picked in",
                    "tier": "Risk tier",
                    "n_contacted": "Contacted",
                    "n_held_out": "Held out",
                    "contacted_rate": st.column_config.NumberColumn("Came, contacted", format="percent"),
                    "held_out_rate": st.column_config.NumberColumn("Came, held out", format="percent"),
                    "lift": st.column_config.NumberColumn("Difference", format="percent"),
                    "low": st.column_config.NumberColumn("95 % from", format="percent"),
                    "high": st.column_config.NumberColumn("to", format="percent"),
                    "n_held_out_needed": st.column_config.NumberColumn(
                        "Needed held out", help="Held-out patients needed to detect a difference of 5 points."
                    ),
                    "note": st.column_config.TextColumn("Note", width="large"),
                },
                note="Came: had a completed visit within 90 days, a raw share. Difference: within each campaign, as on the pages "
                "Campaigns and Return on investment. Only patients held out at random show the change.",
            )


def _card(publication: Publication, version: str) -> None:
    card = ask(publication, _CARD).filter(pl.col("model_version") == version)
    if card.is_empty():
        not_available("The model card", "this version has none")
        return
    say(
        "The source attributes that 45 CFR 170.315(b)(11)(iv)(B) asks of predictive decision support. "
        "**For outreach only: never for overbooking, and never for refusing care.**"
    )
    for category in card["category"].unique(maintain_order=True):
        with st.expander(category, expanded=category.startswith(("Purpose", "Cautioned"))):
            for _, attribute, answer in (
                card.filter(pl.col("category") == category).select("attribute_number", "attribute", "answer").iter_rows()
            ):
                st.markdown(f"**{attribute}**  \n{answer}")
                current_sheet().say(f"**{attribute}** {answer}")


publication = open_page("Risk model", "How well the risk model performs, for which patients, and what it must not be used for.")
evaluations = ask(publication, _EVALUATIONS)
if evaluations.is_empty():
    not_available("The risk model", "there were too few patients or months to learn from")
    st.stop()
there = set(ask(publication, _THERE)["table_name"])
models = _models(evaluations)
version = next(iter(models))
if len(models) > 1:
    say_unknown("model", models, models.__getitem__)
    version = st.selectbox("Model", list(models), format_func=models.__getitem__, key="model", bind="query-params")
evaluations = evaluations.filter(pl.col("model_version") == version)
whole = evaluations.filter(pl.col("subgroup_type") == "all")
_tiles(whole, OUTCOMES.get(version.rpartition("-")[0], "had the outcome"))


def _trust() -> None:
    _curves(publication, version, there)
    _figures(whole)
    _inputs(publication, version, there)


VIEWS: dict[str, Callable[[], None]] = {
    "Trust": _trust,
    "Fairness": lambda: _subgroups(publication, evaluations, whole),
    "Monitoring": lambda: _monitoring(publication, there),
    "Card": lambda: _card(publication, version),
}
say_unknown("part", VIEWS)
VIEWS[
    st.segmented_control(
        "View", list(VIEWS), default="Trust", required=True, key="part", bind="query-params", label_visibility="collapsed"
    )
]()
