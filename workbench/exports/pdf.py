"""An HTML document as PDF, where a Chromium is installed; it is never downloaded."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from workbench.errors import WorkbenchError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 90


def browser() -> str | None:
    """Return the Chromium that would print, None where there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def write_pdf(html: str, path: Path) -> Path:
    """Print a document without scripts or outside addresses to a PDF file.

    Parameters
    ----------
    html
        The whole document, made by the workbench; its print style sheet decides the page.
    path
        File to write.

    Raises
    ------
    WorkbenchError
        If there is no Chromium, or it printed nothing. The HTML can be printed from any browser.
    """
    program = browser()
    if program is None:
        raise WorkbenchError(
            f"No Chromium found ({', '.join(BROWSERS)}), so there is no PDF. "
            "Write the HTML instead and print it from a browser."
        )
    with tempfile.TemporaryDirectory() as folder:
        source, printed = Path(folder) / "document.html", Path(folder) / "document.pdf"
        source.write_text(html, encoding="utf-8")
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", source.as_uri(),
        ]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise WorkbenchError(f"{program} could not print ({error}). Use the HTML.") from error
        if not printed.is_file():
            raise WorkbenchError(f"{program} printed nothing. Use the HTML.")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(printed, path)
    return path
