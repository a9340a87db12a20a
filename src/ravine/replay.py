"""A memory of past examples: a uniform sample of all that was seen, in a fixed number of places.

Papers: Vitter (1985), "Random sampling with a reservoir" (algorithm R); Chaudhry et al. (2019), "On tiny episodic
memories in continual learning" (replay from a reservoir). The method that trains on it is in ``continual_methods``.
Taught in: book/lifelong/ewc-and-gem.md
"""

import torch


class ReplayBuffer:
    """At most ``capacity`` examples; each example that was ever offered is in it with the same probability.

    An example is a row of one or more tensors, such as its input, its class and the number of its task.

    Attributes:
        columns: the tensors that hold the examples, each ``(n, ...)`` with n <= capacity; empty before the first.
        seen: how many examples were offered so far.

    >>> buffer = ReplayBuffer(3, seed=0)
    >>> buffer.add_(torch.arange(10.0)[:, None], torch.arange(10))
    >>> len(buffer), buffer.seen
    (3, 10)
    """

    def __init__(self, capacity, seed):
        """Start empty.

        Args:
            capacity: places, >= 1.
            seed: of what is kept and of what is drawn.

        Raises:
            ValueError: if ``capacity`` is below 1.
        """
        if capacity < 1:
            raise ValueError(f"expected a capacity of at least 1 example, got {capacity}")
        self.capacity, self.seen, self.columns = capacity, 0, ()
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self):
        return min(self.seen, self.capacity)

    def add_(self, *columns):
        """Offer examples, one after the other; the i-th ever offered is taken with probability capacity / i.

        What is taken when all places are full replaces an example chosen at random.

        Args:
            *columns: tensors ``(n, ...)``; row i of all of them is one example. They are copied.

        Raises:
            ValueError: if lengths differ, or the columns are not of the shapes of earlier ones.
        """
        lengths = {len(column) for column in columns}
        if len(lengths) != 1:
            raise ValueError(f"expected columns of one length, got {[tuple(column.shape) for column in columns]}")
        shapes = [tuple(column.shape[1:]) for column in columns]
        held = [tuple(column.shape[1:]) for column in self.columns]
        if self.columns and shapes != held:
            raise ValueError(f"expected examples of shapes {held}, as the earlier ones, got {shapes}")
        n = lengths.pop()
        free = min(self.capacity - len(self), n)
        grown = [column[:free].detach().clone() for column in columns]
        self.columns = tuple(map(torch.cat, zip(self.columns, grown, strict=True))) if self.columns else tuple(grown)
        offered = self.seen + torch.arange(free + 1, n + 1, dtype=torch.float64)  # how many, this one included
        places = (torch.rand(n - free, dtype=torch.float64, generator=self._generator) * offered).long()
        for index in (places < self.capacity).nonzero()[:, 0].tolist():  # in order: a later one may replace an earlier
            for column, new in zip(self.columns, columns, strict=True):
                column[places[index]] = new[free + index]
        self.seen += n

    def draw(self, n):
        """Draw ``min(n, len(self))`` different examples at random: a tuple of columns, copied.

        Raises:
            ValueError: if the buffer is empty.
        """
        if not len(self):
            raise ValueError("expected examples to draw from, the buffer is empty; add_ some first")
        chosen = torch.randperm(len(self), generator=self._generator)[:n]
        return tuple(column[chosen] for column in self.columns)

    @property
    def memory_bytes(self):
        """Bytes that the examples take."""
        return sum(column.numel() * column.element_size() for column in self.columns)
