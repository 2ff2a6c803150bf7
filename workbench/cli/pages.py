"""Commands that publish, serve and show."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from workbench.cli.app import workspace_option


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    for command in (publish, serve, lab, demo):
        group.add_command(command)


@click.command()
@workspace_option
def publish(folder: Path) -> None:
    """Publish a read-only snapshot for the dashboards."""
    from workbench.answers.publish import publish as publish_answers
    from workbench.workspace import Workspace

    path = publish_answers(Workspace(folder), now=datetime.now(tz=UTC))
    click.echo(f"Published {path.name} ({path.stat().st_size / 1e6:.1f} MB).")


@click.command()
@click.option("--port", default=8866, show_default=True)
@click.option("--ip", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--token", default="", envvar="WORKBENCH_TOKEN", help="Needed to listen beyond loopback."
)
@workspace_option
def serve(port: int, ip: str, token: str, folder: Path) -> None:
    """Serve the dashboards of the published snapshot."""
    from workbench.serve import serve as start

    start(folder, port=port, ip=ip, token=token)


@click.command()
@click.option("--port", default=8888, show_default=True)
@workspace_option
def lab(port: int, folder: Path) -> None:
    """Open JupyterLab on the workspace's notebooks."""
    from workbench.serve import lab as start

    start(folder, port=port)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo-workspace"))
@click.option("--no-serve", is_flag=True, help="Build and publish, then stop.")
@click.option("--port", default=8866, show_default=True)
@click.option("--requests", default=200_000, show_default=True, help="Synthetic requests to make.")
def demo(folder: Path, no_serve: bool, port: int, requests: int) -> None:
    """Build a workspace from synthetic sample logs, price it, publish it and serve it."""
    from workbench.demo import build

    begun = time.perf_counter()
    for step, seconds in build(folder, requests=requests, now=datetime.now(tz=UTC)):
        click.echo(f"{seconds:6.1f} s  {step}")
    click.echo(f"{time.perf_counter() - begun:6.1f} s  in all")
    if no_serve:
        return
    click.echo(f"Dashboards: http://127.0.0.1:{port}  (Ctrl-C stops)")
    from workbench.serve import serve as start

    start(folder, port=port)
