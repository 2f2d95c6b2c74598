"""What engine and pages both say about a push: how a row stands, why one is skipped, what a person must confirm, who approved.

Nothing here names a patient: rows are named by the opaque id of their task.
"""

import polars as pl

from models.contract import INSTANT, Contract, field, optional
from models.phi import Phi

MARKS = {
    "waiting": "not accepted yet",
    "open": "in the CRM",
    "done": "done there",
    "withdrawn": "withdrawn",
    "gone": "removed there",
    "skipped": "held back",
}
"""How a task stands. `waiting`: refused or undecided, and sent again at each push."""

FATES = ("created", "updated", "unchanged", "withdrawn", "rejected", "retryable", "skipped", "seen")
"""What became of a row when it was last looked at: those of `pipelines/connect/adapter.py`; held back here; only seen there."""

SKIP_REASONS = {
    "not_checked": "the person could not be checked",
    "deceased": "has died",
    "held_out": "held out at random, to measure whether outreach works",
    "left_out": "left out of today's list",
    "do_not_contact": "asked not to be contacted",
    "opted_out": "opted out, as the care team recorded",
    "contacted_since": "contacted since the list was made",
    "restricted": "the use of the person's data is restricted",
    "no_consent": "no valid consent to the task's channel",
    "opted_out_there": "opted out in the CRM",
    "not_vouched_for": "archived, deleted or unknown in the CRM",
    "attempt_cap": "reached the limit of attempts",
    "no_contact_window": "no hour in which the person may be contacted",
    "quiet_hours": "quiet hours where the person lives; sent at the next push",
    "not_allowed": "a field holds what may not leave",
    "done_there": "done there already",
    "removed_there": "removed there by somebody",
    "by_hand": "withdrawn by hand",
}
"""Why a row is not sent, in order of precedence; an open task of the same person is withdrawn with that reason."""

NO_LONGER_LISTED = "no_longer_listed"
BY_HAND = "by_hand"
WITHDRAWN_BECAUSE = SKIP_REASONS | {NO_LONGER_LISTED: "no longer on the list"}

CAPS = {
    "rows": "more rows would be sent than the settings allow at once",
    "capacity": "a site would have more open tasks than its team can work in a month",
    "withdrawn_share": "more open tasks would be withdrawn than the settings allow at once",
    "deviation": "the list is much longer or shorter than at the last push",
    "old_list": "the list was published too long ago",
}
"""What a person must confirm."""

CONFIRM_REASONS = (
    "first_push",
    "new_site",
    "capacity_changed",
    "list_rebuilt",
    "campaign_ended",
    "feed_repaired",
    "checked_by_hand",
)
"""The only reasons there are to go beyond a cap: where words could be typed, patients' secrets would be."""

APPROVE, REFUSE = "approve", "refuse"

PUSH_APPROVALS = Contract(
    "push_approvals",
    "decision of a person on a plan to push, taken in the dashboards",
    ("approval_id",),
    {
        "approval_id": field(pl.String, "Random id of the decision."),
        "connector": field(pl.String, "The connector that the plan is for."),
        "plan_id": field(pl.String, "The plan that was shown."),
        "decision": field(pl.String, "To send it, or not.", values=(APPROVE, REFUSE)),
        "confirm_reason": optional(pl.String, "Why a cap is passed, where one is.", values=CONFIRM_REASONS),
        "approved_by": field(pl.String, "Who decided, as they signed in.", phi=Phi.DIRECT),
        "decided_at": field(INSTANT, "When it was decided; the latest decision on a plan holds."),
        "updated_at": field(INSTANT, "When the entry was written."),
    },
    notes="Written by the Connections page into the home's journal; the engine reads it there, and no run lands it.",
)
