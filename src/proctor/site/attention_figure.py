"""Attention as a figure in a page: the directive's options, and the still picture.

Options: ``:words:`` the sentence, ``:look: creature`` (a word, or its position), ``:mask: causal``, ``:dimensions:``,
``:scaled: no``, ``:temperature:``, and vectors ``:query: creature 1 3, forest 2 2``, likewise ``:key:``, ``:value:``.
What a setting is, and the numbers, are in :mod:`proctor.site.attention`; what a module of this kind holds, in
:mod:`proctor.site.explorable`.
"""

from html import escape
from urllib.parse import quote_plus

from proctor.site.attention import KINDS, Setting, attend, bare, facts, parse

__all__ = ["LINK", "OPTIONS", "PAGE", "facts", "parse", "query_of", "still"]

PAGE = "book/transformers/attention-by-hand"
LINK = "Attention by hand, on its own page"
OPTIONS = ("words", "look", "mask", "dimensions", "scaled", "temperature", *KINDS.values())
SIZE, UNIT = (470, 420), 46  # pixels of a plane, and of one unit (plane.mjs has its own, for every width)


def query_of(options: dict[str, str]) -> str:
    """The query that a directive's options ask for.

    Raises:
        ValueError: if a word is named that is not in the sentence.

    >>> query_of({"words": "the blue creature", "look": "creature", "query": "creature 1 3"})
    'words=the+blue+creature&look=3&q3=1,3'
    """
    words = options["words"].split() if "words" in options else parse("").words
    pairs = [("words", quote_plus(" ".join(words)))]
    if "words" not in options:
        pairs.append(("look", str(parse("").look + 1)))
    for option, text in options.items():
        kind = {name: letter for letter, name in KINDS.items()}.get(option)
        if option == "look":
            pairs = [*pairs[:1], ("look", _place(text, words))]
        elif kind is None and option != "words":
            pairs.append((option, text))
        elif kind is not None:
            for part in text.split(","):
                word, *point = part.split()
                pairs.append((f"{kind}{_place(word, words)}", ",".join(point)))
    return "&".join("=".join(pair) for pair in pairs)


def _place(word: str, words: list[str]) -> str:
    if word.isdecimal():
        return word
    places = [str(i + 1) for i, other in enumerate(words) if bare(other) == bare(word)]
    if not places:
        raise ValueError(f"there is no word {word!r} in {' '.join(words)!r}")
    return places[0]


def still(setting: Setting) -> str:
    """The two planes, and what the word that looks finds."""
    found, i = attend(setting), setting.look
    weights, output, word = found["weights"][i], found["output"][i], setting.words[i]
    query, keys, values = setting.vectors("q")[i], setting.vectors("k"), setting.vectors("v")
    first = sorted(range(len(weights)), key=lambda j: -weights[j])
    told = ", ".join(f"{setting.words[j]} {weights[j]:.2f}" for j in first[:3])
    arrows = "".join(_arrow(key, "k", weight) for key, weight in zip(keys, weights, strict=True))
    keyed = arrows + _arrow(query, "q", 0) + _names([(query, "query"), *zip(keys, setting.words, strict=True)])
    threads = "".join(_thread(output, value, weight) for value, weight in zip(values, weights, strict=True))
    dots = "".join(_dot(value, weight) for value, weight in zip(values, weights, strict=True))
    named = _names([(output, "output"), *zip(values, setting.words, strict=True)])
    valued = f'{threads}{dots}{named}<circle class="attention-output" r="7.5" {_at(output)}/>'
    items = "".join(f"<li><b>{escape(setting.words[j])}</b> {weights[j]:.2f}</li>" for j in first)
    return (
        '<div class="attention-planes">'
        + _plane(f"The query of {word} among the keys of all words. {word} looks most at: {told}.", keyed, "Keys")
        + _plane(f"The values of all words; {word} receives their weighted mean.", valued, "Values")
        + f'</div><p><b>{escape(word)}</b> looks at</p><ul class="attention-told">{items}</ul>'
    )


def _plane(alt: str, drawn: str, title: str) -> str:
    (width, height), middle = SIZE, _pixels((0, 0))
    axes = f'<path class="attention-axes" d="M0 {middle[1]}H{width}M{middle[0]} 0V{height}"/>'
    return (
        f'<svg class="attention-plane" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}">{axes}'
        f'<text class="attention-title" x="12" y="22">{title}</text>{drawn}</svg>'
    )


def _pixels(point) -> tuple[float, float]:
    return SIZE[0] / 2 + UNIT * point[0], SIZE[1] / 2 - UNIT * point[1]


def _at(point) -> str:
    return 'cx="{:.1f}" cy="{:.1f}"'.format(*_pixels(point))


def _names(named) -> str:
    """The names beside their points, each to the right, left, above or below: where it hides least."""
    taken, drawn = [(x - 6, y - 6, x + 6, y + 6) for x, y in (_pixels(point) for point, _ in named)], []
    for number, (point, word) in enumerate(named):
        (x, y), long = _pixels(point), 7.6 * len(word)
        places = [(x + 10, y + 5, "start", x + 10), (x - 10, y + 5, "end", x - 10 - long)]
        places += [(x, y - 12, "middle", x - long / 2), (x, y + 22, "middle", x - long / 2)]
        boxes = [(left, base - 13, left + long, base + 4) for _, base, _, left in places]
        hidden = [sum(_overlap(box, other) for i, other in enumerate(taken) if i != number) for box in boxes]
        best = min(range(len(places)), key=lambda i: hidden[i] + 60 * max(0, boxes[i][2] - SIZE[0]))
        taken.append(boxes[best])
        drawn.append(
            '<text x="{:.1f}" y="{:.1f}" text-anchor="{}">'.format(*places[best][:3]) + f"{escape(word)}</text>"
        )
    return "".join(drawn)


def _overlap(a, b) -> float:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def _dot(point, weight: float) -> str:
    halo = f'<circle class="attention-halo" r="{30 * weight**0.5:.1f}" {_at(point)}/>'
    return f'<g class="attention-v">{halo}<circle r="4.5" {_at(point)}/></g>'


def _arrow(point, kind: str, weight: float) -> str:
    (x, y), (x0, y0) = _pixels(point), _pixels((0, 0))
    halo = f'<circle class="attention-halo" r="{30 * weight**0.5:.1f}" {_at(point)}/>' if kind == "k" else ""
    return (
        f'<g class="attention-{kind}">{halo}<path d="M{x0:g} {y0:g}L{x:.1f} {y:.1f}"/><circle r="5" {_at(point)}/></g>'
    )


def _thread(output, value, weight: float) -> str:
    (x0, y0), (x, y) = _pixels(output), _pixels(value)
    path = f"M{x0:.1f} {y0:.1f}L{x:.1f} {y:.1f}"
    return f'<path class="attention-thread" style="stroke-width: {9 * weight:.2f}" d="{path}"/>'
