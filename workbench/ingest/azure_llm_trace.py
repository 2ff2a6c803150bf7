"""Azure LLM inference traces: one request a line, TIMESTAMP, ContextTokens, GeneratedTokens.

Recognised by exactly these three columns. The times of the published data set are UTC and
mostly state no zone, so this reader states it; their seventh fractional digit is cut. All
context tokens count as uncached input, since the trace says nothing of caches. Provider and
model are not in the file: give them with `--set`. Requests have no id: rows are identified
by their content and its n-th occurrence.

Source: Azure/AzurePublicDataset, AzureLLMInferenceDataset2023.md (CC-BY-4.0), read 2026-11-23.
"""

from workbench.ingest.reader import Reader

READER = Reader(
    name="azure_llm_trace",
    looks_like="columns TIMESTAMP, ContextTokens, GeneratedTokens",
    signatures=(frozenset({"TIMESTAMP", "ContextTokens", "GeneratedTokens"}),),
    containers=("csv", "parquet"),
    inputs=("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
    cells={
        "started_at": '"TIMESTAMP"',
        "uncached_input_tokens": '"ContextTokens"',
        "output_tokens": '"GeneratedTokens"',
    },
    strict=True,
    needs=("provider", "model"),
    zone="UTC",
    identity=(),
)
