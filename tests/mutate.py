"""`make mutate`: change one chosen line at a time, run the few tests that should notice, and name the changes that none noticed.

The list is `tests/mutants.toml`. Add to it a line that a mistake could change without a word: its file, the text (which stands
there once), what it becomes, and the tests that must fail. Each change is made in a copy of the checkout, never here.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

CHECKOUT = Path(__file__).resolve().parent.parent
LIST = CHECKOUT / "tests" / "mutants.toml"
UNIT_TESTS = "tests/dbt/test_unit_tests.py"
FAILED = 1
"""pytest's exit code where tests ran and some failed. Any other but 0 is a mistake in the list: nothing ran or compiled."""


@dataclass(frozen=True)
class Mutant:
    """`text` of `file` becomes `becomes`; pytest, given `tests` (paths, node ids, `-k` words), must then fail."""

    file: str
    text: str
    becomes: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}: {self.text.strip()!r} → {self.becomes.strip()!r}"

    def mutated(self, checkout: Path) -> str:
        """The content of the changed file. Raises `ValueError` unless the text stands there once."""
        content = (checkout / self.file).read_text(encoding="utf-8")
        if (n := content.count(self.text)) != 1:
            raise ValueError(f"{self.file} has {self.text!r} {n} times; tests/mutants.toml needs a text that it has once")
        return content.replace(self.text, self.becomes)


def read_mutants() -> list[Mutant]:
    """Every mutant of the list."""
    rows = tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**row | {"tests": tuple(row["tests"])}) for row in rows]


def copy_of_checkout(folder: Path) -> Path:
    """A copy of every file that git knows, with `shared` beside it as beside the checkout."""
    copy = folder / "checkout"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        if (CHECKOUT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, copy / name)
    if (shared := CHECKOUT.parent / "shared").is_dir():
        (folder / "shared").symlink_to(shared)
    return copy


def typed_warehouse(folder: Path) -> Path:
    """The golden practice built by the SQL as it is, which takes 40 s: dbt's unit tests take the types of columns from it."""
    from pipelines.home import Home
    from pipelines.practice import read_practice
    from pipelines.warehouse.build import build_warehouse

    folder.mkdir(mode=0o700)
    return build_warehouse(Home(folder), read_practice(CHECKOUT / "tests" / "dbt" / "golden_practice"))


def run_tests(copy: Path, mutant: Mutant) -> int:
    """pytest's exit code in the copy, whose packages come before those of the environment. Of dbt's unit tests, those of the
    changed model run alone: all of them take 20 s."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "CAREGAP_UNIT_TESTS_OF": Path(mutant.file).stem}
    done = subprocess.run(command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    (copy.parent / "output.txt").write_bytes(done.stdout)
    return done.returncode


def survives(copy: Path, mutant: Mutant) -> bool:
    """Whether the tests pass in spite of the change. Raises `ValueError` where they could not be run."""
    path, original = copy / mutant.file, (copy / mutant.file).read_bytes()
    path.write_text(mutant.mutated(copy), encoding="utf-8")
    try:
        code = run_tests(copy, mutant)
    finally:
        path.write_bytes(original)
    if code not in (0, FAILED):
        raise ValueError(f"pytest ended with {code}:\n{(copy.parent / 'output.txt').read_text(errors='replace')[-2000:]}")
    return code == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only mutants of which file or text holds one of these words")
    parser.add_argument("-n", type=int, default=min(os.cpu_count() or 1, 4), help="how many at a time")
    asked = parser.parse_args()
    mutants = [one for one in read_mutants() if not asked.words or any(word in str(one) for word in asked.words)]
    alive, unclear = [], []
    with tempfile.TemporaryDirectory(prefix="caregap-mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(asked.n):
            copies.put(copy_of_checkout(Path(folder) / str(number)))
        if any(UNIT_TESTS in mutant.tests for mutant in mutants):
            os.environ["CAREGAP_TYPED_WAREHOUSE"] = str(typed_warehouse(Path(folder) / "typed"))

        def judge(mutant: Mutant) -> None:
            copy, started, verdict = copies.get(), time.monotonic(), "noticed"
            try:
                if survives(copy, mutant):
                    verdict = "NOT NOTICED"
                    alive.append(mutant)
            except ValueError as error:
                verdict = f"CANNOT TELL ({error})"
                unclear.append(mutant)
            finally:
                copies.put(copy)
            print(f"{time.monotonic() - started:5.0f} s  {verdict}: {mutant}", flush=True)  # noqa: T201

        with ThreadPoolExecutor(asked.n) as workers:
            list(workers.map(judge, mutants))
    print(f"{len(mutants) - len(alive) - len(unclear)} of {len(mutants)} changes were noticed.")  # noqa: T201
    for mutant in alive:
        print(f"No test notices {mutant}")  # noqa: T201
    return 1 if alive or unclear else 0


if __name__ == "__main__":
    sys.exit(main())
