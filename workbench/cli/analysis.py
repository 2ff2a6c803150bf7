"""Commands that answer a question headless."""

import click


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(model)


@click.group()
def model() -> None:
    """Run one model headless: `workbench model NAME`."""
