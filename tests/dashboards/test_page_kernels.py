"""Kernels forked from one process: real ones, talked to over their sockets."""

import os
import sys
import time

import pytest
from jupyter_client.manager import KernelManager

from workbench import page_kernels
from workbench.page_kernels import POSSIBLE, Forked, ForkedProvisioner, Parent

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="no fork or no process descriptors here")


@pytest.fixture(scope="module")
def parent():
    made = Parent(["ipykernel.kernelapp", "no_such_module", "colorsys"])
    yield made
    made.end()


@pytest.fixture
def forked(parent, monkeypatch):
    monkeypatch.setattr(ForkedProvisioner, "parent_process", parent)
    monkeypatch.setattr(page_kernels.KernelProvisionerFactory, "provisioners", {})
    monkeypatch.setenv(page_kernels.PROVISIONER_VARIABLE, "")
    page_kernels.register()
    page_kernels.KernelProvisionerFactory.clear_instance()
    yield
    page_kernels.KernelProvisionerFactory.clear_instance()


def run(client, code: str) -> str:
    told = []
    client.execute_interactive(
        code, timeout=60, output_hook=lambda m: told.append(m["content"].get("text", ""))
    )
    return "".join(told)


def test_forked_kernel_runs_with_its_own_environment_and_folder(forked, tmp_path):
    manager = KernelManager(connection_file=str(tmp_path / "kernel.json"), transport="ipc")
    manager.start_kernel(cwd=str(tmp_path), env={**os.environ, "WORKBENCH_SAID": "here"})
    provisioner = manager.provisioner
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        told = run(
            client,
            "import os, sys\n"
            "print(os.environ['WORKBENCH_SAID'], os.getcwd(), 'colorsys' in sys.modules, os.getpid() == os.getsid(0))",
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert told.split() == ["here", str(tmp_path), "True", "True"]
    assert isinstance(provisioner, ForkedProvisioner)


def test_a_kernel_that_ends_is_seen_to_end(parent, tmp_path):
    kernel = parent.fork(["--no-such-option=1", "-f", str(tmp_path / "none" / "k.json")],
                         env=dict(os.environ), cwd="/")  # fmt: skip
    kernel.kill()
    kernel.wait()
    assert kernel.poll() == 0
    kernel.kill()  # of what has ended: nothing happens


def test_folder_that_is_gone_ends_that_kernel_alone(parent, tmp_path):
    lost = parent.fork(["-f", "x.json"], env=dict(os.environ), cwd=str(tmp_path / "gone"))
    lost.wait()
    assert parent.fork(["-f", "x.json"], env=dict(os.environ), cwd="/").poll() is None


def test_parent_that_died_is_an_error_and_not_a_wait():
    made = Parent([])
    made.end()
    with pytest.raises(OSError, match="ended"):
        made.fork([], env={}, cwd="/")


def test_kernels_end_with_the_server():
    made = Parent(["ipykernel.kernelapp"])
    path = f"{os.environ.get('TMPDIR', '/tmp')}/workbench-test-{os.getpid()}.json"
    kernel = made.fork(["-f", path], env=dict(os.environ), cwd="/")
    made.end()
    end = time.monotonic() + 60
    while kernel.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    assert kernel.poll() == 0


def test_unforkable_systems_start_kernels_as_jupyter_does(monkeypatch):
    monkeypatch.setattr(page_kernels, "POSSIBLE", False)
    monkeypatch.delenv(page_kernels.PROVISIONER_VARIABLE, raising=False)
    page_kernels.install([])
    assert page_kernels.PROVISIONER_VARIABLE not in os.environ
    assert sys.executable
    assert Forked.stdin is None
