import plotly.graph_objects as go

from workbench.figures.caption import Caption
from workbench.figures.readiness import blocking_table, board
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
    assert notes == ["✓ G0-01", "– G0-02", "✗ G1-01", "? G1-02 waived"]
    assert len(figure.layout.shapes) == 4
    assert [shape.line.dash for shape in figure.layout.shapes] == ["solid", "solid", "solid", "dot"]
    assert list(figure.data[0].x) == [0, 0, 1, 1]
    assert list(figure.data[0].y) == [0, 1, 0, 1]
    assert chart.summary == "1 pass, 1 fail, 1 insufficient evidence, 1 not applicable."
    assert chart.rows[3][3] == "insufficient evidence, waived"


def test_text_from_data_is_no_markup_in_the_figure():
    hover = go.Figure(board(CAPTION, tiles=TILES).figure).data[0].text[0]
    assert "&lt;b&gt;because" in hover
    assert "evidence 3 days old" in hover


def test_what_blocks_is_listed_failures_first():
    standings = stage_standings([
        CheckStanding(check_id="G1-02", stage=1, verdict="insufficient evidence"),
        CheckStanding(check_id="G1-01", stage=1, verdict="fail"),
    ])  # fmt: skip
    found = blocking_table(TILES, standings=standings, title="Blocks", subtitle="stage 1")
    assert [row[0] for row in found.rows] == ["G1-01", "G1-02"]
    assert found.rows[0][2].tone == "bad"
    passed = blocking_table(TILES, standings=(), title="Blocks", subtitle="")
    assert passed.rows == ()


def test_an_empty_board_is_drawn():
    assert go.Figure(board(CAPTION, tiles=[]).figure).layout.annotations is not None
