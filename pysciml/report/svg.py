"""Figures as inline SVG that follows the colours of the page."""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from pysciml.plotting.style import COLOURS

__all__ = ["inline_svg"]

_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pysciml",
    "figure.dpi": 144,
    "savefig.dpi": 144,
}


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """Return a figure as an ``<svg>`` element for an HTML page.

    Text stays text, the colours of the style become CSS variables of the same names (so that
    light, dark and print each get their own), and nothing refers to anything outside.

    Parameters
    ----------
    figure : Figure
        The figure.
    name : str
        Prefix of its ids, different for each figure of a page; letters and hyphens.
    description : str
        What the figure shows, for readers who do not see it.

    Returns
    -------
    str
        One element, free of declarations and metadata.
    """
    buffer = io.StringIO()
    with mpl.rc_context(_RC):
        figure.savefig(buffer, format="svg", facecolor="none", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", text)
    text = text.replace("xlink:href", "href")
    text = re.sub(r'(\sid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for role, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{role})")
    # The page sets family and width; sizes in points stay as the figure wants them.
    text = re.sub(r"font: ([^;']*?)(\d[\d.]*px) [^;\"]*", r"font: \1\2 var(--font)", text)
    label = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    head = re.match(r"<svg[^>]*>", text)
    assert head is not None
    box = re.search(r'viewBox="([^"]*)"', head[0])
    assert box is not None
    width = float(box[1].split()[2])
    opening = (
        f'<svg viewBox="{box[1]}" role="img" aria-label="{label}" '
        f'style="max-width: {width / 72:.2f}in">'
    )
    return opening + text[head.end() :]
