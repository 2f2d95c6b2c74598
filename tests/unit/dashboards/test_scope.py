"""A viewer is given the tables, columns and rows of their role: everything else is absent, whatever they ask."""

import duckdb
import pytest

from dashboards.access.break_glass import break_glass
from dashboards.access.roles import ROLES, Viewer
from dashboards.store.scope import Scope, open_scoped
from models.published import PUBLISHED
from pipelines.publish.catalog import write_catalog
from pipelines.publish.selection import whole
from pipelines.sql.types import sql_type

TABLES = (
    "marts.dim_locations",
    "marts.dim_measures",
    "marts.dim_patients",
    "marts.fct_appointments",
    "marts.fct_care_gap_months",
    "marts.fct_kpis",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    """A publication of two sites, loc-1 and loc-2, with a patient each, an appointment of each at their own site, and a third
    patient of no site. The first also has a gap in a restricted measure."""
    folder = tmp_path_factory.mktemp("publication")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        for table in TABLES:
            fields = PUBLISHED[table].fields
            connection.execute(
                f"create table {table} ({', '.join(f'{name} {sql_type(f.dtype.type)}' for name, f in fields.items())})"
            )
        for number in (1, 2):
            connection.execute(f"insert into marts.dim_locations (location_key, location_id) values ({number}, 'loc-{number}')")
            connection.execute(f"insert into marts.fct_kpis (kpi_code, location_key) values ('no_show_rate', {number})")
            connection.execute(f"insert into marts.fct_appointments (patient_key, location_key) values ({number}, {number})")
        for number, site in ((1, "1"), (2, "2"), (3, "null")):
            connection.execute(
                f"insert into marts.dim_patients (patient_key, first_name, home_location_key) "
                f"values ({number}, 'P{number}', {site})"
            )
            connection.execute(f"insert into marts.fct_care_gap_months (patient_key) values ({number})")
        connection.execute(
            "insert into marts.dim_measures (measure_code, is_restricted) values ('CMS125', false), ('CMS314', true)"
        )
        connection.execute(
            "insert into marts.fct_care_gap_months (patient_key, measure_code) values (1, 'CMS125'), (1, 'CMS314')"
        )
        held = {table: whole(PUBLISHED[table]) for table in TABLES}
        write_catalog(connection, held, dict.fromkeys(TABLES, 0))
    return folder


def test_break_glass_shows_one_patient_whatever_their_site_and_no_row_of_another_or_of_everybody(folder):
    """Of six tables: appointments, care gaps and patients are a patient's, measures say nothing of anybody; KPIs belong to sites,
    and sites to sites."""
    with open_scoped(folder, Scope("full", None, 3)) as connection:
        tables = {table for (table,) in connection.execute("select table_name from catalog.tables").fetchall()}
        assert tables == {"marts.dim_measures", "marts.dim_patients", "marts.fct_appointments", "marts.fct_care_gap_months"}
        assert connection.execute("select patient_key, first_name from marts.dim_patients").fetchall() == [(3, "P3")]
        assert connection.execute("select patient_key from marts.fct_care_gap_months").fetchall() == [(3,)]
        assert connection.execute("from marts.fct_appointments").fetchall() == []


def test_the_scope_of_one_patient_is_for_who_has_opened_them(shown_glass):
    viewer, other = Viewer("ann", "care_team", (), True, session="s"), Viewer("bo", "care_team", (), True, session="s")
    break_glass(viewer, lambda: [3], "emergency", "")
    assert Scope.of_opened(viewer, 3) == Scope("full", None, 3)
    for who, key in ((viewer, 2), (other, 3)):
        with pytest.raises(PermissionError):
            Scope.of_opened(who, key)


@pytest.fixture
def shown_glass(tmp_path, monkeypatch):
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))


def _asked(folder, viewer: Viewer, query: str) -> list[tuple]:
    with open_scoped(folder, Scope.of(viewer)) as connection:
        return connection.execute(query).fetchall()


def test_a_care_team_sees_the_rows_of_its_sites_alone(folder):
    team = Viewer("bo", "care_team", ("loc-1",))
    assert _asked(folder, team, "select patient_key, first_name from marts.dim_patients") == [(1, "P1")]
    assert _asked(folder, team, "select patient_key from marts.fct_appointments") == [(1,)]
    assert _asked(folder, team, "select distinct patient_key from marts.fct_care_gap_months") == [(1,)]
    assert _asked(folder, team, "select location_id from marts.dim_locations") == [("loc-1",)]
    assert _asked(folder, team, "select location_key from marts.fct_kpis") == [(1,)]


@pytest.mark.parametrize("sites", [(), ("loc-3",), ("' or true --",)])
def test_a_care_team_without_a_site_of_this_practice_sees_no_row(folder, sites):
    for table in set(TABLES) - {"marts.dim_measures"}:
        assert _asked(folder, Viewer("bo", "care_team", sites), f"from {table}") == []


def test_leadership_sees_every_row_and_no_column_that_identifies(folder):
    leader = Viewer("ann", "leadership")
    assert _asked(folder, leader, "select count(*) from marts.dim_patients") == [(3,)]
    with pytest.raises(duckdb.BinderException):
        _asked(folder, leader, "select first_name from marts.dim_patients")
    assert _asked(folder, leader, "select count(*) from catalog.columns where phi = 'direct'") == [(0,)]


def test_an_analyst_with_patient_data_sees_every_row_and_column(folder):
    seen = _asked(folder, Viewer("cy", "analyst_phi"), "select first_name from marts.dim_patients order by all")
    assert seen == [("P1",), ("P2",), ("P3",)]


def test_the_dictionary_lists_the_tables_that_a_role_may_see(folder):
    assert {table for (table,) in _asked(folder, Viewer("bo", "care_team", ()), "select table_name from catalog.tables")} == set(
        TABLES
    )


@pytest.mark.parametrize(
    "query", ["attach '/tmp/x.duckdb'", "from read_csv('/etc/passwd')", "set threads = 9", "copy (select 1) to '/tmp/x'"]
)
def test_the_connection_of_a_page_reaches_nothing_else(folder, query):
    with pytest.raises(duckdb.Error):
        _asked(folder, Viewer("cy", "analyst_phi"), query)


def test_scopes_of_different_viewers_never_share_an_answer():
    """The scope is part of every cache key."""
    viewers = [Viewer("a", role, sites) for role in ROLES for sites in ((), ("loc-1",), ("loc-2",))]
    scopes = {Scope.of(viewer) for viewer in viewers} | {Scope("full", None, 1), Scope("full", None, 2)}
    assert scopes == {
        ("limited", None, None, True), ("limited", None, None, False), ("full", None, None, True), ("full", None, None, False),
        ("deidentified", None, None, False), ("full", (), None, False), ("full", ("loc-1",), None, False),
        ("full", ("loc-2",), None, False), ("full", None, 1, False), ("full", None, 2, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("leadership", ["CMS125", "CMS314"]),
        ("analyst_phi", ["CMS125", "CMS314"]),
        ("care_team", ["CMS125"]),
        ("steward", ["CMS125"]),
        ("admin", ["CMS125"]),
    ],
)
def test_results_of_a_restricted_measure_are_shown_to_the_roles_that_may_see_them_alone(folder, role, seen):
    """The measure itself is no secret; a row that names no measure is shown to everybody."""
    viewer = Viewer("x", role, ("loc-1",))
    gaps = _asked(
        folder, viewer, "select measure_code from marts.fct_care_gap_months where measure_code is not null order by all"
    )
    assert [code for (code,) in gaps] == seen
    assert len(_asked(folder, viewer, "from marts.dim_measures")) == 2
    assert _asked(folder, viewer, "select count(*) > 0 from marts.fct_care_gap_months where measure_code is null") == [(True,)]


def test_every_table_that_says_whose_measure_it_is_refers_to_the_measures():
    """Without the reference, what is restricted would be shown."""
    for table, contract in PUBLISHED.items():
        if "measure_code" in contract.fields and table != "marts.dim_measures":
            assert contract.fields["measure_code"].metadata["refers_to"] == "dim_measures.measure_code", table


def test_a_site_column_leads_to_the_table_of_sites():
    """By references: a location's key, or a patient's key and from there the home site."""
    for table, contract in PUBLISHED.items():
        if contract.site and table != "marts.dim_locations":
            assert contract.fields[contract.site].metadata["refers_to"] in {
                "dim_locations.location_key",
                "dim_patients.patient_key",
            }, table


def test_no_table_of_patients_is_shared_between_sites():
    for table, contract in PUBLISHED.items():
        names = [name for name in contract.fields if name.endswith("patient_key")]
        assert contract.site != "" or not names, table


def test_a_table_whose_contract_names_no_site_column_is_absent_for_a_care_team(folder):
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("update catalog.tables set site_column = null where table_name = 'marts.fct_kpis'")
    try:
        with pytest.raises(duckdb.CatalogException):
            _asked(folder, Viewer("bo", "care_team", ("loc-1",)), "from marts.fct_kpis")
        assert len(_asked(folder, Viewer("cy", "analyst_phi"), "from marts.fct_kpis")) == 2
    finally:
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            connection.execute("update catalog.tables set site_column = 'location_key' where table_name = 'marts.fct_kpis'")
