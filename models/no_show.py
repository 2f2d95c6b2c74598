"""When a missed appointment is predicted and when it is known, in numbers that SQL and `ml` share, as `disengagement.py` does."""

REMINDER_HOURS = 48
"""Hours before the start at which the reminder goes out: the prediction time, unless it was booked later."""
OUTCOME_DAYS = 7
"""Days after the start until it is on record whether the appointment was kept."""
