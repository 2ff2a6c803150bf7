"""Where a feature should run: the page. Inputs, one sentence, figures; no arithmetic."""

from collections.abc import Mapping
from typing import Any

from widgets.hosting_data import (
    COUNTS,
    SPARE_REPLICAS,
    SYSTEMS,
    TTFT_P95_S,
    Reading,
    default_feature,
    models,
    published,
    read,
)
from widgets.hosting_images import ImageReading, draw_images
from widgets.hosting_limits import AS_THE_DOSSIER, also_regions_of, rules_of
from widgets.hosting_view import view_of
from widgets.page import Choice, Control, Page, Section, Slider, Snapshot, Values
from workbench.figures.cards import View
from workbench.models.hosting.capacity import Targets
from workbench.models.hosting.decision import Tolerance
from workbench.models.hosting.placement import ANYWHERE
from workbench.models.hosting.where import Ask

PREFERRED = "gpt-oss-120b, FP4, vLLM"
PLACES = (
    ("as the dossier's rules say", AS_THE_DOSSIER), ("any managed API", "managed"),
    ("providers that keep nothing", "zero_retention"), ("own machines only", "self_hosted"),
)  # fmt: skip
BACKUPS = (("as the dossier names them", "yes"), ("not for this data", "no"))
VOLUMES = (("as logged", "1"), ("× 10", "10"), ("× 100", "100"), ("× 1,000", "1000"))


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(question="hosting", controls=controls, load=read, draw=draw, snapshot=snapshot)


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: demand, serving, price and supply."""
    document = published(snapshot)
    labels = list(models())
    regions = sorted({r for each in document["features"] for r in each["allowed_regions"]})
    return [
        Section("Demand"),
        Choice(
            name="feature", label="Feature", value=default_feature(document),
            options=[(each["feature"], each["feature"]) for each in document["features"]],
        ),
        Choice(name="volume", label="Volume", options=VOLUMES),
        Slider(name="growth", label="Growth a month", value=0, low=-0.05, high=0.25, step=0.005,
               format=".1%"),
        Slider(name="cache", label="Cache hit rate", value=0, low=0, high=1, step=0.01),
        Section("The owner's limits"),
        Choice(
            name="region", label="Data must stay in",
            options=[("as the dossier says", AS_THE_DOSSIER),
                     *((r.upper(), r) for r in regions if r != "global"), ("anywhere", ANYWHERE)],
        ),
        Choice(name="placement", label="Its data may be processed by", options=PLACES),
        Choice(name="backups", label="Backup providers", options=BACKUPS),
        Slider(name="local", label="Prompts that stay on own machines", value=0, low=0, high=1,
               step=0.05),
        Slider(name="outage", label="An hour of outage costs, $", value=0, low=0, high=20_000,
               step=100, format=",.0f", note="downtime is priced into every option"),
        Slider(name="caution", label="Caution", value=0, low=0, high=1, step=0.05,
               note="0 judges by the mean, 1 by P90"),
        Slider(name="lock_in", label="Weight of lock-in", value=0, low=0, high=1, step=0.05,
               note="share of what leaving costs"),
        Section("Serving"),
        Choice(
            name="model", label="Own model", options=[(label, label) for label in labels],
            value=PREFERRED if PREFERRED in labels else labels[0],
        ),
        Choice(
            name="machine", label="Accelerators", value="h100_sxm:1",
            options=[(f"{name} × {n}", f"{system}:{n}") for system, name in SYSTEMS.items()
                     for n in COUNTS],
        ),
        Slider(name="utilization", label="Achieved utilisation", value=0.4, low=0.02, high=0.95,
               step=0.01),
        Slider(name="tpot", label="p95 TPOT target, ms", value=50, low=15, high=150, step=5,
               format=".0f"),
        Section("Price and supply"),
        Slider(name="rental", label="GPU rental, $ an hour", value=3, low=0.5, high=20, step=0.05,
               format=".2f"),
        Slider(name="shock", label="Supply shock, × rental", value=1, low=1, high=2, step=0.05,
               format=".2f", note="1.4 short, 2.0 severe"),
    ]  # fmt: skip


def ask_of(values: Values, reading: Reading) -> Ask:
    """Return what the inputs suppose."""
    entry = reading.entry
    return Ask(
        growth_per_month=values["growth"],
        cache_hit_rate=values["cache"],
        utilization=values["utilization"],
        usd_per_gpu_hour=values["rental"] * values["shock"],
        targets=Targets(
            ttft_p95_s=TTFT_P95_S, tpot_p95_ms=values["tpot"], spare_replicas=SPARE_REPLICAS
        ),
        tolerance=tolerance_of(values, entry, region=reading.region),
        local_share=values["local"],
        backups_allowed=values["backups"] == "yes",
    )


def tolerance_of(values: Values, entry: Mapping[str, Any], *, region: str) -> Tolerance:
    """Return what the owner accepts."""
    first, *others = entry["data_classes"] or ["any"]
    return Tolerance(
        region=region,
        also_regions=also_regions_of(entry, values["region"]),
        data_class=first,
        also_classes=tuple(others),
        rules=rules_of(entry, values["placement"]),
        outage_usd_per_hour=values["outage"],
        caution=values["caution"],
        lock_in_weight=values["lock_in"],
    )


def draw(reading: Reading | ImageReading, values: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    if isinstance(reading, ImageReading):
        tolerance = tolerance_of(values, reading.entry, region=reading.region)
        return draw_images(reading, values, tolerance=tolerance)
    return view_of(reading, ask_of(values, reading), shock=values["shock"])
