"""Text can be read in both themes: contrast after WCAG 2.2, success criterion 1.4.3 (4.5 to 1)."""

import re
from pathlib import Path

import pytest

from workbench.figures import theme

CSS = Path(__file__).parents[2] / "widgets" / "template" / "static" / "workbench.css"
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", CSS.read_text()
    )
}
TEXT = (
    "ink", "ink-2", "ink-3", "accent", "good", "bad-ink",
    "c1", "c2-ink", "c3-ink", "c4-ink", "c5-ink", "c6-ink", "c7", "c8-ink",
)  # fmt: skip
ENOUGH = 4.5


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_pairs():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the usual near miss


@pytest.mark.parametrize("on", ["card", "paper"])
@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_text_is_read_on_cards_and_paper(name, on, dark):
    assert contrast(TOKENS[name][dark], TOKENS[on][dark]) >= ENOUGH


@pytest.mark.parametrize("fill", ["good", "bad-ink"])
@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_text_on_a_filled_cell_is_read(fill, dark):
    assert contrast(TOKENS["card"][dark], TOKENS[fill][dark]) >= ENOUGH


def test_labels_take_the_ink_of_their_colour():
    light = {values[0] for values in TOKENS.values()}
    for color in (*theme.SERIES, theme.BAD, theme.NEUTRAL, theme.INK_3, theme.ACCENT):
        drawn = theme.note("a", x=0, y=0, color=color)["font"]["color"]
        assert drawn in light
        assert contrast(drawn, theme.CARD) >= ENOUGH
