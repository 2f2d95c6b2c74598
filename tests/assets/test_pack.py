"""The board report: one self-contained file without patients, in which immature months never look like a fall."""

import contextlib
import io
import re
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps

from models.material import has_moved, is_worse_than_baseline, misses_its_target, wilson
from pipelines.cli import caregap
from pipelines.errors import UsageError
from pipelines.exports.board_report.kpis import kpis
from pipelines.exports.board_report.pdf import laid_out
from pipelines.exports.board_report.period import last_complete, month, quarter
from pipelines.exports.board_report.report import report
from pipelines.home import Home

if TYPE_CHECKING:
    from plutoprint import Book

FETCHES = re.compile(
    r"""https?:|//[a-z]|\b(src|href|action|srcset)\s*=|url\(|@import|<script|<link|<iframe|<object|<embed""", re.I
)


@pytest.fixture(scope="module")
def folder(sample_home: Home) -> Path:
    return (sample_home.published / "current").resolve()


@pytest.fixture(scope="module")
def reports(folder: Path) -> list[Path]:
    """The reports that publishing wrote."""
    return sorted(folder.glob("report_*.html"))


def test_publishing_writes_the_newest_month_and_quarter_whose_numbers_are_in(reports: list[Path]):
    """The sample looks back from 1 November 2026: no KPI of October is in, and all but one of September's and the third quarter's
    headline KPIs are."""
    assert [path.name for path in reports] == ["report_2026-09.html", "report_2026-Q3.html"]
    assert "0 of 0" not in reports[0].read_text(encoding="utf-8")


def test_a_report_begins_with_whether_the_program_paid_and_the_decisions_due(reports: list[Path]):
    for path in reports:
        text = path.read_text(encoding="utf-8")
        places = [text.index(part) for part in ("The program does not pay", "Decisions due", "Where the practice stands")]
        assert places == sorted(places)
        assert "stop, or renegotiate" in text


def pages_of(pdf: bytes) -> int:
    """The pages of a PDF as it counts them itself: `/Count` of its page tree, which is packed like all else in it."""
    parts = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        with contextlib.suppress(zlib.error):
            parts.append(zlib.decompress(packed))
    return max(int(n) for part in parts for n in re.findall(rb"/Count (\d+)", part))


@pytest.fixture(scope="module")
def printed() -> "Callable[[Path], Book]":
    """A report in its pages, as the PDF beside it has them: in another font there were four where the PDF had five."""
    pytest.importorskip("plutoprint", reason="PlutoPrint has no wheel for this machine.")
    return lambda path: laid_out(path.read_text(encoding="utf-8"))


def test_the_published_pdf_of_a_month_and_of_a_quarter_has_at_most_four_pages(folder: Path, printed: "Callable[[Path], Book]"):
    pages = {path.name: pages_of(path.read_bytes()) for path in sorted(folder.glob("report_*.pdf"))}
    assert pages.keys() == {"report_2026-09.pdf", "report_2026-Q3.pdf"}
    assert all(1 < n <= 4 for n in pages.values()), pages
    assert [*pages.values()] == [printed(path).get_page_count() for path in sorted(folder.glob("report_*.html"))]


def test_no_printed_page_but_the_last_is_left_half_empty_and_the_last_is_not_nearly_so(
    folder: Path, printed: "Callable[[Path], Book]"
):
    """The lowest ink above the page's number, which stands in the last tenth, lies in the lower 30 % of the page, of the last
    page below its upper third; so do headings stay with what follows: one at a page's foot would have nothing below it, and its
    part would begin on the next. A page is in points, 72 an inch, and drawn in pixels, 96 an inch."""
    import plutoprint

    for path in sorted(folder.glob("report_*.html")):
        book = printed(path)
        n_pages = book.get_page_count()
        for place in range(n_pages):
            size = book.get_page_size_at(place)
            width, height = int(size.width * 96 / 72), int(size.height * 96 / 72)
            canvas = plutoprint.ImageCanvas(width, height)
            canvas.clear_surface(1, 1, 1, 1)
            book.render_page(canvas, place)
            drawn = io.BytesIO()
            canvas.write_to_png_stream(drawn)
            page = ImageOps.invert(Image.open(drawn).convert("L")).crop((0, 0, width, int(height * 0.9)))
            assert page.getbbox()[3] > (0.7 if place < n_pages - 1 else 1 / 3) * height, f"{path.name}, page {place + 1}"


def test_what_chance_explains_or_a_met_target_makes_idle_is_no_decision():
    """16 of 318 is 5.0 % (3.1 % to 8.0 % by Wilson): a target of 4 % lies inside, one of 2 % outside. Of days, which have no
    interval here, 40 against 39 is 2.6 %, and 45 against 39 is 15 %."""
    low, high = wilson(16, 318)
    assert (round(low, 3), round(high, 3)) == (0.031, 0.080)
    share = {"scoring": "proportion", "value": 16 / 318, "interval_low": low, "interval_high": high, "is_small": False}
    assert not misses_its_target(share | {"target": 0.04, "target_status": "missed"})
    assert misses_its_target(share | {"target": 0.02, "target_status": "missed"})
    days = {"scoring": "ratio", "interval_low": None, "interval_high": None, "is_small": False, "target": 39.0}
    assert not misses_its_target(days | {"value": 40.0, "target_status": "missed"})
    assert misses_its_target(days | {"value": 45.0, "target_status": "missed"})
    worse = {"baseline_status": "worse", "like_for_like_value": 0.05, "baseline_value": 0.02, "scoring": "proportion"}
    cases = {"like_for_like_numerator": 16.0, "like_for_like_denominator": 318.0, "is_small": False}
    assert is_worse_than_baseline(worse | cases | {"target_status": "missed"})
    assert not is_worse_than_baseline(worse | cases | {"target_status": "met"})


def test_nothing_that_rests_on_few_cases_on_either_side_is_a_decision_or_has_moved():
    """5 of 112 against a target of 1 %, and against a baseline of 1.1 %, lie beyond the interval of 1.9 % to 10.0 %; hours that
    went from 0.3 to 0.2 are a third less: each counts with enough cases, and not with few, now or then."""
    low, high = wilson(5, 112)
    assert (round(low, 3), round(high, 3)) == (0.019, 0.100)
    late = {"scoring": "proportion", "value": 5 / 112, "interval_low": low, "interval_high": high, "target": 0.01}
    late |= {"target_status": "missed", "baseline_status": "worse", "like_for_like_value": 5 / 112, "baseline_value": 0.011}
    late |= {"like_for_like_numerator": 5.0, "like_for_like_denominator": 112.0}
    assert [misses_its_target(late | {"is_small": is_small}) for is_small in (False, True)] == [True, False]
    sides = [late | {"is_small": now, "is_baseline_small": then} for now in (False, True) for then in (False, True)]
    assert [is_worse_than_baseline(one) for one in sides] == [True, False, False, False]
    hours = {"scoring": "ratio", "interval_low": None, "interval_high": None, "value": 0.2, "before_value": 0.3}
    hours |= {"before_status": "better"}
    sides = [(now, then) for now in (False, True) for then in (False, True)]
    moved = [has_moved(hours | {"is_small": now, "is_before_small": then}) for now, then in sides]
    assert moved == [True, False, False, False]


def test_the_sample_s_reports_name_nothing_that_rests_on_few_cases_as_news(folder: Path, reports: list[Path]):
    """Hours of two contacts and five late cancellations stood there."""
    of_period = """
        select kpi_name from marts.fct_kpi_periods inner join marts.dim_kpis using (kpi_code)
        where slice_type = 'all' and n_months = ? and last_month_on = date '2026-09-01' and (is_small or is_before_small)
    """
    for path, n_months in zip(reports, (1, 3), strict=True):
        with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
            few = {name for (name,) in connection.execute(of_period, (n_months,)).fetchall()}
        text = path.read_text(encoding="utf-8")
        decided = text[text.index("Decisions due</h2>") : text.index("Where the practice stands")]
        moved = text[text.index("What moved, and why") : text.index("<h2>Care gaps")]
        assert "No-show rate" in decided and "No-show rate" not in few
        assert few and [name for name in few if f"{name}: " in decided or f"<td>{name}</td>" in moved] == []


def test_the_open_gaps_on_the_first_page_are_those_of_the_closure_rate_and_the_others_are_named(
    folder: Path, reports: list[Path]
):
    """At the end of September 4,572 of 6,440 are closed: 1,868 are open. 97 of CMS68 and 40 of CMS146 are not for outreach."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        [rate] = [kpi for kpi in kpis(connection, month("2026-09")) if kpi["kpi_code"] == "care_gap_closure_rate"]
    assert rate["denominator"] - rate["numerator"] == 1_868
    for path in reports:
        text = path.read_text(encoding="utf-8")
        assert "<strong>1,868</strong><span>care gaps for outreach open at the end of Sep 2026, as the closure rate" in text
        assert "137 others are not for outreach" in text and "CMS68‡" in text and "CMS69‡" not in text


def test_no_line_of_a_report_ends_within_an_amount(reports: list[Path]):
    """A browser ends one between a minus and a dollar sign, and at a space before a percent sign."""
    for path in reports:
        text = path.read_text(encoding="utf-8")
        shown = re.sub(r'<style>.*?</style>|aria-label="[^"]*"', "", text, flags=re.S)
        assert "−\u2060$" in shown
        assert re.findall(r"−\$", shown) == []
        assert {found for found in re.findall(r"\d %", shown)} <= {"5 %"}  # of the template's own sentences


def test_a_report_says_that_a_year_that_has_begun_is_projected_in_part(reports: list[Path]):
    """27 months are observed: three of year 3."""
    for path in reports:
        assert "Year 3 is projected in part, later years wholly." in path.read_text(encoding="utf-8")


def test_a_report_fetches_nothing(reports: list[Path]):
    for path in reports:
        assert FETCHES.findall(path.read_text(encoding="utf-8")) == []


def test_a_report_holds_no_direct_identifier_of_anybody(folder: Path, reports: list[Path]):
    """Of patients, numbers, telephone, e-mail, address and full name; of clinicians the name."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        wanted = ["mrn", "phone", "email", "address_line", "first_name || ' ' || last_name", "last_name || ', ' || first_name"]
        values = {
            row[0] for column in wanted for row in connection.execute(f"select {column} from marts.dim_patients").fetchall()
        } | {row[0] for row in connection.execute("select provider_name from marts.dim_providers").fetchall()}
    assert len(values) > 1000
    for path in reports:
        text = path.read_text(encoding="utf-8")
        assert [value for value in values if value and len(value) > 4 and value in text] == []


def test_an_immature_period_is_marked_and_compared_with_nothing(folder: Path):
    """On 1 November the no-shows of October are not in before the 7th, and September's are; of the third quarter, net collection,
    which matures 120 days after a month, has nothing."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        october = {kpi["kpi_code"]: kpi for kpi in kpis(connection, month("2026-10"))}
        third = {kpi["kpi_code"]: kpi for kpi in kpis(connection, quarter("2026-Q3"))}
    no_shows = october["no_show_rate"]
    assert (no_shows["value"], no_shows["before_status"], no_shows["target_status"]) == (None, "not_comparable", "not_comparable")
    assert no_shows["mature_on"] == date(2026, 11, 7)
    assert third["no_show_rate"]["is_mature"] and third["no_show_rate"]["before_status"] in ("better", "worse", "unchanged")
    assert (third["net_collection_rate"]["n_mature_months"], third["net_collection_rate"]["before_change"]) == (0, None)


def test_a_period_that_is_not_over_is_refused(folder: Path):
    with pytest.raises(UsageError, match="not over"):
        report(folder, month("2026-11"))


def test_the_same_publication_gives_the_same_report(folder: Path, reports: list[Path]):
    assert report(folder, quarter("2026-Q3")) == reports[1].read_text(encoding="utf-8")


def test_the_command_writes_the_quarter_to_the_given_file(sample_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAREGAP_HOME", str(sample_home.root))
    done = CliRunner().invoke(caregap, ["pack", "--quarter", "2026-Q2", "--out", str(tmp_path / "q2.html")])
    assert done.exit_code == 0, done.output
    assert "Q2 2026" in (tmp_path / "q2.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 1), ("2026-10", "2026-Q3")),
        (date(2026, 1, 1), ("2025-12", "2025-Q4")),
        (date(2026, 4, 30), ("2026-03", "2026-Q1")),
    ],
)
def test_the_last_complete_periods_are_over(day: date, expected: tuple[str, str]):
    found = last_complete(day)
    assert tuple(period.code for period in found) == expected
    assert all(period.ends_on < day for period in found)


def test_a_quarter_follows_the_one_before_over_the_year():
    assert quarter("2026-Q1").before == quarter("2025-Q4")
    assert quarter("2026-Q1").ends_on == date(2026, 3, 31)


@pytest.mark.parametrize("text", ["2026-13", "2026-9", "09-2026", "2026-Q3"])
def test_a_month_is_written_in_one_way(text: str):
    with pytest.raises(UsageError, match="2026-09"):
        month(text)


def test_a_change_on_a_card_has_a_colour_only_where_chance_does_not_explain_it(reports: list[Path]):
    """102 of 1,034 missed is 9.9 % (8.2 % to 11.8 %), and was 8.7 % and 11.2 %; 21 of 1,034 cancelled late is 2.0 % (1.3 % to
    3.1 %), and was 3.5 % and 3.3 %."""
    cards = reports[1].read_text(encoding="utf-8").partition("Where the practice stands")[2].partition("What moved")[0]
    found = {card.partition("</h3>")[0].partition("<h3>")[2]: card for card in cards.split("</article>")}
    colours = {name: re.findall(r'<span class="(\w*)">\(', card) for name, card in found.items()}
    assert colours["No-show rate"] == ["", ""]
    assert colours["Late-cancellation rate"] == ["good", "good"]
