"""Commands that measure what leaving rests on: failover drills, and tokens at another model."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from workbench.cli.app import json_option, print_json, print_rows, workspace_option
from workbench.errors import InputError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
ENDPOINT_KEYS = {
    "name", "base_url", "model", "input_usd_per_mtok", "output_usd_per_mtok", "api_key_env",
    "timeout_seconds",
}  # fmt: skip


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    from workbench.cli.analysis import model

    group.add_command(drill)
    model.add_command(token_ratios)


@click.command()
@click.option("--plan", "path", required=True, type=FILE, help="Endpoints and prompts, YAML.")
@workspace_option
@json_option
def drill(path: Path, folder: Path, as_json: bool) -> None:
    """Hold a failover drill: ask the first endpoint until it fails, then move to the second.

    The plan names `source` and `target` (name, base_url, model, input_usd_per_mtok,
    output_usd_per_mtok, api_key_env), `prompts`, and `synthetic`: true where an endpoint is a
    stand-in. Endpoints on this machine are stand-ins unless `gateway: true` says that they pass
    requests on. The record is kept in evidence/drills and is never overwritten.
    """
    import time
    from dataclasses import asdict

    from workbench.playbook.drill import run_drill, write_drill
    from workbench.workspace import Workspace
    from workbench.yaml_files import read_mapping

    given = read_mapping(path)
    if unknown := sorted(
        set(given) - {"source", "target", "prompts", "synthetic", "gateway", "failures_before_move"}
    ):
        raise InputError(f"{path}: unknown key {', '.join(unknown)}.")
    source, target = (_endpoint(given, name, path) for name in ("source", "target"))
    prompts = given.get("prompts")
    if not isinstance(prompts, list) or not all(isinstance(one, str) for one in prompts):
        raise InputError(f"{path}: `prompts` is a list of texts.")
    record = run_drill(
        source, target, prompts, now=lambda: datetime.now(tz=UTC), seconds=time.monotonic,
        failures_before_move=int(given.get("failures_before_move", 3)),
        is_synthetic=_is_synthetic(given, path),
    )  # fmt: skip
    kept = write_drill(record, Workspace(folder).layout.root / "evidence" / "drills")
    found = {**asdict(record), "is_evidence": record.is_evidence, "file": kept.name}
    if as_json:
        print_json(found)
    else:
        print_rows(
            ["", ""], [[name.replace("_", " "), str(value)] for name, value in found.items()]
        )


def _endpoint(given: dict[str, Any], name: str, path: Path) -> Any:  # noqa: ANN401 - imported late
    from workbench.playbook.drill import Endpoint

    entry = given.get(name)
    if not isinstance(entry, dict):
        raise InputError(f"{path}: `{name}` is missing.")
    if unknown := sorted(set(entry) - ENDPOINT_KEYS):
        raise InputError(f"{path}: `{name}` has unknown keys: {', '.join(unknown)}.")
    values = dict(entry)
    variable = values.pop("api_key_env", None)
    if variable is not None and variable not in os.environ:
        raise InputError(f"{path}: the environment has no {variable} for `{name}`.")
    try:
        return Endpoint(**values, api_key=os.environ[variable] if variable else "")
    except TypeError as error:
        raise InputError(f"{path}: `{name}`: {error}.") from error


def _is_synthetic(given: dict[str, Any], path: Path) -> bool:
    stated = given.get("synthetic")
    if not isinstance(stated, bool):
        raise InputError(f"{path}: say `synthetic: true` or `synthetic: false`.")
    hosts = [urlsplit(str(given[name]["base_url"])).hostname for name in ("source", "target")]
    is_local = any(host in LOOPBACK for host in hosts)
    return stated or (is_local and given.get("gateway") is not True)


@click.command("token_ratios")
@click.option("--source", required=True, metavar="PROVIDER/MODEL", help="The model in use.")
@click.option("--target", required=True, metavar="PROVIDER/MODEL", help="The model to move to.")
@click.option("--tokenizer", required=True, type=FILE, help="The target's tokenizer.json.")
@click.option(
    "--source-tokenizer", type=FILE, help="The source's; or samples with logged `tokens`."
)
@click.option(
    "--samples", multiple=True, type=click.Path(path_type=Path),
    help="Texts: JSON lines with `text`, one text a file, or a folder; evidence/stored_texts.jsonl.",
)  # fmt: skip
@workspace_option
@json_option
def token_ratios(
    source: str, target: str, tokenizer: Path, source_tokenizer: Path | None,
    samples: tuple[Path, ...], folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Measure how many tokens your own texts take at another model, by kind of text.

    Kept in evidence/token_ratios, from where replays and the exit page take it.
    """
    from workbench.playbook.replay import target_names
    from workbench.playbook.token_ratios import SAMPLES, keep, measure, read_samples
    from workbench.workspace import Workspace

    root = Workspace(folder).layout.root
    found = measure(
        read_samples(samples or (root / SAMPLES,)), source=target_names(source),
        target=target_names(target), target_tokenizer=tokenizer,
        source_tokenizer=source_tokenizer, measured_on=datetime.now(tz=UTC).date(),
        is_synthetic=not samples and (root / "SYNTHETIC").exists(),
    )  # fmt: skip
    path = keep(found, root)
    if as_json:
        print_json({**found.as_data(), "file": path.name})
        return
    rows = [("all", found.overall), *found.by_kind.items()]
    print_rows(
        ["kind", "ratio", "P10", "P90", "samples", ""],
        [
            [kind, f"{one.ratio:.3f}", f"{one.p10:.3f}", f"{one.p90:.3f}", f"{one.samples:,}",
             "few samples" if one.rests_on_few else ""]
            for kind, one in rows
        ],
    )  # fmt: skip
