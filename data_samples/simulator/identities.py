"""The same people in three systems: EHR patients, CRM contacts and billing accounts, each with its own spelling.

The CRM has prospects who never became patients, has some people twice, and has the record number of about half.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock, minutes
from data_samples.simulator.names import FAMILY_NAMES, FEMALE_NAMES, MALE_NAMES
from data_samples.simulator.population import Population, reserved_phone
from data_samples.simulator.spelling import either, respelt, some, typed

_KNOWN_TWICE, _PROSPECTS, _TWO_ACCOUNTS, _REGISTERED_TWICE = 0.045, 0.09, 0.025, 0.005
# Share of contacts, and of second contacts of the same person, that have the value.
_CONTACT_HAS = {"mrn": (0.52, 0.15), "email": (0.90, 0.50), "phone": (0.95, 0.70)}


@dataclass
class Identities:
    """`person_id` says who is who; `patient` is the row in the population.

    contacts: contact_id, person_id, patient (null: a prospect), copy (1, 2), the name and address columns of the CRM, created_at
    accounts: account_id, account_number (1, 2), opened_on, person_id, patient, the name and address columns of billing, opened_at
    patient_copies: patients that the front desk registered a second time, with the columns of the population; `replaced_by` is
        the first one's id where somebody noticed
    """

    contacts: pl.DataFrame
    accounts: pl.DataFrame
    patient_copies: pl.DataFrame


def identify(population: Population, clock: Clock, random: np.random.Generator) -> Identities:
    """Contacts and accounts of one chunk's patients, and prospects known only to the CRM."""
    people = population.frame.with_row_index("patient")
    return Identities(_contacts(people, clock, random), _accounts(people, clock, random), _copies(people.drop("patient"), random))


def _copies(people: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    people = people.filter(pl.Series(random.random(people.height) < _REGISTERED_TWICE))
    other = respelt(people, random)
    return people.with_columns(
        patient_id=pl.col("patient_id") + "-b",
        replaced_by=some(people["patient_id"], random.random(people.height) < 0.5),
        mrn="M2" + pl.col("mrn").str.slice(2),
        given=other["first_name"],
        family=other["last_name"],
        birth_on=other["birth_date"],
        email=pl.lit(None, dtype=pl.String),
        old_phone=pl.lit(None, dtype=pl.String),
    )


def _contacts(people: pl.DataFrame, clock: Clock, random: np.random.Generator) -> pl.DataFrame:
    known = people.filter("is_in_crm")
    twice = known.filter(pl.Series(random.random(known.height) < _KNOWN_TWICE))
    frames = [_contact_rows(known, 1, random), _contact_rows(twice, 2, random), _prospects(people, clock, random)]
    contacts = pl.concat(frames, how="diagonal")
    n = contacts.height
    created = clock.month_starts[np.maximum(contacts["joined_month"].to_numpy(), 0)].astype("datetime64[us]")
    created = created + minutes(random.integers(13 * 60, 22 * 60, n)) - np.timedelta64(2, "D")
    later = random.integers(5, 400, n).astype("timedelta64[D]")
    return contacts.with_columns(created_at=pl.Series(np.where(contacts["copy"].to_numpy() == 2, created + later, created)))


def _contact_rows(people: pl.DataFrame, copy: int, random: np.random.Generator) -> pl.DataFrame:
    n = people.height
    is_old = people["old_phone"].is_not_null().to_numpy() & (random.random(n) < 0.6)
    values = {"mrn": people["mrn"], "email": people["email"], "phone": either(is_old, people["old_phone"], people["phone"])}
    values = {name: some(value, random.random(n) < _CONTACT_HAS[name][copy - 1]) for name, value in values.items()}
    values["phone"] = typed(values["phone"], random)
    spelt = respelt(people, random)
    for name, share in (("birth_date", 0.95), ("address_line", 0.9)):
        spelt[name] = some(spelt[name], random.random(n) < share)
    return people.select(
        *("patient", "person_id", "number", "joined_month", "site", "city", "state", "postal_code", "language"),
        *("died_on", "is_do_not_contact"),
        contact_id=pl.concat_str(
            pl.lit("con-"), pl.col("number").cast(pl.String).str.zfill(7), pl.lit("" if copy == 1 else "-b")
        ),
        copy=pl.lit(copy),
        sex=some(people["sex"], random.random(n) < 0.93),
        **values,
        **spelt,
    )


def _prospects(people: pl.DataFrame, clock: Clock, random: np.random.Generator) -> pl.DataFrame:
    """People who enquired but never came: contacts without a patient."""
    source = people.filter(pl.Series(random.random(people.height) < _PROSPECTS))
    n = source.height
    is_woman = random.random(n) < 0.55
    number = pl.col("number").cast(pl.String)
    return source.select(
        *("number", "site", "city", "state", "postal_code", "language"),
        person_id="person-p" + number.str.zfill(7),
        joined_month=pl.Series(random.integers(clock.first, clock.last + 1, n)),
        contact_id="con-p" + number.str.zfill(7),
        copy=pl.lit(1),
        sex=pl.Series(np.where(is_woman, "female", "male")),
        first_name=pl.Series(np.where(is_woman, random.choice(FEMALE_NAMES, n), random.choice(MALE_NAMES, n))),
        last_name=pl.Series(random.choice(FAMILY_NAMES, n)),
        birth_date=pl.Series(np.datetime64("1950-01-01") + random.integers(0, 20000, n).astype("timedelta64[D]")),
        email="lead" + number + "@example.org",
        phone=reserved_phone(pl.col("number"), "556"),
    )


def _accounts(people: pl.DataFrame, clock: Clock, random: np.random.Generator) -> pl.DataFrame:
    again = people.filter(pl.Series(random.random(people.height) < _TWO_ACCOUNTS))
    return pl.concat([_account_rows(people, 1, clock, random), _account_rows(again, 2, clock, random)])


def _account_rows(people: pl.DataFrame, number: int, clock: Clock, random: np.random.Generator) -> pl.DataFrame:
    n = people.height
    opened = clock.month_starts[np.maximum(people["joined_month"].to_numpy(), 0)]
    if number == 2:
        opened = np.maximum(opened, clock.start_on) + random.integers(60, 600, n).astype("timedelta64[D]")
    return people.select(
        *("patient", "person_id", "city", "state", "postal_code"),
        account_id="acc-" + pl.col("number").cast(pl.String).str.zfill(7) + f"-{number}",
        account_number=pl.lit(number),
        opened_on=pl.Series(opened),
        mrn=some(people["mrn"], random.random(n) < (0.9 if number == 1 else 0.55)),
        sex=some(people["sex"], random.random(n) < 0.98),
        phone=typed(some(people["phone"], random.random(n) < 0.85), random),
        opened_at=pl.Series(opened.astype("datetime64[us]") + np.timedelta64(18, "h")),
        **respelt(people, random),
    )
