"""The accuracy matrix as settings, numbers, directive and still picture; tests/book plays with it in a browser."""

import statistics
from dataclasses import replace
from itertools import product

import pytest
from bs4 import BeautifulSoup

from proctor.site import accuracy_matrix, accuracy_matrix_figure, explorable
from proctor.site.accuracy_matrix import NUMBERS, Setting, cells, chosen, matrix, measured, parse, results, told

QUERIES = [
    "scenario=permuted&method=ewc&beside=sequential",
    "scenario=split-class&method=gem&beside=joint&seed=11&learned=0&number=forgetting",
    "scenario=split-task&method=joint&beside=joint&learned=3&number=acc",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_setting_is_written_as_it_was_read(query):
    assert parse(query).query == query


def test_what_a_query_does_not_say_has_its_default():
    assert parse("") == Setting("permuted", "ewc", "sequential", None, 5, "bwt")
    assert parse("seed=mean&learned=5&number=bwt").query == QUERIES[0]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("scenario=cats", "scenario must be one of permuted, split-task, split-domain, split-class, got 'cats'"),
        ("method=prayer", "method must be one of sequential, .*, got 'prayer'"),
        ("beside=", "beside must be one of"),
        ("seed=0", "seed must be one of mean, 11, .*, got '0'"),
        ("learned=6", "learned must be one of 0, 1, 2, 3, 4, 5, got '6'"),
        ("learned=1.5", "learned must be one of"),
        ("number=loss", "number must be one of acc, la, bwt, forgetting, fwt, got 'loss'"),
        ("colour=red", "no 'colour'; there are scenario, method"),
    ],
)
def test_what_an_author_writes_wrongly_is_named(query, said):
    with pytest.raises(ValueError, match=said):
        parse(query)


# ---- numbers


def test_the_results_are_whole():
    seeds = {tuple(run["seed"] for run in one["runs"]) for s in results().values() for one in s["methods"].values()}
    assert len(seeds) == 1 and len(*seeds) >= 3, "the page chooses a seed for all methods at once"
    for name, scenario in results().items():
        assert {accuracy_matrix.USUAL["method"], *accuracy_matrix.REFERENCES} <= set(scenario["methods"]), name
        for run in (run for method in scenario["methods"].values() for run in method["runs"]):
            assert [len(row) for row in run["R"]] == [len(scenario["tasks"])] * (len(scenario["tasks"]) + 1)


@pytest.mark.parametrize("scenario", ["permuted", "split-task", "split-domain", "split-class"])
def test_a_number_is_the_mean_of_the_cells_that_are_marked(scenario):
    methods = results()[scenario]["methods"]
    for method, learned, number in product(methods, range(6), NUMBERS):
        for run in methods[method]["runs"]:
            setting = Setting(scenario, method, method, run["seed"], learned, number)
            found, marked = measured(setting, method)[number], cells(number, learned, [run])
            assert bool(found) == bool(marked) == (learned >= NUMBERS[number][0])
            if found:
                terms = learned if number in ("acc", "la") else learned - 1
                total = sum(sign * run["R"][row][task] for (row, task), sign in marked.items())
                assert found == [pytest.approx(total / terms, abs=1e-12)], (setting.query, marked)


def test_the_mean_is_that_of_all_seeds():
    setting = parse("scenario=split-class&method=replay")
    runs = results()["split-class"]["methods"]["replay"]["runs"]
    assert chosen(setting, "replay") == runs
    assert len(measured(setting, "replay")["acc"]) == len(runs)
    assert matrix(setting, "replay")[5][0] == statistics.fmean(run["R"][5][0] for run in runs)
    one = replace(setting, seed=runs[1]["seed"])
    assert matrix(one, "replay") == runs[1]["R"] and len(measured(one, "replay")["bwt"]) == 1


def test_a_best_time_is_marked_for_every_seed_that_has_it():
    runs = [
        {"R": [[0.1] * 3, [0.5, 0, 0], [0.6, 0.7, 0], [0, 0, 0]]},
        {"R": [[0.9] * 3, [0.6, 0, 0], [0.6, 0, 0], [1] * 3]},
    ]
    assert cells("forgetting", 3, runs[:1]) == {(2, 0): 1, (2, 1): 1, (3, 0): -1, (3, 1): -1}
    assert cells("forgetting", 3, runs) == {(2, 0): 1, (1, 0): 1, (2, 1): 1, (1, 1): 1, (3, 0): -1, (3, 1): -1}


# ---- the page


def test_options_are_a_query():
    options = {"scenario": "split-class", "learned": "2", "number": "fwt"}
    assert parse(accuracy_matrix_figure.query_of(options)) == Setting(
        "split-class", "ewc", "sequential", None, 2, "fwt"
    )
    assert parse(accuracy_matrix_figure.query_of({})).query == QUERIES[0]


@pytest.mark.parametrize("query", [*QUERIES, "learned=1"])
def test_the_still_picture_shows_both_matrices_and_all_numbers(query):
    setting = parse(query)
    still = BeautifulSoup(explorable.figure("accuracy-matrix", setting, "page.html"), "html.parser").figure
    assert still["data-explorable"] == "accuracy-matrix" and still["data-query"] == setting.query
    maps = still.select(".matrix-map")
    assert [one.caption.get_text() for one in maps] == [
        results()[setting.scenario]["methods"][method]["title"] for method in (setting.method, setting.beside)
    ]
    for drawn, method in zip(maps, (setting.method, setting.beside), strict=True):
        shown, marked = matrix(setting, method), cells(setting.number, setting.learned, chosen(setting, method))
        for row, line in enumerate(drawn.select("tbody tr")):
            texts = [told(value, 2) if row <= setting.learned else "" for value in shown[row]]
            assert [cell.get_text() for cell in line.find_all("td")] == texts
            for task, cell in enumerate(line.find_all("td")):
                names = {"plus": 1, "minus": -1}
                assert [names[name] for name in cell.get("class", []) if name in names] == [
                    *([marked[row, task]] if (row, task) in marked else [])
                ]
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in still.select(".matrix-numbers tbody tr")]
    for texts, number in zip(rows, NUMBERS, strict=True):
        for text, method in zip(texts, (setting.method, setting.beside), strict=True):
            values = measured(setting, method)[number]
            assert text.split(" ")[0] == (told(statistics.fmean(values)) if values else "–")
            assert ("±" in text) == (len(values) > 1)
    assert "\n\n" not in str(still), "a blank line would end raw HTML"


SOURCE = """# Page

```{explorable} accuracy-matrix
:scenario: split-class
:method: gem
:beside: joint
:learned: 4
:number: forgetting
A *caption*.
```

{explorable}`look <accuracy-matrix?scenario=split-task&method=l2&beside=ewc&seed=12>`

```{explorable} accuracy-matrix
:learned: 6
```

```{explorable} accuracy-matrix
:lr: Adam 0.5
```
"""


@pytest.mark.slow
def test_directive_and_role_in_a_page(in_a_page):
    in_a_page(
        "accuracy-matrix",
        SOURCE,
        query="scenario=split-class&method=gem&beside=joint&learned=4&number=forgetting",
        linked="scenario=split-task&method=l2&beside=ewc&seed=12",
        errors=["learned must be one of", "accuracy-matrix has no option 'lr'"],
    )
