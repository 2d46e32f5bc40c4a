"""Places the boxes of a diagram and routes its flows at right angles; all lengths are in pixels."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pilothouse.apps.mlops.publish.graph import BESIDE, Flow, Graph, Item
from pilothouse.apps.mlops.publish.words import sizes

WIDTH, GAP = 192, 92
MARGIN, TITLE = 40, 96
STACK, TRACK = 22, 26
LINE, HEADER, FOOTER = 19, 40, 20
CHARACTERS = 21
"""Characters of a name that fit a line of a box: 192 px less its padding, at some 8 px each."""

PER_ROW = 6
"""Supporting components in a row."""


@dataclass(frozen=True)
class Box:
    """A box with its text broken into lines; `x` and `y` are its upper left corner."""

    item: Item
    lines: tuple[str, ...]
    sizing: str
    x: float
    y: float
    height: float
    lane: str

    @property
    def middle(self) -> float:
        """The vertical centre."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Route:
    """A flow as a line through `points`, with its label centred at `at`."""

    flow: Flow
    points: tuple[tuple[float, float], ...]
    at: tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Everything placed; `bands` are the lanes: title, upper edge and height."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]
    bands: tuple[tuple[str, str, float, float], ...]


def layout_of(graph: Graph) -> Layout:
    """The layout of a graph: the request path above, data and models below it, then the support."""
    columns = max(len(graph.upper), len(graph.lower), 3)
    beside = min(len(graph.support), PER_ROW)
    width = 2 * MARGIN + max(columns * (WIDTH + GAP) - GAP, beside * (WIDTH + STACK) - STACK)
    top = TITLE + HEADER
    upper, end = _lane(graph.upper, "upper", top)
    crossing = [flow for flow in graph.flows if _lane_of(graph, flow.start) != _lane_of(graph, flow.end)]
    lane_gap = 40 + TRACK * max(len(crossing), 1)
    lower_top = end + FOOTER + lane_gap + HEADER if upper else top
    lower, lower_end = _lane(graph.lower, "lower", lower_top)
    support_top = lower_end + FOOTER + 28 + HEADER
    support, support_end = _rows(graph.support, support_top, width)
    bands = [("lower", "Data and models", lower_top - HEADER, lower_end - lower_top + HEADER + FOOTER)]
    if upper:
        bands.insert(0, ("upper", "Request path", TITLE, end - top + HEADER + FOOTER))
    if support:
        height = support_end - support_top + HEADER + FOOTER
        bands.append(("support", "Operation, around all of the above", support_top - HEADER, height))
    boxes = (*upper, *lower, *support)
    routes = _routes(graph.flows, {box.item.key: box for box in boxes}, end + FOOTER + 26)
    return Layout(width, bands[-1][2] + bands[-1][3] + MARGIN, boxes, tuple(routes), tuple(bands))


def _lane_of(graph: Graph, key: str) -> str:
    return "upper" if any(item.key == key for column in graph.upper for item in column) else "lower"


def _lane(columns: Sequence[Sequence[Item]], lane: str, top: float) -> tuple[list[Box], float]:
    """Boxes of one lane, each column centred, and the lower edge of the tallest."""
    stacks = [[_sized(item) for item in column] for column in columns]
    heights = [sum(_height(*sized) for sized in stack) + STACK * (len(stack) - 1) for stack in stacks]
    tallest = max(heights, default=0)
    boxes: list[Box] = []
    for number, (column, stack, height) in enumerate(zip(columns, stacks, heights, strict=True)):
        y = top + (tallest - height) / 2
        for item, (lines, sizing) in zip(column, stack, strict=True):
            x = MARGIN + number * (WIDTH + GAP)
            boxes.append(Box(item, lines, sizing, x, y, _height(lines, sizing), lane))
            y += _height(lines, sizing) + STACK
    return boxes, top + tallest


def _rows(items: Sequence[Item], top: float, width: float) -> tuple[list[Box], float]:
    """The support in rows, spread over the width."""
    boxes: list[Box] = []
    rows = max(-(-len(items) // PER_ROW), 1)
    each = max(-(-len(items) // rows), 1)
    for start in range(0, len(items), each):
        row = [(item, *_sized(item)) for item in items[start : start + each]]
        height = max(_height(lines, sizing) for _, lines, sizing in row)
        step = (width - 2 * MARGIN - WIDTH) / max(each - 1, 1)
        for number, (item, lines, sizing) in enumerate(row):
            boxes.append(Box(item, lines, sizing, MARGIN + number * step, top, height, "support"))
        top += height + STACK
    return boxes, top - STACK


def _sized(item: Item) -> tuple[tuple[str, ...], str]:
    """The lines of a box's name, and its sizing in one line."""
    lines = tuple(textwrap.wrap(item.name, CHARACTERS)) or (item.name,)
    parts = sizes(item.choice) if item.choice else []
    sizing = ""
    for part in parts:
        longer = f"{sizing}, {part}" if sizing else part
        if len(longer) > CHARACTERS + 6:
            break
        sizing = longer
    return lines, sizing


def _height(lines: Sequence[str], sizing: str) -> float:
    return 36 + LINE * len(lines) + (16 if sizing else 0)


def _routes(flows: Sequence[Flow], boxes: dict[str, Box], track: float) -> Iterator[Route]:
    """Lines for all flows; those between lanes get a track and a place on each box's edge of their own."""
    ports: dict[tuple[str, str], int] = {}
    across = [flow for flow in flows if boxes[flow.start].lane != boxes[flow.end].lane]
    yield from (_within(flow, boxes[flow.start], boxes[flow.end]) for flow in flows if flow not in across)
    for flow in sorted(across, key=lambda flow: abs(boxes[flow.start].x - boxes[flow.end].x)):
        yield _across(flow, boxes[flow.start], boxes[flow.end], track, ports)
        track += TRACK


def _within(flow: Flow, start: Box, end: Box) -> Route:
    """A line from side to side of two boxes in one lane."""
    forward = start.x < end.x
    x1 = start.x + WIDTH if forward else start.x
    x2 = end.x if forward else end.x + WIDTH
    near = x2 - 34 if forward else x2 + 34
    if abs(start.middle - end.middle) < 1:
        return Route(flow, ((x1, start.middle), (x2, end.middle)), ((x1 + x2) / 2, end.middle - 8))
    bend = x1 + 22 if forward else x1 - 22
    points = ((x1, start.middle), (bend, start.middle), (bend, end.middle), (x2, end.middle))
    return Route(flow, points, (near, end.middle - 8))


def _across(flow: Flow, start: Box, end: Box, track: float, ports: dict[tuple[str, str], int]) -> Route:
    """A line between lanes: out of one, along its track, into the other."""
    x1, y1, aside1 = _port(start, end, ports)
    x2, y2, aside2 = _port(end, start, ports)
    turn1, turn2 = aside1 or x1, aside2 or x2
    points = ((x1, y1), (turn1, y1), (turn1, track), (turn2, track), (turn2, y2), (x2, y2))
    distinct = tuple(point for point, before in zip(points, (None, *points), strict=False) if point != before)
    return Route(flow, distinct, ((turn1 + turn2) / 2, track - 6))


def _port(box: Box, other: Box, ports: dict[tuple[str, str], int]) -> tuple[float, float, float | None]:
    """Where a line meets a box; what serving asks is entered from the right, along the x returned last."""
    if box.item.choice and box.item.choice.role in BESIDE:
        used = ports[box.lane, "aside"] = ports.get((box.lane, "aside"), 0) + 1
        return box.x + WIDTH, box.middle, box.x + WIDTH + 14 + 14 * used
    side = 0 if (box.item.key, "middle") not in ports else 1 if other.x > box.x else -1
    used = ports[box.item.key, "middle"] = ports.get((box.item.key, "middle"), 0) + 1
    return (
        box.x + WIDTH / 2 + 44 * side * (used - 1),
        box.y + box.height if box.lane == "upper" else box.y,
        None,
    )
