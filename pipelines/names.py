"""A name from outside, such as a manifest's `type`, a file's or a practice's, as one part of a path: never a path of its own."""

import hashlib
import re

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,63}")
_KEPT = 40


def path_part(name: str) -> str:
    """The name itself where it is plain; else what is plain in it, and a hash, so that two names never become one.

    Plain are up to 64 ASCII letters, digits, `_`, `.`, `:` and `-`, of which the first is a letter, a digit or `_`.
    """
    if PLAIN.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    # `=` is not plain, so that no plain name is the same as one that was made here.
    return f"{re.sub('[^A-Za-z0-9]+', '_', name)[:_KEPT]}={digest}"
