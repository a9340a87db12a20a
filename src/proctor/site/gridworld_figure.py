"""A gridworld as a figure in a page: the directive's options, and the still picture.

Options: ``:world: A cliff`` (a name of ``gridworld.WORLDS``, with its numbers) or ``:rows: B.S....G/........``, the
numbers ``:discount:``, ``:goal:``, ``:bonus:``, ``:pit:``, ``:step:``, ``:slip:``, and ``:sweeps: 3``, ``:look: 1 3``
(row and column). What a setting is, and the numbers, are in :mod:`proctor.site.gridworld`; what a module of this kind
holds, in :mod:`proctor.site.explorable`.
"""

from html import escape
from urllib.parse import parse_qsl

from proctor.site.gridworld import ENDS, LETTERS, NUMBERS, WORLDS, Setting, facts, parse, signed, solve

__all__ = ["LINK", "OPTIONS", "PAGE", "facts", "parse", "query_of", "still"]

PAGE = "book/decisions/gridworld"
LINK = "The gridworld on its own page"
OPTIONS = ("world", "rows", *NUMBERS, "sweeps", "look")
SIZE = 72  # pixels of a cell (board.mjs has its own, for every width)
LOW = 0.67  # where the arrows begin, in parts of a cell from above
TOWARD = ((-1, 0), (0, 1), (1, 0), (0, -1))  # left, down, right, up: the order of ravine.mdp


def query_of(options: dict[str, str]) -> str:
    """The query that a directive's options ask for.

    Raises:
        ValueError: if there is no such world.

    >>> query_of({"world": "A cliff", "slip": "0.1", "look": "4 1"})
    'rows=......../......../......../SHHHHHHG&discount=0.95&slip=0.1&look=4,1'
    """
    given = dict(options)
    world = given.pop("world", None)
    if world is not None and world not in WORLDS:
        raise ValueError(f"there is no world {world!r}; there are {', '.join(WORLDS)}")
    pairs = dict(parse_qsl(WORLDS[world])) if world else {}
    pairs |= {key: ",".join(text.split()) if key == "look" else text for key, text in given.items()}
    return "&".join("=".join(pair) for pair in pairs.items())


def still(setting: Setting) -> str:
    """The board, and where the best actions lead."""
    found = solve(setting)
    letters, (height, width) = "".join(setting.rows), (len(setting.rows), len(setting.rows[0]))
    peak = max(1e-9, *(abs(getattr(setting, LETTERS[x])) for x in letters if x in ENDS), *map(abs, found["values"]))
    cells = "".join(
        _cell(setting, letter, value, best, (state % width * SIZE, state // width * SIZE), peak)
        for state, (letter, value, best) in enumerate(zip(letters, found["values"], found["best"], strict=True))
    )
    at = [((state % width + 0.5) * SIZE, (state // width + LOW) * SIZE) for state in found["path"]]
    if letters[found["path"][-1]] in ENDS:  # it only enters the end, so as not to hide what stands there
        at[-1] = tuple(0.58 * end + 0.42 * before for end, before in zip(at[-1], at[-2], strict=True))
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    told = in_words(setting, found)
    return (
        f'<svg class="gridworld-board" viewBox="-1 -1 {SIZE * width + 2} {SIZE * height + 2}" role="img" '
        f'style="max-width: {SIZE * width + 2}px" aria-label="{escape(_alt(setting, found))}">{cells}'
        f'<path class="gridworld-path" d="M{path}"/></svg><p class="gridworld-told">{escape(told)}</p>'
    )


def in_words(setting: Setting, found: dict) -> str:
    """Where the best actions lead from the start, as the page says it, too."""
    path, letters = found["path"], "".join(setting.rows)
    start = f"From the start V = {found['values'][path[0]]:.2f}".replace("-", "−")
    if len(found["best"][path[0]]) == 4:
        return f"{start}, and no action is better than another."
    if letters[path[-1]] in ENDS:
        steps = f"{len(path) - 1} step{'s' if len(path) > 2 else ''}"
        return f"{start}; without a slip the best actions lead to the {LETTERS[letters[path[-1]]]} in {steps}."
    return f"{start}; without a slip the best actions lead nowhere."


def _alt(setting: Setting, found: dict) -> str:
    letters, width = "".join(setting.rows), len(setting.rows[0])
    ends = [
        f"{LETTERS[letter]} {signed(getattr(setting, LETTERS[letter]))} in row {state // width + 1}, "
        f"column {state % width + 1}"
        for state, letter in enumerate(letters)
        if letter in ENDS
    ]
    return (
        f"A world of {len(setting.rows)} by {width} cells, each with its value and arrows for its best actions; "
        f"{'; '.join(ends)}. {in_words(setting, found)}"
    )


def _cell(setting: Setting, letter: str, value: float, best: list[int], corner, peak: float) -> str:
    end, kind = letter in ENDS, LETTERS[letter]
    text = "" if letter == "X" else signed(getattr(setting, kind)) if end else _brief(value)
    share = f"--share: {min(100, 100 * abs(value) / peak):.1f}%"
    parts = [f'<rect class="gridworld-ground" width="{SIZE}" height="{SIZE}"/>']
    if letter == "S":
        parts.append(f'<circle class="gridworld-start" cx="{SIZE / 2:g}" cy="{LOW * SIZE:.1f}" r="{SIZE / 4:g}"/>')
    if best:
        arrows = "".join(_arrow(TOWARD[action], len(best) == 4) for action in best)
        parts.append(f'<path class="gridworld-arrows" d="{arrows}"/>')
    if text:
        high = 0.5 if end else 0.3
        parts.append(
            f'<text class="gridworld-value" font-size="14" x="{SIZE / 2:g}" y="{high * SIZE:.1f}">{text}</text>'
        )
    if end:
        parts.append(
            f'<text class="gridworld-label" font-size="13" x="{SIZE / 2:g}" y="{0.5 * SIZE + 14:g}">{kind}</text>'
        )
    return (
        f'<g class="gridworld-cell {kind}{" below" if value < 0 else ""}" style="{share}" '
        f'transform="translate({corner[0]} {corner[1]})">{"".join(parts)}</g>'
    )


def _brief(value: float) -> str:
    text = f"{value:.{2 if abs(value) < 9.995 else 1}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def _arrow(toward: tuple[int, int], everywhere: bool) -> str:
    """An arrow from the lower middle of a cell; a dash, if all four directions are as good."""
    x, y, (dx, dy), head = SIZE / 2, LOW * SIZE, toward, 0.075 * SIZE
    if everywhere:
        return f"M{x - 3:g} {y:.1f}h6"
    tip = x + dx * 0.19 * SIZE, y + dy * 0.19 * SIZE
    wings = [
        f"{tip[0] - dx * head + side * dy * head:.1f} {tip[1] - dy * head + side * dx * head:.1f}" for side in (1, -1)
    ]
    end = f"{tip[0]:.1f} {tip[1]:.1f}"
    return f"M{x:g} {y:.1f}L{end}M{wings[0]}L{end}L{wings[1]}"
