import re
import warnings
from pathlib import Path

import plotly.graph_objects as go
import pytest

from workbench.figures import theme
from workbench.figures.bars import Driver, bars, tornado
from workbench.figures.bridges import waterfall
from workbench.figures.caption import Caption
from workbench.figures.cards import Tile, View
from workbench.figures.charts import Band, Mark, Series, fan, lines, s_curve
from workbench.figures.grids import Panel, Task, gantt, heatmap, small_multiples
from workbench.figures.stacks import stacked, stacked_rows

CSS = Path(__file__).parents[2] / "widgets" / "template" / "static" / "workbench.css"
WORDS = Caption(title="Spend rises", subtitle="Contract cost, {unit}")
MONTHS = ["2026-01", "2026-02", "2026-03"]
EVIL = '<img src=x onerror="alert(1)">'
CHARTS = {
    "lines": lines(WORDS, x=["2026-01-01", "2026-01-02"], series=[Series(name=EVIL, y=[1000, None])],
                   bands=[Band(name="P10–P90", low=[900, None], high=[1100, None])], marks=[Mark(text=EVIL, y=950)]),
    "fan": fan(WORDS, x=MONTHS, p10=[None, 9, 8], p50=[None, 10, 11], p90=[None, 11, 14], actual=[8, 10, None]),
    "s_curve": s_curve(WORDS, values=list(range(1, 2001)), marks=[Mark(text="budget", x=1000.0)]),
    "bars": bars(WORDS, names=[EVIL, "b"], values=[3, 1], previous=[2, 2]),
    "stacked": stacked(WORDS, x=MONTHS, parts={EVIL: [1, 2, 3], "b": [1, 1, None]}),
    "stacked_rows": stacked_rows(WORDS, names=[EVIL, "b"], parts={EVIL: [1, 2], "c": [1, None], "d": [0, 3]},
                                 colors={EVIL: theme.SERIES[1]}, opens={"c": ["k", ""]}),
    "waterfall": waterfall(WORDS, start=("Sep", 100), legs=[(EVIL, 30), ("price", -10)], end=("Oct", 120)),
    "tornado": tornado(WORDS, base=10, drivers=[Driver(name=EVIL, low=8, high=13), Driver(name="b", low=9, high=10)]),
    "heatmap": heatmap(WORDS, rows=[EVIL, "b"], columns=["x", "y"], values=[[1, None], [2, 3]]),
    "gantt": gantt(WORDS, tasks=[Task(name=EVIL, start=0, finish=5, note=EVIL)], deadline=4),
    "small_multiples": small_multiples(WORDS, x=MONTHS, panels=[Panel(title=EVIL, series=[Series(name=EVIL, y=[1, 2, 3])])] * 5),
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
def test_figure_is_valid_plotly_and_has_words_and_numbers(name):
    made = CHARTS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        go.Figure(dict(made.figure))
    assert made.figure["layout"]["height"] >= 120
    assert len(made.summary) > 5
    assert made.rows
    assert all(len(row) == len(made.columns) for row in made.rows)
    assert all(isinstance(cell, str) for row in made.rows for cell in row)
    assert not made.empty


@pytest.mark.parametrize("name", CHARTS)
def test_names_from_data_are_no_markup(name):
    assert "<img" not in str(CHARTS[name].figure)


@pytest.mark.parametrize("name", CHARTS)
def test_every_colour_is_a_token(name):
    css = CSS.read_text()
    light = set(re.findall(r"light-dark\((#\w+),", css))
    used = set(re.findall(r"'(#[0-9a-fA-F]{6,8})'", str(CHARTS[name].figure)))
    assert used
    assert used <= light


def test_tokens_have_a_light_value_of_their_own_and_equal_the_theme():
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", CSS.read_text())
    light = {name: value for name, value, _ in pairs}
    drawn = {n: v for n, v in light.items() if n not in ("paper", "accent-soft")}
    assert len(set(drawn.values())) == len(drawn)
    assert [light[f"c{n}"] for n in range(1, 9)] == list(theme.SERIES)
    named = {"ink": theme.INK, "accent": theme.ACCENT, "good": theme.GOOD, "bad": theme.BAD,
             "actual": theme.ACTUAL, "previous": theme.PREVIOUS, "plan": theme.PLAN, "band": theme.BAND}  # fmt: skip
    assert {n: light[n] for n in named} == named


def test_lying_stack_says_totals_and_names_its_parts_on_a_phone():
    made = CHARTS["stacked_rows"]
    assert [row[-1] for row in made.rows] == ["2.00", "5.00"]
    assert made.opens == (("k", f"{EVIL} · c"),)
    wide, narrow = made.figure["layout"], made.figure["layout"]["meta"]["narrow"]
    assert [note["text"] for note in wide["annotations"]] == ["2.00", "5.00"]
    assert [note["text"][:3] for note in narrow["annotations"][2:]] == ["■ &", "■ c", "■ d"]
    assert not narrow["showlegend"]
    heights = {note["yshift"] for note in narrow["annotations"][2:]}
    assert len(heights) == 2  # three names on two lines


def test_bridge_that_does_not_add_up_is_refused():
    with pytest.raises(ValueError, match="reaches 110"):
        waterfall(WORDS, start=("a", 100), legs=[("b", 10)], end=("c", 120))


def test_thousands_are_said_once_in_the_subtitle():
    assert CHARTS["lines"].subtitle == "Contract cost, $k"
    assert CHARTS["lines"].figure["data"][-1]["y"] == [1.0, None]


def test_s_curve_has_the_percentiles_of_its_draws():
    rows = dict(CHARTS["s_curve"].rows)
    assert (rows["P10"], rows["P50"], rows["P90"]) == ("201", "1,001", "1,800")


def test_nothing_to_draw_says_what_to_do():
    assert "Choose a longer period" in lines(WORDS, x=[], series=[]).empty


def test_a_page_has_at_most_six_tiles():
    with pytest.raises(ValueError, match="6 tiles"):
        View(answer="", scope="", tiles=(Tile(label="a", value="1"),) * 7)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (float("nan"), "n/a"),
        (0, "0"),
        (-0.0001, "−0.000100"),
        (1234.5, "1,234"),
        (99.95, "100.0"),
    ],
)
def test_number(value, text):
    assert theme.number(value) == text
