"""What a task says in a CRM: why and when, in words without a finding, and where the reasons are to be read after signing in."""

from models.settings.crm_push import SUMMARIES, CrmPush
from pipelines.connect.adapter import Task


def title(task: Task, settings: CrmPush) -> str:
    """One line: the practice's wording of the reason."""
    summaries = SUMMARIES | {str(reason): said for reason, said in settings.summaries.items()}
    summary = summaries[task.reason]
    return f"Urgent. {summary}" if task.is_urgent else summary


def hours(task: Task) -> str:
    """The hours of the day in which the person may be contacted, by the practice's clock."""
    return f"Contact between {task.contact_from:%H:%M} and {task.contact_until:%H:%M}."


def plain_text(task: Task) -> str:
    """The hours, and the link if there is one."""
    return f"{hours(task)}\nReasons, after signing in: {task.link}" if task.link else hours(task)
