"""The site's Sphinx extension: what the book needs that Jupyter Book does not give.

Local assets and no unused scripts (:mod:`proctor.site.assets`), buttons that give notebooks of the public tree
(:mod:`proctor.site.links`), the card that leads to an assignment (:mod:`proctor.site.cards`), pages gathered from all
chapters (:mod:`proctor.site.gathered`), drawings and the landing page's race (:mod:`proctor.site.figures`), figures to
play with (:mod:`proctor.site.explorable`), references named by author and year (:mod:`proctor.site.references`), and
the table of attacks on the grader (:mod:`proctor.site.attacks`).
"""

from proctor.site import assets, attacks, cards, explorable, figures, gathered, links, references


def setup(app):
    """Register everything with Sphinx."""
    for part in (assets, attacks, cards, explorable, figures, gathered, links, references):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
