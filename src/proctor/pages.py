"""What the pages that proctor writes share: one look, a policy that allows its style sheet alone, harmless texts.

A page is one file. It has no script, loads nothing, and whatever a student wrote is text on it.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # Unicode's Bidi_Control


def render(template: str, styles: tuple[str, ...], **values) -> str:
    """Fill in a page.

    Args:
        template: name of a file in ``templates/``.
        styles: names of the style sheets there, later ones winning.
        values: what the template shows; everything is escaped.
    """
    style, policy = _style(styles)
    return _environment().get_template(template).render(style=style, policy=policy, **values)


def clean(text: str, limit: int) -> str:
    """A text without terminal colors and control characters, cut where it is too long.

    What reverses the order of letters makes code look like other code: it is shown by its number.

    >>> clean("a\x1b[31mb\u202ec", 20), clean("abcdef", 4)
    ('ab\\\\u202ec', 'abcd\\n… (2 more characters)')
    """
    text = str(text)
    if not text.replace("\n", "").replace("\t", "").isprintable():
        text = re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text)
        text = BIDI.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        text = re.sub(r"[^\S\n\t]", " ", text)  # a space that does not break, for one
        text = "".join(character for character in text if character.isprintable() or character in "\n\t")
    text = text.strip("\n")
    return text if len(text) <= limit else f"{text[:limit]}\n… ({len(text) - limit} more characters)"


def number(value: float) -> str:
    """Points as people write them: ``3``, ``2.5``."""
    return f"{value:.4g}"


@cache
def _environment():
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment


@cache
def _style(names):
    # The policy names the one style sheet by its hash, so that no other style can be smuggled in.
    from markupsafe import Markup

    style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Markup(style), policy
