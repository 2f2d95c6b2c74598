"""Who the patients are: age, sex, home, payer, conditions, and when each joined, moved away or died.

Some are made hard to tell apart on purpose: twins, and fathers and sons of one name at one address.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.names import FAMILY_NAMES, FEMALE_NAMES, MALE_NAMES, STREET_TYPES, STREETS
from data_samples.simulator.practice import NEVER, PAYERS, Practice

CHRONIC_CONDITIONS = ("hypertension", "diabetes", "hyperlipidemia", "depression", "asthma", "kidney_disease", "heart_disease")
_AGE_BANDS = ((0, 5, 0.07), (5, 18, 0.15), (18, 35, 0.19), (35, 50, 0.19), (50, 65, 0.20), (65, 80, 0.15), (80, 96, 0.05))
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


def _pick(random: np.random.Generator, n: int, table) -> tuple[np.ndarray, ...]:
    """`n` rows of a table whose last column is their share, as one array per other column."""
    shares = np.array([row[-1] for row in table])
    rows = random.choice(len(table), n, p=shares / shares.sum())
    return tuple(np.array([row[column] for row in table], dtype=object)[rows] for column in range(len(table[0]) - 1))


def _some(values, mask: np.ndarray) -> pl.Series:
    """The values where the mask holds, null elsewhere."""
    return pl.select(pl.when(pl.Series(mask)).then(pl.Series(values))).to_series()


def _zipf(random: np.random.Generator, names: tuple[str, ...], n: int) -> np.ndarray:
    weights = 1 / (np.arange(len(names)) + 12.0)
    return np.array(names, dtype=object)[random.choice(len(names), n, p=weights / weights.sum())]


def make_population(first: int, n: int, practice: Practice, clock: Clock, random: np.random.Generator) -> Population:
    """`n` patients, numbered from `first`, of a practice."""
    age, birth = _ages(n, clock, random)
    is_woman = random.random(n) < 0.52
    conditions, body_mass_index = _conditions(age, random)
    site = random.choice(practice.sites.height, n, p=_site_shares(practice.sites.height))
    race, race_name = _pick(random, n, _RACES)
    people = pl.DataFrame(
        {
            "number": np.arange(first, first + n),
            "given": np.where(is_woman, _zipf(random, FEMALE_NAMES, n), _zipf(random, MALE_NAMES, n)),
            "middle": _some(random.choice(list("ABCDEFGHJKLMNPRSTW"), n), random.random(n) < 0.6),
            "family": _zipf(random, FAMILY_NAMES, n),
            "sex": np.where(is_woman, "female", "male"),
            "birth_on": birth,
            "site": site,
            "race": race,
            "race_name": race_name,
            "ethnicity": np.where(random.random(n) < 0.14, "2135-2", "2186-5"),
            "language": _pick(random, n, _LANGUAGES)[0],
            **_homes(n, random),
            "distance_miles": np.round(np.exp(random.normal(1.5, 0.8, n)).clip(0.2, 60), 1),
            **_payers(age, clock, random),
            **conditions,
            "is_smoker": (random.random(n) < np.where(age >= 16, 0.14, 0)).astype(int),
            "body_mass_index": body_mass_index,
            **_comings_and_goings(n, age, clock, random),
            "portal_month": np.where(random.random(n) < np.where(age < 70, 0.6, 0.35), random.integers(-30, clock.last, n), NEVER),
            "has_married": is_woman & (age > 20) & (age < 60) & (random.random(n) < 0.05),
            "maiden_name": _zipf(random, FAMILY_NAMES, n),
            "height_noise": np.round(random.normal(0, 6.5, n), 1),
            "has_mastectomy": is_woman & (age > 45) & (random.random(n) < 0.012),
            "has_hysterectomy": is_woman & (age > 38) & (random.random(n) < 0.07),
            "is_palliative": (age > 60) & (random.random(n) < 0.006),
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


def _ages(n: int, clock: Clock, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    bands = np.array(_AGE_BANDS)
    band = random.choice(len(bands), n, p=bands[:, 2] / bands[:, 2].sum())
    age = bands[band, 0] + random.random(n) * (bands[band, 1] - bands[band, 0])
    birth = clock.start_on - (age * 365.25).astype("timedelta64[D]")
    # Children are born into the practice while it is observed: a tenth of those under five, at most to the last month.
    newborn = (age < 5) & (random.random(n) < 0.45)
    span = (np.datetime64(clock.end_on) - clock.start_on).astype(int) - 45
    birth = np.where(newborn, clock.start_on + (random.random(n) * max(span, 1)).astype("timedelta64[D]"), birth)
    return (np.datetime64(clock.end_on) - birth).astype(float) / 365.25, birth


def _conditions(age: np.ndarray, random: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    n = len(age)
    body_mass_index = np.where(age < 18, 17 + 0.35 * age + random.normal(0, 2.2, n), random.normal(28.4, 5.6, n)).clip(13, 58)
    heavy = (body_mass_index > 30) & (age >= 18)
    adult = age >= 18

    def has(share) -> np.ndarray:
        return ((random.random(n) < share) & adult).astype(int)

    hypertension = has(np.interp(age, [18, 35, 50, 65, 80], [0.03, 0.10, 0.30, 0.52, 0.64]) + 0.10 * heavy)
    diabetes = has(np.interp(age, [18, 35, 50, 65, 80], [0.01, 0.03, 0.10, 0.18, 0.20]) + 0.08 * heavy)
    heart = has(np.interp(age, [40, 55, 70, 85], [0.005, 0.04, 0.12, 0.20]))
    return {
        "hypertension": hypertension,
        "diabetes": diabetes,
        "hyperlipidemia": has(np.interp(age, [20, 40, 60, 80], [0.03, 0.15, 0.38, 0.42]) + 0.2 * diabetes),
        "depression": has(0.11),
        "asthma": (random.random(n) < np.where(age < 4, 0.02, 0.09)).astype(int),
        "kidney_disease": has(np.interp(age, [40, 60, 80], [0.005, 0.05, 0.16]) + 0.08 * diabetes),
        "heart_disease": heart,
    }, np.round(body_mass_index, 1)


def _payers(age: np.ndarray, clock: Clock, random: np.random.Generator) -> dict[str, np.ndarray]:
    n = len(age)
    classes = PAYERS["payer_class"].to_numpy()
    rows = {name: np.flatnonzero(classes == name) for name in dict.fromkeys(classes)}
    young = (("commercial", 0.48), ("medicaid", 0.46), ("self_pay", 0.04), ("other", 0.02))
    adult = (("commercial", 0.68), ("medicaid", 0.17), ("self_pay", 0.08), ("other", 0.03), ("medicare", 0.04))
    old = (("medicare", 0.90), ("commercial", 0.06), ("medicaid", 0.03), ("self_pay", 0.01))

    def draw() -> np.ndarray:
        grown = np.where(age < 65, _pick(random, n, adult)[0], _pick(random, n, old)[0])
        choice = np.where(age < 18, _pick(random, n, young)[0], grown)
        share = random.random(n)
        payer = np.zeros(n, dtype=int)
        for name, numbers in rows.items():
            payer = np.where(choice == name, numbers[(share * len(numbers)).astype(int)], payer)
        return payer

    first, second = draw(), draw()
    # Cover changes at the turn of a year, as enrolment does.
    new_years = np.flatnonzero(clock.month_starts.astype("datetime64[M]").astype(int) % 12 == 0)
    new_years = new_years[(new_years > clock.first) & (new_years <= clock.last)]
    changes = random.random(n) < 0.09
    month = random.choice(new_years, n) if len(new_years) else np.full(n, NEVER)
    return {
        "payer": first,
        "later_payer": np.where(changes, second, first),
        "later_payer_month": np.where(changes & (second != first), month, NEVER),
    }


def _comings_and_goings(n: int, age: np.ndarray, clock: Clock, random: np.random.Generator) -> dict[str, np.ndarray]:
    """When each joined (negative: before the burn-in), moved away, died; ages are as of the last day."""
    joins_later = random.random(n) < 0.0085 * clock.n_months
    joined = np.where(joins_later, random.integers(clock.first, clock.last + 1, n), -random.integers(1, 120, n))
    joined = np.maximum(joined, clock.last - np.floor(age * 12).astype(int) + 1)
    monthly_death = (0.00003 * np.exp(0.078 * age)).clip(0, 0.03)
    died_month = clock.first + random.geometric(monthly_death) - 1
    dies = (died_month <= clock.last) & (died_month > joined)
    died_month = np.where(dies, died_month, NEVER)
    died_day = clock.month_starts[np.where(dies, died_month, 0)] + (random.random(n) * 27).astype("timedelta64[D]")
    moved_month = np.maximum(joined, clock.first) + random.geometric(0.0022, n)
    moves = (moved_month <= clock.last) & ~dies
    return {
        "joined_month": joined,
        "moved_month": np.where(moves, moved_month, NEVER),
        "died_month": died_month,
        "died_on": np.where(dies, died_day, np.datetime64("NaT")),
    }


def _changes(people: pl.DataFrame, clock: Clock, random: np.random.Generator) -> pl.Series:
    """Month in which a patient's name, address, telephone or standing changes; `NEVER` where nothing does."""
    n = people.height
    changes = (people["has_married"] | people["old_address_line"].is_not_null() | people["has_old_phone"]).to_numpy()
    month = np.where(changes, random.integers(clock.first, clock.last + 1, n), NEVER)
    moved = people["moved_month"].to_numpy()
    return pl.Series(np.where(moved <= clock.last, moved, month))


def _homes(n: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    def line() -> pl.Series:
        street = pl.Series(random.integers(1, 9900, n)).cast(pl.String) + " " + pl.Series(random.choice(STREETS, n))
        return street + " " + pl.Series(random.choice(STREET_TYPES, n))

    return {
        "address_line": line(),
        "old_address_line": _some(line(), random.random(n) < 0.10),
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
    """Ids, record numbers, telephone numbers and e-mail addresses that exist nowhere.

    Area codes N9X are reserved and never given to anybody; `example.com` belongs to nobody (RFC 2606).
    """
    number = pl.col("number")
    number_text = number.cast(pl.String).str.zfill(7)

    def phone(position: pl.Expr) -> pl.Expr:
        code = position * 7919 % 800_000
        area = (code // 10_000 % 8 + 2).cast(pl.String) + "9" + (code // 80_000).cast(pl.String)
        return area + pl.lit("555") + (code % 10_000).cast(pl.String).str.zfill(4)

    line = pl.when(pl.col("shares_phone_with") >= 0).then(number - 1).otherwise(number)
    return people.with_columns(
        patient_id="pat-" + number_text,
        person_id="person-" + number_text,
        mrn="M" + (number * 37 + 1_000_003).cast(pl.String).str.zfill(9),
        phone=pl.when("has_phone").then(phone(line * 2)),
        old_phone=pl.when("has_old_phone").then(phone(number * 2 + 1)),
        email=pl.when("has_email").then(
            pl.concat_str(pl.concat_str("given", pl.lit("."), "family").str.to_lowercase(), number, pl.lit("@example.com"))
        ),
        city=pl.Series(practice.sites["city"].gather(people["site"])),
        state=pl.lit("OH"),
        postal_code=pl.Series(practice.sites["postal_code"].gather(people["site"])),
    ).drop("has_phone", "has_email", "has_old_phone")
