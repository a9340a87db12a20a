"""What the tests of the book share: the chapters' sources, the built site, a server, and a browser."""

import re
import shutil
import threading
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from proctor import executed, serve
from proctor.build import HTML, toc_sources

ROOT = Path(__file__).parents[2]
OPEN_PAGES = 6
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
EMBED = """async ([scripts, figures]) => {
  document.querySelector("article section").insertAdjacentHTML("beforeend", figures.join(""));
  for (const script of scripts) await import(script);
}"""


def pytest_generate_tests(metafunc):
    """Run a test once for each chapter (``chapter``) or for each page of the site (``page_name``) that it asks for."""
    pages = toc_sources(ROOT)
    if "chapter" in metafunc.fixturenames:
        parts = [path for path in pages if path.is_relative_to(ROOT / "book") and path.parent != ROOT / "book"]
        chapters = [path for path in parts if executed.is_notebook(path)]
        metafunc.parametrize("chapter", chapters, ids=lambda path: path.stem)
    if "page_name" in metafunc.fixturenames:
        names = [str(path.relative_to(ROOT).with_suffix(".html")) for path in pages]
        metafunc.parametrize("page_name", names, ids=lambda name: name.removesuffix(".html").split("/")[-1])


def pytest_collection_modifyitems(items):
    """Whatever looks at the built site is slow: `make check` does not build it, `make test` does.

    Tests of one page follow each other, so that few pages need be open at a time.
    """
    for item in items:
        if "site" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: getattr(getattr(item, "callspec", None), "params", {}).get("page_name", ""))


@pytest.fixture(scope="session")
def root() -> Path:
    """The course's directory."""
    return ROOT


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site; not built, or built from other sources, is a failure: what is tested must be what is here."""
    import json
    from dataclasses import asdict

    from proctor.build import STAMP, inputs

    stamp = ROOT / STAMP
    if not stamp.is_file():
        pytest.fail("the site is not built: run `make site`")
    if json.loads(stamp.read_text(encoding="utf-8")) != asdict(inputs(ROOT)):
        pytest.fail("the site is out of date: run `make site`")
    return ROOT / HTML


@pytest.fixture(scope="session")
def address(site) -> str:
    """The site, served on this machine as `make serve` does."""
    server = serve.server(site, port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("there is no Chromium: `apt install chromium` (or `make system`)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


class Visit:
    """One page, opened: ``faults`` is what went wrong on loading, ``external`` what was fetched from elsewhere.

    Attributes:
        page: Playwright's page.
        bytes: length of all bodies received.
    """

    def __init__(self, context, address: str, name: str):
        self.page, self.faults, self.external, self.bytes = context.new_page(), [], [], 0
        self.page.on("console", lambda message: self._note(message.type == "error", f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self._note(True, f"error: {error}"))
        self.page.on("requestfailed", lambda request: self._note(True, f"failed: {request.url}"))
        self.page.on("response", self._received)
        self._address = address
        self.page.goto(address + name, wait_until="networkidle")
        if self.page.locator("article .math").count():
            self.page.wait_for_function("() => window.MathJax?.startup?.promise !== undefined")
            self.page.evaluate("() => MathJax.startup.promise")

    def query(self) -> dict[str, str]:
        """The setting in the address, once an explorable has put it there: 0.4 seconds after a change.

        By the page's own clock, which a busy machine delays together with the explorable's.
        """
        self.page.evaluate("() => new Promise((done) => setTimeout(done, 550))")
        return dict(parse_qsl(urlsplit(self.page.url).query))

    def _note(self, happened, text):
        if happened:
            self.faults.append(text)

    def _received(self, response):
        if not response.url.startswith((self._address, "data:", "blob:")):
            self.external.append(response.url)
        self._note(response.status >= 400, f"{response.status}: {response.url}")
        self.bytes += int(response.headers.get("content-length", 0))


def open_visit(
    browser, address: str, name: str, *, width: int = 1380, dark: bool = False, still: bool = False
) -> Visit:
    """Open a page in a context of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    return Visit(context, address, name)


@pytest.fixture
def visit(browser, address):
    """Open a page of one's own: ``visit(name, width=1380, dark=False, still=False)`` gives a :class:`Visit`."""
    visits = []

    def open_page(name: str, **settings) -> Visit:
        visits.append(open_visit(browser, address, name, **settings))
        return visits[-1]

    yield open_page
    for one in visits:
        one.page.context.close()


@pytest.fixture(scope="session")
def look(browser, address):
    """Open a page to look at only, once for the tests of a page: ``look(name, "light" | "dark" | "phone")``."""
    opened = {}  # the last few: each takes some fifty megabytes

    def open_page(name: str, mode: str) -> Visit:
        if (name, mode) not in opened:
            while len(opened) >= OPEN_PAGES:
                opened.pop(next(iter(opened))).page.context.close()
            width = 390 if mode == "phone" else 1380
            opened[name, mode] = open_visit(browser, address, name, width=width, dark=mode == "dark")
        return opened[name, mode]

    yield open_page
    for one in opened.values():
        one.page.context.close()


@pytest.fixture
def scriptless(browser, address):
    """Open a page as a browser without JavaScript shows it: ``scriptless(name)`` gives Playwright's page."""
    context = browser.new_context(java_script_enabled=False)

    def open_page(name: str):
        page = context.new_page()
        page.goto(address + name)
        return page

    yield open_page
    context.close()


@pytest.fixture
def phone(browser, address):
    """Open a page on a phone with a touch screen; ``phone(name, targets)`` gives Playwright's page.

    It is no wider than the screen, and what the selector ``targets`` finds is large enough for a finger.
    """
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)

    def open_page(name: str, targets: str):
        page = context.new_page()
        page.goto(address + name, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        heights = page.locator(targets).evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
        assert min(heights) >= 24, "WCAG 2.2: a target is at least 24 pixels high"
        return page

    yield open_page
    context.close()


@pytest.fixture(scope="session")
def drag():
    """Drag a finger over a phone's page, from place to place: ``drag(page, (x, y), (x, y), ...)``."""

    def touch(page, *places):
        session = page.context.new_cdp_session(page)
        kinds = ["touchStart", *["touchMove"] * (len(places) - 1), "touchEnd"]
        for kind, place in zip(kinds, (*places, None), strict=True):
            points = [dict(zip("xy", place, strict=True))] if place else []
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return touch


@pytest.fixture
def play(request, visit):
    """Open the test's module's ``PAGE`` with a query; gives its ``Played``, the explorable by what a reader does."""

    def open_page(query: str = "", **settings):
        name = request.module.PAGE
        return request.module.Played(visit(f"{name}?{query}" if query else name, **settings))

    return open_page


@pytest.fixture
def embedded(request, visit, address):
    """Put explorables, and a race, into a page that is another's.

    ``embedded(name, *queries)`` gives the visit, and a ``Played`` of the test's module for each query.
    """
    from proctor.site import explorable

    def embed(name: str, *queries: str):
        opened = visit("book/notation.html")
        wanted = [*((name, query) for query in queries), ("race", "landscape=saddle&methods=adam")]
        figures = [
            explorable.figure(one, explorable.EXPLORABLES[one].parse(query), address + request.module.PAGE)
            for one, query in wanted
        ]
        opened.page.evaluate(EMBED, [[f"{address}_static/{one}/explorable.mjs" for one in (name, "race")], figures])
        assert opened.page.locator("figure[data-explorable=race][data-ready] .explorable-path").count() > 0
        return opened, *(request.module.Played(opened, index) for index in range(len(queries)))

    return embed


@pytest.fixture(scope="session")
def violations():
    """What axe finds wrong: ``violations(page, "figure.explorable")`` gives of each rule the first element."""
    from axe_playwright_python.sync_playwright import Axe

    def find(page, context: str | None = None) -> dict[str, str]:
        found = Axe().run(page, context=context).response["violations"]
        return {rule["id"]: rule["nodes"][0]["html"][:160] for rule in found}

    return find


@pytest.fixture(scope="session")
def stays():
    """Whether nothing moves by itself: ``stays(locator)``, by all that is in it, for 0.6 seconds."""

    def compare(locator) -> bool:
        before = locator.inner_html()
        locator.page.wait_for_timeout(600)
        return locator.inner_html() == before

    return compare


@pytest.fixture(scope="session")
def spilling():
    """What reaches over a figure's right edge: ``spilling(figure, "thead")``, all but drawings and what is in these."""
    script = """(figure, apart) => [...figure.querySelectorAll("*:not(svg *)")].filter((node) =>
      !node.closest(apart) && node.getBoundingClientRect().right > figure.getBoundingClientRect().right + 1)
      .map((node) => node.outerHTML.slice(0, 80))"""

    def find(figure, *apart: str) -> list[str]:
        return figure.evaluate(script, ", ".join((".sr-only", *apart)))

    return find


@pytest.fixture(scope="session")
def prose():
    """Cut Markdown down to prose: header, code, directives' options, mathematics, addresses and HTML removed."""

    def cut(text: str) -> str:
        text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
        text = re.sub(r"^(`{3,})(?![^\n]*(?:glossary|drawing)).*?^\1\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
        text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+(?:\n[^$\n]+)?\$", " ", text, flags=re.DOTALL)
        text = re.sub(r"`[^`\n]*`|<[^>\n]+>|\]\([^)]*\)|^:[\w-]+:.*$", " ", text, flags=re.MULTILINE)
        return text

    return cut
