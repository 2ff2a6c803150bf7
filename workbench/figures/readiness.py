"""How readiness is drawn: the board of stages and checks, and the list of what blocks."""

from collections.abc import Sequence
from typing import Any

from workbench.figures import theme
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Cell, Chart, Table, Tone
from workbench.models.readiness.stages import STAGE_NAMES, BoardTile, StageStanding, Verdict

SIGNS: dict[Verdict, str] = {
    "pass": "✓", "fail": "✗", "insufficient evidence": "?", "not applicable": "–",
}  # fmt: skip
TONES: dict[Verdict, Tone] = {
    "pass": "good", "fail": "bad", "insufficient evidence": "neutral", "not applicable": "neutral",
}  # fmt: skip
INKS: dict[Verdict, str] = {
    "pass": theme.GOOD, "fail": theme.BAD, "insufficient evidence": theme.NEUTRAL,
    "not applicable": theme.LINE,
}  # fmt: skip
ROW_PIXELS = 30
COLUMNS = ("Check", "Stage", "Question", "Verdict", "Evidence")


def board(caption: Caption, *, tiles: Sequence[BoardTile]) -> Chart:
    """Draw stages as columns and checks as tiles: sign, id, and the reason on hover.

    A failed tile is filled, a passed one outlined, an insufficient one dashed: the verdict is
    read without its colour.
    """
    stages = sorted({tile.stage for tile in tiles})
    places = {stage: [t for t in tiles if t.stage == stage] for stage in stages}
    deepest = max((len(column) for column in places.values()), default=1)
    layout = theme.layout(height_px=44 + ROW_PIXELS * deepest, left_px=8, right_px=8)
    layout["margin"] |= {"t": 30, "b": 6}
    layout["xaxis"] |= {
        "side": "top", "range": [-0.5, len(stages) - 0.5], "tickvals": list(range(len(stages))),
        "ticktext": [f"{stage} {STAGE_NAMES[stage]}" for stage in stages],
    }  # fmt: skip
    layout["yaxis"] |= {
        "range": [deepest - 0.5, -0.5], "showgrid": False, "showticklabels": False,
    }  # fmt: skip
    placed = [
        (column, row, tile)
        for column, stage in enumerate(stages)
        for row, tile in enumerate(places[stage])
    ]
    layout["shapes"] = [_tile_shape(column, row, tile) for column, row, tile in placed]
    layout["annotations"] = [_tile_note(column, row, tile) for column, row, tile in placed]
    trace = {
        "type": "scatter", "mode": "markers", "marker": {"size": 26, "opacity": 0},
        "x": [column for column, _, _ in placed], "y": [row for _, row, _ in placed],
        "text": [_hover(tile) for _, _, tile in placed], "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
    return chart(
        caption, figure={"data": [trace], "layout": layout}, summary=summary(tiles), columns=COLUMNS,
        rows=[_row(tile) for tile in tiles],
    )  # fmt: skip


def summary(tiles: Sequence[BoardTile]) -> str:
    """Say how many checks gave which verdict."""
    counts = {word: sum(tile.verdict == word for tile in tiles) for word in SIGNS}
    return ", ".join(f"{count} {word}" for word, count in counts.items()) + "."


def blocking_table(
    tiles: Sequence[BoardTile], *, standings: Sequence[StageStanding], title: str, subtitle: str
) -> Table:
    """List what keeps the first unpassed stage from passing; failures first."""
    first = next((standing for standing in standings if not standing.passed), None)
    ids = first.blocking if first else ()
    chosen = [tile for tile in tiles if tile.check_id in ids]
    chosen.sort(key=lambda tile: (tile.verdict != "fail", tile.check_id))
    rows = [
        (
            tile.check_id, tile.question,
            Cell(text=f"{SIGNS[tile.verdict]} {tile.verdict}", tone=TONES[tile.verdict], tag=True),
            tile.reason,
        )
        for tile in chosen
    ]  # fmt: skip
    return Table(
        title=title, subtitle=subtitle, columns=("Check", "Question", "Verdict", "Evidence"),
        rows=tuple(rows), text_columns=("Question", "Verdict", "Evidence"),
        empty="Nothing blocks: every stage is passed.",
    )  # fmt: skip


def _tile_shape(column: int, row: int, tile: BoardTile) -> dict[str, Any]:
    ink = INKS[tile.verdict]
    dash = "dot" if tile.verdict == "insufficient evidence" else "solid"
    return {
        "type": "rect", "x0": column - 0.44, "x1": column + 0.44, "y0": row - 0.4, "y1": row + 0.4,
        "line": {"color": ink, "width": 1, "dash": dash}, "layer": "below",
        "fillcolor": ink if tile.verdict == "fail" else "rgba(0,0,0,0)",
    }  # fmt: skip


def _tile_note(column: int, row: int, tile: BoardTile) -> dict[str, Any]:
    text = f"{SIGNS[tile.verdict]} {tile.check_id}" + (" waived" if tile.waived else "")
    ink = theme.CARD if tile.verdict == "fail" else theme.INK_2
    return theme.note(text, x=column, y=row, color=ink, strong=tile.verdict == "fail")


def _hover(tile: BoardTile) -> str:
    age = "" if tile.age_days is None else f"<br>evidence {tile.age_days} days old"
    return (
        f"{tile.check_id} {tile.verdict}<br>{theme.plain(tile.question)}<br>"
        f"{theme.plain(tile.reason)}{age}"
    )


def _row(tile: BoardTile) -> list[str]:
    waived = ", waived" if tile.waived else ""
    return [
        tile.check_id, str(tile.stage), tile.question, f"{tile.verdict}{waived}",
        tile.reason,
    ]  # fmt: skip
