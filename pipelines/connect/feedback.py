"""What a free remark about a task says of its outcome: the remark itself goes no further than here."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from models.extracts.crm import OUTREACH_OUTCOMES

_TAGS = re.compile(r"<[^>]*>")


def outcome_said(remark: str, patterns: Mapping[str, str]) -> str | None:
    """The outcome of the first pattern that matches the remark, by `*` and `?` and without regard to case; otherwise the outcome
    whose name the remark begins with (`Left message, will call back`); None where it says none.

    Only a beginning counts by itself: `not reached` is not `reached`.
    """
    said = " ".join(_TAGS.sub(" ", remark).lower().split())
    for pattern, outcome in patterns.items():
        if fnmatchcase(said, pattern.lower()):
            return outcome
    names = sorted(OUTREACH_OUTCOMES, key=len, reverse=True)
    return next((name for name in names if re.match(rf"{name.replace('_', '[ _-]')}(?![\w-])", said)), None)
