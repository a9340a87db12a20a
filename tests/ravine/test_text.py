"""The story: plain characters, and more order than letters drawn one by one would have."""

import collections
import math

from ravine import text


def conditional_entropy(characters, order):
    """Bits for a character when the ``order`` before it are known, by their frequencies in the text itself."""
    longer = collections.Counter(zip(*(characters[index:] for index in range(order + 1)), strict=False))
    shorter = collections.Counter()
    for gram, count in longer.items():
        shorter[gram[:-1]] += count
    total = sum(longer.values())
    return -sum(count / total * math.log2(count / shorter[gram[:-1]]) for gram, count in longer.items())


def test_the_story_is_plain_text_of_the_stated_length():
    story = text.story()
    assert 15_000 <= len(story) <= 25_000
    assert set(story) - {"\n"} <= {chr(code) for code in range(32, 127)}
    assert "\r" not in story and "  " not in story and "\n\n\n" not in story
    assert story.endswith(".\n")
    assert all(line == line.strip() for line in story.split("\n"))


def test_context_helps_to_predict_a_character():
    story = text.story()
    bits = [conditional_entropy(story, order) for order in range(3)]
    assert 4.2 < bits[0] < 4.6
    assert bits[1] < bits[0] - 0.8
    assert bits[2] < bits[1] - 0.6
