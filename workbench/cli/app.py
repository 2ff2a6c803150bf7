"""The `workbench` command: its group, its errors and the ways an answer is printed."""

import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click
import pyarrow as pa

import workbench as package
from workbench.errors import WorkbenchError

PREVIEW_ROWS = 200
"""Rows of a table shown on a terminal before it is cut, saying so."""
FILE = click.Path(path_type=Path)
as_option = click.option("--as", "by", default="", help="Your name: recorded, not authenticated.")


class Month(click.ParamType):
    """A month written as YYYY-MM."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:  # noqa: ANN401 - click's own
        """Return the month as it was written, or refuse it."""
        try:
            return datetime.strptime(value, "%Y-%m").strftime("%Y-%m")  # noqa: DTZ007 - a name
        except ValueError:
            self.fail(f"{value!r} is no month; write it as 2026-10.", param, ctx)


class Amount(click.ParamType):
    """An amount of money: a finite number of USD, negative for a credit."""

    name = "USD"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:  # noqa: ANN401 - click's own
        """Return the number, or refuse what is none."""
        try:
            usd = float(value)
        except ValueError:
            usd = math.nan
        if not math.isfinite(usd):
            self.fail(f"{value!r} is no amount; write it in USD as 1234.56.", param, ctx)
        return usd


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package.__version__, prog_name="workbench")
def workbench() -> None:
    """Figures people can sign: AI usage logs and price sheets in, exact costs out.

    \b
    First steps:
      workbench init my-ai                     make a workspace
      workbench ingest logs/ --workspace my-ai read logs of any known format
      workbench status --workspace my-ai       what is in it, what is unpriced
      workbench publish --workspace my-ai      publish a snapshot for dashboards
      workbench serve --workspace my-ai        open the dashboards
    """  # noqa: D301 - click reads the control character


def main() -> None:
    """Run the command line: 0 done, 1 refused with a reason, 2 usage."""
    try:
        # Without standalone mode, click hands the code of an `Exit` back instead of raising it.
        code = workbench.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _stopped()
    except WorkbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if os.environ.get("WORKBENCH_TRACEBACK"):
            raise
        # DuckDB notices Ctrl-C itself and says so in an error of its own, which may be any kind's.
        if "interrupted" in str(error).lower():
            _stopped()
        click.echo(
            f"error: unexpected {type(error).__name__}: {str(error)[:300]}. Nothing was committed "
            "by the failing step. Run it again with WORKBENCH_TRACEBACK=1 to see where, and report it.",
            err=True,
        )
        sys.exit(1)


def _stopped() -> NoReturn:
    click.echo("Stopped. What was committed stays; run the command again to go on.", err=True)
    sys.exit(1)


def workspace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--workspace DIR`."""
    return click.option(
        "--workspace",
        "folder",
        type=click.Path(path_type=Path),
        default=Path(),
        show_default="the current folder",
        help="Folder of the workspace.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")(
        command
    )


def print_json(content: object) -> None:
    """Print one JSON document; exact numbers that JSON has no type for become text."""
    click.echo(json.dumps(content, indent=1, default=str, ensure_ascii=False))


def export_group(group: click.Group) -> click.Group:
    """Return the group `export`, which several files add to."""
    export = group.commands.get("export")
    if not isinstance(export, click.Group):
        export = click.Group("export", help="Write what the workbench knows as a file.")
        group.add_command(export)
    return export


def print_table(table: pa.Table, *, how: str) -> None:
    """Print rows as a table for people, or as CSV or JSON for programs."""
    if how == "csv":
        import polars as pl

        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        click.echo(frame.write_csv(), nl=False)
    elif how == "json":
        print_json(table.to_pylist())
    else:
        shown = table.slice(0, PREVIEW_ROWS)
        rows = [[_cell(value) for value in row.values()] for row in shown.to_pylist()]
        print_rows(table.column_names, rows)
        if table.num_rows > PREVIEW_ROWS:
            click.echo(
                f"{table.num_rows:,} rows; the first {PREVIEW_ROWS} shown. All: --format csv"
            )


def print_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table for people: numbers to the right, no box around it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(header):
        numeric = all(_is_number(row[place]) for row in rows) and bool(rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text == "" or text.replace(",", "").replace(".", "").replace("-", "").isdigit()


def _printable(text: str) -> str:
    """Text from a log may hold terminal control characters; they are shown, not obeyed."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)
