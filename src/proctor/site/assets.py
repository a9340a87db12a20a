"""Assets served by the site itself, so that it loads without a single request to anyone else.

MathJax is copied from the wheel ``django-static-mathjax`` (MathJax 3.2.2, Apache 2.0): the TeX-to-HTML component with
its fonts, without the speech engine (16 MB), which nothing here loads. The colors of ``ravine.plot`` become
custom properties of the style sheet. Thebe, which Jupyter Book adds to every page twice, is dropped.
"""

import importlib.util
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError

MATHJAX = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")


def setup(app):
    """Connect the assets to the build."""
    app.connect("builder-inited", write_assets)
    app.connect("doctree-resolved", drop_thebe_nodes, priority=900)  # both after the extensions have added theirs
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("build-finished", mark_as_plain)


def write_assets(app):
    """Write MathJax and the colors into ``_static`` of the output.

    Raises:
        ExtensionError: if the wheel that carries MathJax is not installed.
    """
    if app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    copy_mathjax(static / "vendor" / "mathjax")
    from ravine import plot

    (static / "css").mkdir(parents=True, exist_ok=True)
    (static / "css" / "colors.css").write_text(plot.css(), encoding="utf-8")


def copy_mathjax(target: Path):
    """Copy the part of MathJax that the site uses, and its license, to ``target``, unless it is there."""
    found = importlib.util.find_spec("mathjax")
    if found is None or found.origin is None:
        raise ExtensionError("MathJax is not installed: `pip install django-static-mathjax` (see requirements.txt)")
    source = Path(found.origin).parent / "static" / "mathjax"
    if (target / "LICENSE").is_file():
        return
    target.mkdir(parents=True, exist_ok=True)
    for name in MATHJAX:
        origin, copy = source / "es5" / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(origin, copy, dirs_exist_ok=True) if origin.is_dir() else shutil.copyfile(origin, copy)
    shutil.copyfile(source / "LICENSE", target / "LICENSE")  # last: its presence says that the copy is whole


def drop_thebe_nodes(app, doctree, docname):
    """Take Thebe's settings out of the page's text: no page runs code in the browser."""
    for node in list(doctree.findall(nodes.raw)):
        if "text/x-thebe-config" in node.astext() or "kernelName =" in node.astext():
            node.parent.remove(node)


def drop_scripts(app, pagename, templatename, context, doctree):
    """Leave out Thebe's scripts and styles, which clash with each other, and MathJax where there is no mathematics."""
    unwanted = ["THEBE_JS_URL", "sphinx-thebe"]
    if doctree is None or not any(doctree.findall(_is_math)):
        unwanted += ["window.MathJax", app.config.mathjax_path]

    def kept(asset):
        body = (getattr(asset, "attributes", None) or {}).get("body") or ""
        return not any(name in body or name in str(getattr(asset, "filename", asset)) for name in unwanted)

    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context[kind] if kept(asset)]


def _is_math(node) -> bool:
    return isinstance(node, nodes.math | nodes.math_block) or (
        isinstance(node, nodes.Element) and "math" in node.get("classes", ())
    )


def mark_as_plain(app, exception):
    """Leave ``.nojekyll`` in the output: GitHub Pages would otherwise hide the folders whose names begin with ``_``."""
    if exception is None and app.builder.format == "html":
        (Path(app.outdir) / ".nojekyll").touch()
