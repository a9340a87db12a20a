"""The server gives the site's pages and its 404; the watch rebuilds once for a change, and not without one."""

import sys
import threading
import urllib.error
import urllib.request

import pytest

from proctor import serve


@pytest.fixture
def site(tmp_path):
    (tmp_path / "index.html").write_text("<p>the ravine</p>")
    (tmp_path / "404.html").write_text("<p>no such page</p>")
    pages = serve.server(tmp_path, 0)
    thread = threading.Thread(target=pages.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{pages.server_address[1]}"
    pages.shutdown()
    thread.join()
    pages.server_close()


def test_pages_are_served_and_never_kept(site):
    with urllib.request.urlopen(f"{site}/", timeout=10) as answer:
        assert answer.read() == b"<p>the ravine</p>"
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_not_there_is_the_sites_own_404(site):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{site}/gone.html", timeout=10)
    with error.value as answer:
        assert (answer.code, answer.read()) == (404, b"<p>no such page</p>")


def test_only_this_machine_can_reach_it(tmp_path):
    with serve.server(tmp_path, 0) as pages:
        assert pages.server_address[0] == "127.0.0.1"


def test_a_taken_port_is_a_message_and_not_a_traceback(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serve.server(tmp_path, 0) as pages:
        assert serve.main(["--port", str(pages.server_address[1])]) == 1
    assert "PORT=8001" in capsys.readouterr().err


def test_a_change_is_built_once(tmp_path):
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "page.md"
    page.write_text("one")
    said, stop = [], threading.Event()

    def say(line):
        said.append(line)
        if line.startswith("rebuilt"):
            later.set()

    later = threading.Event()
    command = [sys.executable, "-c", "open('built', 'a').write('x')"]
    watcher = threading.Thread(
        target=serve.watch, args=(tmp_path, stop), kwargs={"commands": [command], "interval": 0.05, "say": say}
    )
    watcher.start()
    try:
        assert not later.wait(0.5), "it built although nothing had changed"
        page.write_text("two, longer")
        assert later.wait(30)
        later.clear()
        assert not later.wait(0.5), "it built the same change twice"
    finally:
        stop.set()
        watcher.join()
    assert said[0] == "changed: book/page.md" or said[0] == "changed: book\\page.md"
    assert (tmp_path / "built").read_text() == "x"


def test_a_failed_build_says_why_and_stops_there(tmp_path):
    bad = [sys.executable, "-c", "import sys; print('page 7 has no title'); sys.exit(1)"]
    never = [sys.executable, "-c", "open('never', 'w')"]
    said = serve.rebuild(tmp_path, [bad, never])
    assert "page 7 has no title" in said and "last good build" in said
    assert not (tmp_path / "never").exists()
