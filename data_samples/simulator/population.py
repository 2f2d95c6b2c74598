"""Who the patients are: age, sex, home, payer, conditions, and when each joined, moved away or died.

Some are hard to distinguish on purpose: twins, and fathers and sons of one name at one address.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.demographics import CHRONIC_CONDITIONS, ages, comings_and_goings, conditions, payers, pick
from data_samples.simulator.names import FAMILY_NAMES, FEMALE_NAMES, MALE_NAMES, STREET_TYPES, STREETS
from data_samples.simulator.practice import NEVER, Practice
from data_samples.simulator.spelling import some

_RACES = (
    ("2106-3", "White", 0.66),
    ("2054-5", "Black or African American", 0.15),
    ("2028-9", "Asian", 0.07),
    ("2131-1", "Other Race", 0.10),
    ("1002-5", "American Indian or Alaska Native", 0.02),
)
_LANGUAGES = (("en", 0.86), ("es", 0.10), ("zh", 0.02), ("vi", 0.01), ("ar", 0.01))


@dataclass
class Population:
    """One chunk of patients. `frame` has a row each; arrays by name are its columns as numpy.

    patient_id, person_id, mrn, given, family, middle, sex, birth_on, race, race_name, ethnicity, language, phone, email,
    address_line, city, state, postal_code, old_phone, old_address_line, maiden_name, site, clinician, distance_miles, payer,
    later_payer, later_payer_month, one 0/1 column per chronic condition, n_chronic, is_smoker, body_mass_index, joined_month,
    moved_month, died_on, portal_month
    """

    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, column: str) -> np.ndarray:
        return self.frame[column].to_numpy()

    @property
    def departed_month(self) -> np.ndarray:
        """Month in which each died or moved away; `NEVER` for those who stayed."""
        return np.minimum(self["moved_month"], self["died_month"])


def _zipf(random: np.random.Generator, names: tuple[str, ...], n: int) -> np.ndarray:
    weights = 1 / (np.arange(len(names)) + 12.0)
    return np.array(names, dtype=object)[random.choice(len(names), n, p=weights / weights.sum())]


def make_population(first: int, n: int, practice: Practice, clock: Clock, random: np.random.Generator) -> Population:
    """`n` patients, numbered from `first`, of a practice."""
    age, birth = ages(n, clock, random)
    is_woman = random.random(n) < 0.52
    chronic, body_mass_index = conditions(age, random)
    site = random.choice(practice.sites.height, n, p=_site_shares(practice.sites.height))
    is_in_crm = random.random(n) < 0.93
    has_portal = is_in_crm & (random.random(n) < np.where(age < 70, 0.6, 0.35))
    comings = comings_and_goings(n, age, clock, random)
    race, race_name = pick(random, n, _RACES)
    people = pl.DataFrame(
        {
            "number": np.arange(first, first + n),
            "given": np.where(is_woman, _zipf(random, FEMALE_NAMES, n), _zipf(random, MALE_NAMES, n)),
            "middle": some(random.choice(list("ABCDEFGHJKLMNPRSTW"), n), random.random(n) < 0.6),
            "family": _zipf(random, FAMILY_NAMES, n),
            "sex": np.where(is_woman, "female", "male"),
            "birth_on": birth,
            "site": site,
            "race": race,
            "race_name": race_name,
            "ethnicity": np.where(random.random(n) < 0.14, "2135-2", "2186-5"),
            "language": pick(random, n, _LANGUAGES)[0],
            **_homes(n, random),
            "distance_miles": np.round(np.exp(random.normal(1.5, 0.8, n)).clip(0.2, 60), 1),
            **payers(age, clock, random),
            **chronic,
            "is_smoker": (random.random(n) < np.where(age >= 16, 0.14, 0)).astype(int),
            "body_mass_index": body_mass_index,
            **comings,
            "portal_month": np.where(has_portal, np.maximum(random.integers(-30, clock.last, n), comings["joined_month"]), NEVER),
            "has_married": is_woman & (age > 20) & (age < 60) & (random.random(n) < 0.05),
            "maiden_name": _zipf(random, FAMILY_NAMES, n),
            "height_noise": np.round(random.normal(0, 6.5, n), 1),
            "has_mastectomy": is_woman & (age > 45) & (random.random(n) < 0.012),
            "has_hysterectomy": is_woman & (age > 38) & (random.random(n) < 0.07),
            "is_palliative": (age > 60) & (random.random(n) < 0.006),
            "is_frail": (age > 66) & (random.random(n) < np.interp(age, [66, 80, 95], [0.02, 0.10, 0.35])),
            "has_dementia": (age > 66) & (random.random(n) < np.interp(age, [66, 80, 95], [0.01, 0.08, 0.25])),
            "is_in_crm": is_in_crm,
            "is_do_not_contact": random.random(n) < 0.014,
            "followed_draw": random.random(n),
        },
        strict=False,
    )
    people = _families(people, random)
    people = people.with_columns(change_month=_changes(people, clock, random)).with_columns(
        n_chronic=pl.sum_horizontal(CHRONIC_CONDITIONS), clinician=_panels(site, practice, random)
    )
    return Population(_identifiers(people, practice))


def _site_shares(n_sites: int) -> np.ndarray:
    weights = np.linspace(1.4, 0.8, n_sites)
    return weights / weights.sum()


def _panels(site: np.ndarray, practice: Practice, random: np.random.Generator) -> np.ndarray:
    owner = practice.clinicians["site"].to_numpy()
    per_site = np.bincount(owner)
    return np.searchsorted(owner, site) + (random.random(len(site)) * per_site[site]).astype(int)


def _changes(people: pl.DataFrame, clock: Clock, random: np.random.Generator) -> pl.Series:
    """Month in which a patient's name, address, telephone or standing changes; `NEVER` where nothing does."""
    n = people.height
    changes = (people["has_married"] | people["old_address_line"].is_not_null() | people["has_old_phone"]).to_numpy()
    month = np.where(changes, random.integers(clock.first, clock.last + 1, n), NEVER)
    moved = people["moved_month"].to_numpy()
    return pl.Series(np.where(moved <= clock.last, moved, month))


def _homes(n: int, random: np.random.Generator) -> dict[str, np.ndarray | pl.Series]:
    def line() -> pl.Series:
        street = pl.Series(random.integers(1, 9900, n)).cast(pl.String) + " " + pl.Series(random.choice(STREETS, n))
        return street + " " + pl.Series(random.choice(STREET_TYPES, n))

    return {
        "address_line": line(),
        "old_address_line": some(line(), random.random(n) < 0.10),
        "has_old_phone": random.random(n) < 0.12,
        "has_email": random.random(n) < 0.82,
        "has_phone": random.random(n) < 0.97,
    }


def _families(people: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Make pairs of neighbours in the frame into couples, parent and child, twins, and fathers and sons of one name."""
    n = people.height
    shared = ("family", "address_line", "site", "race", "race_name", "ethnicity", "language")
    kind = random.random(n // 2)
    even = np.arange(n // 2) * 2
    source = np.arange(n)
    family, twins, namesakes = even[kind < 0.30], even[kind < 0.022], even[(kind >= 0.022) & (kind < 0.042)]
    source[family + 1] = family
    columns = {name: people[name].gather(source) for name in shared}
    birth = people["birth_on"].to_numpy().copy()
    birth[twins + 1] = birth[twins]
    joined = people["joined_month"].to_numpy().copy()
    joined[twins + 1] = joined[twins]
    given, sex = people["given"].to_numpy().copy(), people["sex"].to_numpy().copy()
    men = namesakes[(sex[namesakes] == "male") & (birth[namesakes] < birth[namesakes + 1] - np.timedelta64(20 * 365, "D"))]
    given[men + 1], sex[men + 1] = given[men], "male"
    clash = twins[given[twins] == given[twins + 1]]
    given[clash + 1] = np.where(sex[clash + 1] == "female", "Marie", "Martin")
    return people.with_columns(
        **columns,
        birth_on=pl.Series(birth),
        joined_month=pl.Series(joined),
        given=pl.Series(given.astype(str)),
        sex=pl.Series(sex.astype(str)),
        shares_phone_with=pl.Series(np.where(np.isin(np.arange(n), family + 1) & (random.random(n) < 0.35), source, -1)),
    )


def _identifiers(people: pl.DataFrame, practice: Practice) -> pl.DataFrame:
    """Ids, record numbers, telephone numbers and e-mail addresses that exist nowhere (`example.com`: RFC 2606)."""
    number = pl.col("number")
    number_text = number.cast(pl.String).str.zfill(7)

    line = pl.when(pl.col("shares_phone_with") >= 0).then(number - 1).otherwise(number)
    return people.with_columns(
        patient_id="pat-" + number_text,
        person_id="person-" + number_text,
        mrn="M" + (number * 37 + 1_000_003).cast(pl.String).str.zfill(9),
        phone=pl.when("has_phone").then(reserved_phone(line * 2, "555")),
        old_phone=pl.when("has_old_phone").then(reserved_phone(number * 2 + 1, "555")),
        email=pl.when("has_email").then(
            pl.concat_str(pl.concat_str("given", pl.lit("."), "family").str.to_lowercase(), number, pl.lit("@example.com"))
        ),
        city=pl.Series(practice.sites["city"].gather(people["site"])),
        state=pl.lit("OH"),
        postal_code=pl.Series(practice.sites["postal_code"].gather(people["site"])),
    ).drop("has_phone", "has_email", "has_old_phone")


def reserved_phone(position: pl.Expr, exchange: str) -> pl.Expr:
    """Telephone numbers of nobody: area codes N9X are kept back for an expansion of the North American plan.

    Different positions give different numbers, as long as there are no more than 800,000.
    """
    code = position * 7919 % 800_000
    area = (code // 10_000 % 8 + 2).cast(pl.String) + "9" + (code // 80_000).cast(pl.String)
    return area + pl.lit(exchange) + (code % 10_000).cast(pl.String).str.zfill(4)
