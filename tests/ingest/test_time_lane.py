"""Times that end in Z take a quicker test than others: it must accept exactly the same texts."""

import itertools

import duckdb

from workbench.ingest.cells import instant

GOOD = "2026-10-03T08:30:15.123Z"
STRANGE = "0 9+-.:/TZ a\tW'%_"
PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}"


def test_every_text_one_or_two_characters_from_a_good_time_is_judged_as_by_the_pattern():
    places = range(len(GOOD) - 1)
    texts = {
        GOOD,
        GOOD[:16] + "Z",
        GOOD[:10] + "Z",
        GOOD.replace("T", " "),
        "2026-10-03T08:30:15+01:00Z",
    }
    for count in (1, 2):
        for where in itertools.combinations(places, count):
            for marks in itertools.product(STRANGE, repeat=count):
                text = list(GOOD)
                for place, mark in zip(where, marks, strict=True):
                    text[place] = mark
                texts.add("".join(text))
    texts |= {GOOD[:place] + GOOD[place + 1 :] for place in places}
    texts |= {GOOD[:place] + mark + GOOD[place:] for place in places for mark in STRANGE}
    cell = instant("started_at", "text", zone=None)
    slow = f"CASE WHEN regexp_matches(text, '{PATTERN}') THEN TRY_CAST(text AS TIMESTAMP) END"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE said (text VARCHAR)")
        connection.execute("INSERT INTO said SELECT unnest(?::VARCHAR[])", [sorted(texts)])
        judged = connection.execute(
            f"SELECT text, CASE WHEN {cell.bad} THEN NULL ELSE {cell.value} END AS quick, "
            f"CASE WHEN {slow} BETWEEN TIMESTAMP '2015-01-01' AND TIMESTAMP '2100-01-01' THEN {slow} END "
            "AS wanted FROM said WHERE suffix(text, 'Z')"
        ).fetchall()
    assert len(judged) > 50_000
    differ = [row[0] for row in judged if row[1] != row[2]]
    assert differ == []
    assert sum(row[1] is not None for row in judged) > 100
