"""Ten people at the real server at once: nothing breaks, and nobody is sent a row that is not theirs to see."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import duckdb
import pytest

from benchmarks.visitor import visiting
from dashboards.access.roles import PAGES

LISTED = """
    select profiles.location_name, profiles.patient_name
    from delivery.out_outreach_list as list
    inner join delivery.out_patient_profiles as profiles using (patient_key)
    where list.is_within_capacity and profiles.patient_name is not null
"""


@pytest.fixture(scope="module")
def address(serve, own_home) -> str:
    return urlsplit(serve(own_home())).netloc


@pytest.fixture(scope="module")
def listed(sample_warehouse) -> dict[str, set[bytes]]:
    """The names on the outreach list, by site; none that is at two sites."""
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        rows = connection.sql(LISTED).fetchall()
    sites_of = {name: {site for site, one in rows if one == name} for _, name in rows}
    names: dict[str, set[bytes]] = {}
    for site, name in rows:
        if len(sites_of[name]) == 1:
            names.setdefault(site, set()).add(name.encode())
    return names


@pytest.mark.slow
def test_ten_people_at_once_see_their_own_rows_and_no_error(address: str, listed: dict[str, set[bytes]]):
    """Two care teams of different sites, twice each, beside six people who may see no patient's name."""
    first, second = sorted(listed)[:2]
    people = [("care_team", first), ("care_team", second)] * 2 + [(role, "") for role in ("leadership", "analyst", "admin")] * 2
    everybody = set.union(*listed.values())

    def visit(person: tuple[str, str]) -> tuple[list[str], bytes]:
        role, site = person
        with visiting(address, role) as visitor:
            if site:
                drawn = [visitor.open("catalog"), visitor.open("outreach", sites=(site,))]
            else:
                drawn = [visitor.open(page.name) for page in PAGES if role in page.roles]
        return [error for one in drawn for error in one.errors], drawn[-1].sent if site else b"".join(one.sent for one in drawn)

    with ThreadPoolExecutor(len(people)) as threads:
        visits = list(threads.map(visit, people))
    assert [errors for errors, _ in visits if errors] == []
    for (_, site), (_, sent) in zip(people, visits, strict=True):
        seen = {name for name in everybody if name in sent}
        assert seen <= listed.get(site, set())
        assert bool(seen) == bool(site)
