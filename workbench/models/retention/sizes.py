"""How large one record is, and what precision, redaction, sampling and packing make of it."""

from dataclasses import dataclass, replace

from workbench.errors import InputError
from workbench.units import BYTES_PER_GB

BYTES_PER_DIMENSION = {
    "float32": 4.0,
    "float16": 2.0,
    "int8": 1.0,
    "binary": 0.125,
    "none": 0.0,
}
"""Bytes of one embedding dimension by precision; `none` keeps the model id and re-derives."""

BYTES_PER_KB = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One record of evidence: its parts in bytes, before compression."""

    text_bytes: float
    metadata_bytes: float = 0.0
    embedding_dimensions: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.precision not in BYTES_PER_DIMENSION:
            known = ", ".join(BYTES_PER_DIMENSION)
            raise InputError(f"Unknown precision {self.precision!r}; there are: {known}.")
        if min(self.text_bytes, self.metadata_bytes, self.embedding_dimensions) < 0:
            raise InputError("A packet has a negative part; give bytes and dimensions.")

    @property
    def raw_bytes(self) -> float:
        """Text, metadata and embedding together."""
        embedding = self.embedding_dimensions * BYTES_PER_DIMENSION[self.precision]
        return self.text_bytes + self.metadata_bytes + embedding

    def at(self, precision: str) -> "Packet":
        """Return the packet with its embedding at another precision."""
        return replace(self, precision=precision)

    def redacted(self, kept_text_share: float) -> "Packet":
        """Return the packet with that share of its text kept."""
        return replace(self, text_bytes=self.text_bytes * kept_text_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Records that arrive, and how they lie on disk."""

    records_per_day: float
    packet: Packet
    compression: float = 1.0
    """Raw bytes per stored byte, measured on the store."""
    sampling: float = 1.0
    """Share of records kept, above 0 and at most 1."""
    records_per_object: float = 1.0
    replicas: int = 1
    index_share: float = 0.0
    """Index bytes per stored byte."""

    def __post_init__(self) -> None:
        if not (0 < self.sampling <= 1 and self.compression > 0 and self.records_per_object >= 1):
            raise InputError(
                "A flow needs 0 < sampling <= 1, compression above 0 and at least one record an object."
            )

    @property
    def kept_records_per_day(self) -> float:
        """Records kept after sampling."""
        return self.records_per_day * self.sampling

    @property
    def raw_gb_per_day(self) -> float:
        """Gigabytes that are ingested, uncompressed."""
        return self.kept_records_per_day * self.packet.raw_bytes / BYTES_PER_GB

    @property
    def stored_gb_per_day(self) -> float:
        """Gigabytes that come to lie on disk in one replica, without the index."""
        return self.raw_gb_per_day / self.compression

    @property
    def objects_per_day(self) -> float:
        """Objects written in one replica."""
        return self.kept_records_per_day / self.records_per_object
