"""The race as an explorable: its numbers are the library's, and every control does what the page says."""

import math
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
import torch

from proctor.site import race, race_figure
from ravine.descent import descend

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = race_figure.PAGE + ".html"
ALL = "methods=" + ",".join(map(race.slug, race.METHODS))
PAIRS = [(where, method) for where in race.TITLES for method in race.METHODS]
# Other settings than the defaults: the learning rate is a third of the default one.
CHANGED = {"beta": 0.5, "beta2": 0.9, "weight_decay": 0.1}

# Follow a recorded path: step from each of its points, with the memory that the steps before have left.
FOLLOW = """async ([modules, walks]) => {
  const [{ LANDSCAPES }, { begin, step }] = await Promise.all(
    ["landscapes", "walk"].map((name) => import(`${modules}/${name}.mjs`)));
  return walks.map(({ where, method, settings, points }) => {
    let state = begin(points[0]);
    const next = points.slice(0, -1).map((point, t) => {
      state = state.map(([, ...memory], i) => [point[i], ...memory]);
      state = step(method, state, LANDSCAPES[where].gradient(point), settings, t + 1);
      return state.map(([w]) => w);
    });
    return { next, losses: points.map(LANDSCAPES[where].loss), slopes: points.map(LANDSCAPES[where].gradient) };
  });
}"""
WALK = """async ([modules, walks]) => {
  const [{ LANDSCAPES }, { walk }] = await Promise.all(
    ["landscapes", "walk"].map((name) => import(`${modules}/${name}.mjs`)));
  return walks.map(({ where, method, settings, race }) => walk(LANDSCAPES[where], method, settings, race));
}"""
# For each landscape and method, the rate of the grid with the lowest mean of log loss over nine starts.
TUNE = """async ([modules, facts, grid, reach]) => {
  const [{ LANDSCAPES }, { isBeyond, walk }] = await Promise.all(
    ["landscapes", "walk"].map((name) => import(`${modules}/${name}.mjs`)));
  const area = (losses) => {
    let sum = 0;
    for (const loss of losses) sum += Math.log10(Math.max(loss, facts.arrived) / facts.arrived);
    return sum;
  };
  const best = {};
  for (const [where, { window, start }] of Object.entries(facts.landscapes)) {
    const nine = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) =>
      [i, j].map((k, axis) => start[axis] + 0.04 * k * (window[axis][1] - window[axis][0]))));
    for (const [method, { settings, fixed }] of Object.entries(facts.methods)) {
      const cost = (lr) => {
        let sum = 0;
        for (const one of nine) {
          const race = { start: one, steps: facts.steps, arrived: facts.arrived, window };
          const { points, losses } = walk(LANDSCAPES[where], method, { ...settings, ...fixed, lr }, race);
          if (points.some((point) => isBeyond(point, window, reach))) return Infinity;
          sum += area(losses);
        }
        return sum;
      };
      const costs = grid.map(cost);
      (best[where] ??= {})[method] = grid[costs.indexOf(Math.min(...costs))];
    }
  }
  return best;
}"""
PATHS = """(figure) => Object.fromEntries([...figure.querySelectorAll(".explorable-map .explorable-path")].map(
  (path) => [path.dataset.method, path.querySelector("path").getAttribute("d")]))"""


class Played:
    """An explorable in a page, by what a reader sees and does."""

    def __init__(self, visit, index: int = 0):
        self.visit, self.page, self.query = visit, visit.page, visit.query
        self.figure = self.page.locator("figure.explorable[data-ready]").nth(index)
        self.map = self.figure.locator(".explorable-map")

    def paths(self) -> dict[str, str]:
        """The drawn paths, by method."""
        return self.figure.evaluate(PATHS)

    def standing(self) -> dict[str, str]:
        """What the list says of each method that is switched on."""
        rows = self.figure.locator(".explorable-methods li")
        told = rows.evaluate_all("all => all.map((row) => [row.dataset.method, row.lastChild.textContent])")
        return {name: text for name, text in told if text}

    def control(self, label: str):
        """A native control by its label."""
        return self.figure.get_by_label(label, exact=True)


def recorded(where: str, method: str, settings: dict):
    """A path of the library, its settings complete by the page's names, in plain numbers."""
    rule, hyperparameters = race.optimizer(method, settings)
    path = descend(race.landscape(where), rule, steps=race.STEPS, until=race.ARRIVED, **hyperparameters)
    finite = path.params[torch.isfinite(path.params).all(-1)]
    return {
        "where": where,
        "method": method,
        "settings": {**race.METHODS[method].fixed, **settings},
        "points": finite.tolist(),
    }


# ---- the numbers


@pytest.mark.parametrize("changed", [False, True], ids=["defaults", "changed"])
def test_single_steps_are_the_librarys_along_every_path(play, address, changed):
    walks = []
    for where, method in PAIRS:
        settings = {"lr": race.rate(where, method), **race.METHODS[method].settings}
        if changed:
            settings = {name: CHANGED.get(name, value / 3) for name, value in settings.items()}
        walks.append(recorded(where, method, settings))
    got = play().page.evaluate(FOLLOW, [f"{address}_static/race", walks])
    for walk, followed in zip(walks, got, strict=True):
        points = torch.tensor(walk["points"], dtype=torch.float64)
        landscape, name = race.landscape(walk["where"]), f"{walk['method']} on {walk['where']}"
        for what, ours, theirs in (
            ("step", followed["next"], points[1:]),
            ("loss", followed["losses"], landscape(points)),
            ("gradient", followed["slopes"], landscape.gradient(points)),
        ):
            ours = torch.tensor(ours, dtype=torch.float64)
            scale = 1 if what == "step" else theirs.abs().max().clamp(min=1).item()  # a sum of large terms may be small
            torch.testing.assert_close(
                ours, theirs, rtol=1e-12, atol=1e-12 * scale, msg=lambda m, w=what, n=name: f"{w}: {n}: {m}"
            )


# Where neighboring paths come together, rounding does not grow, and the whole path can be compared.
CONTRACTING = [
    *(
        ("quadratic", method, {})
        for method in ("gradient descent", "heavy ball", "Nesterov", "AdaGrad", "Adam", "AdamW")
    ),
    *(("turned quadratic", method, {}) for method in ("gradient descent", "heavy ball", "Nesterov", "AdaGrad")),
    *(("beale", method, {}) for method in ("gradient descent", "heavy ball", "Nesterov", "Adam")),
    ("himmelblau", "gradient descent", {}),
    ("saddle", "gradient descent", {"lr": 0.05}),
    ("quadratic", "heavy ball", {"lr": 4 / 121, "beta": 81 / 121}),
    ("quadratic", "RMSprop", {"lr": 0.1}),
    ("quadratic", "AdaDelta", {"lr": 10.0}),
    ("rosenbrock", "gradient descent", {"lr": 0.001}),
]
DIVERGING = [
    ("quadratic", "gradient descent", {"lr": 0.0202}),
    ("quadratic", "gradient descent", {"lr": 0.05}),
    ("quadratic", "heavy ball", {"lr": 0.0385}),
    ("quadratic", "heavy ball", {"lr": 1.0, "beta": 0.99}),
    ("quadratic", "Nesterov", {"lr": 0.03}),
    ("turned quadratic", "gradient descent", {"lr": 0.0202}),
    ("rosenbrock", "gradient descent", {"lr": 0.01}),
    ("beale", "gradient descent", {"lr": 0.2}),
    ("himmelblau", "heavy ball", {"lr": 0.2}),
    ("saddle", "gradient descent", {"lr": 3.0}),
    ("quadratic", "AdaGrad", {"lr": 500.0}),
    ("quadratic", "Adam", {"lr": 300.0}),
]


def settled(where: str, method: str, changed: dict) -> dict:
    """All settings of a method, the defaults with some changed."""
    return {"lr": race.rate(where, method), **race.METHODS[method].settings, **changed}


def test_whole_paths_and_the_step_of_leaving_are_the_librarys(play, address):
    walks = []
    for where, method, changed in (*CONTRACTING, *DIVERGING):
        landscape = race.landscape(where)
        rule = {"steps": race.STEPS, "arrived": race.ARRIVED, "start": landscape.start}
        settings = {**race.METHODS[method].fixed, **settled(where, method, changed)}
        walks.append(
            {"where": where, "method": method, "settings": settings, "race": {**rule, "window": landscape.window}}
        )
    got = play().page.evaluate(WALK, [f"{address}_static/race", walks])
    for number, ((where, method, changed), ours) in enumerate(zip((*CONTRACTING, *DIVERGING), got, strict=True)):
        points, losses, words = race.walk(where, method, settled(where, method, changed))
        name = f"{method} on {where}, {changed}"
        if number < len(CONTRACTING):
            assert ours["end"] != "left" and len(ours["points"]) == len(points), name
            for mine, theirs in ((ours["points"], points), (ours["losses"], losses)):
                mine, theirs = torch.tensor(mine, dtype=torch.float64), torch.tensor(theirs, dtype=torch.float64)
                torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}")
        else:
            assert words == f"left the window at step {ours['at']}" and ours["end"] == "left", name
            assert len(ours["points"]) == len(points), f"{name}: gone at another step"


def test_each_method_has_the_best_of_the_learning_rates(play, address):
    facts = race.facts()
    best = play().page.evaluate(TUNE, [f"{address}_static/race", facts, list(race.GRID), race.REACH])
    for where, rates in best.items():
        rates["AdamW"] = rates["Adam"]
        assert rates == facts["landscapes"][where]["rates"], where
        assert all(race.GRID[0] < rate < race.GRID[-1] for rate in rates.values()), "a best at the edge"


def test_the_still_picture_and_the_live_one_tell_the_same(scriptless, play):
    page = scriptless(PAGE)
    told = dict(zip(*(page.locator(f".explorable-told {part}").all_inner_texts() for part in ("b", "li")), strict=True))
    assert page.locator(".explorable button, .explorable input").count() == 0
    assert page.locator(".explorable-map .explorable-path").count() == len(told) == 3
    assert {name: f"{name} {text}" for name, text in play().standing().items()} == told


# ---- the controls


def test_dragging_a_slider_moves_the_path_the_curve_and_the_count(play):
    seen = play("landscape=quadratic&methods=gradient-descent,heavy-ball&heavy-ball.lr=0.01")
    before, told = seen.paths(), seen.standing()
    curve = seen.figure.locator(".explorable-chart").inner_html()
    slider = seen.control("Momentum β")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    seen.page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2, steps=4)
    during = seen.paths()
    seen.page.mouse.up()
    assert during["heavy ball"] != before["heavy ball"], "the picture follows while the slider is held"
    assert during["gradient descent"] == before["gradient descent"], "another method's path moved"
    assert seen.standing()["heavy ball"] != told["heavy ball"]
    assert seen.figure.locator(".explorable-chart").inner_html() != curve
    beta = float(seen.query()["heavy-ball.beta"])
    assert seen.control("Momentum β, exactly").input_value() == f"{beta:g}" and 0.95 < beta < 0.999


def test_every_setting_of_every_method_changes_its_path(play):
    seen = play(f"landscape=rosenbrock&{ALL}")
    for method, entry in race.METHODS.items():
        seen.control("Settings of").select_option(method)
        for label in ("Learning rate η", *entry.labels.values()):
            before = seen.paths()
            seen.control(label).press("PageUp" if label == "Weight decay λ" else "PageDown")
            changed = {name for name, path in seen.paths().items() if path != before[name]}
            assert changed == {method}, f"{method}: {label}"


def test_an_exact_value_can_be_typed_and_a_wrong_one_is_ignored(play):
    seen = play("landscape=quadratic&methods=gradient-descent&gradient-descent.lr=0.0202")
    assert seen.standing()["gradient descent"] == "left the window at step 14"
    field = seen.control("Learning rate η, exactly")
    field.fill("0.0198")
    assert seen.standing()["gradient descent"].startswith("loss 0.0019 ")
    field.fill("-1")
    assert seen.standing()["gradient descent"].startswith("loss 0.0019 ")
    assert seen.query()["gradient-descent.lr"] == "0.0198"


def test_clicking_and_dragging_in_the_picture_drop_the_balls(play):
    seen = play("landscape=himmelblau&methods=gradient-descent,adam")
    paths = [seen.paths()]
    box = seen.map.bounding_box()
    seen.map.click(position={"x": 0.6 * box["width"], "y": 0.3 * box["height"]})
    paths.append(seen.paths())
    seen.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"], steps=3)
    paths.append(seen.paths())
    seen.page.mouse.up()
    assert all(len({one[name] for one in paths}) == 3 for name in ("gradient descent", "Adam"))
    x, y = map(float, seen.query()["start"].split(","))
    assert x == pytest.approx((0.3 - 0.5) * 1.9 * 11, abs=0.05) and y == pytest.approx(0.1 * 11, abs=0.05)
    first = seen.paths()["Adam"].removeprefix("M").split("L")[0].split(",")
    assert float(first[0]) == pytest.approx(0.3 * box["width"], abs=3)


def test_everything_can_be_done_by_keyboard(play):
    seen = play("landscape=quadratic&methods=gradient-descent,heavy-ball")
    seen.control("Landscape").focus()
    reached = []
    for _ in range(40):
        reached.append(seen.page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
        seen.page.keyboard.press("Tab")
    for part in (
        "explorable-map",
        "explorable-play",
        'type="range"',
        'type="checkbox"',
        'type="number"',
        "Copy link",
        "Reset",
    ):
        assert any(part in element for element in reached), f"Tab does not lead to {part}"

    before = seen.paths()
    seen.map.focus()
    scroll = seen.page.evaluate("scrollY")
    seen.page.keyboard.press("ArrowRight")
    moved = seen.paths()
    seen.page.keyboard.press("Shift+ArrowDown")
    assert before != moved != seen.paths() and seen.page.evaluate("scrollY") == scroll
    assert seen.query()["start"] == "-8.87,1.85"
    assert "start (-8.87, 1.85)" in seen.figure.locator("output.sr-only").inner_text()
    assert "start (-8.87, 1.85)" in seen.map.get_attribute("aria-label")

    seen.control("Adam").press("Space")
    assert set(seen.paths()) == {"gradient descent", "heavy ball", "Adam"}
    seen.control("heavy ball").press("Space")
    assert set(seen.paths()) == {"gradient descent", "Adam"}
    seen.control("Step").press("Home")
    assert all(text.endswith("at step 0") for text in seen.standing().values())
    for _ in range(7):
        seen.control("Step").press("ArrowRight")
    assert all(text.endswith("at step 7") for text in seen.standing().values())
    assert all(path.count("L") == 7 for path in seen.paths().values())
    seen.control("Landscape").select_option("saddle")
    assert seen.query()["landscape"] == "saddle" and "start" not in seen.query()


def test_switching_all_off_leaves_an_empty_picture(play):
    seen = play("landscape=beale&methods=adam")
    seen.control("Adam").uncheck()
    assert seen.paths() == {} == seen.standing()
    assert not seen.figure.locator(".explorable-settings").is_visible()
    seen.control("Nesterov").check()
    assert set(seen.paths()) == {"Nesterov"} and seen.control("Settings of").input_value() == "Nesterov"
    assert seen.visit.faults == []


# ---- time


def test_nothing_moves_until_play_and_play_can_be_stopped(play):
    seen = play("landscape=quadratic&methods=gradient-descent,adam")
    still = seen.paths()
    seen.page.wait_for_timeout(500)
    assert seen.paths() == still
    play = seen.figure.locator(".explorable-play")
    play.click()
    seen.page.wait_for_timeout(500)
    first = seen.paths()
    seen.page.wait_for_timeout(200)
    assert first != still and seen.paths() != first
    play.click()
    stopped = seen.paths()
    seen.page.wait_for_timeout(300)
    assert seen.paths() == stopped and play.inner_text() == "Play"
    assert 0 < int(seen.query()["step"]) < 200


def test_a_short_race_plays_to_its_end(play):
    seen = play("landscape=quadratic&methods=adagrad")
    told, drawn = seen.standing(), seen.paths()
    seen.figure.locator(".explorable-play").click()
    seen.page.wait_for_function("document.querySelector('.explorable-play').textContent === 'Play'", timeout=8000)
    assert (seen.standing(), seen.paths()) == (told, drawn)


def test_a_reader_who_prefers_stillness_is_offered_no_motion(play):
    seen = play(still=True)
    assert not seen.figure.locator(".explorable-play").is_visible()
    seen.control("Step").press("Home")
    assert all(text.endswith("at step 0") for text in seen.standing().values())


# ---- the address


def test_a_state_comes_back_from_its_address(play):
    query = (
        "landscape=turned-quadratic&methods=heavy-ball,adamw&start=-5.5,-2&step=12"
        "&heavy-ball.lr=0.0123&heavy-ball.beta=0.85&adamw.weight_decay=0.2"
    )
    first = play(query)
    assert set(first.paths()) == {"heavy ball", "AdamW"}
    first.figure.get_by_text("Copy link").click()
    first.page.wait_for_function("document.querySelector('.explorable-note').textContent.includes('copied')")
    copied = first.page.evaluate("navigator.clipboard.readText()")
    assert urlsplit(copied).query == query
    second = play(urlsplit(copied).query)
    assert (second.paths(), second.standing()) == (first.paths(), first.standing())
    assert second.control("Momentum β, exactly").input_value() == "0.85"
    second.figure.get_by_text("Reset").click()
    assert set(second.paths()) == {"gradient descent", "heavy ball", "Adam"}


@pytest.mark.parametrize(
    "query",
    [
        "landscape=alps&methods=lion,%3Cscript%3E&start=1e9,0&step=-4",
        "start=,&step=&adam.lr=&adam=3&.lr=1&adam.toString=1&__proto__.lr=1",
        "adam.lr=1e99&adam.beta=1&heavy-ball.beta=-0.1&gradient-descent.lr=NaN&heavy-ball.weight_decay=0.1",
        "start=1,2,3&step=2.5&step=3000&landscape=&methods=",
        "%00&&&===",
    ],
)
def test_nonsense_in_the_address_is_ignored(play, query):
    usual, seen = play(), play(query)
    assert seen.standing() == usual.standing() and seen.paths() == usual.paths()
    assert seen.visit.faults == []


def test_links_with_a_state_need_no_loading_and_back_leads_back(play):
    seen = play()
    usual = seen.standing()
    seen.page.evaluate("window.stays = true")
    seen.page.locator("article a", has_text="Balance on the saddle").click()
    assert set(seen.standing().values()) == {"loss 1 at step 300"}
    assert seen.page.evaluate("window.stays && document.activeElement.classList.contains('explorable-map')")
    seen.page.go_back()
    assert seen.standing() == usual and seen.page.evaluate("window.stays")


# ---- what the page's text promises


def test_the_five_things_to_try_happen(play):
    seen = play()

    def follow(text):
        seen.page.locator("article a", has_text=text).click()
        return seen.standing()

    prose = " ".join(seen.page.locator("article").inner_text().replace("'", "’").split())
    told = follow("Cure the zigzag")
    arrived = {"gradient descent": 296, "heavy ball": 84, "Nesterov": 24}
    assert told == {name: f"arrived at step {step}" for name, step in arrived.items()}
    assert "needs 296 steps, the heavy ball 84, Nesterov’s method 24" in prose
    swings = {name: race.walk("quadratic", name, settled("quadratic", name, {}))[0][3:] for name in arrived}
    height = {name: max(abs(y) for _, y in points) for name, points in swings.items()}
    assert height["Nesterov"] < 0.02 < 1.5 < height["heavy ball"], height
    seen.control("Momentum β").press("Home")
    assert seen.standing()["heavy ball"] == race.walk("quadratic", "gradient descent", {"lr": 0.00631})[-1]
    assert follow("the rate and momentum")["heavy ball"] == "arrived at step 47" and "after 47 steps" in prose
    points, *_ = race.walk("quadratic", "heavy ball", {"lr": 0.033, "beta": 0.67})
    assert max(abs(y) for _, y in points) > 2 * 3.25, "it swings far out of the picture"

    told = follow("Walk along the edge")
    assert told["gradient descent"].startswith("left") and told["heavy ball"].startswith("arrived")
    seen.control("Learning rate η, exactly").fill("0.0198")
    assert not seen.standing()["gradient descent"].startswith("left")
    seen.control("Settings of").select_option("heavy ball")
    seen.control("Learning rate η, exactly").fill("0.0385")
    assert seen.standing()["heavy ball"].startswith("left")

    turned, along = follow("Turn the ravine"), follow("this ravine")
    assert (along["AdaGrad"], along["RMSprop"]) == ("arrived at step 6", "arrived at step 17")
    assert "AdaGrad arrives in 6 steps and RMSprop in 17" in prose
    assert all(turned[name].endswith("at step 300") for name in ("AdaGrad", "RMSprop"))
    assert all(turned[name] == along[name] and "arrived" in turned[name] for name in ("heavy ball", "Nesterov"))

    told = follow("Wait for it to settle")
    assert told["RMSprop"] == "loss 0.25 at step 300" and "stops near 0.25" in prose
    seen.control("Learning rate η, exactly").fill("0.05")
    loss = float(seen.standing()["RMSprop"].split()[1])
    assert 0.06 < loss < 0.075 and "stops near 0.07" in prose
    points, *_ = race.walk("turned quadratic", "RMSprop", {"lr": 0.1, "beta": 0.9})
    sides = [math.copysign(1, y - x) for x, y in points[-20:]]
    assert all(a != b for a, b in pairwise(sides)), "it hops from wall to wall"

    assert set(follow("Balance on the saddle").values()) == {"loss 1 at step 300"}
    seen.map.press("ArrowUp")
    assert len(seen.standing()) == 3 and all(text.startswith("arrived") for text in seen.standing().values())


# ---- everywhere


def test_two_on_another_page_live_side_by_side(embedded, address):
    queries = ("landscape=saddle&methods=adam", "landscape=quadratic&methods=heavy-ball")
    opened, first, second = embedded("race", *queries)
    assert [set(one.paths()) for one in (first, second)] == [{"Adam"}, {"heavy ball"}]
    before, url = first.paths(), opened.page.url
    second.control("Momentum β, exactly").fill("0.5")
    second.map.focus()
    opened.page.keyboard.press("ArrowLeft")
    opened.page.wait_for_timeout(550)
    assert first.paths() == before and opened.page.url == url, "an embedded race leaves the address alone"
    link = second.figure.get_by_text("Open on its own page").get_attribute("href")
    assert link == f"{address}{PAGE}?{queries[1]}&start=-9.13,2.5&heavy-ball.beta=0.5"
    assert opened.faults == []


@pytest.mark.parametrize("width", [320, 390, 768, 1000])
def test_it_fits_every_width_with_everything_on(play, spilling, width):
    seen = play(f"landscape=rosenbrock&{ALL}&adamw.weight_decay=0.1", width=width)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert not spilling(seen.figure)


def test_a_finger_taps_and_drags_the_start(phone):
    page = phone(f"{PAGE}?landscape=himmelblau&methods=adam", ".explorable :is(button, select, input[type=range])")
    before = page.locator("figure.explorable").evaluate(PATHS)
    page.locator(".explorable-map").tap(position={"x": 80, "y": 90})
    assert page.locator("figure.explorable").evaluate(PATHS) != before


@pytest.mark.parametrize("mode", [{}, {"dark": True}, {"width": 390}], ids=["light", "dark", "phone"])
def test_it_is_accessible_with_everything_on(play, violations, mode):
    seen = play(f"landscape=beale&{ALL}&adamw.lr=1", **mode)
    assert seen.visit.faults == [] and seen.visit.external == []
    assert not violations(seen.page, "figure.explorable")


def test_a_change_is_drawn_within_a_few_frames(play, record_property):
    seen = play(f"landscape=rosenbrock&{ALL}")
    times = seen.control("Learning rate η").evaluate(
        """(range) => Array.from({ length: 30 }, (_, i) => {
          const before = performance.now();
          range.value = -3 + i / 100;
          range.dispatchEvent(new Event("input", { bubbles: true }));
          range.getBoundingClientRect();
          return performance.now() - before;
        })"""
    )
    record_property("milliseconds a change", round(sorted(times)[15], 1))
    assert sorted(times)[15] < 60, f"{sorted(times)[15]:.0f} ms, eight methods of 300 steps; a frame is 17 ms"
