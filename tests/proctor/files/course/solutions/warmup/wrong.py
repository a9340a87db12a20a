from proctor.variants import right, wrong

wrong("double", "squares", fails=["double-one", "double-drawn"], source="def double(x):\n    return x * x\n")
wrong("double", "right for one only", fails=["double-drawn"], source="def double(x):\n    return x + 1\n")
right("double", "adds it to itself", source="def double(x):\n    return x + x\n")
wrong(
    "counter",
    "forgets",
    fails=["counter-adds"],
    source="class Counter:\n    def add(self, n):\n        return n\n",
)
right(
    "counter",
    "keeps a list",
    source="""
    class Counter:
        def __init__(self):
            self.seen = []

        def add(self, n):
            self.seen.append(n)
            return sum(self.seen)
    """,
)
