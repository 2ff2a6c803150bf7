"""Synthetic logs for the speed claims: realistic widths, real model names, seeded."""

import duckdb

MODELS = (
    ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-haiku-4-5"),
    ("anthropic", "claude-opus-4-5"), ("openai", "gpt-4.1"), ("openai", "gpt-4.1-mini"),
    ("openai", "gpt-5"), ("openai", "gpt-5-mini"), ("openai", "o4-mini"),
    ("google", "gemini-2.5-pro"), ("google", "gemini-2.5-flash"), ("google", "gemini-2.0-flash"),
    ("mistral", "mistral-large-latest"), ("mistral", "mistral-small-latest"),
    ("deepseek", "deepseek-chat"), ("deepseek", "deepseek-reasoner"), ("x-ai", "grok-4"),
    ("groq", "llama-3.3-70b-versatile"), ("cohere", "command-r-plus"),
    ("nobody", "model-without-a-price"),
)  # fmt: skip


def write_logs(path: str, *, rows: int, how: str) -> None:
    """Write `rows` requests as JSON lines or Parquet: 30 days, all conditions in use.

    7 % of requests read images or search the web, 10 % are in a batch tier, 5 % are priced by
    time of day, inputs cross the context thresholds, 2 % have no price.
    """
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET threads = 2")
    con.execute("SELECT setseed(0.42)")
    providers = "[" + ", ".join(f"'{p}'" for p, _ in MODELS) + "]"
    models = "[" + ", ".join(f"'{m}'" for _, m in MODELS) + "]"
    number = len(MODELS)
    step = 30 * 86_400 * 1_000_000 // rows
    query = f"""
    SELECT 'req_' || substr(md5(i::VARCHAR), 1, 24) AS request_id,
        strftime(TIMESTAMP '2026-10-01' + to_microseconds(i * {step}), '%Y-%m-%dT%H:%M:%S.%fZ') AS started_at,
        {providers}[k] AS provider, {models}[k] AS model,
        CASE WHEN i % 10 = 0 THEN 'batch' ELSE 'standard' END AS service_tier,
        CASE WHEN i % 7 = 0 THEN 'sandbox' ELSE 'production' END AS environment,
        'feature-' || (i % 12) AS feature, 'tenant-' || (hash(i) % 200) AS tenant,
        'session-' || (i // 6) AS session_id, substr(md5('t' || i), 1, 32) AS trace_id,
        CASE WHEN i % 97 = 0 THEN 'error' ELSE 'ok' END AS status,
        round(200 + 3000 * random() * random(), 1) AS latency_ms,
        (200 + 9000 * random() * random())::BIGINT + CASE WHEN i % 50 = 0 THEN 210000 ELSE 0 END AS uncached_input_tokens,
        CASE WHEN i % 2 = 0 THEN (12000 * random())::BIGINT ELSE 0 END AS cache_read_tokens,
        CASE WHEN i % 9 = 0 THEN (4000 * random())::BIGINT ELSE 0 END AS cache_write_5m_tokens,
        (900 * random())::BIGINT AS output_tokens,
        CASE WHEN i % 25 = 0 THEN 258 ELSE 0 END AS input_image_tokens,
        CASE WHEN i % 33 = 0 THEN 2 ELSE 0 END AS web_searches
    FROM (SELECT i, 1 + (pow(random(), 2) * {number})::BIGINT % {number} AS k FROM range({rows}) AS t(i))
    """
    form = "FORMAT json" if how == "jsonl" else "FORMAT parquet, COMPRESSION zstd"
    con.execute(f"COPY ({query}) TO '{path}' ({form})")
    con.close()
