"""What a task says in a CRM: why and when, in words without a finding, and where the reasons are to be read after signing in."""

from models.settings.crm_push import SUMMARIES, CrmPush
from pipelines.connect.adapter import Task


def title(task: Task, settings: CrmPush) -> str:
    """One line: the practice's wording of the reason."""
    summaries = SUMMARIES | {str(reason): said for reason, said in settings.summaries.items()}
    summary = summaries[task.reason]
    return f"Urgent. {summary}" if task.is_urgent else summary


def particulars(task: Task) -> str:
    """The hours in which the person may be contacted, by the practice's clock; whose task it is, and its place on their list."""
    said = [f"Contact between {task.contact_from:%H:%M} and {task.contact_until:%H:%M}."]
    said += [f"Site: {task.site_id}."] if task.site_id is not None else []
    said += [f"Place on the list: {task.priority_rank}."] if task.priority_rank is not None else []
    return " ".join(said)


def plain_text(task: Task) -> str:
    """The particulars, and the link if there is one."""
    return f"{particulars(task)}\nReasons, after signing in: {task.link}" if task.link else particulars(task)
