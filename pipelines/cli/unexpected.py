"""An error that nobody expected: what the user reads, and the report that names the places in the code.

    <home>/errors/20261129T101500-4711.txt

Python's own traceback would print the message unchanged, and with it values from patients' records; so would the words of the
command, of which one may be a patient's key. The report has neither.
"""

import os
import platform
import sys
import traceback
from pathlib import Path

from pipelines.clock import now
from pipelines.disk import chain, disk_full
from pipelines.errors import without_values
from pipelines.home import CHECKOUT, Home

FOLDER = "errors"
KEPT = 20


def report(error: BaseException, *, is_shown: bool) -> str:
    """Write the report, and return what to print: the error without values, where the report is, and what to do next.

    `is_shown`: the places in the code are printed as well. A full disk is reported as such, wherever it was met.
    """
    home = Home.from_environment()
    if full := disk_full(error, home):
        return f"caregap: {full}"
    lines = _lines(error)
    said = f"caregap: unexpected {type(error).__name__}: {without_values(str(error))}"
    try:
        place = f"The report is in {_write(home, lines)}; it holds no patient data."
    except OSError as refused:
        place = f"Its report could not be written ({refused.strerror}); run the command again with `caregap --debug`."
    advice = "Run `caregap doctor`; what was published stays as it was, and the command can be run again."
    return "\n".join([*(lines if is_shown else []), said, f"{place} {advice}"])


def _lines(error: BaseException) -> list[str]:
    """The verb, versions, and of each error in the chain its type and the places of this checkout that it came through."""
    verb = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    lines = [f"caregap {verb}, Python {platform.python_version()}, {platform.system()}, {now():%Y-%m-%d %H:%M:%S} UTC"]
    for one in chain(error):
        lines.append(f"{type(one).__name__}: {without_values(str(one))}")
        for frame in traceback.extract_tb(one.__traceback__):
            path = Path(frame.filename)
            place = path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else Path(*path.parts[-3:])
            if "site-packages" not in path.parts:
                lines.append(f"  {place}:{frame.lineno} {frame.name}")
    return lines


def _write(home: Home, lines: list[str]) -> Path:
    folder = home.root / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    for old in sorted(folder.glob("*.txt"))[: -KEPT + 1]:
        old.unlink(missing_ok=True)
    path = folder / f"{now():%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
