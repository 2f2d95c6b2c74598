"""What a FHIR reference names, as SQL: by its type and id, or by an identifier (https://hl7.org/fhir/R4/references.html).

Landing asks it whose a row is, raw what was deleted, and dbt whom a record is about, by macros of these names that
`make contracts` writes. `text` is SQL of a reference's text or of a request's URL; `reference` of the struct that has it, with
`reference` and `identifier`.
"""

PERSON = "Patient"
IDENTIFIED = f"{PERSON}.identifier"
"""The kind of name that is an identifier of a patient, as `system|value`, or `|value` where a reference leaves the system out."""
BY_IDENTIFIER = "'?identifier='"
_MORE_THAN_SEGMENTS = ("?", ":", " ", "_history")
"""Signs without which a reference, unless it ends in a slash, is segments alone, of which the last is the id."""


def id_of(text: str) -> str:
    """The id: the last segment, without the version that it may end in, a query or blanks; null where it names an identifier.

    Relative, absolute, `urn:uuid:…`; `Patient/p1/_history/3` is p1.
    """
    last = f"nullif(trim(regexp_extract({_path(text)}, '(?:^[^/]*:|^|/)([^/]+?)(/_history/[^/]*)?$', 1)), '')"
    more = " or ".join(f"contains({text}, '{sign}')" for sign in _MORE_THAN_SEGMENTS)
    # `Patient/p1`, as nearly all are written, takes a quarter of the time without a regular expression.
    plain = f"when not ({more} or suffix({text}, '/')) then nullif(split_part({text}, '/', -1), '')"
    return f"case {plain} when not contains({text}, {BY_IDENTIFIER}) then {last} end"


def type_of(text: str) -> str:
    """The type of the record, with a capital letter; null where the text does not say: `urn:uuid:…`, `p1`, `#p1`.

    `Practitioner?identifier=…` says it, too. The patient's is found in any letters.
    """
    by_id = f"regexp_extract({_path(text)}, '([A-Za-z]+)/[^/]+?(/_history/[^/]*)?$', 1)"
    by_identifier = f"regexp_extract({_path(text)}, '([A-Za-z]+)$', 1)"
    found = f"case when contains({text}, {BY_IDENTIFIER}) then {by_identifier} else {by_id} end"
    said = f"upper(left({found}, 1)) || substr({found}, 2)"
    return f"nullif(case when lower({found}) = '{PERSON.lower()}' then '{PERSON}' else {said} end, '')"


def identifier_of(reference: str) -> str:
    """The identifier by which a reference names a record instead of its id, as `system|value`: a logical reference (…#logical),
    or `Patient?identifier=system|value` (https://hl7.org/fhir/R4/http.html#trules). Null for any other."""
    written = f"split_part(split_part({reference}.reference, {BY_IDENTIFIER}, 2), '&', 1)"
    asked = f"coalesce(try(url_decode({written})), {written})"  # of bytes that are no UTF-8 nothing can be decoded
    with_system = identifier(f"split_part({asked}, '|', 1)", f"split_part({asked}, '|', 2)")
    logical = identifier(f"{reference}.identifier.system", f"{reference}.identifier.value")
    alone = identifier("''", asked)
    return (
        f"case when contains({reference}.reference, {BY_IDENTIFIER}) "
        f"then case when contains({asked}, '|') then {with_system} else {alone} end "
        f"when coalesce({reference}.reference, '') = '' then {logical} end"
    )


def identifier(system: str, value: str) -> str:
    """How an identifier is compared: its number in capital letters, behind its system; null without a number."""
    return f"coalesce({system}, '') || '|' || nullif(upper(trim({value})), '')"


def _path(text: str) -> str:
    return f"rtrim(split_part({text}, '?', 1), ' /')"
