"""Every command's help reads well and ends in a line that can be copied."""

import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from workbench.cli import workbench
from workbench.cli.examples import EXAMPLES


def commands(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name)


ALL = sorted(commands(workbench))


def test_the_first_help_lists_the_first_steps_line_by_line():
    said = CliRunner().invoke(workbench, ["--help"]).output
    assert "\\b" not in said
    assert "  workbench init my-ai                     make a workspace\n" in said


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_has_an_example_that_parses(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch):
    said = CliRunner().invoke(workbench, [*path, "--help"]).output
    assert "\\b" not in said
    assert "  Example:\n    workbench " in said
    line = EXAMPLES[" ".join(path)].split(" > ")[0]
    program, *words = shlex.split(line)
    assert (program, *words[: len(path)]) == ("workbench", *path)
    command: click.Command = workbench
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    # Parsing refuses unknown options, values out of range and missing arguments.
    for option in command.params:
        if isinstance(option.type, click.Path):
            monkeypatch.setattr(option.type, "exists", False)
    command.make_context(path[-1], words[len(path) :])


def test_no_example_is_left_of_a_command_that_is_gone():
    assert sorted(EXAMPLES) == [" ".join(path) for path in ALL]
