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


_INDEPENDENT = """SELECT i, 1 + (pow(random(), 2) * {number})::BIGINT % {number} AS k, i % 12 AS feature_no,
    hash(i) % 200 AS tenant_no, NULL AS user_no FROM range({rows}) AS t(i)"""
_LIKE_AN_ORGANISATION = """SELECT i, 1 + (feature_no * 5 + zipf(hash(i + 7), 3)) % {number} AS k, feature_no, tenant_no,
    tenant_no * 1000 + zipf(hash(i + 5), 400) AS user_no FROM (
        SELECT i, tenant_no, (tenant_no * 7 + zipf(hash(i + 3), 3)) % 12 AS feature_no
        FROM (SELECT i, zipf(hash(i), 200) AS tenant_no FROM range({rows}) AS t(i)))"""
_ZIPF = """CREATE MACRO zipf(drawn, ranks) AS
    (CAST(floor(exp(drawn / 18446744073709551616.0 * ln(ranks + 1))) AS BIGINT) - 1) % ranks"""
"""A rank from 0, the n-th drawn about 1/n as often as the first; `drawn` is a hash of 64 bits."""


def write_logs(path: str, *, rows: int, how: str, like_an_organisation: bool = False) -> None:
    """Write `rows` requests as JSON lines or Parquet: 30 days, all conditions in use.

    Dimensions are drawn independently of one another, the worst case for rollups: most requests
    have a day, model, feature and tenant of their own. `like_an_organisation` draws them as those
    of real organisations are: few of 200 tenants make most requests (Zipf), each with up to three
    features, a feature with up to three models, and users who come back, whose ids get hashed.

    7 % of requests read images or search the web, 10 % are in a batch tier, 5 % are priced by
    time of day, inputs cross the context thresholds, 2 % have no price.
    """
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET threads = 2")
    con.execute("SELECT setseed(0.42)")
    con.execute(_ZIPF)
    drawn = _LIKE_AN_ORGANISATION if like_an_organisation else _INDEPENDENT
    user = " 'user-' || user_no AS user_id," if like_an_organisation else ""
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
        'feature-' || feature_no AS feature, 'tenant-' || tenant_no AS tenant,{user}
        'session-' || (i // 6) AS session_id, substr(md5('t' || i), 1, 32) AS trace_id,
        CASE WHEN i % 97 = 0 THEN 'error' ELSE 'ok' END AS status,
        round(200 + 3000 * random() * random(), 1) AS latency_ms,
        (200 + 9000 * random() * random())::BIGINT + CASE WHEN i % 50 = 0 THEN 210000 ELSE 0 END AS uncached_input_tokens,
        CASE WHEN i % 2 = 0 THEN (12000 * random())::BIGINT ELSE 0 END AS cache_read_tokens,
        CASE WHEN i % 9 = 0 THEN (4000 * random())::BIGINT ELSE 0 END AS cache_write_5m_tokens,
        (900 * random())::BIGINT AS output_tokens,
        CASE WHEN i % 25 = 0 THEN 258 ELSE 0 END AS input_image_tokens,
        CASE WHEN i % 33 = 0 THEN 2 ELSE 0 END AS web_searches
    FROM ({drawn.format(number=number, rows=rows)})
    """
    form = "FORMAT json" if how == "jsonl" else "FORMAT parquet, COMPRESSION zstd"
    con.execute(f"COPY ({query}) TO '{path}' ({form})")
    con.close()
