"""`caregap person`: a person's rights. One file a verb; each is imported when it is called."""

import click

from pipelines.cli.lazy_verbs import LazyVerbs

VERBS = {
    "export": "Write everything that is kept about one person.",
    "disclosures": "List whom a person's data was shown or handed to.",
    "restrict": "Keep a person off outreach, and under a legal hold from erasure.",
    "lift": "Lift a restriction.",
    "erase": "Remove a person from everything that is kept, for good.",
    "certificates": "Print what was certified of erasures.",
}


@click.group(cls=LazyVerbs, verbs=VERBS, package=__name__)
def command() -> None:
    """See, restrict or erase what is kept about one person, and account for whom it was disclosed to.

    A person is named by key, or by a record: ehr/ehr_patient/p-1. Never by name.
    """
