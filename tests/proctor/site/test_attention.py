"""Attention as settings, vectors, directive and still picture; tests/book plays with it in a browser."""

from itertools import islice
from statistics import fmean, pvariance

import pytest
from bs4 import BeautifulSoup

from proctor.site import attention, attention_figure, explorable

QUERIES = [
    attention.USUAL,
    "words=the+blue+creature&look=3&mask=window-2&dimensions=64&scaled=no&temperature=0.5&k1=-4,4&q3=1.5,0.2&v2=0,0.25",
    "words=%3Cb%3E+caf%C3%A9+%26%3D%2B%25&look=1&mask=causal",
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_setting_is_written_as_it_was_read(query):
    assert attention.parse(query).query == query


def test_what_a_query_does_not_say_has_its_default():
    usual = attention.parse("")
    assert usual.query == attention.USUAL and usual.words[usual.look] == "creature"
    other = attention.parse("words=the+bank")
    assert (other.look, other.mask, other.dimensions, other.scaled, other.temperature) == (0, "none", 2, True, 1.0)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("words=+", "1 to 10 words"),
        ("words=" + "a+" * 11, "1 to 10 words"),
        ("words=" + "a" * 121, "at most 120 characters"),
        ("words=the+bank&look=3", "look must be one of 1, 2, got '3'"),
        ("mask=diagonal", "mask must be one of none, causal"),
        ("dimensions=3", "dimensions must be one of 2, 4"),
        ("scaled=maybe", "scaled must be one of yes, no"),
        ("temperature=0", r"temperature must be in \[0.1, 10\], got 0"),
        ("temperature=nan", "temperature must be in"),
        ("q9=1,1", "no 'q9'; vectors are q1, k1, v1 to v8"),
        ("colour=red", "no 'colour'"),
        ("q1=1", "q1 must be two numbers"),
        ("q1=1,5", r"q1 must be two numbers in \[-4, 4\]"),
        ("q1=nan,0", "q1 must be two numbers"),
    ],
)
def test_what_an_author_writes_wrongly_is_named(query, said):
    with pytest.raises(ValueError, match=said):
        attention.parse(query)


def test_words_of_ours_are_in_reach_and_in_the_sentences():
    assert all(abs(x) <= attention.REACH for vectors in attention.WORDS.values() for point in vectors for x in point)
    assert all(len(vectors) == 3 and all(len(point) == 2 for point in vectors) for vectors in attention.WORDS.values())
    for query in attention.SENTENCES.values():
        setting = attention.parse(query)
        assert setting.query == query
        assert set(setting.words) <= set(attention.WORDS), "a word of our own sentence has no vectors by hand"


def test_vectors_follow_from_the_word_alone():
    first, second = attention.parse("words=The+bank,+zebra&look=1"), attention.parse("words=zebra+bank&look=1")
    for kind in attention.KINDS:
        assert first.vectors(kind)[1:] == second.vectors(kind)[::-1]
        assert first.vectors(kind)[0] == list(attention.WORDS["the"]["qkv".index(kind)])
    assert attention.vector("zebra", "q", 512)[:2] == attention.vector("zebra", "q", 2)
    assert attention.vector("creature", "q", 4)[:2] == [3.1, 0.4]


def test_random_components_have_mean_0_and_variance_1():
    drawn = list(islice(attention.stream("a text"), 20_000))
    assert abs(fmean(drawn)) < 0.03 and abs(pvariance(drawn) - 1) < 0.03
    assert max(map(abs, drawn)) <= 3**0.5
    neighbors = list(islice(attention.stream("a texu"), 20_000))
    assert abs(fmean(x * y for x, y in zip(drawn, neighbors, strict=True))) < 0.03


@pytest.mark.parametrize("dimensions", [64, 512])
def test_scores_of_random_vectors_spread_like_the_root_of_the_dimensions(dimensions):
    words = "+".join(f"word{i}" for i in range(10))
    found = attention.attend(attention.parse(f"words={words}&dimensions={dimensions}"))
    spread = pvariance([score for row in found["scores"] for score in row]) ** 0.5
    assert 0.75 < spread / dimensions**0.5 < 1.25


def test_the_sentences_do_what_they_were_made_for():
    def looks(title):
        setting = attention.parse(attention.SENTENCES[title])
        found = attention.attend(setting)
        return dict(zip(setting.words, found["weights"][setting.look], strict=True)), found["output"][setting.look]

    creature, _ = looks("The creature")
    assert creature["fluffy"] > 0.4 and creature["blue"] > 0.4 and creature["verdant"] < 0.01
    river, left = looks("A bank, of a river")
    loan, right = looks("A bank, with money")
    assert river["river"] > 0.8 and loan["loan"] > 0.8 and left[0] < -2 < 2 < right[0]
    orange, left = looks("An apple, to eat")
    phone, right = looks("Apple, which sells")
    assert orange["orange"] > 0.7 and phone["phone"] > 0.7 and left[0] < -1.5 < 1.5 < right[0]


def test_masks_hide():
    found = attention.attend(attention.parse("words=a+b+c+d&mask=causal"))["weights"]
    assert all((found[i][j] > 0) == (j <= i) for i in range(4) for j in range(4))
    found = attention.attend(attention.parse("words=a+b+c+d&mask=window-1"))["weights"]
    assert all((found[i][j] > 0) == (abs(i - j) <= 1) for i in range(4) for j in range(4))


def test_options_name_words():
    options = {"words": "The bank, of the river", "look": "bank", "mask": "causal", "query": "river 1 3, 1 0 -2"}
    query = attention_figure.query_of(options)
    assert attention.parse(query).moved == {("q", 4): (1.0, 3.0), ("q", 0): (0.0, -2.0)}
    assert attention.parse(query).look == 1
    assert attention_figure.query_of({}) == attention.USUAL
    with pytest.raises(ValueError, match="no word 'loan' in"):
        attention_figure.query_of({"look": "loan"})


def test_the_still_picture_shows_the_weights_and_hides_no_tags():
    setting = attention.parse("words=%3Cscript%3E+%22blue%22+creature&look=3")
    still = BeautifulSoup(explorable.figure("attention", setting, "page.html"), "html.parser").figure
    weights = attention.attend(setting)["weights"][2]
    told = [item.get_text() for item in still.select("li")]
    assert told == [f"{w} {x:.2f}" for x, w in sorted(zip(weights, setting.words, strict=True), reverse=True)]
    assert not still.find_all("script") and still["data-explorable"] == "attention"
    assert len(still.select(".attention-k")) == 3 == len(still.select(".attention-v"))
    assert all(len(svg["aria-label"]) > 40 for svg in still.select("svg"))
    assert "\n\n" not in str(still), "a blank line would end raw HTML"


SOURCE = """# Page

```{explorable} attention
:words: they sat on the bank of the river
:look: bank
:mask: causal
:temperature: 0.5
:key: river -1 -1
A *caption*.
```

{explorable}`look <attention?words=the+bank&look=2>`

```{explorable} attention
:look: loan
```

```{explorable} attention
:lr: Adam 0.5
```
"""


@pytest.mark.slow
def test_directive_and_role_in_a_page(in_a_page):
    in_a_page(
        "attention",
        SOURCE,
        query="words=they+sat+on+the+bank+of+the+river&look=5&mask=causal&temperature=0.5&k8=-1,-1",
        linked="words=the+bank&look=2",
        errors=["no word 'loan'", "attention has no option 'lr'"],
    )
