"""Which locked packages their authors have withdrawn since: asks the package index that uv is set up with. `make yanked`."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from deploy.supply_chain.locked import CHECKOUT

UV = Path(sys.executable).with_name("uv")
_SAID = re.compile(r"^warning: `(\S+)` is yanked(?: \(reason: \"(.*)\"\))?", re.MULTILINE)


class NoAnswer(Exception):
    """The index could not be asked. The text is what uv says."""


def yanked(files: Iterable[Path], options: Iterable[str] = ()) -> dict[str, str]:
    """The withdrawn packages of these lock files (`name==version`), each with its reason. Raises `NoAnswer`.

    `options` are uv's own, where another index is to be asked than the one it is set up with.
    """
    found: dict[str, str] = {}
    for file in files:
        ask = [
            "pip",
            "compile",
            "--no-deps",
            "--universal",
            "--python-version",
            "3.11",
            "--no-header",
            "--no-annotate",
            str(file),
        ]
        done = subprocess.run([str(UV), *ask, *options], capture_output=True, text=True)
        if done.returncode:
            raise NoAnswer(done.stderr.strip())
        found |= dict(_SAID.findall(done.stderr))
    return found


if __name__ == "__main__":
    withdrawn = yanked(sorted(CHECKOUT.glob("requirements*.txt")))
    for package, why in withdrawn.items():
        print(f"{package} was withdrawn: {why or 'no reason given'}")  # noqa: T201
    print(f"{len(withdrawn)} of the locked packages withdrawn.")  # noqa: T201
    sys.exit(bool(withdrawn))
