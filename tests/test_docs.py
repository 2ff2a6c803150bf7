"""Documents say what the code does: dictionary, commands, notices, house words."""

import re
import subprocess
from pathlib import Path

import click
import pytest

from tests.conftest import CHECKOUT
from workbench.cli import workbench
from workbench.exports.dictionary import dictionary


def _commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        found[f"{prefix}{name}"] = command
        if isinstance(command, click.Group):
            found |= _commands(command, f"{prefix}{name} ")
    return found


def test_the_data_dictionary_is_the_one_the_code_writes():
    written = (CHECKOUT / "docs" / "data-dictionary.md").read_text()
    assert written == dictionary(), "run `make docs`"


@pytest.mark.parametrize("name", _commands(workbench))
def test_every_command_and_option_says_what_it_is_for(name: str):
    command = _commands(workbench)[name]
    assert command.help, f"`workbench {name}` has no help text"
    silent = [
        option.opts[0]
        for option in command.params
        if isinstance(option, click.Option) and not option.help and not option.show_default
        and not isinstance(option.type, click.Choice)
    ]  # fmt: skip
    assert silent == []


def test_every_command_of_the_readme_exists():
    text = (CHECKOUT / "README.md").read_text()
    known = {name.split()[0] for name in _commands(workbench)}
    asked = set(re.findall(r"^workbench ([a-z]+)", text, flags=re.MULTILINE))
    assert asked <= known
    assert len(asked) >= 8


def test_every_reference_table_says_source_and_confidence():
    import csv

    without: list[str] = []
    for path in sorted((CHECKOUT / "data" / "reference").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            header = next(csv.reader(file))
        if not any("source" in name for name in header):
            without.append(path.name)
    assert without == []


def test_files_stay_readable():
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.js", "*.css"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    lengths = {
        name: len((CHECKOUT / name).read_text().splitlines())
        for name in listed.stdout.split()
        if (CHECKOUT / name).is_file() and not name.startswith("tests/")
    }
    long = {name: lines for name, lines in lengths.items() if lines > 400}
    assert long == {}


def test_no_path_of_a_machine_is_named():
    pattern = re.compile(r"/(?:home|root|Users|work)/\w+")
    listed = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=False)  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    found = []
    for name in listed.stdout.split():
        path = CHECKOUT / name
        if path.suffix in {".py", ".md", ".sh", ".toml", ".ipynb", ".css", ".js"} and path != Path(
            __file__
        ):
            found += [name for line in path.read_text().splitlines() if pattern.search(line)]
    assert found == []
