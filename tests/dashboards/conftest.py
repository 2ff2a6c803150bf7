"""A served demo workspace and a Chromium that sees loopback only."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
REQUESTS = 2_000
HOSTILE = '<img src=x onerror="window.hacked=1">'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen[bytes], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                answer.read()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"no answer from {url} within {seconds} s")


def start(function: str, workspace: Path, port: int, **more: object) -> subprocess.Popen[bytes]:
    code = (
        "from pathlib import Path; from workbench.serve import serve, lab; "
        f"{function}(Path({str(workspace)!r}), port={port}, **{more!r})"
    )
    log = (workspace / "logs").mkdir(exist_ok=True) or (workspace / "logs" / f"{function}.log")
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-c", code], stdout=out, stderr=out, cwd=workspace)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic workspace with a feature whose name is markup; or WORKBENCH_DEMO."""
    given = os.environ.get("WORKBENCH_DEMO")
    if given:
        return Path(given)
    from workbench.answers.publish import publish
    from workbench.demo import build
    from workbench.workspace import Workspace

    folder = tmp_path_factory.mktemp("served") / "demo"
    now = datetime(2026, 11, 1, tzinfo=UTC)
    for _ in build(folder, requests=REQUESTS, now=now):
        pass
    hostile = folder / "hostile.csv"
    head = "request_id,started_at,provider,model,environment,feature,tenant,status,uncached_input_tokens,output_tokens"
    name = '"' + HOSTILE.replace('"', '""') + '"'
    lines = [
        f"h-{n},2026-10-{1 + n % 30:02d}T10:00:00Z,anthropic,claude-sonnet-4-5,production,{name},{name},ok,90000000,900"
        for n in range(40)
    ]
    hostile.write_text("\n".join([head, *lines]) + "\n")
    opened = Workspace(folder)
    opened.ingest([hostile], now=now)
    publish(opened, now=now)
    return folder


@pytest.fixture(scope="session")
def served(workspace: Path) -> Iterator[str]:
    """Address of the dashboards."""
    port = free_port()
    process = start("serve", workspace, port)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/voila/static/voila.js", process)
        yield address
    finally:
        stop(process)


@pytest.fixture(scope="session")
def lab_address(workspace: Path) -> Iterator[str]:
    """Address of JupyterLab as `workbench lab` starts it, but without token and browser."""
    port = free_port()
    arguments = ["--no-browser", "--IdentityProvider.token="]
    if os.geteuid() == 0:
        arguments.append("--allow-root")
    process = start("lab", workspace, port, arguments=arguments)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api/status", process, seconds=120)
        yield address
    finally:
        stop(process)


class Watch:
    """What a page did that it must not."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def follow(self, page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("console", lambda m: m.type == "error" and self.faults.append(f"console: {m.text}"))
        page.on("requestfailed", lambda r: self._failed(r))
        page.on("response", lambda r: r.status >= 400 and self.faults.append(f"{r.status} {r.url}"))

    def _failed(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page that is left aborts its own requests
            self.faults.append(f"failed: {request.url} {request.failure}")


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def cut_off(context, watch: Watch) -> None:
    """Let a browser context reach loopback and nothing else."""

    def only_loopback(route) -> None:
        if route.request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1")):
            route.fallback()
        else:
            watch.faults.append(f"outside: {route.request.url}")
            route.abort()

    context.route("**/*", only_loopback)


@pytest.fixture
def page(browser, watch: Watch):
    """A tab with the network cut off but for loopback; ends by asserting that nothing failed."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    cut_off(context, watch)
    tab = context.new_page()
    watch.follow(tab)
    yield tab
    context.close()
    assert watch.faults == []


@pytest.fixture(scope="module")
def tab(browser):
    """One tab for a whole module, so that what it has fetched is fetched once."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    seen = Watch()
    cut_off(context, seen)
    opened = context.new_page()
    seen.follow(opened)
    yield opened, seen
    context.close()
