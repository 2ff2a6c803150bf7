"""The inputs of a page: choices, sliders and headings, made into ipywidgets in our dress."""

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few values; changing it reads the snapshot again."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    """(what is shown, value); the first is the default unless `value` says."""
    value: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """A number that can be dragged; changing it computes again from what was read."""

    name: str
    label: str
    value: float
    low: float
    high: float
    step: float
    format: str = ".0%"
    """How the browser writes the number, in d3's format language."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading between inputs."""

    text: str


Control = Choice | Slider | Section
Box = ipywidgets.Label | ipywidgets.Dropdown | ipywidgets.FloatSlider


def widget_of(item: Control) -> Box:
    """Return the ipywidget of one input, styled by the page's style sheet."""
    if isinstance(item, Section):
        box = ipywidgets.Label(item.text)
        box.add_class("wb-section")
        return box
    if isinstance(item, Choice):
        box = ipywidgets.Dropdown(
            description=item.label, options=list(item.options), tooltip=item.note
        )
        if item.value is not None:
            box.value = item.value
        box.add_class("wb-choice")
        return box
    box = ipywidgets.FloatSlider(
        description=item.label, value=item.value, min=item.low, max=item.high, step=item.step,
        readout_format=item.format, tooltip=item.note,
    )  # fmt: skip
    box.add_class("wb-slider")
    return box


def set_value(box: Box, value: object) -> bool:
    """Set an input if `value` is one it offers; say whether it was."""
    if isinstance(box, ipywidgets.Label):
        return False
    if isinstance(box, ipywidgets.Dropdown):
        if value not in [option for _, option in box.options]:
            return False
    else:
        try:
            value = float(str(value))
        except (TypeError, ValueError):
            return False
        if box.disabled or not box.min <= value <= box.max:
            return False
    box.value = value
    return True


def text_of(value: object) -> str:
    """Write an input's value for the address."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
