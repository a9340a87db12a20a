"""The gridworld as an explorable: its numbers are the library's, and every control does what the page says."""

import random
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import torch

from proctor.site import gridworld, gridworld_figure

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = gridworld_figure.PAGE + ".html"
CLIFF = gridworld.CLIFF
LARGE = "rows=S.......H/.X..X..X./.......H./.X..X..X./..H....../.X..X..X./B.......G&discount=0.99&slip=0.3&step=-0.02"

COMPUTE = """async ([modules, facts, queries]) => {
  const [{ read, write }, model] = await Promise.all(
    ["state", "solve"].map((name) => import(`${modules}/${name}.mjs`)));
  return queries.map((query) => {
    const state = read(query, facts);
    const world = model.modelOf(state);
    const { values, optimum, sweeps, change, off } = model.solve(world, state.sweeps);
    const best = model.greedy(world, values);
    const q = world.goesOn.map((_, cell) => model.lookAhead(world, values, cell));
    const sums = world.goesOn.map((open, cell) => open && model.ACTIONS.map((_, action) => model
      .summands(world, cell, action).reduce((sum, { chance, reward, to }) =>
        sum + chance * (reward + state.discount * values[to]), 0)));
    const [settled, tie] = [model.settled(world, optimum, 0.005), model.tieOf(state, world)?.discount ?? null];
    return { query: write(state, facts), values: [...values], optimum: [...optimum], q, sums, best,
             path: model.pathOf(world, best), sweeps, change, off, settled, tie };
  });
}"""


def queries() -> list[str]:
    """Worlds of ours and random ones, with every size, and numbers from their whole ranges."""
    draw = random.Random(6)
    found = [*gridworld.WORLDS.values(), CLIFF + "&slip=0.2", CLIFF + "&pit=-3&step=-1.55", LARGE, "rows=S", "rows=SG"]
    found += [f"{query}&sweeps={k}" for query in (gridworld.FIELD, CLIFF, LARGE) for k in (0, 1, 2, 7, 100)]
    for number in range(40):
        height, width = draw.randint(1, gridworld.LARGEST[0]), draw.randint(2, gridworld.LARGEST[1])
        letters = [draw.choice("......XXH") for _ in range(height * width)]
        places = draw.sample(range(height * width), min(3, height * width))
        for place, letter in zip(places, ("S", "G", "B"), strict=False):
            letters[place] = letter
        rows = ["".join(letters[i * width : (i + 1) * width]) for i in range(height)]
        query = {"rows": "/".join(rows)}
        for name, (usual, least, most) in gridworld.NUMBERS.items():
            query[name] = draw.choice([usual, least, most, round(draw.uniform(least, most), 3)])
        if number % 4 == 0:
            query["sweeps"] = draw.choice([0, 1, 5, 40])
        found.append(urlencode(query, safe="/"))
    return found


class Played:
    """An explorable in a page, by what a reader sees and does."""

    def __init__(self, visit, index: int = 0):
        self.visit, self.page, self.query = visit, visit.page, visit.query
        self.figure = self.page.locator("figure[data-explorable=gridworld][data-ready]").nth(index)

    def cell(self, row: int, column: int):
        """A cell, counted from 1."""
        return self.figure.locator("[role=row]").nth(row - 1).locator("[role=gridcell]").nth(column - 1)

    def told(self, row: int, column: int) -> str:
        """What a cell is, in words."""
        return self.cell(row, column).get_attribute("aria-label").split(": ", 1)[1]

    def value(self, row: int, column: int) -> float:
        """The number in a cell."""
        return float(self.cell(row, column).locator(".gridworld-value").text_content().replace("−", "-"))

    def board(self) -> list[str]:
        """All cells in words."""
        return self.figure.locator("[role=gridcell]").evaluate_all("all => all.map((one) => one.ariaLabel)")

    def standing(self) -> str:
        """What is told below the board."""
        return " ".join(self.figure.locator(".gridworld-standing, p.gridworld-told").all_inner_texts())

    def backup(self) -> dict[str, tuple[str, str]]:
        """Of each action its Q and the sum."""
        rows = self.figure.locator(".gridworld-sums tbody tr").evaluate_all(
            "all => all.map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        return {name: (value, total) for name, value, total in rows}

    def control(self, label: str):
        """A native control by its label."""
        return self.figure.get_by_label(label, exact=True)

    def press(self, button: str):
        """Press a button."""
        self.figure.get_by_role("button", name=button, exact=True).click()

    def middle(self, row: int, column: int) -> tuple[float, float]:
        """The middle of a cell on the screen."""
        box = self.cell(row, column).locator(".gridworld-ground").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# ---- the numbers


def test_values_q_and_policy_are_the_librarys(play, address):
    asked = queries()
    got = play().page.evaluate(COMPUTE, [f"{address}_static/gridworld", gridworld.facts(), asked])
    for query, ours in zip(asked, got, strict=True):
        setting = gridworld.parse(query)
        theirs = gridworld.solve(setting)
        assert gridworld.parse(ours["query"]) == setting, query
        exact, _ = setting.process().policy_iteration()  # a linear solve each, and no sweeps
        wanted = {"values": theirs["values"], "q": theirs["q"], "optimum": exact.tolist()}
        for what in wanted:
            mine, right = (torch.tensor(one[what], dtype=torch.float64) for one in (ours, wanted))
            assert (mine - right).abs().max() < 1e-9, f"{what}: {query}"
        assert ours["best"] == theirs["best"] and ours["path"] == theirs["path"], query
        assert ours["tie"] == pytest.approx(gridworld.tie(setting), abs=1e-12), query
        for q, sums in zip(ours["q"], ours["sums"], strict=True):
            assert not sums or sums == pytest.approx(q, abs=1e-9), "the sum that is written is the Q"


def test_how_long_it_takes_is_counted_rightly(play, address):
    asked = [query for query in queries() if "sweeps" not in query]
    got = play().page.evaluate(COMPUTE, [f"{address}_static/gridworld", gridworld.facts(), asked])
    for query, ours in zip(asked, got, strict=True):
        world = gridworld.parse(query).process()
        optimum, _ = world.policy_iteration()
        ahead = world.look_ahead(optimum)
        optimal = ahead >= ahead.amax(-1, keepdim=True) - 1e-9
        values, wrong, far = torch.zeros_like(optimum), -1, -1
        for count in range(min(ours["sweeps"], 400) + 1):
            q = world.look_ahead(values)
            greedy = q >= q.amax(-1, keepdim=True) - 1e-9
            wrong = count if (greedy & ~optimal)[~world.absorbing].any() else wrong
            far = count if (values - optimum).abs().max() >= 0.005 else far
            values = q.amax(-1)
        if ours["sweeps"] <= 400:
            assert ours["settled"] == {"policy": wrong + 1, "values": far + 1}, query


def test_the_still_picture_and_the_live_one_tell_the_same(scriptless, play):
    page = scriptless(PAGE)
    texts = page.locator(".gridworld-board text").all_text_contents()
    told = page.locator("p.gridworld-told").inner_text()
    strokes = page.locator(".gridworld-arrows").evaluate_all("all => all.map((one) => getComputedStyle(one).stroke)")
    assert page.locator(".explorable button, .explorable input").count() == 0
    assert len(strokes) > 20 and "none" not in strokes, "arrows are seen without a script, too"
    seen = play()
    live = [text for text in seen.figure.locator(".gridworld-board text").all_text_contents() if text]
    assert live == texts and len(texts) > 30
    assert seen.standing().split("changes. ")[1].startswith(told)


# ---- the board


def test_dragging_the_goal_moves_it_from_cell_to_cell_and_values_follow(play):
    seen = play()
    before = seen.board()
    seen.page.mouse.move(*seen.middle(2, 8))
    seen.page.mouse.down()
    seen.page.mouse.move(*seen.middle(1, 7), steps=3)
    assert seen.told(1, 7) == "goal, 10" and seen.told(2, 8).startswith("floor, value 9.00")
    assert seen.board() != before, "the values follow while it is held"
    seen.page.mouse.move(*seen.middle(1, 6), steps=2)
    assert seen.told(1, 6) == "wall" and seen.told(1, 7) == "goal, 10", "a wall is in the way"
    seen.page.mouse.move(*seen.middle(1, 5), steps=3)
    seen.page.mouse.up()
    seen.page.mouse.move(*seen.middle(5, 5))
    assert seen.told(1, 5) == "goal, 10", "what was let go stays"
    assert seen.query() == {"rows": "....GX../.....X../B.S..X.H/.....X../........", "look": "1,5"}
    assert "lead to the goal in 4 steps" in seen.standing()
    assert seen.visit.faults == []


@pytest.mark.parametrize(
    ("place", "toward", "letter"), [((3, 1), (2, 1), "bonus"), ((3, 8), (4, 8), "pit"), ((3, 6), (3, 7), "wall")]
)
def test_everything_else_can_be_dragged_too_and_never_off_the_board(play, place, toward, letter):
    seen = play()
    x, y = seen.middle(*place)
    seen.page.mouse.move(x, y)
    seen.page.mouse.down()
    seen.page.mouse.move(*seen.middle(*toward), steps=3)
    assert seen.told(*toward).startswith(letter) and seen.told(*place).startswith("floor")
    seen.page.mouse.move(2000, y)
    seen.page.mouse.move(x, 3000)
    seen.page.mouse.up()
    assert "".join(seen.board()).count(letter) == {"bonus": 1, "pit": 1, "wall": 4}[letter]


def test_the_start_can_be_dragged_and_the_path_begins_there(play):
    seen = play()
    seen.page.mouse.move(*seen.middle(3, 3))
    seen.page.mouse.down()
    seen.page.mouse.move(*seen.middle(5, 8), steps=6)
    seen.page.mouse.up()
    assert seen.told(5, 8).startswith("start, value 6.56, best: left or up")
    assert "From the start V = 6.56" in seen.standing() and "goal in 5 steps" in seen.standing()
    assert seen.figure.locator("path.gridworld-path").get_attribute("d").count("L") == 5


def test_a_cell_shows_its_q_on_hover_and_on_choice(play):
    seen = play(CLIFF + "&slip=0.1")
    seen.page.mouse.move(*seen.middle(3, 2))
    heading = seen.figure.locator(".gridworld-heading")
    assert heading.inner_text() == "Q at row 3, column 2, from V*"
    wanted = gridworld.solve(gridworld.parse(CLIFF + "&slip=0.1"))["q"][17]
    assert [float(value.replace("−", "-")) for value, _ in seen.backup().values()] == [round(q, 2) for q in wanted]
    assert seen.backup()["down"][1] == "0.9 (−10) + 0.05 (0 + 0.95 · 5.73) + 0.05 (0 + 0.95 · 6.45)"
    assert seen.figure.locator(".gridworld-sums .best th").all_inner_texts() == ["up"]
    assert "look" not in seen.query(), "pointing chooses nothing"
    seen.page.mouse.move(*seen.middle(4, 3))
    assert seen.figure.locator(".gridworld-none").inner_text() == "Here an episode is over."
    seen.page.mouse.move(2, 2)
    assert heading.inner_text().startswith("Q at row 4, column 1")
    seen.page.mouse.click(*seen.middle(3, 8))
    seen.page.mouse.move(2, 2)
    assert heading.inner_text().startswith("Q at row 3, column 8") and seen.query()["look"] == "3,8"


def test_a_cell_can_become_anything_but_the_start_stays_one(play):
    seen = play("rows=B.S....G")
    what = seen.control("This cell is")
    assert what.is_disabled(), "the start can be moved, not taken away"
    seen.page.mouse.click(*seen.middle(1, 5))
    for kind in ("wall", "pit", "goal", "bonus", "floor"):
        what.select_option(kind)
        assert seen.told(1, 5).startswith(kind)
    assert seen.query()["rows"] == "..S.....", "goal and bonus stand at one place only"
    assert seen.figure.get_by_text("there is none here").count() == 3
    seen.page.mouse.click(*seen.middle(1, 5))
    what.select_option("start")
    assert seen.query()["rows"] == "....S..."


# ---- the controls


def test_the_discount_flips_the_policy_at_the_tie(play):
    seen = play(gridworld.FIELD + "&discount=0.82")
    assert "to the goal in 10 steps" in seen.standing() and "(2/10)1/8 = 0.8178" in seen.standing()
    slider = seen.control("Discount γ")
    slider.press("ArrowLeft")
    assert "to the bonus in 2 steps" in seen.standing() and seen.query()["discount"] == "0.81"
    field = seen.control("Discount, exactly")
    for text, end in (("0.8178", "goal"), ("0.8177", "bonus")):
        field.fill(text)
        assert f"to the {end} in" in seen.standing() and seen.query()["discount"] == text
    field.fill("1.5")
    assert "to the bonus" in seen.standing(), "what is out of range is ignored"
    field.blur()
    assert field.input_value() == "0.8177"
    box = slider.bounding_box()
    seen.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    seen.page.mouse.down()
    value = seen.value(3, 3)
    seen.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=4)
    assert seen.value(3, 3) > value, "the values follow while the slider is held"
    seen.page.mouse.up()


def test_rewards_steps_and_slips_can_be_set(play):
    seen = play()
    for name, key, key_press, cell in (
        ("Goal", "goal", "End", (1, 8)),
        ("Bonus", "bonus", "End", (2, 1)),
        ("Every step earns", "step", "Home", (1, 8)),
        ("Slip", "slip", "End", (1, 8)),
        ("Pit", "pit", "Home", (1, 8)),
    ):
        before = seen.board()
        seen.control(name).press(key_press)
        assert seen.board() != before and seen.told(*cell) not in before, name
        edge = gridworld.NUMBERS[key][2 if key_press == "End" else 1]
        assert float(seen.query()[key]) == edge == float(seen.control(f"{name}, exactly").input_value())
    assert seen.told(2, 8) == "goal, 20" and seen.told(3, 1) == "bonus, 20" and seen.told(3, 8) == "pit, −20"
    assert seen.figure.get_by_text("ahead 0, each side 0.5").count() == 1


def test_worlds_of_ours_can_be_chosen(play):
    seen = play("rows=S.G&look=1,2")
    menu = seen.control("World")
    assert menu.input_value() == ""
    for title, query in gridworld.WORLDS.items():
        menu.select_option(title)
        assert menu.input_value() == query and seen.query() == dict(parse_qsl(query))
    menu.select_option("A bridge")
    seen.control("Slip").press("ArrowRight")
    assert menu.input_value() == gridworld.WORLDS["A bridge"], "with other numbers it is the same world"


def test_sweeps_go_one_by_one_to_v_star(play):
    seen = play("rows=S......G")
    whole = seen.board()
    assert seen.standing().startswith("V*: after 7 sweeps no value changes.")
    seen.press("Begin at 0")
    assert all(seen.value(1, column) == 0 for column in range(1, 8)) and seen.query()["sweeps"] == "0"
    for count in range(1, 8):
        seen.press("One sweep")
        assert [seen.value(1, 8 - k) > 0 for k in range(1, 8)] == [k <= count for k in range(1, 8)]
        assert seen.query()["sweeps"] == str(count)
        assert f"After {count} sweep{'s' if count > 1 else ''}: the last changed a value by" in seen.standing()
    assert seen.board() == whole
    seen.press("One sweep")
    assert "After 8 sweeps: no value changes any more." in seen.standing()
    seen.press("V* at once")
    assert seen.board() == whole and "sweeps" not in seen.query()
    seen.press("One sweep")
    assert seen.query()["sweeps"] == "1", "from V* a sweep begins anew"
    seen.control("Discount γ").press("Home")
    assert seen.query()["sweeps"] == "1", "other numbers, the same sweep"


def test_everything_can_be_done_by_keyboard(play):
    seen = play()
    seen.control("World").focus()
    reached = []
    for _ in range(24):
        reached.append(seen.page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
        seen.page.keyboard.press("Tab")
    parts = ("<select", 'role="gridcell"', "One sweep", 'type="range"', 'type="number"', "Copy link", "Reset")
    for part in parts:
        assert any(part in element for element in reached), f"Tab does not lead to {part}"
    assert sum('role="gridcell"' in element for element in reached) == 1, "the board is one stop"

    seen.cell(3, 3).focus()
    scroll = seen.page.evaluate("scrollY")
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowRight"):
        seen.page.keyboard.press(key)
    assert seen.query()["look"] == "1,4" and seen.page.evaluate("scrollY") == scroll
    assert seen.page.evaluate("document.activeElement.ariaLabel").startswith("row 1, column 4: floor, value 3.49")
    seen.cell(2, 8).focus()
    seen.page.keyboard.press("Shift+ArrowLeft")
    seen.page.keyboard.press("Shift+ArrowLeft")
    seen.page.keyboard.press("Shift+ArrowUp")
    assert seen.query() == {"rows": ".....XG./.....X../B.S..X.H/.....X../........", "look": "1,7"}
    assert seen.page.evaluate("document.activeElement.ariaLabel") == "row 1, column 7: goal, 10"
    said = seen.figure.locator("output.sr-only").inner_text()
    assert said.startswith("row 1, column 7: goal, 10. V*. From the start V = 3.87")


# ---- the address


def test_a_state_comes_back_from_its_address(play):
    query = "rows=B.S.H/..XX./....G&discount=0.83&goal=12.5&bonus=3&pit=-4&step=-0.25&slip=0.15&sweeps=9&look=2,2"
    first = play(query)
    first.figure.get_by_text("Copy link").click()
    first.page.wait_for_function("document.querySelector('.explorable-note').textContent.includes('copied')")
    copied = first.page.evaluate("navigator.clipboard.readText()")
    assert urlsplit(copied).query == query
    second = play(urlsplit(copied).query)
    assert (second.board(), second.backup(), second.standing()) == (first.board(), first.backup(), first.standing())
    second.figure.get_by_text("Reset").click()
    assert second.query() == dict(parse_qsl(gridworld.USUAL))


@pytest.mark.parametrize(
    "query",
    [
        "rows=&discount=2",
        "rows=SS/G&discount=1&goal=-1&slip=NaN&sweeps=-1",
        "discount=&goal=,&step=9&pit=1&bonus=1e9&slip=abc&sweeps=1.5&look=9,9&look=x",
        "rows=%3Cb%3ES&look=1",
        "rows=S/////////",
        "rows=toString&look=0,0&sweeps=501",
        "look=1,2,3&look=",
        "%00&&&===",
    ],
)
def test_nonsense_in_the_address_is_ignored(play, query):
    usual, seen = play(), play(query)
    assert seen.board() == usual.board() and seen.backup() == usual.backup()
    assert seen.visit.faults == []


def test_links_with_a_state_need_no_loading_and_back_leads_back(play):
    seen = play()
    usual = seen.board()
    seen.page.evaluate("window.stays = true")
    seen.page.locator("article a", has_text="Walk along a cliff").click()
    assert seen.told(4, 2) == "pit, −10"
    seen.page.go_back()
    assert seen.board() == usual and seen.page.evaluate("window.stays")


# ---- what the page's text promises


def test_the_five_things_to_try_happen(play):
    seen = play()
    prose = " ".join(seen.page.locator("article").inner_text().split())

    def follow(text):
        seen.page.locator("article a", has_text=text).click()
        return seen.standing()

    def set_to(name, value):
        seen.control(f"{name}, exactly").fill(str(value))
        return seen.standing()

    assert "to the goal in 10 steps" in follow("Find the threshold") and "= 0.8178" in seen.standing()
    assert "to the bonus in 2 steps" in set_to("Discount", 0.81)
    set_to("Goal", 20)
    assert "(4/20)1/8 = 0.8178" in set_to("Bonus", 4), "doubled rewards tie where they did"
    follow("Find the threshold")
    seen.cell(3, 6).focus()
    seen.page.keyboard.press("Shift+ArrowRight")
    seen.page.keyboard.press("Shift+ArrowDown")
    assert "(2/10)1/4 = 0.6687" in seen.standing()
    seen.press("Reset")
    seen.cell(3, 1).focus()
    seen.page.keyboard.press("Shift+ArrowUp")
    assert "(2/10)1/7 = 0.7946" in seen.standing()

    follow("Carry the news")
    for _ in range(7):
        seen.press("One sweep")
    assert seen.value(1, 1) == 5.31 and "5.31, with 0.5 it is worth 0.16" in prose
    assert "optimal from sweep 6 on, the values right to 0.005 from sweep 15 on" in follow("let it slip")
    assert seen.value(1, 1) == 0 and all(seen.told(1, k).endswith("best: right") for k in range(1, 8))

    follow("Shorten the horizon")
    assert seen.value(1, 1) == 0.16 and seen.figure.get_by_text("1/(1 − γ) = 2 steps").count() == 1
    arrows = [seen.told(1, k).split(", ")[-1] for k in range(1, 8)]
    set_to("Discount", 0.9)
    assert seen.value(1, 1) == 5.31 and arrows == [seen.told(1, k).split(", ")[-1] for k in range(1, 8)]

    assert "to the goal in 9 steps" in follow("Walk along a cliff") and "V = 6.09" in seen.standing()
    assert "to the goal in 11 steps" in set_to("Slip", 0.02)
    set_to("Slip", 0.1)
    assert sum(seen.told(3, k).endswith("best: up") for k in range(1, 9)) == 6
    assert "to the goal in 11 steps" in set_to("Slip", 0.19)
    assert "best actions lead nowhere" in set_to("Slip", 0.2) and seen.told(4, 1).endswith("best: left")
    assert seen.backup()["left"][1].count("−10") == 0 and "0.1 (−10)" in seen.backup()["up"][1]

    assert "to the goal in 9 steps" in follow("Set a price on steps")
    assert "to the pit in 1 step." in set_to("Every step earns", -1.55)
    follow("steps that are paid")
    assert seen.told(1, 7).endswith("best: left, down or up") and seen.value(1, 1) == 11.5
    assert "to the goal in 7 steps" in set_to("Every step earns", 1.1)
    assert "no action is better" in set_to("Every step earns", 1.12)

    assert "V = 0.54; without a slip the best actions lead nowhere." in follow("frozen lake")
    assert seen.told(1, 1).endswith("best: left")
    assert seen.visit.faults == []


# ---- everywhere


def test_it_lives_beside_a_race_on_another_page(embedded, address):
    opened, first, second = embedded("gridworld", CLIFF, "rows=B.S....G")
    before, url = first.board(), opened.page.url
    second.cell(1, 3).focus()
    opened.page.keyboard.press("Shift+ArrowRight")
    opened.page.wait_for_timeout(550)
    assert first.board() == before and opened.page.url == url, "an embedded one leaves the address alone"
    link = second.figure.get_by_text("Open on its own page").get_attribute("href")
    assert link == f"{address}{PAGE}?rows=B..S...G"
    assert opened.faults == []


@pytest.mark.parametrize("width", [320, 390, 768, 1000])
@pytest.mark.parametrize("query", [LARGE, ""])
def test_it_fits_every_width(play, spilling, width, query):
    seen = play(query, width=width)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    cut = seen.figure.locator("[role=gridcell]").evaluate_all(
        """all => all.filter((cell) => {
          const ground = cell.querySelector(".gridworld-ground").getBoundingClientRect();
          return [...cell.querySelectorAll("text")].some((text) => text.getBoundingClientRect().width > ground.width);
        }).map((cell) => cell.ariaLabel)"""
    )
    assert not spilling(seen.figure, "thead") and not cut


def test_a_finger_drags_a_reward_and_targets_are_large_enough(phone, drag):
    targets = ".explorable :is(button, select, [type=range], [type=number], .gridworld-ground)"
    phone(f"{PAGE}?{LARGE}", targets)
    page = phone(PAGE, targets)
    goal = page.locator("[role=gridcell]").nth(15)
    page.locator(".gridworld-board").scroll_into_view_if_needed()
    box = goal.locator(".gridworld-ground").bounding_box()
    x, y, side = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"]
    scroll = page.evaluate("scrollY")
    drag(page, *((x - side * step / 4, y - side * step / 4) for step in range(5)))
    labels = page.locator("[role=gridcell]").evaluate_all("all => all.map((one) => one.ariaLabel)")
    assert labels[6] == "row 1, column 7: goal, 10" and page.evaluate("scrollY") == scroll
    page.touchscreen.tap(x - 6 * side, y)
    assert page.locator(".gridworld-heading").inner_text().startswith("Q at row 2, column 2")


@pytest.mark.parametrize("mode", [{}, {"dark": True}, {"width": 390}], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("query", ["", CLIFF + "&slip=0.1&sweeps=4&look=3,4", LARGE])
def test_it_is_accessible(play, violations, mode, query):
    seen = play(query, **mode)
    assert seen.visit.faults == [] and seen.visit.external == []
    assert not violations(seen.page, "figure.explorable")


CONTRAST = """(figure) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) =>
      v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  return [...figure.querySelectorAll(".gridworld-cell:not(.wall), .gridworld-q g")].map((cell) => {
    const [ground, ink] = ["rect, path", "text"].map((part) => light(getComputedStyle(cell.querySelector(part)).fill));
    return Math.max(ground, ink) / Math.min(ground, ink);
  });
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("query", ["", "rows=S.G/HBX&discount=0.99&step=-3", "rows=S.G/HBX&discount=0.99&step=2"])
def test_numbers_can_be_read_on_every_color(play, dark, query):
    assert min(play(query, dark=dark).figure.evaluate(CONTRAST)) >= 4.5


def test_nothing_moves_by_itself(play, stays):
    assert stays(play().figure)


def test_nothing_below_moves_as_the_pointer_goes_over_the_board(play):
    seen = play(CLIFF + "&slip=0.1")
    heights = set()
    for place in ((1, 1), (3, 2), (4, 2), (4, 8)):
        seen.page.mouse.move(*seen.middle(*place))
        heights.add(round(seen.figure.bounding_box()["height"]))
    assert len(heights) == 1


def test_a_change_is_drawn_within_a_few_frames(play, record_property):
    seen = play(LARGE)
    times = seen.control("Bonus").evaluate(
        """(range) => Array.from({ length: 30 }, (_, i) => {
          const before = performance.now();
          range.value = i / 2;
          range.dispatchEvent(new Event("input", { bubbles: true }));
          range.getBoundingClientRect();
          return performance.now() - before;
        })"""
    )
    record_property("milliseconds a change", round(sorted(times)[15], 1))
    fast = sorted(times)[3]  # others may be busy on this machine
    assert fast < 60, f"{fast:.0f} ms for 63 cells with a discount of 0.99; a frame is 17 ms"
