"""How leaders see the dashboards and analysts the notebooks: Voilà and JupyterLab on a snapshot.

Both get plotly.js from the installed plotly package by serving its folder as an extra extension
path; nothing is fetched from outside. Voilà's own rules stand in voila.json beside the notebooks.
"""

import ipaddress
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workbench.errors import InputError

TITLES = {
    "overview": "Overview", "unit_economics": "Unit economics", "envelope": "Envelope",
    "variance": "Variance", "hosting": "Hosting", "commitments": "Commitments",
    "retention": "Retention", "provider_exit": "Provider exit", "monitoring": "Monitoring",
    "model_upgrade": "Model upgrade", "readiness": "Readiness", "reconciliation": "Reconciliation",
}  # fmt: skip
"""The questions in the order of the navigation; those without a notebook are left out."""

PORT = 8866


def installed(name: str) -> Path:
    """Return `notebooks` or `voila.json`: the checkout's, or the installed package's.

    Raises
    ------
    InputError
        If neither is there.
    """
    checkout = Path(__file__).resolve().parent.parent / name
    shipped = Path(sys.prefix) / "share" / "workbench" / name
    for path in (checkout, shipped):
        if path.exists():
            return path
    raise InputError(f"No {name} at {checkout} or {shipped}. Install the package again.")


def template_folder() -> Path:
    """Return the Voilà template's folder, part of the `widgets` package in every install."""
    found = find_spec("widgets")
    if found is None or not found.submodule_search_locations:
        raise InputError("The widgets package is missing. Install the package again.")
    return Path(next(iter(found.submodule_search_locations))) / "template"


def plotly_folder() -> Path:
    """Return the folder whose package_data/plotly.min.js the pages load."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise InputError("The plotly package is missing. Install the package again.")
    return Path(found.origin).parent


def pages(notebooks: Path) -> list[dict[str, str]]:
    """Return file and title of every dashboard there is, in the navigation's order."""
    return [
        {"file": f"{name}.ipynb", "title": title}
        for name, title in TITLES.items()
        if (notebooks / f"{name}.ipynb").is_file()
    ]


def serve(
    workspace: Path,
    *,
    port: int = PORT,
    ip: str = "127.0.0.1",
    token: str = "",
    notebooks: Path | None = None,
    preheated: int = 1,
) -> None:
    """Serve the dashboards of `workspace` until interrupted.

    Parameters
    ----------
    workspace
        Folder with a published snapshot.
    port, ip
        Where to listen; a taken port is an error, never another port.
    token
        Asked of every visitor; required beyond loopback.
    notebooks
        Folder of dashboards; the shipped ones by default.
    preheated
        How many kernels hold the overview ready; each takes some 60 MB.

    Raises
    ------
    InputError
        If it should listen beyond loopback without a token, or there is no workspace.
    """
    _check(workspace, ip=ip, token=token)
    folder = notebooks or installed("notebooks")
    _set_environment(workspace)
    from workbench import page_kernels  # takes half a second to import, as does Voilà

    page_kernels.install([f"widgets.{Path(page['file']).stem}" for page in pages(folder)])
    from workbench.voila_app import Dashboards

    config = {
        "VoilaConfiguration": {
            "extra_labextensions_path": [str(plotly_folder())],
            "page_config_hook": _page_config_hook(folder, workspace),
            "preheat_kernel": preheated > 0,
        },
        "VoilaKernelManager": {
            "kernel_pools_config": {
                "default": {"pool_size": 0},
                "overview.ipynb": {"pool_size": preheated},
            }
        },
    }
    arguments = [
        str(folder),
        f"--Voila.config_file_paths={installed('voila.json').parent}",
        f"--Voila.ip={ip}",
        f"--Voila.port={port}",
        "--Voila.open_browser=False",
        "--Voila.log_level=WARN",
    ]
    if token:
        arguments.append(f"--Voila.token={token}")
    Dashboards.run(arguments, config=config, template=template_folder())


def lab(workspace: Path, *, port: int = 8888, arguments: Sequence[str] = ()) -> None:
    """Start JupyterLab in the workspace's notebooks folder, with the dashboards' notebooks copied.

    A notebook the analyst already has there is left as it is.
    """
    _check(workspace, ip="127.0.0.1", token="")
    from jupyterlab.labapp import LabApp  # takes seconds to import

    folder = copied_notebooks(workspace)
    _set_environment(workspace)
    # JupyterLab still asks about news when they are off; its settings answer before the user has to.
    given = os.environ.get("JUPYTER_CONFIG_PATH")
    own = str(template_folder().parent / "lab")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([own, given] if given else [own])
    LabApp.launch_instance(
        [
            str(folder),
            f"--LabApp.extra_labextensions_path={plotly_folder()}",
            # Nothing asks the outside: no news, no look for a newer JupyterLab, no extension shop.
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            "--KernelManager.transport=ipc",
            *arguments,
        ]
    )


def copied_notebooks(workspace: Path) -> Path:
    """Copy the shipped notebooks into `workspace/notebooks` where they are not yet there."""
    folder = workspace / "notebooks"
    folder.mkdir(exist_ok=True)
    for notebook in sorted(installed("notebooks").glob("*.ipynb")):
        if not (folder / notebook.name).exists():
            shutil.copyfile(notebook, folder / notebook.name)
    return folder


def _check(workspace: Path, *, ip: str, token: str) -> None:
    if not workspace.is_dir():
        raise InputError(f"{workspace} is no folder. Make one with: workbench init {workspace}")
    loopback = ip == "localhost" or _is_loopback(ip)
    if not loopback and not token:
        raise InputError(
            f"Refusing to listen on {ip} without a token: everyone on that network would see the "
            "figures. Give a token, or listen on 127.0.0.1 behind a proxy that authenticates."
        )


def _is_loopback(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def _set_environment(workspace: Path) -> None:
    """Tell the kernels where the snapshot and the log are."""
    os.environ["WORKBENCH_WORKSPACE"] = str(workspace.resolve())
    logs = workspace / "logs"
    logs.mkdir(exist_ok=True)
    os.environ["WORKBENCH_DASHBOARD_LOG"] = str((logs / "dashboards.log").resolve())


def _page_config_hook(notebooks: Path, workspace: Path) -> Callable[..., dict[str, Any]]:
    """Return the function that gives the template what it paints before the kernel answers."""

    def hook(
        page_config: dict[str, Any], *, notebook_path: str = "", **_: object
    ) -> dict[str, Any]:
        name = Path(notebook_path).stem
        listed = [{**page, "current": page["file"] == f"{name}.ipynb"} for page in pages(notebooks)]
        shell = {
            "title": TITLES.get(name, name), "pages": listed, "state": _pointer(workspace),
            "plotly": version("plotly"),
        }  # fmt: skip
        return {**page_config, "workbench": shell}

    return hook


def _pointer(workspace: Path) -> list[tuple[str, str]]:
    """Return what the snapshot pointer says of itself, for the line under the title."""
    try:
        current = json.loads((workspace / "store" / "snapshots" / "CURRENT").read_text("utf-8"))
    except (OSError, ValueError):
        return []
    if not isinstance(current, dict):
        return []
    return [("as of", str(current["as_of"]))] if current.get("as_of") else []
