"""A release's report as one HTML page that needs nothing beside it, to be read, sent and printed."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from greenramp.reporting.telling import GATE_COLUMNS, STEP_COLUMNS, Told

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def report_page(
    told: Told, pictures: Mapping[str, bytes], links: Mapping[str, str], config: str = "", *, well: bool
) -> str:
    """The page. pictures: PNG files by their captions. links: addresses by what is there, shown as text.

    It holds no address that a browser would fetch. Whatever people or models wrote is escaped.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("reportpage.html").render(
        told=told,
        well=well,
        links=links,
        pictures={caption: base64.b64encode(png).decode() for caption, png in pictures.items()},
        config=config,
        gate_columns=GATE_COLUMNS,
        step_columns=STEP_COLUMNS,
    )


def png_of(figure: Figure) -> bytes:
    """A matplotlib figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
