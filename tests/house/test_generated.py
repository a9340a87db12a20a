"""notebooks/ is what the masters and chapters say today: nothing stale, nothing missing, nothing left over."""

from pathlib import Path

from proctor.release import release

ROOT = Path(__file__).resolve().parents[2]


def test_notebooks_are_current(tmp_path):
    for name in ("solutions", "book", "_config.yml", "_toc.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    release(tmp_path)
    fresh = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "notebooks").rglob("*.ipynb")}
    here = {
        p.relative_to(ROOT): p.read_bytes() for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_" not in str(p)
    }
    assert fresh, "no notebook is generated at all"
    assert set(here) == set(fresh), "run `make notebooks`, and remove notebooks that have no source any more"
    stale = [str(path) for path in fresh if here[path] != fresh[path]]
    assert stale == [], "edited by hand, or older than their source: run `make notebooks`"
