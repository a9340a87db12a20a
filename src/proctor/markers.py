"""Markers in a master's cells: which lines are the solution, the hidden tests, the rubric.

A marker stands alone on its line, spelled exactly ``### BEGIN SOLUTION`` … ``### END SOLUTION`` (likewise ``HIDDEN
TESTS`` and ``RUBRIC``). nbgrader looks for the words anywhere in a line and accepts an END without a BEGIN, which
releases the answer; here every marker must pair up and a line that only resembles one is refused, or the master is.
"""

import re

CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"
SOLUTION, HIDDEN_TESTS, RUBRIC = "SOLUTION", "HIDDEN TESTS", "RUBRIC"
MARKERS = frozenset(f"### {edge} {region}" for edge in ("BEGIN", "END") for region in (SOLUTION, HIDDEN_TESTS, RUBRIC))
# Somebody may have meant a marker: any "### BEGIN …", or the words in capitals, which nbgrader acts on anywhere.
_RESEMBLES = re.compile(
    r"^\s*###\s*(?i:begin|end)\b|#\s*(?i:(begin|end)[\s_-]*(solution|hidden[\s_-]*test|rubric))"
    r"|(BEGIN|END) (SOLUTION|HIDDEN TEST|RUBRIC)"
)


class MarkerError(ValueError):
    """A region that is not opened, not closed or opened twice, or a marker that is misspelled."""


def split_regions(source: str, region: str) -> list[tuple[bool, str, str]]:
    """Cut a cell at the markers of one kind of region.

    Args:
        source: text of the cell.
        region: ``SOLUTION``, ``HIDDEN_TESTS`` or ``RUBRIC``.

    Returns:
        ``(inside, indent, text)`` for each piece in order; ``indent`` is the white space before the BEGIN marker.

    Raises:
        MarkerError: if a BEGIN or END has no partner, the two are indented differently, or a line only resembles one.
    """
    begin, end = f"### BEGIN {region}", f"### END {region}"
    pieces, lines, inside, indent = [], [], False, ""
    for number, line in enumerate(source.split("\n"), start=1):
        marker = line.strip()
        if marker not in (begin, end):
            if marker not in MARKERS and _RESEMBLES.search(line):
                raise MarkerError(f"line {number}: {marker!r} is no marker; write one of {sorted(MARKERS)}")
            lines.append(line)
            continue
        if (marker == begin) == inside:
            raise MarkerError(f"line {number}: {marker!r} without its partner; write one BEGIN and one END a region")
        leading = line[: len(line) - len(line.lstrip())]
        if inside and leading != indent:
            raise MarkerError(f"line {number}: {marker!r} must be indented like its BEGIN")
        pieces.append((inside, indent, "\n".join(lines)))
        lines, inside, indent = [], not inside, leading
    if inside:
        raise MarkerError(f"{begin!r} is never closed; add a line {end!r}")
    pieces.append((False, indent, "\n".join(lines)))
    return [(inside, indent, text) for inside, indent, text in pieces if inside or text]


def has_region(source: str, region: str) -> bool:
    """Whether the cell holds a region of this kind."""
    return any(inside for inside, _, _ in split_regions(source, region))


def without_region(source: str, region: str) -> str:
    """The cell without the region, markers included."""
    return "\n".join(text for inside, _, text in split_regions(source, region) if not inside)


def region_text(source: str, region: str) -> str:
    """What the region holds, markers left out."""
    return "\n".join(text for inside, _, text in split_regions(source, region) if inside)


def without_markers(source: str, region: str) -> str:
    """The cell with the markers removed and the region kept."""
    return "\n".join(text for _, _, text in split_regions(source, region))


def with_stub(source: str, stub: str = CODE_STUB) -> str:
    """The cell with each solution replaced by the stub, at the solution's indentation."""
    pieces = split_regions(source, SOLUTION)
    if not any(inside for inside, _, _ in pieces):
        return stub
    return "\n".join(
        "\n".join(indent + line for line in stub.split("\n")) if inside else text for inside, indent, text in pieces
    )
