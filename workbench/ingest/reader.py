"""What a reader says about its format: how to know it, and where each of our columns is in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.ingest.batch import SourceKind

Flatten = Callable[[Path], Iterator[dict[str, object] | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One log format. Everything is read as text; `cells` says which text fills which column."""

    name: str
    looks_like: str
    """How a person and the recogniser know it, for error messages."""
    signatures: tuple[frozenset[str], ...]
    """A record that has all keys of one of these is of this format."""
    containers: tuple[str, ...]
    """Of jsonl, csv, parquet, otlp."""
    inputs: tuple[str, ...]
    """Keys or columns of the source, as it spells them."""
    cells: Mapping[str, str]
    """Our column -> SQL of its text over the (quoted) inputs."""
    derived: Mapping[str, str] = field(default_factory=dict)
    """Name -> SQL over the inputs, computed once a record and used by `cells`."""
    tags: str | None = None
    """SQL of a JSON object of what else is kept of a record, or NULL."""
    kind: SourceKind = "usage"
    strict: bool = False
    """Whether a column that is not among the inputs is an error."""
    needs: tuple[str, ...] = ()
    """Columns that the format lacks and that must be given as constants."""
    zone: str | None = None
    """Zone of times that state none; None where the format does not say."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Columns that are the same for the whole format, such as provider=anthropic."""
    skip: str = "NULL"
    """SQL of the kind of a record that is not usage; NULL for usage."""
    problems: tuple[str, ...] = ()
    """SQL of further reasons to quarantine; NULL where all is well."""
    identity: tuple[str, ...] = ("request_id", "attempt")
    """Our columns that name a request; no id where the first is NULL."""
    best_first: str | None = None
    """SQL order over our columns by which one of several copies is kept, the others being
    duplicates; None keeps the first and quarantines the others unless they are equal."""
    size: str = "0"
    """SQL over our columns: a copy that is no larger than the stored one is a duplicate."""
    replay: str | None = None
    """SQL over our columns: a copy that matches on the first identity column alone."""
    flatten: Flatten | None = None
    """For nested files: yields flat records, which are then read as JSON lines."""
