"""Logs in: one file per format says how its raw records become usage."""

from workbench.ingest.formats import FORMATS, expand
from workbench.ingest.stage import AlreadyKnown, KnownSource, Staged, StagedSegment, stage

__all__ = ["FORMATS", "AlreadyKnown", "KnownSource", "Staged", "StagedSegment", "expand", "stage"]
