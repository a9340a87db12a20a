"""The site in a browser: it loads by itself, without a fault, in the light, in the dark and on a phone."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What axe-core finds in the theme's own templates; nothing here is in a page's text. See _config.yml for the theme.
THEME = {
    "region": "the theme puts its sidebar's logo outside the landmarks",
}
LINES = """() => {
  // Characters in each full line of prose: the boxes of a range tell where lines break.
  const counts = [];
  for (const p of document.querySelectorAll("article section > p")) {
    if (p.querySelector(".math, mjx-container, code")) continue;
    const range = document.createRange(), lines = new Map();
    for (const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT); walker.nextNode(); ) {
      const node = walker.currentNode;
      for (let i = 0; i < node.length; i++) {
        range.setStart(node, i); range.setEnd(node, i + 1);
        const y = Math.round(range.getBoundingClientRect().bottom);
        lines.set(y, (lines.get(y) ?? 0) + 1);
      }
    }
    counts.push(...[...lines.values()].slice(0, -1));
  }
  return counts.sort((a, b) => a - b);
}"""


@pytest.mark.parametrize("mode", ["light", "dark", "phone"])
def test_the_page_loads_alone_and_without_fault(look, page_name, mode):
    seen = look(page_name, mode)
    assert seen.external == [], "a request went elsewhere"
    assert seen.faults == []
    width = seen.page.evaluate("document.documentElement.scrollWidth")
    assert width <= (390 if mode == "phone" else 1380), "the page scrolls sideways"
    formulas = seen.page.locator("article .math").count()
    assert seen.page.locator("article .math mjx-container").count() >= formulas
    assert seen.page.locator("mjx-merror").count() == 0
    ground = seen.page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)"
    )
    assert (sum(ground) / 3 < 80) == (mode == "dark")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_page_is_accessible(look, violations, page_name, mode):
    found = violations(look(page_name, mode).page)
    assert not {rule: where for rule, where in found.items() if rule not in THEME}


def test_a_line_has_at_most_75_characters(look, page_name):
    counts = look(page_name, "light").page.evaluate(LINES)
    if counts:  # a page that is all tables has no full line of prose
        assert counts[len(counts) // 2] <= 75, f"median {counts[len(counts) // 2]}"
        assert counts[-1] <= 82, "a line of narrow letters may be longer, not by much"


def test_the_weight_of_the_page_is_recorded_and_bounded(look, page_name, record_property):
    weight = look(page_name, "light").bytes
    record_property(f"bytes: {page_name}", weight)
    assert weight < 6_000_000


def test_the_entrance_leads_to_the_first_page(visit):
    seen = visit("index.html")
    seen.page.wait_for_url("**/book/index.html")
    assert seen.page.title().startswith("Out of the Ravine")


def test_search_finds_a_word_of_a_chapter(visit):
    seen = visit("search.html?q=gradient")
    results = seen.page.locator("#search-results li")
    results.first.wait_for()
    assert "gradient" in " ".join(results.all_inner_texts()).lower()
    assert seen.page.locator('#search-results a[href*="optimization/gradient-descent"]').count()


def test_search_says_so_when_there_is_nothing(visit):
    seen = visit("search.html?q=xyzzyxyzzy")
    seen.page.wait_for_function(
        "() => /did not match|0 page/i.test(document.querySelector('#search-results').innerText)"
    )
    assert seen.page.locator("#search-results li").count() == 0


def test_copy_buttons_copy_the_code(visit):
    page = visit("book/optimization/gradient-descent.html").page
    block = page.locator("div.highlight:visible").first
    block.hover()
    block.locator("button.copybtn").click()
    page.wait_for_timeout(100)
    assert page.evaluate("navigator.clipboard.readText()").strip() == block.locator("pre").inner_text().strip()
    assert page.locator("div.highlight pre").count() == page.locator("button.copybtn").count()


def test_the_reader_can_switch_to_the_dark(visit):
    page = visit("book/notation.html").page
    theme = "document.documentElement.dataset.theme"
    button = page.locator("button.theme-switch-button:visible").first
    seen = {page.evaluate(theme)}
    for _ in range(3):
        button.click()
        seen.add(page.evaluate(theme))
    assert {"light", "dark"} <= seen


def test_a_missing_page_leads_home(browser, address):
    page = browser.new_page()
    response = page.goto(address + "book/no/such/page.html")
    assert response.status == 404
    page.click("#home")
    page.wait_for_url("**/book/index.html")
    page.close()


def test_folded_answers_open(visit):
    page = visit("book/optimization/gradient-descent.html").page
    folded = page.locator("article details:not([open]) > summary, article .toggle-button:visible")
    assert folded.count()
    page.locator("article details:not([open])").first.evaluate("node => node.querySelector('summary').click()")
    assert page.locator("article details[open]").count()
