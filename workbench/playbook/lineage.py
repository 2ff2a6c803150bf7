"""Requests as OpenLineage run events, out to a catalogue and back in.

Needs the optional package openlineage-python (extra `lineage`).
Format: https://openlineage.io/docs/spec/object-model, read 2026-11-24.
"""

import importlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.errors import InputError

PRODUCER = "urn:ai-cost-workbench"


def lineage_events(requests: Iterable[Mapping[str, Any]], *, namespace: str) -> Iterator[str]:
    """Yield one COMPLETE event a request as JSON: prompt, documents and model in, answer out.

    `requests` are rows of `usage`; documents are in the tags `x_document_ids` and
    `x_document_versions`, comma-separated. The run id is made of the request id, so sending an
    event twice does not double it.

    Raises
    ------
    InputError
        If openlineage-python is not installed.
    """
    event_v2, serde = _client()
    for request in requests:
        tags = json.loads(request.get("tags") or "{}")
        ids = [part for part in str(tags.get("x_document_ids", "")).split(",") if part]
        versions = str(tags.get("x_document_versions", "")).split(",")
        names = [
            f"document/{i}@{versions[n] if n < len(versions) else ''}" for n, i in enumerate(ids)
        ]
        if request.get("prompt_id"):
            names.append(f"prompt/{request['prompt_id']}@{request.get('prompt_version') or ''}")
        names.append(f"model/{request['provider']}/{request['model']}")
        run = uuid.uuid5(uuid.NAMESPACE_URL, f"{namespace}/{request['request_id']}")
        event = event_v2.RunEvent(
            eventType=event_v2.RunState.COMPLETE,
            eventTime=f"{request['started_at'].isoformat()}Z",
            run=event_v2.Run(runId=str(run)),
            job=event_v2.Job(namespace=namespace, name=str(request["feature"])),
            inputs=[event_v2.InputDataset(namespace=namespace, name=name) for name in names],
            outputs=[event_v2.OutputDataset(namespace=namespace, name=f"answer/{request['request_id']}")],
            producer=PRODUCER,
        )  # fmt: skip
        yield serde.Serde.to_json(event)


def traced_answers(path: Path) -> dict[str, dict[str, list[str]]]:
    """Return answer to what it was made of, by kind, from a file of events, one a line.

    Raises
    ------
    InputError
        If a line is no run event; the message names it.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
            outputs = [dataset["name"] for dataset in event["outputs"]]
            inputs = [dataset["name"] for dataset in event["inputs"]]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} line {number}: no OpenLineage run event ({error})."
            ) from error
        for output in outputs:
            kinds = found.setdefault(output.removeprefix("answer/"), {})
            for name in inputs:
                kind, _, rest = name.partition("/")
                kinds.setdefault(kind, []).append(rest)
    return found


def _client() -> tuple[Any, Any]:
    try:
        return (
            importlib.import_module("openlineage.client.event_v2"),
            importlib.import_module("openlineage.client.serde"),
        )
    except ImportError as error:
        raise InputError(
            "Lineage events need openlineage-python: pip install 'ai-cost-workbench[lineage]'."
        ) from error
