"""The race on the landing page: the same numbers as the library's, and still until the reader asks."""

import pytest
import torch

from proctor.site import figures

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WALKS = """async ([module, starts]) => {
  const [{ walk }, { valley }] = await Promise.all(["walk", "landing"].map((name) => import(`${module}/${name}.mjs`)));
  const race = JSON.parse(document.querySelector("figure.race").dataset.settings);
  const landscape = valley(race.shape);
  const points = (start, [name, settings]) => [name, walk(landscape, name, settings, { ...race, start }).points];
  const walks = (start) => Object.fromEntries(Object.entries(race.racers).map((racer) => points(start, racer)));
  return starts.map((start) => [landscape.gradient(start), walks(start)]);
}"""
STARTS = [figures.START, (-1.0, -1.2), (4.5, 1.0)]
POINTS = "() => [...document.querySelectorAll('.racer polyline')].map((line) => line.getAttribute('points'))"


def test_single_steps_and_whole_paths_are_the_librarys(visit, address):
    page = visit("book/index.html").page
    module = f"{address}_static/race"
    for start, (slope, walks) in zip(STARTS, page.evaluate(WALKS, [module, [list(s) for s in STARTS]]), strict=True):
        point = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        figures.valley(point).backward()
        torch.testing.assert_close(torch.tensor(slope, dtype=torch.float64), point.grad, rtol=1e-12, atol=1e-12)
        for name, expected in figures.walks(start=start).items():
            got = torch.tensor(walks[name], dtype=torch.float64)
            assert got.shape == expected.params.shape, f"{name} from {start}: another number of steps"
            # First steps to the last digits; whole paths less closely, since the valley contracts, but not exactly.
            torch.testing.assert_close(got[:4], expected.params[:4], rtol=1e-12, atol=1e-12)
            torch.testing.assert_close(got, expected.params, rtol=1e-8, atol=1e-8)


def test_nothing_moves_until_the_reader_starts_the_race(visit):
    page = visit("book/index.html").page
    before = page.evaluate(POINTS)
    page.wait_for_timeout(600)
    assert page.evaluate(POINTS) == before
    page.click(".race button")
    page.wait_for_timeout(400)
    assert page.evaluate(POINTS) != before
    assert all(len(line.split()) >= 2 for line in page.evaluate(POINTS))


def test_a_reader_who_prefers_stillness_gets_the_result_at_once(visit):
    page = visit("book/index.html", still=True).page
    before = page.evaluate(POINTS)
    page.locator(".race svg").click(position={"x": 60, "y": 40})
    page.wait_for_function("() => document.querySelector('.race output').textContent.includes('heavy ball: ')")
    after = page.evaluate(POINTS)
    assert after != before
    page.wait_for_timeout(300)
    assert page.evaluate(POINTS) == after


def test_the_still_picture_needs_no_script(scriptless):
    page = scriptless("book/index.html")
    assert page.locator(".racer polyline").count() == 3
    assert not page.locator(".race button").is_visible()


def test_the_picture_is_the_walk_that_it_says(visit):
    walks = figures.walks()
    page = visit("book/index.html").page
    told = page.locator(".race-legend b").all_inner_texts()
    assert told == [str(walk.steps) for walk in walks.values()]
    assert all(figures.valley(walk.params[-1]) <= figures.ARRIVED for walk in walks.values())


def test_each_racer_has_the_best_of_the_learning_rates():
    best = {name: (figures.STEPS + 2, 0.0) for name in figures.RACERS}
    for rate in figures.RATES:
        racers = {name: {**settings, "lr": rate} for name, settings in figures.RACERS.items()}
        for name, walk in figures.walks(racers=racers).items():
            best[name] = min(best[name], (walk.steps_to(figures.ARRIVED) or figures.STEPS + 1, rate))
    assert {name: rate for name, (_, rate) in best.items()} == {n: s["lr"] for n, s in figures.RACERS.items()}
