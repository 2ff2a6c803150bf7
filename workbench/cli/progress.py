"""A progress bar on the terminal for long reads; silent where nobody looks."""

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def bar(*, hidden: bool) -> Iterator[Callable[[str, int, int | None], None] | None]:
    """Yield a callback `(label, done, total)` that draws, or None when hidden."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if hidden or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, object] = {}

        def report(label: str, done: int, total: int | None) -> None:
            if label not in tasks:
                tasks[label] = progress.add_task(label, total=total)
            progress.update(tasks[label], completed=done, total=total)  # type: ignore[arg-type]

        yield report
