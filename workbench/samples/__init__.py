"""Synthetic sample logs: what a first workspace is built from, and what tests count against.

Everything here is invented and says so.
"""

from workbench.samples.generate import (
    FileSummary,
    SampleSummary,
    ingest_plan,
    price_sheets,
    texts,
    write_samples,
)

__all__ = ["FileSummary", "SampleSummary", "ingest_plan", "price_sheets", "texts", "write_samples"]
