"""Links to notebooks: every one leads to a notebook of the public tree, never to a text source.

The tree's address is the one setting ``repository:`` of ``_config.yml``. A chapter ``book/part/topic`` is
``notebooks/book/part/topic.ipynb`` there, an assignment's page is its own file. The same files are copied into the
site, so that a download works from a local copy and needs no other host.
"""

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

COLAB = "https://colab.research.google.com/github"


class PublicClone(SphinxDirective):
    """``{public-clone}``: the commands that fetch the public tree, and the link to its archive."""

    def run(self):
        """Make both from the one setting."""
        options = self.config.html_theme_options
        address, branch = options["repository_url"].rstrip("/"), options["repository_branch"]
        folder = address.rsplit("/", 1)[-1]
        chosen = "" if branch == "main" else f" --branch {branch}"
        commands = f"$ git clone{chosen} {address}\n$ cd {folder}"
        archive = nodes.reference("", "zip archive", refuri=f"{address}/archive/refs/heads/{branch}.zip")
        return [
            nodes.literal_block(commands, commands, language="console"),
            nodes.paragraph("", "", nodes.Text("Without git: download the "), archive, nodes.Text(" and unpack it.")),
        ]


def setup(app):
    """Connect the buttons and the copies to the build."""
    app.add_directive("public-clone", PublicClone)
    app.connect("html-page-context", replace_buttons, priority=900)  # after the theme has added its own
    app.connect("build-finished", copy_notebooks)


def notebook_path(env, docname: str) -> str | None:
    """The path in the public tree of the notebook of a page, or None for a page that is only read.

    >>> from types import SimpleNamespace
    >>> env = SimpleNamespace(metadata={"book/part/topic": {"kernelspec": "{}"}, "book/notation": {}})
    >>> notebook_path(env, "book/part/topic"), notebook_path(env, "book/notation")
    ('notebooks/book/part/topic.ipynb', None)
    >>> notebook_path(env, "notebooks/momentum/momentum")
    'notebooks/momentum/momentum.ipynb'
    """
    if docname.startswith("notebooks/"):
        return f"{docname}.ipynb"
    return f"notebooks/{docname}.ipynb" if "kernelspec" in env.metadata.get(docname, {}) else None


def colab_url(config, path: str) -> str:
    """The address that opens ``path`` of the public tree in Colab."""
    return f"{COLAB}/{_repository(config)}/blob/{config.html_theme_options['repository_branch']}/{path}"


def replace_buttons(app, pagename, templatename, context, doctree):
    """Put the page's own buttons in place of the theme's, which would lead to text sources."""
    path = notebook_path(app.env, pagename) if doctree is not None else None
    if path is None:
        context["header_buttons"] = []
        return
    context["header_buttons"] = [
        {
            "type": "link",
            "url": colab_url(app.config, path),
            "text": "Colab",
            "tooltip": "Open in Colab",
            "icon": "fas fa-rocket",
            "label": "colab-button",
        },
        {
            "type": "link",
            "url": context["pathto"](path, 1),
            "text": "Notebook",
            "tooltip": "Download the notebook",
            "icon": "fas fa-download",
            "label": "download-notebook-button",
        },
    ]


def copy_notebooks(app, exception):
    """Copy the notebook of every page into the output, at its path in the public tree.

    A missing one is a warning, and so the end of a strict build: its links would lead nowhere.
    """
    if exception is not None or app.builder.format != "html":
        return
    for docname in sorted(app.env.found_docs):
        path = notebook_path(app.env, docname)
        if path is None:
            continue
        source, copy = Path(app.srcdir) / path, Path(app.outdir) / path
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        else:
            logging.getLogger(__name__).warning("%s does not exist; `proctor release` writes it", path)


def _repository(config) -> str:
    return config.html_theme_options["repository_url"].rstrip("/").removeprefix("https://github.com/")
