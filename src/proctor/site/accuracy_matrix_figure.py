"""An accuracy matrix as a figure in a page: the directive's options, and the still picture.

Options: ``:scenario: split-class``, ``:method: ewc``, ``:beside: sequential``, ``:seed: 11`` (or "mean"),
``:learned: 3`` (tasks), ``:number: forgetting``. What a setting is, and the numbers, are in
:mod:`proctor.site.accuracy_matrix`; what a module of this kind holds, in :mod:`proctor.site.explorable`.
"""

import statistics
from html import escape

from proctor.site.accuracy_matrix import (
    NUMBERS,
    USUAL,
    Setting,
    cells,
    chosen,
    facts,
    matrix,
    measured,
    parse,
    results,
    told,
)

__all__ = ["LINK", "OPTIONS", "PAGE", "facts", "parse", "query_of", "still"]

PAGE = "book/lifelong/accuracy-matrix"
LINK = "The accuracy matrix on its own page"
OPTIONS = (*USUAL, "learned")
SIGNS = {1: "plus", -1: "minus"}


def query_of(options: dict[str, str]) -> str:
    """The query that a directive's options ask for.

    >>> query_of({"method": "gem", "learned": "3"})
    'method=gem&learned=3'
    """
    return "&".join(f"{key}={text}" for key, text in options.items())


def still(setting: Setting) -> str:
    """Both matrices, with the cells of the number marked, and what all numbers come to."""
    methods = results()[setting.scenario]["methods"]
    maps = "".join(_map(setting, name) for name in (setting.method, setting.beside))
    heads = "".join(
        f'<th scope="col">{escape(methods[name]["title"])}</th>' for name in (setting.method, setting.beside)
    )
    found = [measured(setting, name) for name in (setting.method, setting.beside)]
    rows = "".join(
        f'<tr><th scope="row"><b>{short}</b> <small>{what}</small></th>'
        f"{''.join(f'<td>{_value(one[name])}</td>' for one in found)}</tr>"
        for name, (_, short, what) in NUMBERS.items()
    )
    return (
        f'<p class="matrix-told">{escape(in_words(setting))}</p><div class="matrix-maps">{maps}</div>'
        f'<table class="matrix-numbers"><thead><tr><th scope="col">number</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def in_words(setting: Setting) -> str:
    """What is shown, as the page says it, too."""
    scenario = results()[setting.scenario]
    seeds = len(chosen(setting, setting.method))
    which = f"the mean of {seeds} seeds" if setting.seed is None else f"seed {setting.seed}"
    return (
        f"{scenario['title']}, {which}: accuracy on each task before any training (row 0) and after each of the first "
        f"{setting.learned} of {len(scenario['tasks'])} tasks."
    )


def _value(values: list[float]) -> str:
    if not values:
        return "–"
    spread = f" <small>± {told(statistics.stdev(values))}</small>" if len(values) > 1 else ""
    return told(statistics.fmean(values)) + spread


def _map(setting: Setting, method: str) -> str:
    scenario, shown = results()[setting.scenario], matrix(setting, method)
    marked = cells(setting.number, setting.learned, chosen(setting, method))
    heads = "".join(
        f'<th scope="col">task {number} <small>{escape(task)}</small></th>'
        for number, task in enumerate(scenario["tasks"], start=1)
    )
    rows = ""
    for row, values in enumerate(shown):
        drawn = "".join(
            _cell(value if row <= setting.learned else None, marked.get((row, task)), just=row == task + 1)
            for task, value in enumerate(values)
        )
        rows += f'<tr><th scope="row">{f"after {row}" if row else "before"}</th>{drawn}</tr>'
    return (
        f'<table class="matrix-map"><caption>{escape(scenario["methods"][method]["title"])}</caption><thead><tr>'
        f'<td class="matrix-corner"></td>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _cell(value: float | None, sign: int | None, *, just: bool) -> str:
    names = ["just"] * just + [SIGNS.get(sign)] * bool(sign) + ["empty"] * (value is None)
    name = f' class="{" ".join(names)}"' if names else ""
    return (
        f"<td{name}></td>" if value is None else f'<td{name} style="--share: {100 * value:.1f}%">{told(value, 2)}</td>'
    )
