"""One writer per home: a second one is refused, with the reason."""

import subprocess
import sys

import pytest

from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home
from pipelines.lock import only_writer

HOLDS = """
import sys
from pathlib import Path
from pipelines.home import Home
from pipelines.lock import only_writer
with only_writer(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_with_the_reason(tmp_path):
    turned_away = pytest.raises(EnvironmentNotReady, match="another run is writing here")
    with only_writer(Home(tmp_path)), turned_away, only_writer(Home(tmp_path)):
        pytest.fail("two writers")


def test_another_home_has_another_lock(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with only_writer(Home(tmp_path / "a")), only_writer(Home(tmp_path / "b")):
        pass


def test_a_writer_that_was_killed_holds_nothing(tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", HOLDS, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"held\n"
    with pytest.raises(EnvironmentNotReady), only_writer(Home(tmp_path)):
        pytest.fail("two writers")
    writer.kill()
    writer.communicate()
    with only_writer(Home(tmp_path)):
        pass
