"""Converts the text of CSV cells, as people and spreadsheets write it, to the types of a contract.

Ambiguous text is not read: `3/31/26` has no century, and 2,026 may be a year or a day number.
"""

import re
from collections.abc import Callable, Mapping

import pandera.polars as pa
import polars as pl

from models.contract import INSTANT, Contract
from models.plausible_years import FIRST_YEAR, LAST_YEAR
from models.settings.layout import Form
from pipelines.extract.unseen import UNSEEN

Parser = Callable[[pl.Expr], pl.Expr]

_MONTH_FIRST = ("%m/%d/%Y",)
_DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
_UNAMBIGUOUS = ("%Y/%m/%d", "%d-%b-%Y", "%B %d, %Y", "%d %B %Y", "%Y%m%d")
_MIDNIGHT = r"(?i)[ T](0?0:00(:00(\.0+)?)?|12:00(:00)? ?AM)(Z|\+00:?00)?$"
_TIME_FORMATS = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_COMMA_BEHIND_DAY = r"^(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}), "
"""`3/31/2026, 2:05:00 PM`, as browsers write a time."""
_SERIAL = r"^[1-7]\d{4}(\.\d+)?$"
"""Five digits: a spreadsheet's day number, 1927 to 2118. Four digits could be a year."""
_SERIAL_DAY_0 = pl.date(1899, 12, 30)
"""Day 0 of that numbering from March 1900 on: spreadsheets wrongly treat 1900 as a leap year."""

_WORDS = {
    "true": True,
    "t": True,
    "yes": True,
    "y": True,
    "1": True,
    "false": False,
    "f": False,
    "no": False,
    "n": False,
    "0": False,
    # As Excel and CRMs write them in German, Spanish and French.
    **dict.fromkeys(("ja", "wahr", "sí", "si", "verdadero", "oui", "vrai"), True),
    **dict.fromkeys(("nein", "falsch", "falso", "non", "faux"), False),
}
YES = [word for word, meant in _WORDS.items() if meant]
SEXES = {
    **dict.fromkeys(("f", "woman", "w", "weiblich", "frau", "mujer", "femenino", "femme", "féminin"), "female"),
    **dict.fromkeys(("m", "man", "männlich", "mann", "hombre", "masculino", "homme", "masculin"), "male"),
    **dict.fromkeys(("o", "divers"), "other"),
    **dict.fromkeys(("u", "unk", "unbekannt", "desconocido", "inconnu"), "unknown"),
}
"""As CRMs and billing systems write the codes of FHIR, in German, Spanish and French, too."""
_CALLED = {
    "sms": ("text", "textmessage", "texting"),
    "phone": ("call", "phonecall", "telephone", "voice"),
    "mail": ("letter", "post", "postalmail", "usmail"),
    "portal": ("patientportal",),
    "self_pay": ("self", "cash", "privatepay"),
}
"""By value of a list, the words by which people call it, without signs between them."""
_NO_SEX = "unknown"
_SEX_WORDS = [*SEXES, *SEXES.values()]
_NO_SUCH_SEX = "is a word that is not known, and is taken for unknown"
_WRAPPED = r'^="([^"]*)"$'
"""`="00123"`: how exports keep a spreadsheet from reading an id as a number."""
_MARKED_AS_TEXT = r"^'([=+\-@\d])"
"""`'00123`, `'+1 212…`: the mark with which a spreadsheet keeps a number or formula as text. `'t Hooft` is a name."""
_BETWEEN_WORDS = re.compile(r"[\s_\-]+")
_ID = re.compile(r"(^|_)(id|mrn|npi)$")
_ADDRESSES = ("email", "phone")
_PADDED = r"^\d+\.0+$"
"""`123.0`: an id that was a number with decimals somewhere on its way, and may have lost leading zeros."""
_ROUNDED = r"^[-+]?\d([.,]\d+[eE]\+?\d{1,3}|[eE]\+\d{2,3})$"
"""`1.00235E+11`, Java's `1.00235E11`: a program read an id as a number and kept its first digits: many rows have one id."""
_IS_PADDED = "ends in .0, as a spreadsheet writes a number: zeros that it began with may be lost"
_IS_ROUNDED = "was rounded by a spreadsheet: export it as text and do not open the file in a spreadsheet before it is delivered"

_NOTHING = frozenset(("null", "(null)", "<null>", "\\n", "#n/a", "n/a", "none", "nil", "-", "--"))
"""What databases, spreadsheets and people write where there is nothing: no day, number or listed value."""
_NO_DAY = r"^(0{4}[-/]0?0[-/]0?0|0?0[-/]0?0[-/]0{4}|0001-01-01)([ T]00:00(:00(\.0+)?)?)?$"
"""The day that MySQL and .NET write for none."""
_NO_TEXT = ("NULL", "\\N", "#N/A")
"""What no text is, in these letters; but NULL may be a family name."""
_OF_PEOPLE = ("first_name", "last_name")
_IS_NOTHING = "is a sign for nothing, and is taken for empty"

_SLASHED = r"^(\d{1,2})/(\d{1,2})/\d{4}"
_MONTHS = 12

_PLAIN = Form()
_NO_FORMATS: Mapping[str, str] = {}
_NUMBER = r"^[-+]?(\d{1,18}|\d{1,3}(,\d{3}){1,5})(\.\d*)?([eE][-+]?\d{1,2})?$"
_AMOUNT = r"^[-+]?(\d{1,9}|\d{1,3}(,\d{3}){1,2})(\.\d{0,2}0*)?$"
"""Below a billion: two rows of $999,999,999,999.99 added up to more than a published amount can hold, and stopped the build."""

_SHOULD_BE = {
    pl.Date: "is not a readable date: write it as 2026-03-31",
    pl.Datetime: "is not a readable date and time: write it as 2026-03-31T14:05:00-04:00",
    pl.Decimal: "is not an amount in dollars and cents, such as 1234.50",
    pl.Int32: "is not a whole number",
    pl.Int64: "is not a whole number",
    pl.Float64: "is not a number",
    pl.Boolean: "is neither true nor false",
}


def bare(text: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The rows with these columns freed of what surrounds a value: blanks, `="…"`, the mark of text; empty cells become null."""
    text = text.with_columns(pl.col(names).str.strip_chars())
    # Only where there are any: `replace` of all cells took as long as to strip them.
    if empty := [name for name in names if (text[name] == "").any()]:
        text = text.with_columns(pl.when(pl.col(empty) != "").then(pl.col(empty)))
    begins = [pl.col(names).str.starts_with(sign).any() for sign in ('="', "'")]
    wrapped, marked = (text.select(pl.any_horizontal(any_of)).item() if names else False for any_of in begins)
    if wrapped:
        text = text.with_columns(pl.col(names).str.replace(_WRAPPED, "${1}").str.strip_chars().replace("", None))
    return text.with_columns(pl.col(names).str.replace(_MARKED_AS_TEXT, "${1}")) if marked else text


def doubts(text: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The cells that are used as they are although they may be damaged: a frame `row_number`, `field`, `finding`.

    `text` as in `typed`.
    """
    names = [name for name in contract.fields if _ID.search(name) and text[name].str.ends_with("0").any()]
    padded = [
        text.filter(pl.col(name).str.contains(_PADDED)).select(
            pl.col("_row_number").alias("row_number"), pl.lit(name).alias("field"), pl.lit(_IS_PADDED).alias("finding")
        )
        for name in names
    ]
    return pl.concat([_NO_DOUBTS, *padded])


def taken_otherwise(text: pl.DataFrame, rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The cells that say in a word that there is nothing (`NULL`, `0000-00-00`), and sexes that are taken for unknown: a frame
    `row_number`, `field`, `finding`.

    `text` as in `typed`; `rows`: those of what `typed` made of it that are kept.
    """
    kept = text if text.height == rows.height else text.join(rows.select("_row_number"), on="_row_number", how="semi")
    found = []
    for name, column in contract.fields.items():
        if rows[name].null_count() > kept[name].null_count():
            found.append((name, kept[name].is_not_null() & rows[name].is_null(), _IS_NOTHING))
        if _is_sex(column) and (taken := (rows[name] == _NO_SEX) & ~kept[name].str.to_lowercase().is_in(_SEX_WORDS)).any():
            found.append((name, taken, _NO_SUCH_SEX))
    frames = [
        kept.filter(which).select(
            pl.col("_row_number").alias("row_number"), pl.lit(name).alias("field"), pl.lit(finding).alias("finding")
        )
        for name, which, finding in found
    ]
    return pl.concat([_NO_DOUBTS, *frames])


def orders_of_days(text: pl.DataFrame, contract: Contract, formats: Mapping[str, str]) -> dict[str, tuple[bool, bool, bool]]:
    """By field with days as `3/4/2026`: whether some can only be day first, some only month first, and some be either.

    `text` and `formats` as in `typed`.
    """
    days = [name for name, column in contract.fields.items() if column.dtype.type in (pl.Date, INSTANT) and name not in formats]
    found = {}
    for name in days:
        if text[name].str.contains("/", literal=True).any():
            parts = text[name].str.extract_groups(_SLASHED).struct
            first, second = (parts.field(str(n)).cast(pl.Int32) for n in (1, 2))
            either = (first <= _MONTHS) & (second <= _MONTHS) & (first != second)
            found[name] = (_any(first > _MONTHS), _any(second > _MONTHS), _any(either))
    return found


def _any(holds: pl.Series) -> bool:
    return bool(holds.any())


def typed(
    text: pl.DataFrame,
    contract: Contract,
    time_zone: str,
    form: Form = _PLAIN,
    formats: Mapping[str, str] = _NO_FORMATS,
    *,
    is_bare: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells as values of the contract's types, and the cells that could not be read.

    `text` has text columns, including all those of the contract, and `_row_number`. Blanks around a value are ignored; empty
    cells become null, as do those with a sign for nothing (`NULL`, `0000-00-00`); case and signs between words are ignored in
    fields with a fixed list of values, and a sex that is none of them is `unknown`. Characters of no width are no part of an id.
    `="00123"` is the text in its quotes, and an id in scientific notation cannot be read. A date and time without an offset is
    local time in `time_zone`. `form`: whether days or months come first, and a point or a comma before decimals; `formats`: how
    the days and times of a field are written, by field. `is_bare`: `bare` has seen the cells. Returns the same rows, and a frame
    `row_number`, `field`, `reason`.
    """
    names = list(contract.fields)
    ids = [name for name in names if _ID.search(name) or name in _ADDRESSES]
    text = _without_unseen(text if is_bare else bare(text, names), ids)
    parsers = _Parsers(time_zone, form)
    read = {name: _parsed(text[name], name, contract, parsers, formats.get(name)) for name in contract.fields}
    failures = [
        text.filter(values.is_null() & text[name].is_not_null() & ~_is_nothing(name)).select(
            pl.col("_row_number").alias("row_number"),
            pl.lit(name).alias("field"),
            pl.lit(_SHOULD_BE.get(values.dtype.base_type(), "")).alias("reason"),
        )
        for name, values in read.items()
        if values.dtype != pl.String and values.null_count() > text[name].null_count()
    ]
    for name in filter(_ID.search, names):
        rounded = text.filter(pl.col(name).str.contains(_ROUNDED))
        if rounded.height:
            numbers = pl.col("_row_number").alias("row_number")
            failures.append(rounded.select(numbers, pl.lit(name).alias("field"), pl.lit(_IS_ROUNDED).alias("reason")))
    rows = text.with_columns(read.values())
    return _born_before(rows, formats), pl.concat(failures) if failures else _NO_FAILURES


def _born_before(rows: pl.DataFrame, formats: Mapping[str, str]) -> pl.DataFrame:
    """Birth dates of two digits a year as the latest that do not lie after the row's last change: `66` would be 2066."""
    if "%y" not in formats.get("birth_date", "") or "updated_at" not in rows.columns:
        return rows
    born = pl.col("birth_date")
    is_ahead = born > pl.col("updated_at").dt.date().fill_null(pl.date(2068, 12, 31))
    return rows.with_columns(pl.when(is_ahead).then(born.dt.offset_by("-100y")).otherwise(born).alias("birth_date"))


_NO_DOUBTS = pl.DataFrame(schema={"row_number": pl.Int64, "field": pl.String, "finding": pl.String})
_NO_FAILURES = pl.DataFrame(schema={"row_number": pl.Int64, "field": pl.String, "reason": pl.String})


def _parsed(text: pl.Series, name: str, contract: Contract, parsers: "_Parsers", written: str | None) -> pl.Series:
    """The values of a field's cells; where it has few values, each is read once."""
    column = contract.fields[name]
    if column.dtype.type != pl.Boolean and not column.metadata["values"]:
        return _parsed_each(text, name, contract, parsers, written)
    cells = text.drop_nulls().unique()
    values = _parsed_each(cells, name, contract, parsers, written)
    return text.replace_strict(cells, values, default=None, return_dtype=values.dtype)


def _parsed_each(text: pl.Series, name: str, contract: Contract, parsers: "_Parsers", written: str | None) -> pl.Series:
    """The first parser that can read a cell wins; later ones get only the rest, so a clean column costs one pass."""
    column = contract.fields[name]
    dtype = column.dtype.type
    if dtype == pl.String:
        known = [value for value in column.metadata["values"] if value == value.lower()]
        return _listed(text, name, known, _is_sex(column)) if known else _without_nothing(text, name)
    values = pl.Series(name, [None], dtype=dtype).new_from_index(0, len(text))
    for parser in parsers.of(dtype, written):
        left = values.is_null() & text.is_not_null()
        if not left.any():
            break
        found = (
            text.to_frame()
            .select(pl.when(left).then(pl.col(name)).alias(name))
            .select(parser(pl.col(name)).cast(dtype).alias(name))
        )
        values = values.to_frame().select(pl.coalesce(pl.col(name), found[name]).alias(name))[name]
    return values


def _is_sex(column: pa.Column) -> bool:
    return {"female", _NO_SEX} <= set(column.metadata["values"])


def _listed(text: pl.Series, name: str, known: list[str], is_sex: bool) -> pl.Series:
    """Values of a list, in any case, with any signs between their words (`Self-Pay`) or as people call them (`Text` for `sms`);
    another text as it is, another sex `unknown`."""
    lower = text.str.to_lowercase()
    if lower.is_in([*known, None]).all():
        return lower
    called = {word: value for value in known for word in _CALLED.get(value, ())}
    plain = called | {_BETWEEN_WORDS.sub("", value): value for value in known} | (SEXES if "female" in known else {})
    words = pl.col(name).str.to_lowercase()
    meant = words.str.replace_all(_BETWEEN_WORDS.pattern, "").replace_strict(plain, default=None, return_dtype=pl.String)
    other = pl.when(~words.is_in(_NOTHING)).then(pl.lit(_NO_SEX) if is_sex else pl.col(name))
    return text.to_frame().select(pl.coalesce(meant, other).alias(name))[name]


def _is_nothing(name: str) -> pl.Expr:
    return pl.col(name).str.to_lowercase().is_in(_NOTHING) | pl.col(name).str.contains(_NO_DAY)


def _without_nothing(text: pl.Series, name: str) -> pl.Series:
    words = _NO_TEXT[1:] if name.endswith(_OF_PEOPLE) else _NO_TEXT
    there = [word for word in words if (text == word).any()]
    return text.replace(there, [None] * len(there)) if there else text


def _without_unseen(text: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    odd = [name for name in names if text[name].str.contains(UNSEEN).any()]
    freed = (pl.col(name).str.replace_all(UNSEEN, "").str.strip_chars().replace("", None) for name in odd)
    return text.with_columns(freed) if odd else text


class _Parsers:
    """The parsers of each type, the likeliest first."""

    def __init__(self, time_zone: str, form: Form):
        self._time_zone, self._form = time_zone, form
        self._days = ("%Y-%m-%d", *(_DAY_FIRST if form.dates == "day_first" else _MONTH_FIRST), *_UNAMBIGUOUS)

    def of(self, dtype: pl.DataType, written: str | None) -> list[Parser]:
        """`written`: the one form that days and times are in, if they are."""
        kind = dtype.base_type()
        if kind == pl.Date:
            return [_written_day(written)] if written else self._of_days()
        if kind == pl.Datetime:
            return [_written_instant(written, self._time_zone)] if written else self._of_instants()
        if kind == pl.Boolean:
            return [lambda text: text.str.to_lowercase().replace_strict(_WORDS, default=None, return_dtype=pl.Boolean)]
        if kind == pl.Decimal:
            return [lambda text: _amount(self._with_point(text), dtype)]
        return [lambda text: _number(self._with_point(text), dtype)]

    def _of_days(self) -> list[Parser]:
        return [*(_day(form) for form in self._days), *(_day(form, with_midnight=True) for form in self._days), _serial_day]

    def _of_instants(self) -> list[Parser]:
        zone = self._time_zone
        local = [_instant(f"{day} {time}", zone) for day in self._days[:-1] for time in _TIME_FORMATS]
        days = [lambda text, day=day: _to_utc(_day(day)(text).cast(pl.Datetime("us")), zone) for day in self._days]
        with_comma = [lambda text, read=read: read(text.str.replace(_COMMA_BEHIND_DAY, "${1} ")) for read in local]
        serial = lambda text: _to_utc(_serial_instant(text), zone)  # noqa: E731
        return [_with_offset, _with_hours_offset, _with_minutes_alone, *local, *days, serial, *with_comma]

    def _with_point(self, text: pl.Expr) -> pl.Expr:
        """`1.234,50` and `1 234,50` as `1,234.50`, where a comma stands before decimals."""
        if self._form.decimal == "point":
            return text
        return text.str.replace_all(r"[\s\u00a0\u202f']", "").str.replace_many([".", ","], [",", "."])


def _plausible(instant: pl.Expr) -> pl.Expr:
    return pl.when(instant.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(instant)


def _day(form: str, *, with_midnight: bool = False) -> Parser:
    def parse(text: pl.Expr) -> pl.Expr:
        day = text.str.replace(_MIDNIGHT, "") if with_midnight else text
        return _plausible(day.str.to_date(form, strict=False))

    return parse


def _written_day(form: str) -> Parser:
    return lambda text: _plausible(text.str.to_date(form, strict=False))


def _written_instant(form: str, time_zone: str) -> Parser:
    """Times in one form; with an offset if `%z` is in it, otherwise local."""
    if "%z" in form:
        return lambda text: _plausible(text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False))
    if "%H" in form or "%I" in form:
        return _instant(form, time_zone)
    return lambda text: _to_utc(_written_day(form)(text).cast(pl.Datetime("us")), time_zone)


def _serial_day(text: pl.Expr) -> pl.Expr:
    whole = pl.when(text.str.contains(_SERIAL)).then(text).cast(pl.Float64, strict=False)
    return pl.when(whole == whole.floor()).then(_SERIAL_DAY_0 + pl.duration(days=whole.cast(pl.Int64)))


def _serial_instant(text: pl.Expr) -> pl.Expr:
    days = pl.when(text.str.contains(_SERIAL)).then(text).cast(pl.Float64, strict=False)
    spreadsheets_count_seconds = (days * 86_400).round(0).cast(pl.Int64)
    return _SERIAL_DAY_0.cast(pl.Datetime("us")) + pl.duration(seconds=spreadsheets_count_seconds)


def _with_offset(text: pl.Expr) -> pl.Expr:
    return _plausible(text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False))


def _with_hours_offset(text: pl.Expr) -> pl.Expr:
    """`2026-03-31 14:05:00+00`, as PostgreSQL writes it."""
    return _with_offset(text.str.replace(r"(:\d\d(?:\.\d+)?[-+]\d\d)$", "${1}:00"))


def _with_minutes_alone(text: pl.Expr) -> pl.Expr:
    """`2026-03-31T14:05Z`, as ISO 8601 allows."""
    return _with_offset(text.str.replace(r"([ T]\d\d:\d\d)(Z|[-+]\d\d:?\d\d)$", "${1}:00${2}"))


def _instant(form: str, time_zone: str) -> Parser:
    return lambda text: _to_utc(
        _plausible(text.str.replace("T", " ", literal=True).str.to_datetime(form, time_unit="us", strict=False)), time_zone
    )


def _to_utc(local: pl.Expr, time_zone: str) -> pl.Expr:
    """Local time to UTC: a repeated hour counts as the later one; a skipped local time becomes null."""
    return (
        local.dt.replace_time_zone(time_zone, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC").cast(INSTANT)
    )


def _amount(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`1234.5`, `$1,234.50`, `-12.00`; `(12.00)`, `$ (12.00)` and `12.00-` as bookkeepers write less than 0, and `$ -` as 0;
    `USD 12.00` and `12.00 USD` as ledgers name the currency."""
    plain = text.str.replace(r"^(?:USD\s+|US(\$))", "${1}").str.replace(r"\s+USD$", "")
    plain = plain.str.replace(r"^\$\s*-$", "0").str.replace(r"^(-?)\s*\$\s*", "${1}")
    plain = plain.str.replace(r"^\((.*)\)$", "-${1}").str.replace(r"^(\d.*)-$", "-${1}").str.replace(r"^-\$", "-")
    return pl.when(plain.str.contains(_AMOUNT)).then(plain.str.replace_all(",", "")).cast(dtype, strict=False)


def _number(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`12`, `1,234`, `12.0`; with a fraction or an exponent only where the type has them."""
    plain = pl.when(text.str.contains(_NUMBER)).then(text.str.replace_all(",", ""))
    return (plain if dtype == pl.Float64 else plain.str.replace(r"\.0*$", "")).cast(dtype, strict=False)
