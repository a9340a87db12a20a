"""A short story of our own, for models of characters.

"The lamp at the narrow bridge" was written for this course; it is plain ASCII, 16 kB, and small enough to be learned
by heart, which is one of the things to watch for.
Taught in: book/transformers/transformer.md
"""

import importlib.resources


def story():
    """Return the story, paragraphs divided by an empty line.

    >>> print(story()[:30])
    THE LAMP AT THE NARROW BRIDGE
    <BLANKLINE>
    """
    return (importlib.resources.files("ravine.data") / "story.txt").read_text(encoding="ascii")
