"""What disengagement is and of whom it is predicted, in numbers that SQL and `ml` share.

`make contracts` writes each as a dbt macro: `disengagement_grace()`.
"""

HORIZON_DAYS = 180
"""Days after the index in which a patient may disengage."""
RECORDING_DAYS = 30
"""Days until the events of the horizon are on record."""
GRACE = 1.5
"""Expected intervals since the last visit after which a patient counts as lapsed."""
SEEN_MONTHS = 24
"""Months before the index within which an eligible patient had a completed visit."""
KNOWN_DAYS = 90
"""Days before the index by which an eligible patient had a first completed visit."""
