"""Campaigns as they are defined on their page: data of the next run."""

import re
from datetime import date, timedelta
from itertools import pairwise

import duckdb
import pytest

from dashboards.figures.wording import as_read
from dashboards.outreach.campaign_journal import Campaign, CampaignRefused, define, defined, end_early
from dashboards.outreach.campaign_words import changed, effect
from models.audit_log.store import audit_log
from models.campaigns import CONDITIONS
from models.wording import change
from pipelines.home import CHECKOUT

TODAY = date(2026, 11, 1)
EYES = Campaign("Eye exams", "condition", "Half had none", TODAY, TODAY + timedelta(days=30), "kim", condition_name="diabetes")


def test_the_page_lists_the_standing_lists_with_rule_and_numbers(app):
    page = app("campaigns")
    assert not page.exception
    said = [one.value for one in page.markdown]
    titles = [named.split("**")[1] for named, stands in pairwise(said) if "may be contacted now" in stands]
    assert [as_read(one) for one in titles] == [
        "Follow-up after a visit",
        "Follow-up after discharge",
        "Re-engagement",
        "Recall for prevention",
    ]


def test_the_numbers_of_a_list_add_up_to_whom_it_fits_and_lead_to_the_list(app):
    page = app("campaigns", role="care_team")
    stands = [as_read(one.value) for one in page.markdown if "may be contacted now" in one.value]
    numbers = [[int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", one.partition(" Capacity")[0])] for one in stands]
    assert len(numbers) == 4 and all(fit == sum(parts) for fit, *parts in numbers)
    links = [one.proto for one in page.get("page_link")]
    assert [one.label for one in links].count("Work this list") == 4
    assert any("list=Re-engagement" in one.query_string for one in links)


def test_the_page_says_what_contacting_has_changed_against_who_was_held_out(app, sample_warehouse):
    """Whatever the sample's trials say: both arms, and the difference where it can be told."""
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        query = "select n_contacted, n_held_out, lift from ml.outreach_lift where month = 'all' and tier = 'all'"
        [(contacted, held_out, lift)] = connection.execute(query).fetchall()
    texts = [as_read(one.value) for one in app("campaigns", role="care_team").markdown]
    [said] = [text for text in texts if "held out at random, " in text and text.startswith("Of ")]
    assert said.startswith(f"Of {contacted:,} patients to contact") and f"of {held_out:,} held out" in said
    assert ("95 % interval" in said) == (lift is not None)


def test_the_effect_of_contacting_is_that_of_the_program_with_its_own_interval(app, sample_warehouse):
    """Of several campaigns it is not the difference of the shares beside it, which are raw: 42.9 % less 22.2 % is 20.7."""
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        query = (
            "select estimate, interval_low, interval_high from delivery.fct_program_effects "
            "where outcome_code = 'visit_within_90_days' and is_chosen"
        )
        [row] = connection.execute(query).fetchall()
    estimate, low, high = (change(value, "share") for value in row)
    for role in ("care_team", "leadership"):
        said = as_read(" ".join(one.value for one in app("campaigns", role=role).markdown))
        assert "Both shares are raw." in said
        assert f"Within each campaign the difference is {estimate} (95 % interval {low} to {high})." in said


def test_an_effect_that_is_the_difference_of_its_shares_says_so_and_another_says_that_they_are_raw():
    """30 of 60 is 50.0 %, 6 of 20 is 30.0 %: 20 points apart. Over several campaigns, the weighted difference was 12."""
    row = {"n_contacted": 60, "n_held_out": 20, "contacted_rate": 0.5, "held_out_rate": 0.3, "low": -0.02, "high": 0.31}
    assert "raw" not in effect(row | {"lift": 0.5 - 0.3}) and "Difference +20.0 pts" in effect(row | {"lift": 0.5 - 0.3})
    stratified = effect(row | {"lift": 0.12})
    assert "Both shares are raw. Within each campaign the difference is +12.0 pts" in stratified and "20.0" not in stratified


def told(known_from: date = TODAY, **arms: float | None) -> list[str]:
    row = {"known_from_on": known_from, "n_contacted": 80, "n_held_out": 20, "lift": 0.2, "low": 0.05, "high": 0.35}
    row |= {"contacted_rate": 0.5, "held_out_rate": 0.3} | arms
    return changed([row | {"outcome": "visit"}, row | {"outcome": "gap", "lift": -0.2, "low": -0.35, "high": 0.01}], TODAY)


def test_a_campaign_says_what_it_changed_in_visits_and_in_gaps():
    visits, gaps = told()
    assert visits == (
        "Of 80 patients to contact, 50.0 % had a visit within 90 days; of 20 held out at random, 30.0 %. "
        "Difference +20.0 pts (95 % interval +5.0 pts to +35.0 pts). **Contacting brings more patients in.**"
    )
    assert "50.0 % had a care gap closed" in gaps and gaps.endswith("**It cannot be told from chance.**")


def test_a_campaign_whose_outcome_is_not_known_says_from_when_on_or_why():
    assert told(date(2027, 3, 1)) == ["What it changes, against who is held out, is known from 1 Mar 2027 on."]
    assert "nobody was on its list" in changed([], TODAY)[0]
    assert "too few patients" in told(n_held_out=0, lift=None)[0]


def test_a_list_that_holds_somebody_out_says_on_the_page_what_it_changes_and_a_follow_up_does_not(app):
    said = [as_read(one.value) for one in app("campaigns").markdown]
    following = {one.split("**")[1]: said[place + 2] for place, one in enumerate(said) if one.startswith("**")}
    assert following["Recall for prevention"].startswith("What it changes")
    assert not following["Follow-up after a visit"].startswith("What it changes")


def test_a_campaign_that_is_defined_lies_in_the_journal_and_can_be_ended(app, shown_home):
    page = app("campaigns", role="care_team")
    page.text_input(key="campaign_title").set_value("Eye exams")
    page.text_input(key="campaign_why").set_value("Half had none this year")
    page.selectbox(key="campaign_condition").set_value("diabetes")
    page.number_input(key="campaign_capacity").set_value(5)
    page.button(key="campaign_define").click().run()
    assert not page.exception and not page.error
    assert page.text_input(key="campaign_title").value == "" and page.number_input(key="campaign_capacity").value is None
    [folder] = (shown_home / "outcomes").iterdir()
    [row] = defined(folder).to_dicts()
    assert (row["title"], row["audience"], row["condition_name"], row["site_capacity"], row["holdout_share"]) == (
        "Eye exams", "condition", "diabetes", 5, 0.2,
    )  # fmt: skip
    said = as_read(" ".join(one.value for one in page.markdown))
    assert "from the next run" in said and "Half had none this year" in said
    assert "Patients with a chronic condition: Diabetes · 5 patients a site and month · 20.0 % held out at random" in said
    page.button(key=f"end_{row['campaign_code']}").click().run()
    assert defined(folder).is_empty()
    assert [line["event"] for line in audit_log(shown_home).entries()].count("campaign_defined") == 2


def test_a_campaign_without_a_condition_is_not_defined_for_one(app, shown_home):
    page = app("campaigns", role="care_team")
    page.text_input(key="campaign_title").set_value("Eye exams")
    page.text_input(key="campaign_why").set_value("Half had none")
    page.button(key="campaign_define").click().run()
    assert page.error[0].value == "Choose the condition that the campaign is for."
    assert not (shown_home / "outcomes").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"title": " "},
        {"title": "x" * 61},
        {"why": "call 202 555 0147"},
        {"why": "ana@example.org"},
        {"ends_on": TODAY - timedelta(days=1)},
        {"condition_name": None},
        {"audience": "lapsed"},
    ],
)
def test_a_campaign_that_cannot_be_or_may_name_somebody_is_refused(tmp_path, changed: dict):
    with pytest.raises(CampaignRefused):
        define(tmp_path, Campaign(**EYES.__dict__ | changed))
    assert not list(tmp_path.iterdir())


def test_only_a_campaign_that_is_there_can_be_ended(tmp_path):
    code = define(tmp_path, EYES)
    end_early(tmp_path, code)
    with pytest.raises(KeyError):
        end_early(tmp_path, "c-unknown")


def test_the_conditions_are_those_of_the_seed():
    lines = (CHECKOUT / "dbt_project/seeds/chronic_condition_codes.csv").read_text().splitlines()[1:]
    assert {*CONDITIONS, "hiv", "substance_use"} == {line.partition(",")[0] for line in lines}
    assert not {"hiv", "substance_use"} & {*CONDITIONS}
