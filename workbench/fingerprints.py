"""What tells a row again once it names nobody: keyed hashes of its name and of its content.

When a person is erased, a row may lose its request id, or had none. Read again from its log it
must still be told from a new request. So keyed one-way hashes of the row, as it was, are kept.
The key is a variable of the connection, `KEY`; without it the hashes say nothing.
"""

from workbench import schema
from workbench.segment_rows import default_of

KEY = "erased_key"
"""Variable of the connection that holds the key, as text."""
COLUMNS = "source_id VARCHAR, instant TIMESTAMP, attempt BIGINT, named VARCHAR, content VARCHAR"
"""Of a file of fingerprints; `named` is NULL where the row had no request id."""
ERASABLE = (
    "user_hash", "session_id", "trace_id", "ticket_id", "prompt_id", "prompt_version",
    "flag_variant", "tags",
)  # fmt: skip
"""Columns beside request_id that an erasure may empty."""
_DIGITS = 32
_APART = ("source_id", "source_row", "rate_key", "meter_mask", "context_tokens")


def hashed(text: str) -> str:
    """Return SQL of the keyed hash of a text: SHA-256 over key and text, 32 digits of it."""
    return f"substr(sha256(getvariable('{KEY}') || {text}), 1, {_DIGITS})"


def content(kind: str) -> str:
    """Return SQL of the keyed hash of a row's content, lineage apart.

    Only what differs from a column's default counts, by name: a column that is added to the
    dictionary later changes no hash.
    """
    columns = schema.OUTCOME_COLUMNS if kind == "outcomes" else schema.SEGMENT_COLUMNS
    parts = []
    for column in columns:
        if column.name not in _APART:
            default = "NULL" if kind == "outcomes" else default_of(column.name)
            said = f"'{column.name}=' || CAST({column.name} AS VARCHAR)"
            parts.append(f"CASE WHEN {column.name} IS DISTINCT FROM {default} THEN {said} END")
    return hashed(f"concat_ws(chr(31), {', '.join(parts)})")
