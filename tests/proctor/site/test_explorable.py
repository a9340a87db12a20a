"""Explorables as directive and role, and the race's still picture; tests/book plays with it in a browser."""

import pytest
from bs4 import BeautifulSoup

from proctor.site import explorable, race

QUERIES = [
    race.USUAL,
    "landscape=turned-quadratic&methods=heavy-ball,adamw&start=-9,2.5&step=0&adamw.weight_decay=0.1&heavy-ball.lr=0.02",
    "landscape=rosenbrock&methods=adam&adam.beta=0.5&adam.beta2=0.99&adam.lr=1e-04",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_setting_is_written_as_it_was_read(query):
    setting = race.parse(query)
    assert race.parse(setting.query) == setting


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("landscape=alps", "no landscape 'alps'; there are quadratic"),
        ("methods=adam,lion", "no method 'lion'"),
        ("start=1", "two numbers"),
        ("start=40,0", "near the window"),
        ("start=nan,0", "start must be in"),
        ("step=301", r"step must be in \[0, 300\]"),
        ("adam.lr=0", r"adam.lr must be in \[0.0001, 1000\]"),
        ("gradient-descent.beta=0.9", "gradient descent has no setting 'beta'"),
        ("colour=red", "no method 'colour'"),
    ],
)
def test_what_an_author_writes_wrongly_is_named(query, said):
    with pytest.raises(ValueError, match=said):
        race.parse(query)


def test_defaults_are_the_librarys():
    import inspect

    for method, entry in race.METHODS.items():
        rule, _ = race.optimizer(method, {"lr": 0.1, **entry.settings})
        usual = {name: given.default for name, given in inspect.signature(rule).parameters.items()}
        ours = race.optimizer(method, entry.settings)[1]
        assert ours == {name: usual[name] for name in ours}, method
        assert set(usual) == {"params", "lr", *ours}, f"{method} has a setting that the page does not know"


def test_every_landscape_of_the_library_takes_part():
    from ravine import landscapes

    assert set(race.TITLES) == {*landscapes.ALL, "turned quadratic"} == set(race.RATES)
    assert set(race.facts()["landscapes"]["saddle"]["rates"]) == set(race.METHODS)


def test_the_still_picture_is_the_walk_that_it_tells():
    setting = race.parse("landscape=quadratic&methods=gradient-descent,heavy-ball&gradient-descent.lr=0.0202")
    still = BeautifulSoup(explorable.figure("race", setting, "race.html"), "html.parser").figure
    told = [item.get_text() for item in still.select("li")]
    assert told == ["gradient descent left the window at step 14", "heavy ball arrived at step 84"]
    assert all(words.split(" ", 2)[-1] in still.svg["aria-label"] for words in told)
    assert len(still.select(".explorable-path")) == 2
    assert len(still.select(".explorable-path path")[1]["d"].split("L")) == 85
    assert "\n\n" not in str(still), "a blank line would end raw HTML"


def test_a_ball_that_returns_has_not_left():
    points, _, words = race.walk("quadratic", "heavy ball", {"lr": 0.0375, "beta": 0.9})
    assert max(abs(y) for _, y in points) > 3.25 and words == "arrived at step 112"


SOURCE = """# Page

```{explorable} race
:landscape: quadratic
:methods: heavy ball, gradient descent
:lr: heavy ball 0.033
:beta: heavy ball 0.67
A *caption*.
```

{explorable}`look <landscape=saddle&methods=adam>` {explorable}`no <landscape=alps>`

```{explorable} race
:methods: lion
```

```{explorable} race
:temperature: 2
```

{explorable}`no <chess?e4>`

```{explorable} chess
```
"""
CHESS = "no explorable 'chess'; there are race, attention"


@pytest.mark.slow
def test_directive_and_role_in_a_page(in_a_page):
    in_a_page(
        "race",
        SOURCE,
        query="landscape=quadratic&methods=gradient-descent,heavy-ball&heavy-ball.lr=0.033&heavy-ball.beta=0.67",
        linked="landscape=saddle&methods=adam",
        errors=["no landscape 'alps'", "no method 'lion'", "race has no option 'temperature'", CHESS, CHESS],
    )
