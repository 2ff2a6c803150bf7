"""A progress bar on the terminal for long reads; silent where nobody looks."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def bar(*, hidden: bool) -> Iterator[Callable[[Path, int, int], None] | None]:
    """Yield a callback `(file, its records, files in all)` that draws, or None when hidden."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    if hidden or not console.is_terminal:
        yield None
        return
    columns = (
        BarColumn(), MofNCompleteColumn(),
        TextColumn("files  {task.fields[rows]:,} records  {task.fields[speed]:,.0f}/s  {task.description}"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, rows=0, speed=0.0)
        rows = 0

        def report(path: Path, records: int, files: int) -> None:
            nonlocal rows
            rows += records
            elapsed = progress.tasks[task].elapsed or 1e-9
            progress.update(
                task, advance=1, total=files, rows=rows, speed=rows / elapsed, description=path.name
            )

        yield report
