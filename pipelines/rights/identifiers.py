"""What names a person in free text, and the saved queries that hold it."""

from collections.abc import Iterable

from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.publications.store import CURRENT, WAREHOUSE, current
from pipelines.rights.person import Person
from pipelines.rights.saved_queries import remove
from pipelines.sql.connection import open_file

_SHORTEST = 4
"""Characters of an identifier that is looked for in texts: a shorter one is found in any."""
_DIRECT = "select mrn, phone, email, address_line, first_name, last_name from marts.dim_patients where patient_key = $1"


def identifiers(home: Home, practice: Practice, person: Person) -> list[tuple[str, ...]]:
    """What names the person in a text, in small letters: each is one word, or several that must all be there."""
    found: list[tuple[str, ...]] = [(one.source_id,) for one in person.records]
    if person.key is not None and (home.published / CURRENT).exists():
        with open_file(home.published / current(home).id / WAREHOUSE, read_only=True) as connection:
            for *alone, first, last in connection.execute(_DIRECT, [person.key]).fetchall():
                found += [(value,) for value in alone if value]
                found += [(first, last)] if first and last else []
    found.append((str(person.key),))
    return [tuple(word.lower() for word in one) for one in found if len("".join(one)) >= _SHORTEST]


def forget_queries(home: Home, named: Iterable[tuple[str, ...]]) -> int:
    """Remove saved queries whose name or text names the person; their number."""
    words = list(named)
    return remove(home, lambda name, one: _names(f"{name} {one.text}".lower(), words))


def _names(text: str, named: list[tuple[str, ...]]) -> bool:
    return any(all(word in text for word in words) for words in named)
