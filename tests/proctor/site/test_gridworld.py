"""The gridworld as settings, values, directive and still picture; tests/book plays with it in a browser."""

import pytest
import torch
from bs4 import BeautifulSoup

from proctor.site import explorable, gridworld, gridworld_figure
from ravine import mdp

QUERIES = [
    gridworld.USUAL,
    "rows=B.S....G&discount=0.6&goal=12.5&bonus=3&pit=-5&step=-0.1&slip=0.2&sweeps=4&look=1,3",
    "rows=S&discount=0&sweeps=0",
    "rows=S.H/XXG",
]
WRONG = [
    ("rows=", "rows must be of one length"),
    ("rows=..G", "with one S"),
    ("rows=SS", "with one S"),
    ("rows=SGG", "at most one G"),
    ("rows=SBB", "one B"),
    ("rows=S?", "rows are of SGBHX., with one S"),
    ("rows=S./.", "rows must be of one length"),
    ("rows=S.........", "at most 7 of 9 cells"),
    ("rows=" + "/".join("S......."), "at most 7 of 9 cells"),
    ("discount=1", r"discount must be in \[0, 0.99\], got 1"),
    ("discount=nan", "discount must be in"),
    ("slip=-0.1", r"slip must be in \[0, 1\]"),
    ("pit=1", r"pit must be in \[-20, 0\]"),
    ("step=much", "could not convert"),
    ("sweeps=501", r"sweeps must be an integer in \[0, 500\]"),
    ("sweeps=1.5", "sweeps must be an integer"),
    ("look=1", "look must be a row and a column of 5 by 8"),
    ("look=6,1", "look must be a row and a column"),
    ("look=0,1", "look must be a row and a column"),
    ("colour=red", "no 'colour'"),
]


@pytest.mark.parametrize("query", [*QUERIES, *gridworld.WORLDS.values()])
def test_a_setting_is_written_as_it_was_read(query):
    assert gridworld.parse(query).query == query


@pytest.mark.parametrize(("query", "said"), WRONG)
def test_what_an_author_writes_wrongly_is_named(query, said):
    with pytest.raises(ValueError, match=said):
        gridworld.parse(query)


def test_what_a_query_does_not_say_has_its_default():
    setting = gridworld.parse("discount=0.5")
    assert setting.rows == gridworld.parse(gridworld.USUAL).rows and setting.discount == 0.5
    assert (setting.goal, setting.bonus, setting.pit, setting.step, setting.slip) == (10, 2, -10, 0, 0)
    assert setting.sweeps is None is setting.look


def test_a_world_without_a_bonus_is_the_librarys():
    query = "rows=S.X/.HG&discount=0.7&goal=3&pit=-2&step=-0.5&slip=0.2"
    ours = gridworld.parse(query).process()
    theirs = mdp.gridworld(["S.#", ".HG"], discount=0.7, goal=3.0, hole=-2.0, step=-0.5, slip=0.2)
    for name in ("transitions", "rewards", "start", "absorbing"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name)), name
    lake = gridworld.parse(gridworld.WORLDS["The frozen lake"]).process().value_iteration()[0]
    assert torch.allclose(lake, mdp.frozen_lake().value_iteration()[0], atol=1e-4)  # 2/3 is written as 0.6667


def test_the_bonus_is_an_end_of_its_own():
    world = gridworld.parse("rows=B.S.G&discount=0.5&bonus=3&step=-1").process()
    assert world.absorbing.tolist() == [True, False, False, False, True]
    assert world.rewards[1, mdp.LEFT].tolist() == [2, -1, -1, -1, 9]
    assert world.value_iteration()[0].tolist() == [0, 2, 3.5, 9, 0]


def test_v_is_the_exact_one_and_sweeps_lead_to_it():
    for query in gridworld.WORLDS.values():
        setting = gridworld.parse(query)
        exact, _ = setting.process().policy_iteration()
        ours = torch.tensor(gridworld.solve(setting)["values"], dtype=torch.float64)
        assert (ours - exact).abs().max() < 1e-9
    few = [gridworld.solve(gridworld.parse(f"rows=S..G&discount=0.5&sweeps={k}"))["values"] for k in range(4)]
    assert few == [[0, 0, 0, 0], [0, 0, 10, 0], [0, 5, 10, 0], [2.5, 5, 10, 0]]


def test_the_path_ends_or_comes_back():
    def path(query):
        return gridworld.solve(gridworld.parse(query))["path"]

    assert path("rows=S.G") == [0, 1, 2]
    assert path("rows=S.G&sweeps=0") == [0, 0], "all are alike, and the first is left"
    assert path("rows=S.G&step=2") == [0, 0]
    assert path(gridworld.CLIFF + "&slip=0.3") == [24, 24]


@pytest.mark.parametrize("bonus", [1, 2, 4, 7])
@pytest.mark.parametrize("rows", [gridworld.FIELD.removeprefix("rows="), "B.S....G", ".S../B..X/...G", "G.S.....B"])
def test_the_tie_is_where_the_policy_flips(rows, bonus):
    query = f"rows={rows}&bonus={bonus}"
    if rows.startswith("G"):
        query += "&goal=0.5"
    tie = gridworld.tie(gridworld.parse(query))
    assert 0 < tie < 0.99

    def ends(discount):
        setting = gridworld.parse(f"{query}&discount={discount}")
        return "".join(setting.rows)[gridworld.solve(setting)["path"][-1]]

    assert {ends(tie - 1e-4), ends(tie + 1e-4)} == {"B", "G"}
    setting = gridworld.parse(f"{query}&discount={tie}")
    world, q = setting.process(), gridworld.solve(setting)["q"][setting.start]
    assert world.discount == tie and sum(value > max(q) - 1e-9 for value in q) >= 2, "several actions are as good"


@pytest.mark.parametrize(
    "query",
    ["rows=S.G", "rows=B.S.G", "rows=BS.G&bonus=11", "rows=BS..G&slip=0.1", "rows=BS..G&step=-1", "rows=BXS..G"],
)
def test_there_is_no_tie_or_no_formula(query):
    assert gridworld.tie(gridworld.parse(query)) is None


def test_options_name_a_world():
    options = {"world": "A cliff", "slip": "0.1", "look": "3  2", "discount": "0.9"}
    assert gridworld.parse(gridworld_figure.query_of(options)).query == (
        "rows=......../......../......../SHHHHHHG&slip=0.1&look=3,2"
    )
    assert gridworld.parse(gridworld_figure.query_of({})).query == gridworld.USUAL
    with pytest.raises(ValueError, match="no world 'Mars'; there are Near"):
        gridworld_figure.query_of({"world": "Mars"})


def test_the_still_picture_shows_values_arrows_and_the_path():
    setting = gridworld.parse("rows=S..G/.XHB&discount=0.5&step=-0.5")
    still = BeautifulSoup(explorable.figure("gridworld", setting, "page.html"), "html.parser").figure
    texts = [text.get_text() for text in still.select("text")]
    assert texts == ["1.62", "4.25", "9.50", "+10", "goal", "0.31", "−10", "pit", "+2", "bonus"]
    assert len(still.select(".gridworld-arrows")) == 4 and len(still.select(".gridworld-start")) == 1
    assert still.select_one(".gridworld-path")["d"].count("L") == 3
    assert still.p.get_text() == "From the start V = 1.62; without a slip the best actions lead to the goal in 3 steps."
    label = still.svg["aria-label"]
    assert "2 by 4 cells" in label and "goal +10 in row 1, column 4; pit −10 in row 2, column 3" in label
    assert still["data-explorable"] == "gridworld" and still["data-query"] == setting.query
    assert "\n\n" not in str(still), "a blank line would end raw HTML"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("rows=S.G&sweeps=0", "From the start V = 0.00, and no action is better than another."),
        (
            "rows=SH&step=-3&pit=0",
            "From the start V = −3.00; without a slip the best actions lead to the pit in 1 step.",
        ),
        (gridworld.CLIFF + "&slip=0.3", "From the start V = 3.29; without a slip the best actions lead nowhere."),
        ("rows=./S/X&slip=0.5&step=-1", "From the start V = −10.00, and no action is better than another."),
    ],
)
def test_where_the_best_actions_lead_is_said(query, said):
    setting = gridworld.parse(query)
    assert gridworld_figure.in_words(setting, gridworld.solve(setting)) == said


SOURCE = """# Page

```{explorable} gridworld
:world: A cliff
:slip: 0.1
:look: 3 2
A *caption*.
```

{explorable}`look <gridworld?rows=B.S....G&discount=0.6>`

```{explorable} gridworld
:rows: ....
```

```{explorable} gridworld
:lr: Adam 0.5
```
"""


@pytest.mark.slow
def test_directive_and_role_in_a_page(in_a_page):
    in_a_page(
        "gridworld",
        SOURCE,
        query=gridworld.CLIFF + "&slip=0.1&look=3,2",
        linked="rows=B.S....G&discount=0.6",
        errors=["with one S", "gridworld has no option 'lr'"],
    )
