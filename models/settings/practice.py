"""The schema of practice.toml: the practice, the folders of its extracts, and its settings. docs/operators.md lists it."""

import math
import re
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from models.settings.privacy import PROFILES, Retention
from models.settings.toml_schema import AtKey, Settings
from models.sources import delivered_kinds

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MASTER = re.compile(
    r"local(\[(\*|[1-9][0-9]{0,3})\])?|local-cluster\[[1-9][0-9]?,[1-9][0-9]?,[1-9][0-9]{2,5}\]"
    r"|spark://[A-Za-z0-9.-]+:[0-9]{1,5}(,[A-Za-z0-9.-]+:[0-9]{1,5})*"
)
SECOND = re.compile(r"(:[A-Za-z0-9][A-Za-z0-9_.-]{0,63})?")
"""The suffix of a second source of one kind: the `:north` of `ehr:north`."""


def checked_id(name: str) -> str:
    """The id, which names folders. Raises `ValueError`."""
    if not ID.fullmatch(name):
        raise ValueError(f'cannot be "{name[:40]}": it must be letters, digits, - and _, at most 64, since folders bear it')
    return name


def checked_master(url: str) -> str:
    """The address of a Spark, if runs on its kind were tried. Raises `ValueError` with what to write instead."""
    if url.startswith("sc://"):
        raise ValueError(
            "cannot be a Spark Connect server: the tables of all its sessions are in one catalogue, and what it writes cannot be "
            'swept. Write the cluster behind it: "spark://host:7077"'
        )
    if not MASTER.fullmatch(url):
        raise ValueError(
            f'cannot be "{url[:60]}": write "local[*]", "local[4]" for four cores, "local-cluster[2,1,2048]" for two executors '
            'of a core and 2,048 MB on this machine, or "spark://host:7077" for a cluster of Spark\'s own'
        )
    return url


def checked_time_zone(name: str) -> str:
    """The name, if it is one of the tz database. Raises `ValueError` with the name that may be meant."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, KeyError, ValueError, OSError):
        close = get_close_matches(name, available_timezones(), n=1, cutoff=0.5)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise ValueError(f'cannot be "{name[:60]}": write a name of the tz database, as America/Chicago.{meant}') from None
    return name


def _number(most: float, what: str) -> Any:
    return Field(None, ge=0, le=most, allow_inf_nan=False, description=what)


def _whole(least: int, most: int, unit: str) -> Any:
    return Field(None, ge=least, le=most, description=f"a whole number of {unit} from {least} to {most}")


def _usd() -> Any:
    return _number(1e9, "an amount in USD, 0 or more")


def _share(most: float = 1) -> Any:
    return _number(most, f"a share from 0 to {most:g}: 0.2, not 20 %")


_Usd = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
EncounterClass = Literal["AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"]
"""The codes of v3 ActEncounterCode."""
_Patients = Annotated[int, Field(ge=0, le=100_000)]


class Variables(Settings):
    """`[variables]`: what the warehouse computes with. The defaults stand in dbt_project/dbt_project.yml."""

    resolve_identity: bool | None = Field(None, description="true or false, without quotes")
    active_months: int | None = _whole(1, 120, "months")
    encounter_classes: dict[str, EncounterClass] | None = Field(
        None,
        description=f'one of {", ".join(get_args(EncounterClass))} by your own class: {{ "13" = "AMB", "urn:oid:1.2|5" = "VR" }}',
    )
    mrn_systems: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        None, description='identifier systems of record numbers: ["urn:oid:1.2.3"]'
    )
    notice_hours: int | None = _whole(0, 336, "hours")
    baseline_months: int | None = _whole(1, 60, "months")
    history_months: int | None = _whole(12, 240, "months")
    reporting_year: int | None = _whole(1990, 2200, "the year")
    earlier_years: int | None = _whole(0, 10, "years")
    rolling_month_ends: int | None = _whole(0, 120, "month ends")
    staff_usd_per_hour: float | None = _usd()
    gap_incentives_usd: dict[str, dict[str, _Usd]] | None = Field(
        None, description="USD by payer class and measure: commercial = { CMS122 = 30 }"
    )
    chosen_measures: list[str] | None = Field(None, description='the measures that the practice reports: ["CMS122", "CMS165"]')
    contact_effect: float | None = _share()
    retained_margin_usd: float | None = _usd()
    closed_gap_usd: float | None = _usd()
    contact_cost_usd: float | None = _usd()
    outreach_capacity: int | None = _whole(0, 100_000, "patients a month")
    site_capacity: dict[str, _Patients] | None = Field(None, description='patients a month by location id: { "loc-01" = 25 }')
    dashboards_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?$",
        max_length=200,
        description="the address of the dashboards: https://caregap.example.org",
    )
    holdout_share: float | None = _share(0.9)
    holdout_salt: str | None = Field(None, min_length=1, max_length=100, description="a short text")
    staff_languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]] | None = Field(
        None, min_length=1, description='languages that the staff speaks, as ISO 639-1: ["en", "es"]'
    )
    urgent_days: int | None = _whole(0, 365, "days")

    @field_validator("gap_incentives_usd")
    @classmethod
    def _known_measures(cls, given: dict[str, Any] | None, info: ValidationInfo) -> dict[str, Any] | None:
        from models.published.facts import PAYER_CLASSES  # contracts take a second to import, and most files have no incentives

        for payer, amounts in (given or {}).items():
            _known((payer,), frozenset(PAYER_CLASSES), "payer class")
            for measure in amounts:
                _known((payer, measure), (info.context or {}).get("measure_codes"), "measure")
        return given

    @field_validator("chosen_measures")
    @classmethod
    def _are_measures(cls, given: list[str] | None, info: ValidationInfo) -> list[str] | None:
        for measure in given or []:
            _known((measure,), (info.context or {}).get("measure_codes"), "measure")
        return given


Store = Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]*://[^\s@?#\x00-\x1f\x7f]+$", max_length=500)]
"""A place that fsspec reaches, without a sign-in in its address."""


class PracticeSettings(Settings):
    """practice.toml. Validators read `kpi_codes` and `measure_codes` of their context, where it has them."""

    id: Annotated[str, AfterValidator(checked_id)] = Field(description="a short name: letters, digits, - and _")
    name: str = Field(
        min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="the practice's name, on one line"
    )
    time_zone: Annotated[str, AfterValidator(checked_time_zone)] = Field(description="a name of the tz database: America/Chicago")
    is_synthetic: bool = Field(False, description="true or false, without quotes")
    encryption: Literal["home", "disk"] = Field(
        "home", description='"home" (Caregap encrypts what it keeps), or "disk" (the disk below the home is encrypted itself)'
    )
    as_of: date | None = Field(
        None, ge=date(1990, 1, 1), le=date(2200, 1, 1), description="a day from 1990 on, without quotes: 2026-11-01"
    )
    sources: dict[str, str] | None = Field(None, description='folders by source: ehr = "ehr"')
    fetched: dict[str, Store] = Field({}, description='addresses by source: ehr = "s3://bucket/ehr"')
    published_to: Store | None = Field(None, description='an address: "s3://bucket/caregap"')
    layouts: dict[str, str] = Field({}, description='files by name of the layout: our_contacts = "layouts/our_contacts.toml"')
    modifier_extensions: list[Annotated[str, Field(min_length=1, max_length=500)]] = Field(
        [], description='addresses of modifierExtensions that change nothing that is read: ["https://ehr.example/verified"]'
    )
    privacy: Literal["hipaa", "ccpa", "gdpr"] = Field("hipaa", description=f"one of {', '.join(PROFILES)}")
    retention: Retention = Field(Retention(), description="a table")
    engine: Literal["duckdb", "spark"] = Field("duckdb", description='"duckdb", or "spark" (docs/scale.md)')
    spark_master: Annotated[str, AfterValidator(checked_master)] = Field("local[*]", description="where Spark runs")
    spark_storage: str | None = Field(
        None,
        pattern=r"^/[^\x00-\x1f\x7f]*$",
        max_length=500,
        description='a folder that all of Spark sees: "/mnt/caregap"',
    )
    spark_storage_is_encrypted: bool = Field(False, description="true or false, without quotes")
    targets: dict[str, float] = Field({}, description="a number in the KPI's unit; a share is written as 0.05, not 5 %")
    variables: Variables = Field(Variables(), description="a table")

    @field_validator("sources")
    @classmethod
    def _known_sources(cls, given: dict[str, str] | None) -> dict[str, str] | None:
        kinds = [kind.name for kind in delivered_kinds()]
        for source, folder in (given or {}).items():
            kind, _, _ = source.partition(":")
            if kind not in kinds or not SECOND.fullmatch(source.removeprefix(kind)):
                close = get_close_matches(source, kinds, n=1)
                meant = f" Did you mean {close[0]}?" if close else ""
                raise AtKey((source,), f'is no source: write {", ".join(kinds)}, or "ehr:north" for a second one.{meant}')
            if not folder.strip() or "\0" in folder:
                raise AtKey((source,), "names no folder: write the folder of its extracts")
        return given

    @field_validator("targets")
    @classmethod
    def _known_kpis(cls, given: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        for code, target in given.items():
            _known((code,), (info.context or {}).get("kpi_codes"), "KPI")
            if not math.isfinite(target):
                raise AtKey((code,), f"cannot be {target}: it must be a number; a share is written as 0.05, not 5 %")
        return given


def _known(path: tuple[str, ...], known: frozenset[str] | None, kind: str) -> None:
    """Raises `AtKey` where the last part of `path` is not one of `known`; None: anything may be."""
    name = path[-1]
    if known is not None and name not in known:
        close = get_close_matches(name, known, n=1)
        raise AtKey(
            path, f"is no such {kind}. " + (f"Did you mean {close[0]}?" if close else f"Known: {', '.join(sorted(known))}")
        )
