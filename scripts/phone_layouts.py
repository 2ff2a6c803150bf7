"""Write data/reference/phone_layouts.csv from libphonenumber's metadata: `make layouts`.

One row a layout: whether it begins with the trunk prefix 0, and how its digits are grouped when
written inside its own country. Separators are left out: people write spaces, hyphens and dots
for one another.
"""

import csv
import re
import sys
from collections import defaultdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

FEWEST_DIGITS, MOST_DIGITS = 7, 12
KINDS = (
    PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST, PhoneNumberType.VOIP, PhoneNumberType.UAN,
)  # fmt: skip


def layout_of(text: str) -> tuple[str, str] | None:
    """Return trunk prefix and group lengths of a number as written; None outside the lengths."""
    groups = re.findall(r"\d+", text)
    digits = "".join(groups)
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        return None
    return ("0" if digits.startswith("0") else ""), "-".join(str(len(group)) for group in groups)


def layouts() -> dict[tuple[str, str], set[str]]:
    """Return every layout with the regions that write it."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            text = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            key = layout_of(text)
            if key is not None:
                found[key].add(region)
        metadata = PhoneMetadata.metadata_for_region(region)
        for rule in metadata.number_format:
            if re.fullmatch(r"(?:\(\\d(?:\{\d+\})?\))+", rule.pattern) is None:
                continue  # groups of no fixed length; the examples above show how they are written
            lengths = [int(n or 1) for n in re.findall(r"\(\\d(?:\{(\d+)\})?\)", rule.pattern)]
            if FEWEST_DIGITS <= sum(lengths) <= MOST_DIGITS:
                found["", "-".join(map(str, lengths))].add(region)
                if metadata.national_prefix == "0":
                    lengths[0] += 1
                    found["0", "-".join(map(str, lengths))].add(region)
    return found


def main(path: Path) -> None:
    """Write the table."""
    source = f"libphonenumber metadata (Apache-2.0), phonenumbers {version('phonenumbers')}"
    today = datetime.now(tz=UTC).date().isoformat()
    rows = sorted(layouts().items())
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(
            ["trunk", "groups", "regions", "region_count", "source", "retrieved_on", "confidence"]
        )
        for (trunk, groups), regions in rows:
            named = " ".join(sorted(regions)[:8])
            sheet.writerow([trunk, groups, named, len(regions), source, today, "confirmed"])
    print(f"{len(rows)} layouts written to {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
