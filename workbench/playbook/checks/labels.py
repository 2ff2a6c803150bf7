"""Which outcomes a feature's work was given: the start of three queries.

An outcome belongs to a request, session or ticket, and the latest one wins. A unit is dated by
its first request. Outcomes that came inside the log count unless a later one replaces them.
"""

LABELLED_SQL = """
WITH own AS (
  SELECT request_id, session_id, ticket_id, outcome, started_at, environment
  FROM usage
  WHERE feature = $feature AND started_at >= $since AND started_at < $until
),
units AS (
  SELECT 'request' AS kind, request_id AS id, min(started_at) AS started_at,
         arg_min(environment, started_at) AS environment
  FROM own WHERE request_id IS NOT NULL GROUP BY 2
  UNION ALL
  SELECT 'session', session_id, min(started_at), arg_min(environment, started_at)
  FROM own WHERE session_id IS NOT NULL GROUP BY 2
  UNION ALL
  SELECT 'ticket', ticket_id, min(started_at), arg_min(environment, started_at)
  FROM own WHERE ticket_id IS NOT NULL GROUP BY 2
),
latest AS (
  SELECT kind, id, arg_max(outcome, occurred_at) AS outcome
  FROM (
    SELECT 'request' AS kind, request_id AS id, outcome, occurred_at FROM outcomes
    WHERE request_id IS NOT NULL
    UNION ALL
    SELECT 'session', session_id, outcome, occurred_at FROM outcomes WHERE session_id IS NOT NULL
    UNION ALL
    SELECT 'ticket', ticket_id, outcome, occurred_at FROM outcomes WHERE ticket_id IS NOT NULL
  ) AS keyed
  GROUP BY kind, id
),
labelled AS (
  SELECT units.started_at, units.environment, latest.outcome
  FROM units JOIN latest ON latest.kind = units.kind AND latest.id = units.id
  UNION ALL
  SELECT own.started_at, own.environment, own.outcome
  FROM own
  WHERE own.outcome IS NOT NULL
    AND NOT EXISTS (
      SELECT 1 FROM latest WHERE latest.kind = 'request' AND latest.id = own.request_id
    )
)
"""
