"""A dossier that is no dossier gets a sentence that names the file and the line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from workbench.cli import workbench as command
from workbench.errors import InputError
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import dossier_schema, read_dossier
from workbench.playbook.scaffold import first_dossier
from workbench.workspace import Workspace

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "starts with `feature"),
        ("- feature: chat\n", "starts with `feature"),
        ("just words\n", "starts with `feature"),
        ("summary: no name\n", "key `feature` is missing"),
        ("feature: chat\nownr: x\n", "line 2: unknown key `ownr`, did you mean `owner`?"),
        ("feature: chat\nslos:\n  availability: 2\n", "line 3: `slos.availability`"),
        ("feature: chat\nslos:\n  availability: high\n", "line 3: `slos.availability`"),
        ("feature: chat\nowner:\n  - role: lead\n    attested_on: yesterday\n", "line 4: `owner.0.attested_on`"),
        ("feature: chat\nrollout: 5\n", "line 2: `rollout`"),
        ("feature: chat\ndata_classes: {a: 1}\n", "line 2: `data_classes`"),
        ("feature: [chat]\n", "line 1: `feature`"),
        ("feature: chat\nfeature: other\n", "line 2: key `feature` is given twice"),
        ("feature: chat\n\tslos: x\n", "line 2: not readable as YAML"),
        ("feature: 'chat\n", "not readable as YAML"),
        ("feature: chat\n---\nfeature: two\n", "not readable as YAML"),
        ("feature: !!python/object/apply:os.system ['true']\n", "line 1: not readable as YAML"),
        ("a: &a [*a]\n", "leads back to itself"),
        (LAUGHS, "unfold into over"),
        ("feature: chat\nslos: {availability: .nan}\n", "slos.availability"),
    ],
)  # fmt: skip
def test_it_says_what_is_wrong_and_where(tmp_path: Path, text: str, said: str):
    path = tmp_path / "chat.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_dossier(path)
    assert str(path) in str(raised.value)
    assert said in str(raised.value)


def test_bytes_that_are_no_text_are_refused_with_their_place(tmp_path: Path):
    path = tmp_path / "chat.yaml"
    path.write_bytes(b"feature: chat\nsummary: \xff\n")
    with pytest.raises(InputError, match="UTF-8 at byte 23"):
        read_dossier(path)


def test_aliases_that_repeat_a_little_are_fine(tmp_path: Path):
    path = tmp_path / "chat.yaml"
    path.write_text("feature: chat\njurisdictions: &places [EU]\nallowed_regions: *places\n")
    assert read_dossier(path).allowed_regions == ["EU"]


def test_the_command_refuses_in_one_sentence_and_exits_1(tmp_path: Path):
    Workspace.init(tmp_path / "ws")
    (tmp_path / "ws" / "dossiers").mkdir(exist_ok=True)
    (tmp_path / "ws" / "dossiers" / "chat.yaml").write_text("feature: chat\nownr: x\n")
    found = CliRunner().invoke(command, ["check", "--json", "--workspace", str(tmp_path / "ws")])
    assert isinstance(found.exception, InputError)
    assert "line 2: unknown key `ownr`" in str(found.exception)
    assert CliRunner().invoke(command, ["check", "--stage", "9"]).exit_code == 2


def test_a_first_dossier_names_its_schema_and_comes_back_the_same(tmp_path: Path):
    (tmp_path / "dossiers").mkdir()
    path = first_dossier(
        tmp_path, feature="chat", owner_role="lead", unit_of_value="ticket", jurisdictions=["EU"],
        more={"sector": "finance", "data_classes": ["card"], "ai_act": {"role": "deployer"}},
    )  # fmt: skip
    assert path.read_text().startswith("# yaml-language-server: $schema=dossier.schema.json\n")
    dossier = read_dossier(path)
    assert (dossier.sector, dossier.data_classes) == ("finance", ["card"])
    assert Dossier.model_validate(dossier.model_dump(mode="json")) == dossier
    assert set(dossier_schema()["properties"]) == set(Dossier.model_fields)
