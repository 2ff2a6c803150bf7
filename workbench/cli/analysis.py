"""The group of commands that answer a question headless; each question's file adds its own."""

import click


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(model)


@click.group()
def model() -> None:
    """Run one model headless: `workbench model NAME --help`."""
