"""What may go, what must stay, and doing it: retention plans, disposal, erasing a person."""

from datetime import date, datetime
from typing import Any

import yaml

from workbench.answers import Source
from workbench.errors import InputError
from workbench.models.plain import made
from workbench.models.retention.resolver import Resolution
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.retention_plan import retain_plan
from workbench.store import disposition, erasure, kept_counts, upkeep
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout
from workbench.workspace import Workspace

HOLDS = "holds.yaml"
SCOPE = (
    "Content folders are disposed of by age. Metering rows hold no content and are not: "
    "every cost rests on them."
)


def legal_holds(layout: Layout) -> list[disposition.Hold]:
    """Return the legal holds on file in the workspace's holds.yaml, none where there is no file.

    Raises
    ------
    InputError
        If the file is no list of holds: a hold that cannot be read must not be passed over.
    """
    path = layout.root / HOLDS
    if not path.exists():
        return []
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [made(disposition.Hold, one) for one in content or []]
    except (OSError, yaml.YAMLError, TypeError, InputError) as error:
        raise InputError(
            f"{path}: not readable as a list of holds, each with a name and optionally data_class, "
            f"since, until ({str(error)[:200]})."
        ) from error


def plan(workspace: Workspace, *, as_of: date) -> tuple[list[disposition.Item], list[Resolution]]:
    """Return what would go on a day and why, and what the law asks of every store."""
    layout = workspace.layout
    dossiers = read_dossiers(layout.root / "dossiers")
    return retain_plan(layout, dossiers, holds=legal_holds(layout), as_of=as_of)


def apply(workspace: Workspace, *, as_of: date, now: datetime) -> dict[str, Any] | None:
    """Dispose of what the plan says and return the certificate; None if nothing goes.

    Raises
    ------
    InputError
        If `as_of` lies ahead: nothing goes before its time.
    """
    if as_of > now.date():
        raise InputError(f"{as_of} lies ahead: records go on their day, not before it.")
    items, _ = plan(workspace, as_of=as_of)
    with upkeep.removing(workspace.layout), Catalog.open(workspace.layout):
        return disposition.apply(workspace.layout, items, at=_iso(now))


def erase(
    workspace: Workspace,
    *,
    subject: str | None = None,
    user_id: str | None = None,
    now: datetime,
) -> dict[str, Any]:
    """Remove one person, named by hash or by plain id, and return the certificate.

    Costs, meters, closed figures and counts of users stay.

    Raises
    ------
    InputError
        If a legal hold is on file: whom it covers is for a person to say.
    """
    layout = workspace.layout
    key = layout.user_key.read_bytes()
    if user_id is not None:
        terms = [erasure.user_hash(key, user_id), user_id]
    elif subject is not None:
        terms = [subject]
    else:
        raise InputError("Name the person by --subject or --user-id.")
    with workspace.reader(locked=False):
        pass  # mended and rolled up, so that what is counted next is complete
    with upkeep.removing(layout):
        with Catalog.open(layout) as catalog:
            kept_counts.keep(catalog)
        is_held = bool(legal_holds(layout))
        return erasure.erase(layout, terms, user_key=key, at=_iso(now), is_held=is_held)


def is_published(workspace: Workspace) -> bool:
    """Say whether pages have a snapshot, which an erasure may delete."""
    return (workspace.layout.snapshots / "CURRENT").is_file()


def _iso(now: datetime) -> str:
    return now.isoformat(timespec="microseconds")


def resolved(source: Source) -> list[Resolution]:
    """Return what the law asks of every store on the day of the answer."""
    return plan(source.workspace, as_of=source.as_of)[1]
