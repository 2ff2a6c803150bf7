"""An audit pack is whole until one byte changes, and then it says where."""

import json
import random
import zipfile

import pytest

from workbench.errors import InputError
from workbench.playbook.audit import PAGE, REPORT, verify_audit, write_audit
from workbench.playbook.run import run_checks


@pytest.fixture
def pack(workspace, tmp_path):
    workspace.files["evidence/packets.jsonl"] = workspace.files["evidence/packets.jsonl"][:5_000]
    workspace.dossier["product"] = "<script>alert(1)</script>"
    evidence = workspace.written()
    path = tmp_path / "audit.zip"
    head = write_audit(evidence, run_checks(evidence, stage=4), path=path)
    return path, head


def test_a_written_pack_is_whole(pack):
    path, head = pack
    verdict = verify_audit(path, head_sha256=head)
    assert (verdict.whole, verdict.where) == (True, "nothing changed")
    assert verify_audit(path, head_sha256="0" * 64).whole is False


def test_any_changed_byte_is_noticed(pack):
    path, head = pack
    raw = path.read_bytes()
    draw = random.Random(3)
    for place in [
        *draw.sample(range(len(raw)), 150),
        *range(len(raw) - 22, len(raw)),
        *range(0, 40),
    ]:
        changed = bytearray(raw)
        changed[place] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        verdict = verify_audit(path, head_sha256=head)
        assert not verdict.whole, f"byte {place} of {len(raw)}"
        assert verdict.where


@pytest.mark.parametrize(
    "member", [REPORT, PAGE, "evidence/evidence/invoices.csv", "dossiers/chat.yaml"]
)
def test_it_says_which_member_and_which_bytes(pack, member):
    path, _ = pack
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        content = archive.read(member)
    begin = raw.index(content)
    place = len(content) // 2
    path.write_bytes(
        raw[: begin + place] + bytes([raw[begin + place] ^ 1]) + raw[begin + place + 1 :]
    )
    where = verify_audit(path).where
    first = place // 256 * 256
    assert where.startswith(f"{member}, bytes {first} to {first + 256}")


def test_a_member_left_out_or_added_is_noticed(pack, tmp_path):
    path, _ = pack
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "less.zip", "w") as archive:
        for name, content in members.items():
            if name != PAGE:
                archive.writestr(name, content)
    assert verify_audit(tmp_path / "less.zip").where == "audit.html is missing"
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        for name, content in {**members, "extra.txt": b"x"}.items():
            archive.writestr(name, content)
    assert verify_audit(tmp_path / "more.zip").where == "extra.txt is not in the manifest"


def test_the_same_report_gives_the_same_bytes(workspace, tmp_path):
    evidence = workspace.written()
    report = run_checks(evidence, stage=0)
    heads = [write_audit(evidence, report, path=tmp_path / name) for name in ("a.zip", "b.zip")]
    assert heads[0] == heads[1]
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_evidence_changed_after_the_checks_is_refused(workspace, tmp_path):
    evidence = workspace.written()
    report = run_checks(evidence, stage=0)
    (evidence.folder / "evidence" / "directory.csv").write_text("account,active\na1,no\n")
    with pytest.raises(InputError, match="changed after"):
        write_audit(evidence, report, path=tmp_path / "a.zip")


def test_attestations_leave_the_signatory_blank(pack):
    path, _ = pack
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("attestations.json"))["attestations"]
        page = archive.read(PAGE).decode()
    assert {one["regulation"] for one in found} == {"DORA", "GDPR", "PCI DSS", "SS2/21"}
    assert all(one["signatory"] == "" for one in found)
    assert "<script>" not in page


def test_a_pack_packed_again_in_any_way_is_noticed(pack, tmp_path):
    path, head = pack
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]

    def packed(
        name, order, *, method=zipfile.ZIP_STORED, comment=b"", date_time=(1980, 1, 1, 0, 0, 0)
    ):
        made = tmp_path / name
        with zipfile.ZipFile(made, "w", method) as archive:
            archive.comment = comment
            for member, content in order:
                entry = zipfile.ZipInfo(member, date_time=date_time)
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                archive.writestr(entry, content, compress_type=method)
        return made

    same = packed("same.zip", members)
    assert verify_audit(same, head_sha256=head).whole
    for name, made in {
        "compressed": packed("deflated.zip", members, method=zipfile.ZIP_DEFLATED),
        "reordered": packed("reordered.zip", members[::-1]),
        "commented": packed("comment.zip", members, comment=b"x"),
        "dated": packed("dated.zip", members, date_time=(2026, 1, 1, 0, 0, 0)),
    }.items():
        verdict = verify_audit(made, head_sha256=head)
        assert not verdict.whole, name
        assert verdict.where
    for name, changed in {
        "appended": raw + b"x", "prepended": b"x" + raw, "cut": raw[:-1], "empty": b"",
        "doubled": raw + raw,
    }.items():  # fmt: skip
        path.write_bytes(changed)
        verdict = verify_audit(path, head_sha256=head)
        assert not verdict.whole, name
        assert verdict.where


def test_the_pack_measures_groups_with_fairlearn(workspace, tmp_path):
    metrics = pytest.importorskip("fairlearn.metrics")
    workspace.tables["group_outcomes"] = [
        {"group": "a", "trials": 200, "selected": 120, "errors": 10},
        {"group": "b<script>", "trials": 50, "selected": 24, "errors": 5},
    ]
    evidence = workspace.written()
    write_audit(evidence, run_checks(evidence, stage=0), path=tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        rows = json.loads(archive.read("fairness.json"))["groups"]
        page = archive.read(PAGE).decode()
    selected = [1] * 120 + [0] * 80 + [1] * 24 + [0] * 26
    ratio = metrics.demographic_parity_ratio(
        selected, selected, sensitive_features=["a"] * 200 + ["b"] * 50
    )
    assert [row["selection_rate"] for row in rows] == [0.6, 0.48]
    assert rows[1]["ratio_to_best"] == pytest.approx(ratio) == pytest.approx(0.8)
    assert [row["error_rate"] for row in rows] == pytest.approx([0.05, 0.1])
    assert rows[0]["computed_by"].startswith("fairlearn ")
    assert "48.0%" in page
    assert "<script>" not in page
