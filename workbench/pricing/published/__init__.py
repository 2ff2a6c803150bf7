"""Published list prices of other sources: their files read as they are, and nothing dropped unsaid."""

from workbench.pricing.published.assembly import (
    OVERLAY,
    Published,
    Suspicious,
    assemble,
)
from workbench.pricing.published.files import PublishedFile, is_published, read_published
from workbench.pricing.published.rate import Skipped

__all__ = [
    "OVERLAY", "Published", "PublishedFile", "Skipped", "Suspicious", "assemble", "is_published",
    "read_published",
]  # fmt: skip
