"""How do our figures reach the dashboards an organisation already has? As Prometheus text."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value with its labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: name with unit, help sentence, gauge or counter, samples."""

    name: str
    help: str
    kind: str
    samples: Sequence[Sample]


def exposition(metrics: Iterable[Metric]) -> str:
    r"""Return the text a Prometheus server scrapes (exposition format 0.0.4).

    References
    ----------
    https://prometheus.io/docs/instrumenting/exposition_formats/, read 2026-11-24.

    Examples
    --------
    >>> row = Sample(labels={"feature": "chat"}, value=0.5)
    >>> print(exposition([Metric(name="share", help="A share.", kind="gauge", samples=[row])]), end="")
    # HELP share A share.
    # TYPE share gauge
    share{feature="chat"} 0.5
    """
    lines = []
    for metric in metrics:
        text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
        lines += [f"# HELP {metric.name} {text}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [f"{metric.name}{_labels(s.labels)} {_number(s.value)}" for s in metric.samples]
    return "\n".join(lines) + "\n" if lines else ""


def _labels(labels: Mapping[str, str]) -> str:
    parts = [f'{name}="{_escaped(value)}"' for name, value in labels.items()]
    return "{" + ",".join(parts) + "}" if parts else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return (
        repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )
