"""The table of attacks on the instructors' page: ``{attacks}`` shows what each came to, here and under plain nbgrader.

The outcomes are measured by ``benchmarks/attacks.py`` and stored in ``book/_static/attacks.json``.
"""

import json
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from proctor.site.tables import table

STORED = "book/_static/attacks.json"
HELD = ("resisted", "fair")
NOT_TRIED = "not tried"


class AttacksDirective(SphinxDirective):
    """``{attacks}``: a sentence that counts, and a table for each family of attacks."""

    def run(self):
        """Read the stored outcomes and leave sentence and tables."""
        path = Path(self.env.srcdir) / STORED
        if not path.is_file():
            raise self.error(f"{STORED} does not exist; `python benchmarks/attacks.py --write` writes it")
        self.env.note_dependency(STORED)
        stored = json.loads(path.read_text(encoding="utf-8"))
        rows, content = stored["attacks"], [nodes.paragraph("", summary(stored))]
        for family in dict.fromkeys(row["family"] for row in rows):
            content += [nodes.rubric("", family), _table([row for row in rows if row["family"] == family])]
        return content


def setup(app):
    """Register the directive."""
    app.add_directive("attacks", AttacksDirective)


def summary(stored: dict) -> str:
    """The outcomes, counted, in two sentences.

    >>> rows = [{"here": "resisted", "plain": "full marks"}, {"here": "resisted", "plain": "not tried"}]
    >>> summary({"attacks": rows, "provenance": {"date": "2026-11-21", "environment": {"nbgrader": "0.9.6"}}})
    'proctor grade withstood 2 of 2. Plain nbgrader 0.9.6 was given 1 of them: 1 full marks. Measured on 2026-11-21.'
    """
    rows, provenance = stored["attacks"], stored["provenance"]
    held = sum(row["here"] in HELD for row in rows)
    tried = Counter(row["plain"] for row in rows if row["plain"] != NOT_TRIED)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in tried.most_common())
    version = provenance["environment"]["nbgrader"]
    return (
        f"proctor grade withstood {held} of {len(rows)}. Plain nbgrader {version} was given {sum(tried.values())} "
        f"of them: {counts}. Measured on {provenance['date']}."
    )


def _table(rows: list[dict]) -> nodes.table:
    texts = [[row["tries"], row["here"], row["plain"]] for row in rows]
    return table(["What it tries", "proctor grade", "Plain nbgrader"], texts, (60, 20, 20), "claims", "attacks")
