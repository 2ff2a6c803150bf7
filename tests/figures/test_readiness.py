import plotly.graph_objects as go

from workbench.figures import theme
from workbench.figures.caption import Caption
from workbench.figures.readiness import answer, blocking_table, board, by_feature, stage_tiles
from workbench.models.readiness.stages import BoardTile, CheckStanding, stage_standings

CAPTION = Caption(title="Stage 1 is blocked by one check", subtitle="Checks by stage")


def tile(check_id, verdict, **more):
    return BoardTile(
        check_id=check_id, stage=int(check_id[1]), question=f"Question of {check_id}?",
        verdict=verdict, reason="<b>because</b>", **more,
    )  # fmt: skip


TILES = [
    tile("G0-01", "pass", age_days=3), tile("G0-02", "not applicable"), tile("G1-01", "fail"),
    tile("G1-02", "insufficient evidence", waived=True),
]  # fmt: skip


def test_board_has_a_tile_a_check_and_says_the_verdict_without_colour():
    chart = board(CAPTION, tiles=TILES)
    figure = go.Figure(chart.figure)
    notes = [note.text for note in figure.layout.annotations]
    assert notes == [
        "0 Reality check", "✓ One owner", "G0-01 · pass · 3 d", "– Earns its cost",
        "G0-02 · not applicable", "1 Hosting", "✗ Hosting on numbers", "G1-01 · fail",
        "? GPU utilisation", "G1-02 · waived",
    ]  # fmt: skip
    boxes = [shape for shape in figure.layout.shapes if shape.x1 - shape.x0 > 0.5]
    assert [shape.line.dash for shape in boxes] == ["solid", "solid", "solid", "dot"]
    assert [shape.line.width for shape in boxes] == [1, 0, 1, 1]
    assert [shape.fillcolor == theme.BAD_INK for shape in boxes] == [False, False, True, False]
    assert chart.summary == "1 pass, 1 fail, 1 insufficient evidence, 1 not applicable."
    assert chart.rows[3][3] == "insufficient evidence, waived"


def test_a_phone_gets_two_stages_side_by_side():
    stages = [tile(f"G{stage}-01", "pass") for stage in range(6)]
    layout = board(CAPTION, tiles=stages).figure["layout"]
    assert layout["xaxis"]["range"] == [0, 6]
    narrow = go.Layout(layout["meta"]["narrow"])
    assert narrow.xaxis.range == (0, 2)
    heads = [note for note in narrow.annotations if note.text[0].isdigit()]
    assert [round(note.x) for note in heads] == [0, 1, 0, 1, 0, 1]
    assert heads[0].y == heads[1].y < heads[2].y


def test_text_from_data_is_no_markup_in_the_figure():
    hover = go.Figure(board(CAPTION, tiles=TILES).figure).layout.annotations[1].hovertext
    assert "&lt;b&gt;because" in hover
    assert "evidence 3 days old" in hover


def standing(check_id, verdict):
    return CheckStanding(check_id=check_id, stage=int(check_id[1]), verdict=verdict)


def test_the_answer_counts_what_blocks_the_first_open_stage():
    found = stage_standings([
        standing("G0-01", "pass"), standing("G1-01", "fail"), standing("G1-02", "pass"),
        standing("G1-03", "insufficient evidence"), standing("G2-01", "fail"),
    ])  # fmt: skip
    assert answer(found, feature="chat") == (
        "chat has passed stage 0; stage 1, Hosting, is blocked by 1 failed and 1 without evidence "
        "of 3 checks."
    )
    assert [(tile.value, tile.unit, tile.delta) for tile in stage_tiles(found)] == [
        ("1", "of 1 pass", "✓ passed"),
        ("1", "of 3 pass", "✗ 1 failed, ? 1 without evidence"),
        ("0", "of 1 pass", "✗ 1 failed"),
    ]
    assert "ready for production" in answer(found[:1], feature=None)


def test_features_by_stage_say_what_is_passed_in_words():
    found = {
        "chat": stage_standings([standing("G0-01", "pass")]),
        "images": stage_standings([standing("G0-01", "fail")]),
    }
    chart = by_feature(CAPTION, standings=found, chosen="chat")
    assert chart.rows == (("chat", "1 of 1 pass, 0 fail"), ("images", "0 of 1 pass, 1 fail"))
    notes = [note.text for note in go.Figure(chart.figure).layout.annotations]
    assert notes == ["✓ 1 of 1", "✗ 0 of 1"]


def test_what_blocks_is_listed_failures_first():
    standings = stage_standings([
        CheckStanding(check_id="G1-02", stage=1, verdict="insufficient evidence"),
        CheckStanding(check_id="G1-01", stage=1, verdict="fail"),
    ])  # fmt: skip
    found = blocking_table(TILES, standings=standings, title="Blocks", subtitle="stage 1")
    assert [row[0] for row in found.rows] == ["G1-01", "G1-02"]
    assert found.rows[0][2].tone == "bad"
    passed = blocking_table(TILES, standings=(), title="Blocks", subtitle="")
    assert [row[0] for row in passed.rows] == ["G1-02"]  # what a waiver carries is said
    assert "Waived by" in passed.rows[0][3]


def test_an_empty_board_is_drawn():
    assert go.Figure(board(CAPTION, tiles=[]).figure).layout.annotations is not None
