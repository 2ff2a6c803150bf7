"""How readiness is drawn: the board of stages and checks, features by stage, and what blocks."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.figures import theme
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Cell, Chart, Table, Tile, Tone
from workbench.models.readiness.stages import STAGE_NAMES, BoardTile, StageStanding, Verdict

SIGNS: dict[Verdict, str] = {
    "pass": "✓", "fail": "✗", "insufficient evidence": "?", "not applicable": "–",
}  # fmt: skip
TONES: dict[Verdict, Tone] = {
    "pass": "good", "fail": "bad", "insufficient evidence": "neutral", "not applicable": "neutral",
}  # fmt: skip
INKS: dict[Verdict, str] = {
    "pass": theme.GOOD, "fail": theme.BAD_INK, "insufficient evidence": theme.NEUTRAL,
    "not applicable": theme.LINE,
}  # fmt: skip
SHORT: dict[str, str] = {
    "G0-01": "One owner", "G0-02": "Earns its cost", "G0-03": "Map complete",
    "G0-04": "Rules decided", "G0-05": "AI Act class", "G0-06": "Baseline measured",
    "G1-01": "Hosting on numbers", "G1-02": "GPU utilisation", "G1-03": "Residency holds",
    "G1-04": "Model ids pinned", "G1-05": "Model life left", "G2-01": "Lineage",
    "G2-02": "Stored text clean", "G2-03": "Screening quality", "G2-04": "Answers explained",
    "G2-05": "SLO attainable", "G2-06": "Provider SLA met", "G3-01": "Exposure to plan",
    "G3-02": "Staged rollout", "G3-03": "Kill switch", "G3-04": "Sandbox isolated",
    "G3-05": "Least privilege", "G3-06": "Latency", "G3-07": "Cost watched",
    "G3-08": "Accuracy", "G3-09": "Input drift", "G3-10": "Human escalation",
    "G3-11": "Alerts proven", "G4-01": "Prices fresh", "G4-02": "Invoice agrees",
    "G4-03": "Envelope stressed", "G4-04": "Retention rules", "G4-05": "Retention done",
    "G4-06": "Erasure works", "G4-07": "Backup live", "G4-08": "Exit tested",
    "G4-09": "Exit affordable", "G4-10": "Concentration", "G5-01": "Upgrade proven",
    "G5-02": "Upgrade safe", "G5-03": "Upgrade cost", "G5-04": "Feedback closes",
    "G5-05": "Privacy audit", "G5-06": "Fairness audit", "G5-07": "Resilience audit",
    "G5-08": "Prompts kept", "G5-09": "Runbooks rehearsed",
}  # fmt: skip
"""Two or three words that stand for a check on its tile."""
ROW_PIXELS = 44
NARROW_BELOW_PIXELS = 820
COLUMNS = ("Check", "Stage", "Question", "Verdict", "Evidence")
HOVER = {
    "bgcolor": theme.CARD, "bordercolor": theme.LINE, "font": {"color": theme.INK, "size": 12},
}  # fmt: skip


def board(caption: Caption, *, tiles: Sequence[BoardTile]) -> Chart:
    """Draw stages as columns and checks as tiles: sign, name, verdict in a word, age.

    A failed tile is filled, a passed one outlined, an insufficient one dashed, one that does not
    apply has no border: the verdict is read without its colour. A phone gets two columns.
    """
    layout = _board_layout(tiles, columns=6)
    layout["meta"] = {
        "narrow": _board_layout(tiles, columns=2), "narrow_below": NARROW_BELOW_PIXELS,
    }  # fmt: skip
    return chart(
        caption, figure={"data": [], "layout": layout}, summary=summary(tiles), columns=COLUMNS,
        rows=[_row(tile) for tile in tiles],
    )  # fmt: skip


def by_feature(
    caption: Caption, *, standings: Mapping[str, Sequence[StageStanding]], chosen: str | None = None
) -> Chart:
    """Draw one row a feature and one column a stage: checks passed of those that apply."""
    names = sorted(standings, key=lambda name: (-sum(s.passed for s in standings[name]), name))
    standings = {name: standings[name] for name in names}
    layout = theme.layout(height_px=40 + 26 * len(names), left_px=150, right_px=8)
    layout["margin"] |= {"t": 28, "b": 4}
    stages = sorted({s.stage for found in standings.values() for s in found})
    layout["xaxis"] |= {
        "side": "top", "range": [-0.5, len(stages) - 0.5], "tickvals": list(range(len(stages))),
        "ticktext": [f"{stage} {STAGE_NAMES[stage]}" for stage in stages],
    }  # fmt: skip
    layout["yaxis"] |= {
        "range": [len(names) - 0.5, -0.5], "showgrid": False, "tickvals": list(range(len(names))),
        "ticktext": [
            f"<b>{theme.plain(n)}</b>" if n == chosen else theme.plain(n) for n in names
        ],
    }  # fmt: skip
    cells = [
        (stages.index(one.stage), row, one)
        for row, name in enumerate(names) for one in standings[name]
    ]  # fmt: skip
    layout["shapes"] = [_cell_shape(x, y, one) for x, y, one in cells]
    layout["annotations"] = [_cell_note(x, y, one) for x, y, one in cells]
    narrow = {**layout, "xaxis": {**layout["xaxis"], "ticktext": [str(stage) for stage in stages]}}
    narrow["margin"] = {**layout["margin"], "l": 128}
    narrow["annotations"] = [_cell_note(x, y, one, short=True) for x, y, one in cells]
    layout["meta"] = {"narrow": narrow, "narrow_below": 700}
    through = sum(all(s.passed for s in found) for found in standings.values())
    rows = [
        [name, *(f"{_passed(s)} of {_asked(s)} pass, {s.counts['fail']} fail" for s in found)]
        for name, found in standings.items()
    ]  # fmt: skip
    return chart(
        caption, figure={"data": [], "layout": layout}, rows=rows,
        summary=f"{through} of {len(names)} features have passed every stage.",
        columns=("Feature", *(f"{stage} {STAGE_NAMES[stage]}" for stage in stages)),
    )  # fmt: skip


def stage_tiles(standings: Sequence[StageStanding]) -> tuple[Tile, ...]:
    """Return one number a stage: checks passed of those that apply, and what is open."""
    return tuple(
        Tile(
            label=f"{one.stage} {STAGE_NAMES[one.stage]}", value=str(_passed(one)),
            unit=f"of {_asked(one)} pass", delta=_open_words(one),
            tone="good" if one.passed else "bad" if one.counts["fail"] else "neutral",
        )
        for one in standings
    )  # fmt: skip


def answer(standings: Sequence[StageStanding], *, feature: str | None, waived: int = 0) -> str:
    """Say how far a feature, or all of them together, has come and how much is in the way."""
    who = feature or "Every feature together"
    first = next((one for one in standings if not one.passed), None)
    if not standings:
        return "No check has run: there is no dossier in the workspace."
    if first is None:
        by = f", {waived} {'check' if waived == 1 else 'checks'} by waiver" if waived else ""
        return f"{who} has passed all {len(standings)} stages and is ready for production{by}."
    fails = first.counts["fail"]
    parts = [
        f"{count} {word}" for count, word in (
            (fails, "failed"), (len(first.blocking) - fails, "without evidence"),
        ) if count
    ]  # fmt: skip
    done = {0: "has passed no stage yet", 1: "has passed stage 0"}.get(
        first.stage, f"has passed stages 0 to {first.stage - 1}"
    )
    return (
        f"{who} {done}; stage {first.stage}, {STAGE_NAMES[first.stage]}, is blocked by "
        f"{' and '.join(parts)} of {_asked(first)} checks."
    )


def summary(tiles: Sequence[BoardTile]) -> str:
    """Say how many checks gave which verdict."""
    counts = {word: sum(tile.verdict == word for tile in tiles) for word in SIGNS}
    return ", ".join(f"{count} {word}" for word, count in counts.items()) + "."


def blocking_table(
    tiles: Sequence[BoardTile], *, standings: Sequence[StageStanding], title: str, subtitle: str
) -> Table:
    """List what keeps the first unpassed stage from passing, failures first; else what is waived."""
    first = next((standing for standing in standings if not standing.passed), None)
    ids = first.blocking if first else [tile.check_id for tile in tiles if tile.waived]
    chosen = [tile for tile in tiles if tile.check_id in ids]
    chosen.sort(key=lambda tile: (tile.verdict != "fail", tile.check_id))
    rows = [
        (
            tile.check_id, tile.question,
            Cell(text=f"{SIGNS[tile.verdict]} {tile.verdict}", tone=TONES[tile.verdict], tag=True),
            f"{tile.reason}. Waived by {tile.waiver}" if tile.waived else tile.reason,
        )
        for tile in chosen
    ]  # fmt: skip
    return Table(
        title=title, subtitle=subtitle, columns=("Check", "Question", "Verdict", "Evidence"),
        rows=tuple(rows), text_columns=("Question", "Verdict", "Evidence"),
        empty="Nothing blocks: every stage is passed.",
    )  # fmt: skip


def _passed(one: StageStanding) -> int:
    return one.counts["pass"]


def _asked(one: StageStanding) -> int:
    return sum(one.counts.values()) - one.counts["not applicable"]


def _open_words(one: StageStanding) -> str:
    if one.passed:
        waived = sum(one.counts.values()) - one.counts["pass"] - one.counts["not applicable"]
        return f"✓ passed, {waived} waived" if waived else "✓ passed"
    parts = [
        f"{sign} {one.counts[word]} {label}"
        for word, sign, label in (
            ("fail", "✗", "failed"), ("insufficient evidence", "?", "without evidence"),
        ) if one.counts[word]
    ]  # fmt: skip
    return ", ".join(parts)


def _board_layout(tiles: Sequence[BoardTile], *, columns: int) -> dict[str, Any]:
    """Place stages side by side in bands of so many columns, headings above their tiles."""
    stages = sorted({tile.stage for tile in tiles})
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    top = 0.0
    for band in (stages[i : i + columns] for i in range(0, len(stages), columns)):
        depth = 0
        for column, stage in enumerate(band):
            mine = [tile for tile in tiles if tile.stage == stage]
            notes.append(_heading(f"{stage} {STAGE_NAMES[stage]}", x=column, y=top + 0.3))
            for row, tile in enumerate(mine):
                shapes += _tile_shapes(column, top + 0.7 + row, tile)
                notes += _tile_notes(column, top + 0.7 + row, tile)
            depth = max(depth, len(mine))
        top += depth + 0.9
    layout = theme.layout(height_px=round(ROW_PIXELS * max(top, 1)) + 6, left_px=0, right_px=0)
    layout["margin"] |= {"t": 0, "b": 0}
    wide = min(columns, max(len(stages), 1))
    layout["xaxis"] |= {"range": [0, wide], "showticklabels": False}
    layout["yaxis"] |= {"range": [max(top, 1), 0], "showgrid": False, "showticklabels": False}
    return layout | {"shapes": shapes, "annotations": notes}


def _heading(text: str, *, x: float, y: float) -> dict[str, Any]:
    return theme.note(
        text, x=x + 0.02, y=y, color=theme.INK, strong=True, xanchor="left", yanchor="middle"
    )


def _tile_shapes(column: float, top: float, tile: BoardTile) -> list[dict[str, Any]]:
    ink = INKS[tile.verdict]
    failed, bare = tile.verdict == "fail", tile.verdict == "not applicable"
    dash = "dot" if tile.verdict == "insufficient evidence" else "solid"
    box = {
        "type": "rect", "x0": column + 0.02, "x1": column + 0.97, "y0": top, "y1": top + 0.88,
        "line": {"color": ink, "width": 0 if bare else 1, "dash": dash}, "layer": "below",
        "fillcolor": ink if failed else "rgba(0,0,0,0)",
    }  # fmt: skip
    if tile.verdict != "pass":
        return [box]
    edge = {**box, "x1": column + 0.045, "fillcolor": ink, "line": {"width": 0}}
    return [box, edge]


def _tile_notes(column: float, top: float, tile: BoardTile) -> list[dict[str, Any]]:
    failed = tile.verdict == "fail"
    ink, quiet = (theme.CARD, theme.CARD) if failed else (theme.INK, theme.INK_3)
    place: dict[str, Any] = {
        "x": column + 0.07, "xanchor": "left", "yanchor": "middle", "align": "left",
    }  # fmt: skip
    name = SHORT.get(tile.check_id, tile.check_id)
    hover = {"hovertext": _hover(tile), "hoverlabel": HOVER}
    return [
        theme.note(f"{SIGNS[tile.verdict]} {name}", y=top + 0.29, color=ink, strong=True, **place, **hover),
        theme.note(_second_line(tile), y=top + 0.63, color=quiet, **place, **hover),
    ]  # fmt: skip


def _second_line(tile: BoardTile) -> str:
    word = "no evidence" if tile.verdict == "insufficient evidence" else tile.verdict
    parts = [tile.check_id, "waived" if tile.waived else word]
    if tile.passed_of is not None:
        parts = [tile.check_id, f"{tile.passed_of[0]} of {tile.passed_of[1]} pass"]
    elif tile.age_days is not None:
        parts.append(f"{tile.age_days} d")
    return " · ".join(parts)


def _hover(tile: BoardTile) -> str:
    age = "" if tile.age_days is None else f"<br>evidence {tile.age_days} days old"
    return (
        f"{tile.check_id} {tile.verdict}<br>{theme.plain(tile.question)}<br>"
        f"{_wrapped(tile.reason)}{age}"
    )


def _wrapped(text: str, *, characters: int = 70) -> str:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= characters:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "<br>".join(theme.plain(one) for one in [*lines, line])


def _cell_shape(x: int, y: int, one: StageStanding) -> dict[str, Any]:
    ink = theme.GOOD if one.passed else theme.BAD if one.counts["fail"] else theme.NEUTRAL
    dash = "solid" if one.passed or one.counts["fail"] else "dot"
    return {
        "type": "rect", "x0": x - 0.47, "x1": x + 0.47, "y0": y - 0.4, "y1": y + 0.4,
        "line": {"color": ink, "width": 1, "dash": dash}, "layer": "below",
        "fillcolor": theme.GOOD if one.passed else "rgba(0,0,0,0)",
    }  # fmt: skip


def _cell_note(x: int, y: int, one: StageStanding, *, short: bool = False) -> dict[str, Any]:
    """Write what is open in a stage; `✓` when nothing is."""
    if one.passed:
        text = "✓" if short else f"✓ {_passed(one)} of {_asked(one)}"
        return theme.note(text, x=x, y=y, color=theme.CARD, strong=True)
    sign = "✗" if one.counts["fail"] else "?"
    count = f"{_passed(one)}/{_asked(one)}" if short else f"{_passed(one)} of {_asked(one)}"
    return theme.note(count if short else f"{sign} {count}", x=x, y=y, color=theme.INK_2)


def _row(tile: BoardTile) -> list[str]:
    waived = ", waived" if tile.waived else ""
    return [
        tile.check_id, str(tile.stage), tile.question, f"{tile.verdict}{waived}",
        tile.reason,
    ]  # fmt: skip
