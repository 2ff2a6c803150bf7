"""Commands that answer where a feature should run and how much capacity to commit to."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from workbench.cli.analysis import model
from workbench.cli.app import json_option, print_json, print_rows, workspace_option
from workbench.cli.playbook import as_of_option, opened
from workbench.yaml_files import read_mapping


def register(_: click.Group) -> None:
    """Add the commands of this file to `workbench model`."""
    model.add_command(hosting)
    model.add_command(commitments)


inputs_option = click.option(
    "--inputs", type=click.Path(path_type=Path), default=None,
    help="JSON or YAML document of the question; without it the workspace's own load is taken.",
)  # fmt: skip


@click.command()
@click.option(
    "--predict", "points", type=click.Path(path_type=Path), default=None,
    help="CSV of serving points, .gz or plain; needs --out. Columns: see below.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=None, help="CSV to write.")
@click.option(
    "--calibration", type=click.Path(path_type=Path), default=None,
    help="Folder of another fit (make calibrate MEASURED=FILE OUT=DIR); the shipped one without.",
)  # fmt: skip
@inputs_option
@click.option(
    "--study", is_flag=False, flag_value="", default=None, metavar="[FOLDER]",
    help="Answer end to end on the Azure and ServeGen traces in FOLDER; a synthetic stand-in without.",
)  # fmt: skip
@click.option("--feature", default=None, help="Feature of the workspace; the busiest predictable.")
@as_of_option
@workspace_option
@json_option
def hosting(  # noqa: PLR0913 - one parameter an option, as click has it
    points: Path | None, out: Path | None, calibration: Path | None, inputs: Path | None,
    study: str | None, feature: str | None, as_of: datetime | None, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Predict serving points, study or choose between options, or answer for the workspace.

    \b
    --predict IN.csv --out OUT.csv, one answer a row, in the same order:
      in   id, backend, model_path, system, isl, osl, batch_size, tp_size; optional mode,
           backend_version, precision, gemm_quant_mode, moe_quant_mode, pp_size,
           attention_dp_size, moe_tp_size, moe_ep_size (blank or 0 is 1); others are ignored
      out  id; output_tokens_per_s_per_gpu, tpot_ms, ttft_ms, each with _p10 and _p90 (80 %
           band); in_box (true or false); reason
    Outside the measured box a row is answered with a wider band (in_box false, numbers) or
    refused (in_box false, numbers blank); reason says why.
    """  # noqa: D301 - click reads the control character
    if points is not None or out is not None:
        _predict(points, out, calibration)
        return
    if study is not None:
        from workbench.exports.hosting_traces import trace_study

        _print(trace_study(Path(study) if study else None), as_json=as_json)
        return
    if inputs is not None:
        from workbench.exports.hosting_study import decision_document, study_document

        asked = read_mapping(inputs)
        answer = decision_document(asked) if "options" in asked else study_document(asked)
    else:
        from workbench.answers.hosting import study_of_feature

        with opened(folder, as_of=as_of) as source:
            answer = study_of_feature(source, feature)
    _print(answer, as_json=as_json)


@click.command()
@inputs_option
@click.option("--offer", default=None, help="Name of a published offer; those for the model.")
@click.option("--model", "served", default=None, help="Model of the workspace; the busiest.")
@as_of_option
@workspace_option
@json_option
def commitments(
    inputs: Path | None, offer: str | None, served: str | None, as_of: datetime | None, folder: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """Size a commitment on a load profile, or on the workspace's own hourly load."""
    if inputs is not None:
        from workbench.exports.hosting_study import commitment_document

        answer = commitment_document(read_mapping(inputs))
    else:
        from workbench.answers.commitments import sized

        with opened(folder, as_of=as_of) as source:
            answer = sized(source, model=served, offer=offer)
    _print(answer, as_json=as_json)


def _predict(points: Path | None, out: Path | None, calibration: Path | None) -> None:
    from workbench.exports.hosting_predict import predict_csv

    if points is None or out is None:
        raise click.UsageError("--predict and --out go together: name both files.")
    counted = predict_csv(points, out, calibration=calibration)
    print_rows(["", "rows"], [[name, f"{count:,}"] for name, count in counted.items()])


def _print(answer: dict[str, Any], *, as_json: bool) -> None:
    """Print the document, or its single values as rows; lists and sections are in the JSON."""
    if as_json:
        print_json(answer)
        return
    rows = [
        [f"{name}.{inner}" if inner else name, f"{value:,.6g}" if isinstance(value, float) else str(value)]
        for name, part in answer.items()
        for inner, value in (part.items() if isinstance(part, dict) else [("", part)])
        if not isinstance(value, list | dict)
    ]  # fmt: skip
    print_rows(["", "value"], rows)
    for name, part in answer.items():
        if isinstance(part, list) and part and isinstance(part[0], dict):
            header = list(part[0])
            click.echo(name)
            print_rows(header, [[str(line.get(column, "")) for column in header] for line in part])
