"""Answers to the tiny assignment whose verdict is known."""

from proctor.variants import right, wrong

wrong(
    "halve",
    "ignores times",
    fails=["halve-often"],
    source="""
    def halve(x, *, times=1):
        return x * 0.5
    """,
)
right(
    "halve",
    "in one power",
    source="""
    def halve(x, *, times=1):
        return x / 2**times
    """,
)
wrong("quarter", "halves once", fails=["quarter-value"], source="def quarter(x):\n    return halve(x)\n")
right("quarter", "twice in a row", source="def quarter(x):\n    return halve(halve(x))\n")
