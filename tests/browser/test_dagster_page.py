"""Dagster's page in a real browser: it obeys its operator, and no other web page that the operator visits."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipelines.home import CHECKOUT, Home

pytestmark = pytest.mark.browser

JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } jobs { name } } } } }"
RUNS = "{ runsOrError { ... on Runs { results { runId status } } } }"
LAUNCH = """
    mutation {
      launchRun(executionParams: {
        selector: {repositoryLocationName: "%s", repositoryName: "%s", jobName: "refresh"}, runConfigData: "{}"
      }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
    }
"""
HOSTILE = """
    <form id="text" method="post" enctype="text/plain" target="one" action="{page}/graphql">
      <input name='{{"query":"{mutation}", "x":"' value='"}}'>
    </form>
    <iframe name="one"></iframe>
    <img src="{page}/graphql?query={mutation}">
    <iframe src="{page}/runs"></iframe>
    <script>
      document.getElementById("text").submit();
      fetch("{page}/graphql", {{method: "POST", mode: "no-cors", body: '{{"query":"{mutation}"}}'}});
      new WebSocket("{page}/graphql".replace("http", "ws"), "graphql-ws");
    </script>
"""
ASK = """
    async query => (await (await fetch("/graphql", {
        method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({query})
    })).json()).data
"""


@pytest.fixture(scope="module")
def dagster(new_home, small_practice: Path, free_port) -> Iterator[Callable[..., tuple[str, Home]]]:
    """`dagster("--operate")`: the address that `caregap dagster` prints, and its home with a practice to run."""

    @contextmanager
    def started(*options: str) -> Iterator[tuple[str, Home]]:
        home = new_home()
        shutil.copytree(small_practice, home.root, dirs_exist_ok=True)
        command = [str(Path(sys.executable).with_name("caregap")), "dagster", "--port", str(free_port()), *options]
        environment = {**os.environ, "CAREGAP_HOME": str(home.root), "PYTHONUNBUFFERED": "1"}
        log = home.root / "dagster.log"
        with log.open("wb") as out:
            server = subprocess.Popen(command, env=environment, cwd=CHECKOUT, stdout=out, stderr=subprocess.STDOUT)
        try:
            for _ in range(240):
                if found := re.search(r"http://127\.0\.0\.1:\d+\S*", log.read_text()):
                    break
                time.sleep(0.5)
            yield found.group(), home
        finally:
            server.terminate()
            server.wait(timeout=30)

    with ExitStack() as stack:
        yield cache(lambda *options: stack.enter_context(started(*options)))


@pytest.fixture
def opened(chromium, dagster):
    """A browser in which Dagster's page is open, as its operator has it."""

    def open_page(*options: str):
        address, home = dagster(*options)
        context = chromium.new_context()
        page = context.new_page()
        for _ in range(120):
            try:
                page.goto(address)
                break
            except Exception:  # the server is not up yet
                time.sleep(1)
        return context, page, re.match(r"http://[^/]+", address).group(), home

    return open_page


def ask(page, query: str, tries: int = 60):
    """What the page itself is answered; Dagster loads the definitions in a process of its own, which takes a while."""
    for _ in range(tries):
        answer = page.evaluate(ASK, query)
        if answer and all(answer.values()):
            return answer
        time.sleep(1)
    raise AssertionError(f"no answer to {query}")


def place(page) -> tuple[str, str]:
    for _ in range(90):
        nodes = ask(page, JOBS)["repositoriesOrError"].get("nodes") or []
        if nodes and any(job["name"] == "refresh" for job in nodes[0]["jobs"]):
            return nodes[0]["location"]["name"], nodes[0]["name"]
        time.sleep(1)
    raise AssertionError("Dagster never loaded the definitions")


def runs(page) -> list[dict]:
    return ask(page, RUNS)["runsOrError"]["results"]


@contextmanager
def web_page(folder: Path, content: str) -> Iterator[str]:
    """The address of a page of another site."""
    (folder / "index.html").write_text(content)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("options", [(), ("--operate",)])
def test_a_hostile_web_page_starts_nothing_while_the_operators_page_is_open(opened, tmp_path, options):
    """Form, picture, script and connection of another site, in the browser that holds the operator's token."""
    context, page, address, _ = opened(*options)
    mutation = " ".join((LAUNCH % place(page)).split()).replace('"', '\\"')
    with web_page(tmp_path, HOSTILE.format(page=address, mutation=mutation)) as hostile:
        visited = context.new_page()
        refused: list[int] = []
        visited.on("response", lambda answer: refused.append(answer.status) if answer.url.startswith(address) else None)
        visited.goto(hostile)
        visited.wait_for_timeout(3000)
    assert len(refused) >= 4 and all(status in (401, 403, 405) for status in refused), refused
    assert runs(page) == []
    context.close()


def test_a_page_to_view_only_starts_nothing(opened):
    context, page, _, _ = opened()
    answer = page.evaluate(ASK, LAUNCH % place(page))
    assert answer is None or answer["launchRun"]["__typename"] == "UnauthorizedError"
    assert runs(page) == []
    context.close()


def test_without_the_token_the_operators_page_is_closed(opened, chromium):
    context, _, address, _ = opened("--operate")
    stranger = chromium.new_page()
    assert stranger.goto(address).status == 401
    context.close()


def test_a_run_that_the_operator_starts_publishes(opened):
    context, page, _, home = opened("--operate")
    started = page.evaluate(ASK, LAUNCH % place(page))["launchRun"]
    assert started["__typename"] == "LaunchRunSuccess", started
    for _ in range(400):
        (status,) = [run["status"] for run in runs(page)]
        if status in ("SUCCESS", "FAILURE", "CANCELED"):
            break
        time.sleep(1)
    assert status == "SUCCESS"
    assert (home.published / "current" / "warehouse.duckdb").is_file()
    context.close()
