"""Files a person writes: read one way, and a slip is named with its line."""

from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.yaml_files import read_mapping, read_yaml


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_json_keeps_its_numbers_and_tabs(tmp_path: Path):
    path = written(tmp_path, "a.json", '{\t"rate": 1e5, "share": 0.25}')
    assert read_mapping(path) == {"rate": 1e5, "share": 0.25}


def test_an_empty_yaml_file_is_none(tmp_path: Path):
    assert read_yaml(written(tmp_path, "a.yaml", "# nothing yet\n")) is None


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("twice.yaml", "a: 1\nb: 2\na: 3\n", r"twice.yaml line 3: key `a` is given twice"),
        ("twice.json", '{"a": 1, "a": 2}', r"twice.json: not readable: key 'a' is given twice"),
        ("open.yaml", "a: [1, 2\nb: 3\n", r"open.yaml line \d: not readable as YAML"),
        ("open.json", '{"a": 1,\n', r"open.json line 2: not readable as JSON"),
        ("tag.yaml", "a: !!python/object/apply:os.getcwd []\n", r"tag.yaml line 1: not readable"),
        ("latin.yaml", b"a: \xff\n", r"latin.yaml: not readable as UTF-8 at byte 3"),
        ("bomb.yaml", "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
            f"{c}: &{c} [{', '.join(f'*{p}' for _ in range(10))}]\n"
            for p, c in zip("abcdef", "bcdefg", strict=True)), r"bomb.yaml line \d: aliases"),
        ("loop.yaml", "a: &a [*a]\n", r"loop.yaml line 1: an alias"),
        ("list.yaml", "- 1\n", r"list.yaml: holds no names with values"),
    ],
)  # fmt: skip
def test_a_slip_is_named(tmp_path: Path, name: str, text: str | bytes, says: str):
    with pytest.raises(InputError, match=says):
        read_mapping(written(tmp_path, name, text))


def test_a_missing_file_says_so(tmp_path: Path):
    with pytest.raises(InputError, match=r"none.yaml: not readable"):
        read_yaml(tmp_path / "none.yaml")
