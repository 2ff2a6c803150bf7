import json
from pathlib import Path

import pytest

from workbench.errors import StoreError
from workbench.store.signing import check_signature, signed, signing_key


def test_a_signed_record_is_checked_without_its_key(tmp_path: Path) -> None:
    record = signed({"head": "a" * 64, "checks": 47}, signing_key(tmp_path / ".s" / "k.pem"))
    assert check_signature(json.loads(json.dumps(record))) is None


@pytest.mark.parametrize("name", ["head", "public_key", "fingerprint", "signature"])
def test_any_altered_or_missing_part_is_noticed(tmp_path: Path, name: str) -> None:
    record = signed({"head": "a" * 64}, signing_key(tmp_path / "k.pem"))
    flipped = "b" if record[name][0] != "b" else "c"
    assert check_signature({**record, name: flipped + record[name][1:]}) is not None
    assert check_signature({k: v for k, v in record.items() if k != name}) is not None


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "signing.pem"
    first = signed({}, signing_key(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert signed({}, signing_key(path)) == first


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    path.write_text("no key")
    with pytest.raises(StoreError, match="cannot be read"):
        signing_key(path)
