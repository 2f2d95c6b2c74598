"""Shows progress: one changing line while a step runs, one permanent line when it is done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from pipelines.progress import Progress, silent

console = Console(highlight=False)


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """A `Progress` that shows `Step: thing` on stderr, and each finished step with its seconds; nothing if quiet."""
    if quiet:
        yield silent
        return
    screen = Console(stderr=True, highlight=False)
    steps: list[tuple[str, float]] = []

    def finish() -> None:
        if steps:
            name, started = steps.pop()
            screen.print(f"[green]✓[/] {name} [dim]{time.monotonic() - started:.1f} s[/]")

    with screen.status("Starting") as status:

        def progress(text: str) -> None:
            step = text.partition(":")[0]
            if not steps or steps[-1][0] != step:
                finish()
                steps.append((step, time.monotonic()))
            status.update(text)

        yield progress
        finish()
