"""What one image costs at each resolution: the rollups know the meter, the rows know the size."""

from typing import Any

from workbench.answers import Source

_IMAGES = """
    SELECT CAST(CAST(started_at AS DATE) AS VARCHAR) AS day, feature, environment,
           regexp_extract(price_variant, 'image_size=([^;,&| ]+)', 1) AS size,
           CAST(sum(images) AS DOUBLE) AS images,
           CAST(sum(list_cost_usd) AS DOUBLE) AS list_cost_usd,
           CAST(sum(contract_cost_usd) AS DOUBLE) AS contract_cost_usd
    FROM priced_usage
    WHERE images > 0 AND price_variant LIKE '%image_size=%'
      AND contract_cost_usd IS NOT NULL AND price_status <> 'partial'
    GROUP BY ALL ORDER BY day, feature, environment, size
"""


def document(source: Source) -> dict[str, Any] | None:
    """Return fully priced images and their requests' cost by day, feature and size, in USD."""
    rows = source.rows(_IMAGES)
    if not rows:
        return None
    return {"as_of": source.as_of.isoformat(), "images": {n: [r[n] for r in rows] for n in rows[0]}}
