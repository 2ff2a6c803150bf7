"""Kernels that start at once: forked from one process that has imported all that pages need.

A Jupyter kernel of its own spends most of a page's wait on imports. Here one process imports them
once and forks a kernel for each page: it starts in a tenth of the time and shares its memory
until it writes to it. The process has no threads and opens no file, so a fork is a clean copy.

Without fork or process descriptors (Windows, macOS) kernels start as Jupyter starts them.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

NAME = "workbench-forked"
PROVISIONER_VARIABLE = KernelProvisionerFactory.default_provisioner_name_env
POSSIBLE = hasattr(os, "fork") and hasattr(os, "pidfd_open")
KERNEL_MODULES = (
    "ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.debugger", "IPython.core.completerlib",
    "IPython.core.debugger", "IPython.core.oinspect", "IPython.extensions.storemagic",
    "jupyter_client.localinterfaces", "psutil", "tornado.platform.asyncio", "widgets.page",
    "workbench.store.snapshot",
)  # fmt: skip
"""What a kernel imports until its first cell has run, beside the page itself."""


END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux, where alone kernels are forked (see POSSIBLE)."""


class Forked:
    """A forked kernel: the part of `subprocess.Popen` that a provisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)
        self._ended = select.poll()
        self._ended.register(self._descriptor, select.POLLIN)

    def poll(self) -> int | None:
        """Return None while it lives; how it ended is known to its own parent alone."""
        if self._descriptor < 0:
            return 0
        if not self._ended.poll(0):
            return None
        os.close(self._descriptor)
        self._descriptor = -1
        return 0

    def wait(self) -> int:
        """Wait for its end."""
        if self._descriptor >= 0:
            self._ended.poll()
        return self.poll() or 0

    def send_signal(self, number: int) -> None:
        """Send a signal to this process and to no other that later has its number."""
        if self._descriptor >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def kill(self) -> None:
        """End it now."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Parent:
    """The process kernels are forked from; it ends with the server."""

    def __init__(self, modules: Sequence[str]) -> None:
        ours, its = socket.socketpair()
        code = f"from workbench.page_kernels import serve_forks; serve_forks({its.fileno()}, {list(modules)!r})"
        # One thread a kernel for linear algebra: pages compute little, and threads do not fork.
        one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], pass_fds=[its.fileno()], stdin=subprocess.DEVNULL,
            env={**os.environ, **one}, start_new_session=True,
        )  # fmt: skip
        its.close()
        self._lines = ours.makefile("rw", encoding="utf-8")
        ours.close()
        self._one_at_a_time = threading.Lock()

    def end(self) -> None:
        """Let it go; its kernels see that and end within a second."""
        self._process.terminate()
        self._process.wait()
        self._lines.close()

    def fork(self, argv: Sequence[str], *, env: dict[str, str], cwd: str) -> Forked:
        """Return a new kernel with these arguments; the first call waits for the imports.

        Raises
        ------
        OSError
            If the process is gone or could not fork.
        """
        with self._one_at_a_time:
            try:
                self._lines.write(json.dumps({"argv": list(argv), "env": env, "cwd": cwd}) + "\n")
                self._lines.flush()
                answer = self._lines.readline()
            except (OSError, ValueError):
                answer = ""
        if not answer:
            raise OSError("the process that forks kernels has ended")
        return Forked(int(answer))


class ForkedProvisioner(LocalProvisioner):
    """Starts Python kernels by forking, others and all else as Jupyter does."""

    parent_process: Parent | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:  # noqa: ANN401
        """Fork a kernel with the command's arguments."""
        parent = type(self).parent_process
        if parent is None or cmd[1:3] != ["-m", "ipykernel_launcher"]:
            return await super().launch_kernel(cmd, **kwargs)
        env = {str(k): str(v) for k, v in (kwargs.get("env") or os.environ).items()}
        cwd = str(kwargs.get("cwd") or os.getcwd())  # noqa: PTH109 - as subprocess does
        try:
            self.process = await asyncio.to_thread(parent.fork, cmd[3:], env=env, cwd=cwd)
        except OSError as error:
            self.log.warning("%s: this kernel starts by itself", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid  # the kernel leads a session of its own
        self.cwd = cwd
        return self.connection_info


def install(modules: Sequence[str]) -> None:
    """Let every kernel of this server be forked from a process that has imported `modules`."""
    if not POSSIBLE:
        return
    ForkedProvisioner.parent_process = Parent([*KERNEL_MODULES, *modules])
    register()


def register() -> None:
    """Make the forking provisioner known to Jupyter, and its default."""
    KernelProvisionerFactory.provisioners[NAME] = EntryPoint(
        NAME, "workbench.page_kernels:ForkedProvisioner", KernelProvisionerFactory.GROUP_NAME
    )
    os.environ[PROVISIONER_VARIABLE] = NAME


def serve_forks(descriptor: int, modules: Sequence[str]) -> None:
    """Import the modules, then fork a kernel a request until the server is gone."""
    sys.path[:] = [entry for entry in sys.path if entry]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.modules["debugpy"] = None  # type: ignore[assignment] - leaders debug nothing
    for name in modules:
        with contextlib.suppress(ImportError):  # the kernel says what is missing where it is used
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended kernels are not kept as zombies
    from jupyter_client.localinterfaces import local_ips

    local_ips()  # kept for the kernels, who ask as well
    gc.freeze()  # what is shared stays shared
    lines = socket.socket(fileno=descriptor).makefile("rw", encoding="utf-8")
    me = os.getpid()
    for line in lines:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            lines.close()
            _become_kernel(parent=me, **wanted)
            return
        lines.write(f"{pid}\n")
        lines.flush()


def _become_kernel(*, parent: int, argv: list[str], env: dict[str, str], cwd: str) -> None:
    """Be what `python -m ipykernel_launcher` would be in a new process, until told to stop.

    It ends with its parent, which may be gone before this process has begun: the number is
    therefore the parent's own word, and the system is asked to end this process with it. The
    kernel's own watch begins later, and sees no end that came before.
    """
    ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        return
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["ipykernel_launcher", *argv]
    from ipykernel.kernelapp import IPKernelApp

    quick = ["--HistoryManager.enabled=False", f"--IPKernelApp.parent_handle={parent}"]
    IPKernelApp.launch_instance([*argv, *quick])
