"""The board's reports are offered as they were written, to whoever sees the whole practice and to nobody else."""

from pathlib import Path

import pytest

from dashboards.access.roles import ROLES, Viewer
from dashboards.layout.reports import reports
from dashboards.store.published import Publication


def test_months_come_before_quarters_and_the_newest_first(tmp_path: Path):
    for name in ("report_2026-Q3.html", "report_2026-Q3.pdf", "report_2025-12.html", "report_2026-10.html", "report_draft.html"):
        (tmp_path / name).touch()
    publication = Publication(tmp_path, "1", "p", "P", "UTC", is_synthetic=True, as_of_on="2026-11-01")
    assert [report.title for report in reports(publication)] == [
        "Monthly report, October 2026 (HTML)",
        "Monthly report, December 2025 (HTML)",
        "Quarterly review, Q3 2026 (PDF)",
        "Quarterly review, Q3 2026 (HTML)",
    ]


def test_only_roles_that_see_all_sites_get_a_report_on_the_whole_practice():
    assert {role for role in ROLES if Viewer("someone", role).may_see_whole_practice} == {
        "leadership",
        "analyst_phi",
        "admin",
        "steward",
    }


@pytest.mark.parametrize(("page", "role", "n_offered"), [("overview", "leadership", 4), ("care_gaps", "care_team", 0)])
def test_the_overview_offers_the_reports_of_the_publication(app, page: str, role: str, n_offered: int):
    labels = [button.proto.label for button in app(page, role=role).get("download_button")]
    assert sum(label.startswith(("Monthly report", "Quarterly review")) for label in labels) == n_offered
