"""What disengagement is, in numbers that SQL and `ml` share. `make contracts` writes them as dbt macros of the same names."""

HORIZON_DAYS = 180
"""Days after the index in which a patient may disengage."""
RECORDING_DAYS = 30
"""Days until the events of the horizon are on record."""
GRACE = 1.5
"""Expected intervals since the last visit after which a patient counts as lapsed."""
