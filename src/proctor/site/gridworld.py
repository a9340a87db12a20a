"""The gridworld as the explorable computes it: worlds, settings in an address, and their values by ``ravine.mdp``.

A world is its rows, joined by ``/``: ``S`` start, ``G`` goal, ``B`` bonus and ``H`` pit, where an episode ends, ``X``
wall, ``.`` floor. The script in ``book/_static/gridworld`` has the same formulas; tests/book holds them equal.

A setting is the query of an address: ``rows=B.S....G&discount=0.6&bonus=3&sweeps=4&look=1,3``.
"""

import math
from dataclasses import dataclass
from urllib.parse import parse_qsl

LETTERS = {"S": "start", "G": "goal", "B": "bonus", "H": "pit", "X": "wall", ".": "floor"}
ENDS = "GBH"
LARGEST = (7, 9)  # rows and columns: at most, so that a cell is large enough for a finger on a small phone
SWEEPS = 500  # that can be stepped through
# Each: the default, the least, the most. The discount stays below 1: with 1, values need not be finite.
NUMBERS = {
    "discount": (0.9, 0.0, 0.99),
    "goal": (10.0, 0.0, 20.0),
    "bonus": (2.0, 0.0, 20.0),
    "pit": (-10.0, -20.0, 0.0),
    "step": (0.0, -3.0, 2.0),
    "slip": (0.0, 0.0, 1.0),
}
FIELD = "rows=.....X../.....X.G/B.S..X.H/.....X../........"
CLIFF = "rows=......../......../......../SHHHHHHG&discount=0.95"
WORLDS = {
    "Near and small, far and large": FIELD,
    "A corridor": "rows=S......G",
    "A cliff": CLIFF,
    "A bridge": "rows=..HHH../S.....G/..HHH../......./.......&discount=0.95",
    "The frozen lake": "rows=S.../.H.H/...H/H..G&discount=0.99&goal=1&pit=0&slip=0.6667",
}
USUAL = FIELD


@dataclass(frozen=True)
class Setting:
    """What is shown.

    Attributes:
        rows: the world.
        discount: γ.
        goal: earned by the step into the goal; likewise ``bonus`` and ``pit``.
        step: earned by every step.
        slip: probability that the step goes to one side instead, half of it to each.
        sweeps: of value iteration, from values of 0; None: as many as it takes.
        look: row and column of the cell whose action values are shown, from 0; None: the start.
    """

    rows: tuple[str, ...]
    discount: float
    goal: float
    bonus: float
    pit: float
    step: float
    slip: float
    sweeps: int | None = None
    look: tuple[int, int] | None = None

    @property
    def query(self) -> str:
        """The setting as the query of an address; what has its default is left out."""
        pairs = [("rows", "/".join(self.rows))]
        numbers = ((name, getattr(self, name)) for name in NUMBERS)
        pairs += [(name, f"{value:.10g}") for name, value in numbers if value != NUMBERS[name][0]]
        if self.sweeps is not None:
            pairs.append(("sweeps", str(self.sweeps)))
        if self.look is not None:
            pairs.append(("look", ",".join(str(place + 1) for place in self.look)))
        return "&".join("=".join(pair) for pair in pairs)

    @property
    def start(self) -> int:
        """The number of the start's cell."""
        return "".join(self.rows).index("S")

    def process(self):
        """The world as :class:`ravine.mdp.MDP`; states are cells, row by row."""
        from ravine.mdp import MDP, gridworld

        rows = [row.replace("B", "G").replace("X", "#") for row in self.rows]
        world = gridworld(rows, discount=self.discount, goal=self.goal, hole=self.pit, step=self.step, slip=self.slip)
        letters = "".join(self.rows)
        rewards = world.rewards.clone()
        for state in range(len(letters)):
            if letters[state] == "B":
                rewards[:, :, state] += (self.bonus - self.goal) * (rewards.new_tensor(_goes_on(letters)))[:, None]
        return MDP(world.transitions, rewards, world.discount, world.start)


def _goes_on(letters: str) -> list[bool]:
    return [letter in "S." for letter in letters]


def parse(query: str) -> Setting:
    """Read a query. The page ignores what it does not understand; what the course's authors write must be right.

    Raises:
        ValueError: if a key or value is unknown or out of range.

    >>> parse("rows=S..G&look=1,3").look
    (0, 2)
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    if "rows" not in given:
        given = dict(parse_qsl(USUAL)) | given
    rows = _checked(given.pop("rows"))
    numbers = {name: _number(name, given.pop(name, usual)) for name, (usual, *_) in NUMBERS.items()}
    sweeps, look = given.pop("sweeps", None), given.pop("look", None)
    if given:
        raise ValueError(f"there is no {min(given)!r}; there are rows, {', '.join(NUMBERS)}, sweeps, look")
    if sweeps is not None and not (sweeps.isdecimal() and int(sweeps) <= SWEEPS):
        raise ValueError(f"sweeps must be an integer in [0, {SWEEPS}], got {sweeps!r}")
    return Setting(rows, **numbers, sweeps=sweeps and int(sweeps), look=look and _place(look, rows))


def _checked(text: str) -> tuple[str, ...]:
    rows, count = tuple(text.split("/")), text.count
    height, width = LARGEST
    if {len(row) for row in rows} - {len(rows[0])} or len(rows) > height or not 1 <= len(rows[0]) <= width:
        raise ValueError(f"rows must be of one length, at most {height} of {width} cells, got {text!r}")
    if set(text) - {*LETTERS, "/"} or count("S") != 1 or count("G") > 1 or count("B") > 1:
        raise ValueError(f"rows are of {''.join(LETTERS)}, with one S, at most one G and one B, got {text!r}")
    return rows


def _number(name: str, text) -> float:
    (_, least, most), value = NUMBERS[name], float(text)
    if not least <= value <= most:
        raise ValueError(f"{name} must be in [{least:g}, {most:g}], got {value:g}")
    return value


def _place(text: str, rows) -> tuple[int, int]:
    place = tuple(int(part) - 1 if part.isdecimal() else -1 for part in text.split(","))
    if len(place) != 2 or not (0 <= place[0] < len(rows) and 0 <= place[1] < len(rows[0])):
        raise ValueError(f"look must be a row and a column of {len(rows)} by {len(rows[0])}, got {text!r}")
    return place


def solve(setting: Setting) -> dict:
    """What the setting shows.

    Returns:
        ``values``, of each cell; ``q``, of each cell and action, from these values; ``best``, of each cell the
        actions whose Q is the largest, none where an episode is over; ``path``, the cells from the start by the first
        best actions, as long as none slips, up to an end or the first cell seen before.
    """
    import torch

    world = setting.process()
    if setting.sweeps is None:
        values, _ = world.value_iteration()
    else:
        values = torch.zeros(world.states, dtype=torch.float64)
        for _ in range(setting.sweeps):
            values = world.look_ahead(values).amax(-1)
    q = world.look_ahead(values)
    letters, width = "".join(setting.rows), len(setting.rows[0])
    best = [
        [a for a in range(4) if row[a] >= max(row) - 1e-9] if letter in "S." else []
        for row, letter in zip(q.tolist(), letters, strict=True)
    ]
    path = [setting.start]
    while best[path[-1]] and path[-1] not in path[:-1]:
        path.append(_next(letters, width, path[-1], best[path[-1]][0]))
    return {"values": values.tolist(), "q": q.tolist(), "best": best, "path": path}


def _next(letters: str, width: int, state: int, action: int) -> int:
    """Where a step leads that does not slip; actions are those of ``ravine.mdp``."""
    row, column = state // width + (0, 1, 0, -1)[action], state % width + (-1, 0, 1, 0)[action]
    inside = 0 <= row < len(letters) // width and 0 <= column < width
    return row * width + column if inside and letters[row * width + column] != "X" else state


def tie(setting: Setting) -> float | None:
    """The discount at which the goal and the bonus are worth the same at the start, in closed form.

    With neither slips nor a price of steps, a reward r that is n steps away is worth γⁿ⁻¹ r there. None where there
    is no such discount, or the formula does not hold.
    """
    letters, width = "".join(setting.rows), len(setting.rows[0])
    far, front = {setting.start: 0}, [setting.start]
    for state in front:  # it grows: breadth first
        for after in (_next(letters, width, state, action) for action in range(4)):
            if after not in far:
                far[after] = far[state] + 1
                front += [after] if letters[after] == "." else []
    found = [(far.get(letters.find(letter)), getattr(setting, LETTERS[letter])) for letter in "GB"]
    if setting.slip or setting.step or None in (found[0][0], found[1][0]):
        return None
    (near, less), (away, more) = sorted(found)
    return (less / more) ** (1 / (away - near)) if away > near and 0 < less < more else None


def facts() -> dict:
    """All that the script needs to know, beyond the formulas."""
    return {
        "query": USUAL,
        "letters": LETTERS,
        "largest": LARGEST,
        "sweeps": SWEEPS,
        "numbers": NUMBERS,
        "worlds": WORLDS,
    }


def signed(value: float) -> str:
    """A reward with its sign.

    >>> signed(10.0), signed(-0.5), signed(0.0)
    ('+10', '−0.5', '0')
    """
    return f"{value:+.4g}".replace("-", "−") if not math.isclose(value, 0, abs_tol=1e-9) else "0"
