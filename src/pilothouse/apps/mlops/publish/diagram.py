"""Draws the architecture as SVG: shapes and text, no script, no style sheet, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from pilothouse.apps.mlops.design import Design
from pilothouse.apps.mlops.publish.graph import graph_of
from pilothouse.apps.mlops.publish.layout import LINE, MARGIN, WIDTH, Box, Layout, Route, layout_of
from pilothouse.apps.mlops.publish.words import headline, label, place

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
INK, MUTED, FLOW = "#16202c", "#4a5a6c", "#5b6b7d"
COLOURS = {
    "upper": ("#e6f0fd", "#2f6db5", "#f5f9ff"),
    "lower": ("#e4f5ea", "#2f8256", "#f5fbf7"),
    "support": ("#eef0f3", "#5f6c7b", "#f8f9fa"),
}
"""Lane to fill and stroke of its boxes, and fill of its band."""

MIDDLE = ' text-anchor="middle"'
BOLD = ' font-weight="600"'
HALO = ' stroke="#ffffff" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'

_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    f'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="{FLOW}"/></marker></defs>'
)


def diagram_svg(design: Design) -> bytes:
    """The diagram of a design as an SVG document, the same bytes for the same design."""
    return ("\n".join(_document(design, layout_of(graph_of(design)))) + "\n").encode()


def _document(design: Design, layout: Layout) -> Iterator[str]:
    width, height = f"{layout.width:g}", f"{layout.height:g}"
    title = f"{headline(design)}: architecture"
    named = "; ".join(_named(box) for box in layout.boxes if box.item.choice)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family={quoteattr(FONT)}>'
    yield f"<title>{escape(title)}</title>"
    yield f"<desc>{escape(f'{title}. {named}.')}</desc>"
    yield _ARROW
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    yield _text(MARGIN, 46, title, 22, INK, BOLD)
    summary = f"{label(design.workload.value)} on {place(design)}: {len(design.choices)} components"
    yield _text(MARGIN, 72, summary, 14, MUTED)
    for lane, name, y, tall in layout.bands:
        _, stroke, fill = COLOURS[lane]
        across = f"{layout.width - MARGIN:g}"
        yield f'<rect x="20" y="{y:g}" width="{across}" height="{tall:g}" rx="14" fill="{fill}"/>'
        yield _text(MARGIN, y + 25, name, 13, stroke, BOLD)
    for route in layout.routes:
        yield _line(route)
    for box in layout.boxes:
        yield from _box(box)
    for route in layout.routes:
        yield _text(*route.at, route.flow.label, 11.5, INK, MIDDLE + HALO)
    yield "</svg>"


def _box(box: Box) -> Iterator[str]:
    """A component with its role, name and sizing; someone outside of the system has a dashed outline."""
    fill, stroke, _ = COLOURS[box.lane]
    choice = box.item.choice
    yield f"<g data-component={quoteattr(choice.component)}>" if choice else "<g>"
    yield f"<title>{escape(_named(box))}</title>"
    outside = f'fill="#ffffff" stroke="{MUTED}" stroke-dasharray="5 4"'
    look = f'fill="{fill}" stroke="{stroke}" stroke-width="1.5"' if choice else outside
    shape = f'width="{WIDTH}" height="{box.height:g}" rx="{10 if choice else box.height / 2:g}"'
    yield f'<rect x="{box.x:g}" y="{box.y:g}" {shape} {look}/>'
    centre = box.x + WIDTH / 2
    y = box.middle + 5 - LINE * (len(box.lines) - 1) / 2
    if choice:
        y = box.y + 42
        yield _text(
            centre, y - 20, box.item.role.upper(), 10.5, MUTED, f'{MIDDLE}{BOLD} letter-spacing="0.8"'
        )
    for line in box.lines:
        yield _text(centre, y, line, 13.5, INK, MIDDLE + (BOLD if choice else ""))
        y += LINE
    if box.sizing:
        yield _text(centre, y, box.sizing, 11, MUTED, MIDDLE)
    yield "</g>"


def _named(box: Box) -> str:
    return f"{box.item.role}: {box.item.name}" if box.item.choice else box.item.name


def _line(route: Route) -> str:
    path = " ".join(f"{x:g} {y:g}" for x, y in route.points)
    look = f'fill="none" stroke="{FLOW}" stroke-width="1.5" stroke-linejoin="round" marker-end="url(#arrow)"'
    return f'<path d="M{path}" {look}/>'


def _text(x: float, y: float, text: str, size: float, fill: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}"{more}>{escape(text)}</text>'
