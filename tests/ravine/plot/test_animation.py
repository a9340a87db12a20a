"""The animated path: self-contained, honest about the numbers, usable by keyboard, still until asked."""

import html.parser
import json
import os
import re
import shutil

import numpy as np
import pytest
import torch

from ravine import landscapes
from ravine.descent import descend
from ravine.gradient_descent import GradientDescent
from ravine.plot import COLORS, animate
from ravine.plot.animation import MOST_FRAMES, MOST_POINTS

VALLEY = landscapes.quadratic()
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def walks(steps=120):
    return {
        "gradient descent": descend(VALLEY, GradientDescent, steps=steps, lr=2 / 101),
        "heavy ball": descend(VALLEY, torch.optim.SGD, steps=steps, until=1e-3, lr=0.01, momentum=0.8),
    }


def data_of(shown):
    return json.loads(re.search(r'\)\("walk-[0-9a-f]+-\d+",(\{.*\})\)</script>', shown.data)[1])


def plane(points, shown):
    """Turn pixels of the drawing back into points of the plane, by the drawing's own size."""
    width, height = (float(n) for n in re.search(r'viewBox="0 0 (\d+) (\d+)" role', shown.data).groups())
    (left, right), (bottom, top) = VALLEY.window
    scale = (right - left) / width
    pixels = np.array(points).reshape(-1, 2)
    return np.stack([left + pixels[:, 0] * scale, (top + bottom) / 2 + (height / 2 - pixels[:, 1]) * scale], 1)


def test_points_and_losses_are_those_of_the_paths():
    given = walks()
    shown = animate(VALLEY, given)
    data = data_of(shown)
    assert data["frames"] == list(range(121))
    for walk, path in zip(data["walks"], given.values(), strict=True):
        np.testing.assert_allclose(plane(walk["points"], shown), path.params.numpy(), atol=0.005)
        assert float(walk["losses"][10]) == pytest.approx(path.losses[10].item(), rel=0.01)
        assert float(walk["losses"][-1]) == pytest.approx(path.losses[-1].item(), rel=0.01)


@pytest.mark.parametrize("steps", [1, 399, 401, 2001, 5003])
def test_long_paths_are_thinned_and_keep_their_ends(steps):
    path = descend(VALLEY, GradientDescent, steps=steps, lr=1e-3)
    shown = animate(VALLEY, {"gradient descent": path})
    data = data_of(shown)
    assert data["frames"][0] == 0
    assert data["frames"][-1] == steps
    assert data["frames"] == sorted(set(data["frames"]))
    assert len(data["frames"]) <= MOST_FRAMES + 1
    (walk,) = data["walks"]
    assert len(walk["points"]) // 2 <= MOST_POINTS + 1
    assert len(walk["points"]) // 2 == -(-steps // data["stride"]) + 1
    np.testing.assert_allclose(plane(walk["points"], shown)[-1], path.params[-1].numpy(), atol=0.02)


def test_asks_the_network_for_nothing():
    shown = animate(VALLEY, walks()).data
    assert not re.search(r"https?:|//|\bsrc=|\bhref=|@import|url\(", shown)


def test_colors_are_variables_with_the_same_fallback():
    shown = animate(VALLEY, {**walks(), "mine": walks()["heavy ball"]}).data
    assert f"stroke:var(--color-gradient-descent,{COLORS['gradient descent']})" in shown
    assert f"fill:var(--color-heavy-ball,{COLORS['heavy ball']})" in shown
    assert 'stroke="currentColor"' in shown
    assert re.search(r"stroke:#[0-9A-F]{6}", shown), "a label of no idea has a plain color"


def test_ids_are_unique():
    one, two = (re.search(r'<div id="([^"]+)"', animate(VALLEY, walks()).data)[1] for _ in range(2))
    assert one != two


def test_html_is_well_formed_and_labels_are_escaped():
    shown = animate(VALLEY, {"</script><b>": walks()["heavy ball"]}).data
    assert "<b>" not in shown
    assert shown.count("</script>") == 1
    stack = []

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag != "input":
                stack.append(tag)

        def handle_endtag(self, tag):
            assert stack.pop() == tag

    Parser().feed(re.sub(r"<(path|circle|polyline)([^>]*)/>", r"<\1\2></\1>", shown))
    assert stack == []


def test_runaway_path_can_be_shown():
    path = descend(VALLEY, GradientDescent, steps=3000, lr=0.03)
    data = data_of(animate(VALLEY, {"gradient descent": path}))
    assert data["walks"][0]["losses"][-1] == "inf"


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="no path"):
        animate(VALLEY, {})


@pytest.fixture(scope="module")
def browser():
    from playwright import sync_api

    assert CHROMIUM, "this test needs Chromium: `make system`, install it, or set CHROMIUM to its path"
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser):
    opened = []

    def open_page(content, **options):
        context = browser.new_context(**options)
        page = context.new_page()
        page.errors, page.requests = [], []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.set_content(f"<!doctype html><title>test</title><main>{content}</main>")
        opened.append((context, page))
        return page

    yield open_page
    for context, page in opened:
        assert page.errors == []
        assert page.requests == []
        context.close()


def drawn_points(page):
    return page.locator("polyline").first.get_attribute("points").count(" ") // 2 + 1


@pytest.mark.browser
def test_slider_and_keyboard_show_each_step(open_page):
    shown = animate(VALLEY, walks())
    data = data_of(shown)
    page = open_page(shown.data)
    slider, step = page.locator("input"), page.locator(".controls output")
    assert step.inner_text() == "120"
    slider.focus()
    page.keyboard.press("Home")
    assert (step.inner_text(), drawn_points(page)) == ("0", 1)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert step.inner_text() == "3"
    assert slider.get_attribute("aria-valuetext") == "step 3"
    assert page.locator("polyline").first.get_attribute("points") == " ".join(
        f"{number:g}" for number in data["walks"][0]["points"][:8]
    )
    assert page.locator(".losses output").first.inner_text() == data["walks"][0]["losses"][3]
    assert page.locator(".end").first.get_attribute("cx") == f"{data['walks'][0]['points'][6]:g}"
    page.keyboard.press("End")
    assert step.inner_text() == "120"


@pytest.mark.browser
def test_plays_when_asked_and_pauses(open_page):
    page = open_page(animate(VALLEY, walks()).data)
    before = drawn_points(page)
    page.wait_for_timeout(300)
    assert drawn_points(page) == before == 121, "nothing moves before the reader asks"
    button = page.get_by_role("button", name="Play")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.controls output').value > 2")
    pause = page.get_by_role("button", name="Pause")
    pause.press("Space")
    paused = drawn_points(page)
    assert 2 < paused < 121
    page.wait_for_timeout(300)
    assert drawn_points(page) == paused


@pytest.mark.browser
def test_plays_to_the_end_and_again(open_page):
    page = open_page(animate(VALLEY, walks(steps=5)).data)
    for _ in range(2):
        page.get_by_role("button", name="Play").click()
        page.get_by_role("button", name="Pause").wait_for()
        page.get_by_role("button", name="Play").wait_for()
        assert drawn_points(page) == 6


@pytest.mark.browser
def test_reduced_motion_is_respected(open_page):
    page = open_page(animate(VALLEY, walks()).data, reduced_motion="reduce")
    page.locator("input").fill("3")
    page.get_by_role("button", name="Play").click()
    assert drawn_points(page) == 121, "the end at once"
    assert page.get_by_role("button", name="Play").is_visible()


@pytest.mark.browser
def test_without_scripts_it_is_a_picture(open_page):
    page = open_page(animate(VALLEY, walks()).data, java_script_enabled=False)
    assert not page.locator("button").is_visible()
    assert page.get_by_role("img").first.is_visible()
    assert "loss" in page.get_by_role("img").first.get_attribute("aria-label")


@pytest.mark.browser
def test_two_on_a_page_do_not_meet(open_page):
    page = open_page(animate(VALLEY, walks()).data + animate(VALLEY, walks()).data)
    page.locator("input").first.fill("3")
    assert page.locator(".controls output").all_inner_texts() == ["3", "120"]
