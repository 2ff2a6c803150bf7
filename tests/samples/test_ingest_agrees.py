"""The generator says what is in each file; reading the files must find exactly that."""

from datetime import UTC, datetime
from pathlib import Path

from workbench.samples import ingest_plan, write_samples
from workbench.workspace import Workspace

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def test_every_file_is_read_as_the_summary_says(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    workspace = Workspace.init(folder)
    summary = write_samples(folder, requests=2_000)
    plan = list(zip(ingest_plan(folder), summary.files, strict=True))
    recognised = [(path, file) for (path, _, constants), file in plan[:4] if not constants]
    report = workspace.ingest([path for path, _ in recognised], now=NOW)
    assert report.failed == []
    assert sorted((one.loaded, one.duplicates, one.quarantined) for one in report.staged) == sorted(
        (file.loaded, file.duplicates, file.quarantined) for _, file in recognised
    )
    for (path, fmt, constants), expected in plan[4:]:
        report = workspace.ingest(
            [path], now=NOW, fmt=fmt, constants=constants, dry_run=path.is_dir()
        )
        assert report.failed == []
        assert (
            sum(one.loaded for one in report.staged),
            sum(one.duplicates for one in report.staged),
            sum(one.quarantined for one in report.staged),
        ) == (expected.loaded, expected.duplicates, expected.quarantined), path.name
    wanted: dict[str, int] = {}
    for file in summary.files:
        if file.format not in ("claude_code", "outcomes"):
            for meter, amount in file.meters.items():
                wanted[meter] = wanted.get(meter, 0) + amount
    sums = ", ".join(f"sum({meter}) AS {meter}" for meter in wanted)
    found = workspace.sql(f"SELECT {sums} FROM usage").to_pylist()[0]
    assert {meter: int(amount) for meter, amount in found.items()} == wanted
