"""Finds resources that say of themselves that they are test data (https://terminology.hl7.org/CodeSystem-v3-ActReason.html#HTEST).

Practices keep patients without a person for training. Counted, they are care gaps that nobody can close.
"""

from typing import Any

TEST_MARK = b"HTEST"
"""What a line with such a resource has in it."""
IS_TEST_DATA = "says HTEST: the record is test data, and counts nowhere"


def is_test_data(resource: dict[str, Any]) -> str | None:
    """Where a resource says that it is test data; None where it does not."""
    meta = resource.get("meta")
    for name in ("tag", "security"):
        labels = meta.get(name) if isinstance(meta, dict) else None
        if isinstance(labels, list) and any(isinstance(one, dict) and one.get("code") == "HTEST" for one in labels):
            return f"meta.{name}"
    return None
