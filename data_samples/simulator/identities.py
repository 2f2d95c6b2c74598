"""How three systems know the same people: EHR patients, CRM contacts and billing accounts, each with its own spelling.

The CRM knows prospects that never became patients, knows some people twice, and was told the record number of about half.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.names import FAMILY_NAMES, FEMALE_NAMES, MALE_NAMES, NICKNAMES, STREET_ABBREVIATIONS
from data_samples.simulator.population import Population
from data_samples.simulator.practice import NEVER


@dataclass
class Identities:
    """contacts: contact_id, person_id, patient (row; null: prospect), the name and address columns of the CRM, created_at
    accounts: account_id, account_number, opened_on, person_id, patient, the name and address columns of billing, opened_at
    patient_copies: patients that the front desk registered a second time, with the columns of the population; `replaced_by` is
        the first one's id where somebody noticed
    """

    contacts: pl.DataFrame
    accounts: pl.DataFrame
    patient_copies: pl.DataFrame


def misspell(names: pl.Series, random: np.random.Generator, share: float) -> pl.Series:
    """Names with a typing error in a share of them: two letters swapped, one left out, one doubled."""
    n = len(names)
    length = names.str.len_chars().to_numpy().astype(np.int64)
    position = 1 + (random.random(n) * np.maximum(length - 2, 0)).astype(np.int64)
    kind = np.where((random.random(n) < share) & (length > 3), random.integers(1, 4, n), 0)
    frame = pl.DataFrame({"name": names, "at": position, "kind": kind})
    head, letter = pl.col("name").str.slice(0, "at"), pl.col("name").str.slice("at", 1)
    after = pl.col("name").str.slice(pl.col("at") + 1, 1)
    rest_1, rest_2 = pl.col("name").str.slice(pl.col("at") + 1), pl.col("name").str.slice(pl.col("at") + 2)
    spelt = (
        pl.when(pl.col("kind") == 1)
        .then(pl.concat_str(head, after, letter, rest_2))
        .when(pl.col("kind") == 2)
        .then(pl.concat_str(head, rest_1))
        .when(pl.col("kind") == 3)
        .then(pl.concat_str(head, letter, letter, rest_1))
        .otherwise("name")
    )
    return frame.select(spelt).to_series()


def _some(values: pl.Series, random, share: float) -> pl.Series:
    """The values, missing in all but a share."""
    return values.set(pl.Series(random.random(len(values)) >= share), None)


def _respelt(people: pl.DataFrame, random) -> dict[str, pl.Series]:
    """Names and addresses as another clerk wrote them."""
    n = people.height
    given = people["given"]
    nick = given.replace(NICKNAMES)
    given = pl.select(pl.when(pl.Series(random.random(n) < 0.14)).then(nick).otherwise(given)).to_series()
    family = people["family"]
    is_maiden = people["has_married"].to_numpy() & (random.random(n) < 0.6)
    family = pl.select(pl.when(pl.Series(is_maiden)).then(people["maiden_name"]).otherwise(family)).to_series()
    given, family = misspell(given, random, 0.025), misspell(family, random, 0.03)
    upper = pl.Series(random.random(n) < 0.04)
    family = pl.select(pl.when(upper).then(family.str.to_uppercase()).otherwise(family)).to_series()
    line = people["address_line"]
    short = line
    for long, abbreviation in STREET_ABBREVIATIONS.items():
        short = short.str.replace(f" {long}$", f" {abbreviation}")
    line = pl.select(pl.when(pl.Series(random.random(n) < 0.35)).then(short).otherwise(line)).to_series()
    line = pl.select(
        pl.when(pl.Series(random.random(n) < 0.5) & people["old_address_line"].is_not_null()).then(people["old_address_line"]).otherwise(line)
    ).to_series()
    birth = people["birth_on"].to_numpy().astype("datetime64[D]")
    slips = random.random(n) < 0.008
    birth = np.where(slips, birth + random.choice((1, -1, 9, 31), n).astype("timedelta64[D]"), birth)
    return {"first_name": given, "last_name": family, "address_line": line, "birth_date": pl.Series(birth)}


def _typed(phone: pl.Series, random) -> pl.Series:
    """Ten digits as people type them."""
    area, middle, end = phone.str.slice(0, 3), phone.str.slice(3, 3), phone.str.slice(6, 4)
    forms = [phone, "(" + area + ") " + middle + "-" + end, area + "-" + middle + "-" + end, "+1 " + area + " " + middle + " " + end]
    kind = pl.Series(random.integers(0, 4, len(phone)))
    return pl.select(pl.coalesce(*[pl.when(kind == number).then(form) for number, form in enumerate(forms)])).to_series()


def identify(population: Population, clock: Clock, random: np.random.Generator) -> Identities:
    """Contacts and accounts of one chunk's patients, and prospects that the CRM alone knows."""
    return Identities(_contacts(population, clock, random), _accounts(population, clock, random), _copies(population, random))


def _copies(population: Population, random) -> pl.DataFrame:
    people = population.frame.filter(pl.Series(random.random(len(population)) < 0.005))
    respelt = _respelt(people, random)
    return people.with_columns(
        patient_id="pat-" + people["number"].cast(pl.String).str.zfill(7) + "-b",
        replaced_by=_some(people["patient_id"], random, 0.5),
        mrn="M2" + people["mrn"].str.slice(2),
        given=respelt["first_name"],
        family=respelt["last_name"],
        birth_on=respelt["birth_date"],
        email=pl.lit(None, dtype=pl.String),
        old_phone=pl.lit(None, dtype=pl.String),
    )


def _contacts(population: Population, clock: Clock, random) -> pl.DataFrame:
    people = population.frame.with_row_index("patient")
    known = people.filter(pl.Series(random.random(people.height) < 0.93))
    twice = known.filter(pl.Series(random.random(known.height) < 0.045))
    frames = [_contact_rows(known, 1, random), _contact_rows(twice, 2, random), _prospects(people, clock, random)]
    contacts = pl.concat(frames, how="diagonal")
    created = clock.month_starts[np.maximum(contacts["joined_month"].to_numpy(), 0)].astype("datetime64[us]")
    created = created + random.integers(13 * 60, 22 * 60, contacts.height).astype("timedelta64[m]") - np.timedelta64(2, "D")
    late = (contacts["copy"] == 2).to_numpy()
    created = np.where(late, created + random.integers(5, 400, contacts.height).astype("timedelta64[D]"), created)
    return contacts.with_columns(created_at=pl.Series(created))


def _contact_rows(people: pl.DataFrame, copy: int, random) -> pl.DataFrame:
    n = people.height
    moved_phone = people["old_phone"].is_not_null() & pl.Series(random.random(n) < 0.6)
    phone = pl.select(pl.when(moved_phone).then(people["old_phone"]).otherwise(people["phone"])).to_series()
    return people.select(
        "patient", "person_id", "number", "joined_month", "site", "city", "state", "postal_code", "language", "birth_on", "died_on", "died_month"
    ).with_columns(
        contact_id=pl.concat_str(pl.lit("con-"), pl.col("number").cast(pl.String).str.zfill(7), pl.lit("" if copy == 1 else "-b")),
        copy=pl.lit(copy),
        mrn=_some(people["mrn"], random, 0.52 if copy == 1 else 0.15),
        sex=_some(people["sex"], random, 0.93),
        email=_some(people["email"], random, 0.9 if copy == 1 else 0.5),
        phone=_typed(_some(phone, random, 0.95 if copy == 1 else 0.7), random),
        **_with_gaps(_respelt(people, random), random),
    )


def _with_gaps(columns: dict[str, pl.Series], random) -> dict[str, pl.Series]:
    columns["birth_date"] = _some(columns["birth_date"], random, 0.95)
    columns["address_line"] = _some(columns["address_line"], random, 0.9)
    return columns


def _prospects(people: pl.DataFrame, clock: Clock, random) -> pl.DataFrame:
    """People who asked and never came: contacts without a patient."""
    source = people.filter(pl.Series(random.random(people.height) < 0.09))
    n = source.height
    is_woman = random.random(n) < 0.55
    given = np.where(is_woman, random.choice(FEMALE_NAMES, n), random.choice(MALE_NAMES, n))
    return pl.DataFrame(
        {
            "patient": pl.repeat(None, n, dtype=pl.UInt32, eager=True),
            "person_id": "person-p" + source["number"].cast(pl.String).str.zfill(7),
            "number": source["number"],
            "joined_month": random.integers(clock.first, clock.last + 1, n),
            "site": source["site"],
            "city": source["city"],
            "state": source["state"],
            "postal_code": source["postal_code"],
            "language": source["language"],
            "died_month": pl.repeat(NEVER, n, dtype=pl.Int64, eager=True),
            "contact_id": "con-p" + source["number"].cast(pl.String).str.zfill(7),
            "copy": pl.repeat(1, n, dtype=pl.Int32, eager=True),
            "mrn": pl.repeat(None, n, dtype=pl.String, eager=True),
            "sex": pl.Series(np.where(is_woman, "female", "male")),
            "first_name": pl.Series(given),
            "last_name": pl.Series(random.choice(FAMILY_NAMES, n)),
            "birth_date": pl.Series(np.datetime64("1950-01-01") + random.integers(0, 20000, n).astype("timedelta64[D]")),
            "email": "lead" + source["number"].cast(pl.String) + "@example.org",
            "phone": _reserved_phone(source["number"]),
        }
    )


def _reserved_phone(number: pl.Series) -> pl.Series:
    """Numbers in area codes that are given to nobody (N9X), apart from those of patients."""
    code = number * 7919 % 800_000
    return (code // 10_000 % 8 + 2).cast(pl.String) + "9" + (code // 80_000).cast(pl.String) + "556" + (code % 10_000).cast(pl.String).str.zfill(4)


def _accounts(population: Population, clock: Clock, random) -> pl.DataFrame:
    people = population.frame.with_row_index("patient")
    again = people.filter(pl.Series(random.random(people.height) < 0.025))
    frames = []
    for number, who in ((1, people), (2, again)):
        n = who.height
        opened = clock.month_starts[np.maximum(who["joined_month"].to_numpy(), 0)]
        opened = opened if number == 1 else np.maximum(opened, clock.start_on) + random.integers(60, 600, n).astype("timedelta64[D]")
        frames.append(
            who.select("patient", "person_id", "city", "state", "postal_code").with_columns(
                account_id="acc-" + who["number"].cast(pl.String).str.zfill(7) + f"-{number}",
                account_number=pl.lit(number),
                opened_on=pl.Series(opened),
                mrn=_some(who["mrn"], random, 0.9 if number == 1 else 0.55),
                sex=_some(who["sex"], random, 0.98),
                phone=_typed(_some(who["phone"], random, 0.85), random),
                opened_at=pl.Series(opened.astype("datetime64[us]") + np.timedelta64(18, "h")),
                **_respelt(who, random),
            )
        )
    return pl.concat(frames)
