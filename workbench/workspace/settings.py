"""The settings of a workspace: `workbench.toml`, as `workbench init` writes it and all read it."""

import tomllib
from typing import Any

from workbench.errors import InputError
from workbench.store.layout import Layout


def read(layout: Layout) -> dict[str, Any]:
    """Return the settings.

    Raises
    ------
    InputError
        If the file is missing or no TOML.
    """
    try:
        return tomllib.loads(layout.config.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"{layout.config}: not readable ({error}). Mend it, or `workbench init` again."
        ) from error


TEMPLATE = """# A workspace of the workbench. Money is US dollars; days, months and closes are UTC.
name = {name}
reporting_currency = "USD"
reporting_timezone = "UTC"

[prices]
layers = [{layers}]

# Prompts and answers are kept only of the data classes named here, screened first:
# [content]
# keep = ["customer content"]

# Metering rows of features whose dossier states no period:
# [retention]
# metering_days = 2555
"""
