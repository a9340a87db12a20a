"""Markov decision processes small enough to be solved: values, occupancy and the policy gradient without sampling.

Books: Puterman (1994), "Markov Decision Processes"; Sutton and Barto (2018), "Reinforcement Learning", chapters 3, 4,
13. All arithmetic is float64 PyTorch, and gradients flow through it. A policy is a table ``(S, A)`` of probabilities.
Here occupancy is not normalized, and does not count absorbing states.
Taught in: book/decisions/policy-gradient.md
"""

import torch
from torch.nn import functional

from .episodes import Walkers, play

#: The actions of grids, in Gymnasium's order.
LEFT, DOWN, RIGHT, UP = range(4)
LAKES = {
    "4x4": ("SFFF", "FHFH", "FFFH", "HFFG"),
    "8x8": ("SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"),
}
# Two actions whose values differ by less are equally good.
_TIE = 1e-10


class MDP:
    """States, actions, where they lead and what they earn.

    Args:
        transitions: P(s' | s, a), ``(S, A, S)``, each row a distribution.
        rewards: r(s, a, s'), ``(S, A, S)``.
        discount: γ in [0, 1]. With 1, values exist only for policies that reach an absorbing state from everywhere.
        start: distribution of the first state, ``(S,)``.

    Attributes:
        absorbing: bool, ``(S,)``: states that no action leaves and that earn 0 for ever. There, an episode is over.

    Raises:
        ValueError: if shapes do not fit, a row is no distribution, or the discount is outside [0, 1].

    >>> walk = random_walk(5)
    >>> walk.state_values(walk.uniform()).mul(6).round(decimals=9)
    tensor([0., 1., 2., 3., 4., 5., 0.], dtype=torch.float64)
    """

    def __init__(self, transitions, rewards, discount, start):
        self.transitions, self.rewards, self.start = (
            torch.as_tensor(array, dtype=torch.float64) for array in (transitions, rewards, start)
        )
        shape = tuple(self.transitions.shape)
        if len(shape) != 3 or shape[0] != shape[2] or self.rewards.shape != shape or self.start.shape != shape[:1]:
            got = ", ".join(str(tuple(array.shape)) for array in (self.transitions, self.rewards, self.start))
            raise ValueError(f"expected transitions (S, A, S), rewards (S, A, S), start (S,), got {got}")
        _check_distribution("transitions", self.transitions)
        _check_distribution("start", self.start)
        if not 0 <= discount <= 1:
            raise ValueError(f"discount must be in [0, 1], got {discount}")
        self.discount, (self.states, self.actions, _) = discount, shape
        stays = self.transitions.diagonal(dim1=0, dim2=2).T > 1 - 1e-12  # (S, A)
        earns = (self.transitions * self.rewards).sum(-1) != 0  # (S, A)
        self.absorbing = stays.all(-1) & ~earns.any(-1)

    def uniform(self):
        """Return the policy that takes every action equally often, ``(S, A)``."""
        return torch.full((self.states, self.actions), 1 / self.actions, dtype=torch.float64)

    def look_ahead(self, values):
        """Return E[r + γ values(s') | s, a], ``(S, A)``: one step, then what ``values``, ``(S,)``, promise."""
        return (self.transitions * (self.rewards + self.discount * values)).sum(-1)

    def state_values(self, policy):
        """Return V(s), ``(S,)``: the expected discounted return from each state, by a linear solve.

        Raises:
            ValueError: if ``policy`` is no table of distributions, or γ = 1 and it may go on for ever.
        """
        policy = self._checked(policy)
        rewards = (policy * (self.transitions * self.rewards).sum(-1)).sum(-1)  # (S,)
        return self._spread(torch.linalg.solve(self._system(policy, self.discount), rewards[~self.absorbing]))

    def action_values(self, policy):
        """Return Q(s, a), ``(S, A)``: the expected return of one action after which ``policy`` takes over."""
        return self.look_ahead(self.state_values(policy))

    def advantages(self, policy):
        """Return A(s, a) = Q(s, a) − V(s), ``(S, A)``; their mean under ``policy`` is 0 in every state."""
        values = self.state_values(policy)
        return self.look_ahead(values) - values[:, None]

    def expected_return(self, policy):
        """Return J, the expected discounted return of an episode: the mean of V over the first state."""
        return self.start @ self.state_values(policy)

    def occupancy(self, policy, discount=None):
        """Return Σ_t γᵗ P(s_t = s), ``(S,)``: how often each state is visited, later visits discounted.

        Absorbing states count 0, so that J = Σ_s d(s) Σ_a π(a | s) r(s, a).

        Args:
            policy: ``(S, A)``.
            discount: another γ than that of the rewards; 1 counts all visits alike.
        """
        system = self._system(self._checked(policy), self.discount if discount is None else discount)
        return self._spread(torch.linalg.solve(system.T, self.start[~self.absorbing]))

    def policy_gradient(self, logits, *, customary=False):
        """Return the gradient of J with respect to the logits of a softmax policy, ``(S, A)``.

        It is d(s) π(a | s) A(s, a), the policy gradient theorem (Sutton et al., 2000) for a table.

        Args:
            logits: ``(S, A)``.
            customary: leave out the γᵗ of later steps, as most code does: d counts all visits alike. That is not the
                gradient of J unless γ = 1.
        """
        policy = torch.as_tensor(logits, dtype=torch.float64).detach().softmax(-1)
        visits = self.occupancy(policy, 1.0 if customary else None)
        return visits[:, None] * policy * self.advantages(policy)

    def value_iteration(self, tolerance=1e-12, sweeps=100_000):
        """Repeat V(s) ← max_a E[r + γ V(s')] from 0 until no value changes by more than ``tolerance``.

        Returns:
            ``(values, policy)``: V* ``(S,)``, within tolerance γ / (1 − γ), and a greedy policy ``(S, A)``, the first
            of equally good actions.

        Raises:
            ValueError: if ``sweeps`` do not suffice.
        """
        values = torch.zeros(self.states, dtype=torch.float64)
        for _ in range(sweeps):
            before, values = values, self.look_ahead(values).amax(-1)
            if (values - before).abs().max() <= tolerance:
                return values, self._greedy(values, self.uniform())
        raise ValueError(f"expected the values to settle in {sweeps} sweeps; allow more, or lower the discount")

    def policy_iteration(self):
        """Evaluate, act greedily, repeat until the policy stays; return ``(values, policy)`` as value iteration."""
        before, policy = None, self.uniform()
        while before is None or not torch.equal(policy, before):
            before, values = policy, self.state_values(policy)
            policy = self._greedy(values, policy)
        return values, policy

    def environment(self, n=1, longest=100):
        """Return n copies to play in, truncated after ``longest`` steps; see :mod:`ravine.episodes`."""
        return Walkers(self, n, longest)

    def sample(self, policy, episodes, longest, generator=None):
        """Play ``episodes`` episodes of at most ``longest`` steps; return :class:`ravine.episodes.Episodes`."""
        policy = self._checked(policy).detach()
        return play(self.environment(episodes, longest), lambda states: policy[states], generator)

    def _checked(self, policy):
        policy = torch.as_tensor(policy, dtype=torch.float64)
        if policy.shape != (self.states, self.actions):
            raise ValueError(f"expected a policy of shape {(self.states, self.actions)}, got {tuple(policy.shape)}")
        _check_distribution("policy", policy)
        return policy

    def _system(self, policy, discount):
        """Return I − γ P among the states that are not absorbing."""
        moves = torch.einsum("sa,sat->st", policy, self.transitions)  # (S, S)
        if discount == 1 and not self._ends(moves.detach()):
            raise ValueError("expected a policy that reaches an absorbing state from everywhere, as the discount is 1")
        inside = moves[~self.absorbing][:, ~self.absorbing]
        return torch.eye(len(inside), dtype=torch.float64) - discount * inside

    def _ends(self, moves):
        reaches = self.absorbing
        for _ in range(self.states):
            reaches = reaches | ((moves > 0) & reaches).any(-1)
        return reaches.all()

    def _spread(self, inside):
        """Put numbers of the other states, in their order, between the zeros of the absorbing ones."""
        whole = torch.zeros(self.states, dtype=torch.float64)
        whole[~self.absorbing] = inside
        return whole

    def _greedy(self, values, policy):
        """Return the best actions as a table; of equal ones that which ``policy`` prefers, then the first."""
        ahead = self.look_ahead(values)
        best = (ahead >= ahead.amax(-1, keepdim=True) - _TIE).double()  # (S, A)
        return functional.one_hot((best + best * policy).argmax(-1), self.actions).double()


def gridworld(rows, *, discount=0.99, goal=1.0, hole=0.0, step=0.0, slip=0.0):
    """Turn a map into an MDP: states are cells, row by row; actions ``LEFT, DOWN, RIGHT, UP``.

    Args:
        rows: strings of equal length: ``S`` start (several: each equally likely), ``G`` goal and ``H`` hole, where an
            episode ends, ``#`` wall; any other letter is floor. A step into a wall or off the map stays where it is.
            Walls have a number too, so that values fit the map: ``values.view(len(rows), -1)``.
        discount: γ.
        goal: earned by the step into a goal.
        hole: earned by the step into a hole.
        step: earned by every step, that into a goal or hole included; -0.01 makes haste pay.
        slip: probability that the step goes to one side instead, half of it to each.

    Raises:
        ValueError: if the rows differ in length, there is no ``S``, or ``slip`` is not in [0, 1].

    >>> corridor = gridworld(["S..G"], discount=0.5)
    >>> corridor.value_iteration()[0]
    tensor([0.2500, 0.5000, 1.0000, 0.0000], dtype=torch.float64)
    """
    letters = "".join(rows)
    if len({len(row) for row in rows}) != 1 or "S" not in letters or not 0 <= slip <= 1:
        raise ValueError(f"expected rows of one length with an S, and slip in [0, 1], got {rows!r} and {slip}")
    height, width = len(rows), len(rows[0])
    transitions = torch.zeros(len(letters), 4, len(letters), dtype=torch.float64)
    for state, letter in enumerate(letters):
        for action in range(4):
            for turn, probability in ((0, 1 - slip), (-1, slip / 2), (1, slip / 2)):
                row, column = state // width, state % width
                row += {DOWN: 1, UP: -1}.get((action + turn) % 4, 0)
                column += {RIGHT: 1, LEFT: -1}.get((action + turn) % 4, 0)
                blocked = letter in "GH#" or not (0 <= row < height and 0 <= column < width) or rows[row][column] == "#"
                transitions[state, action, state if blocked else row * width + column] += probability
    arrival = torch.tensor([{"G": goal, "H": hole}.get(letter, 0.0) for letter in letters], dtype=torch.float64)
    ends = torch.tensor([letter in "GH#" for letter in letters])
    rewards = ((arrival + step) * ~ends[:, None, None]).expand_as(transitions)
    start = torch.tensor([letter == "S" for letter in letters], dtype=torch.float64)
    return MDP(transitions, rewards, discount, start / start.sum())


def frozen_lake(map_name="4x4", slippery=True, discount=0.99):
    """Return Gymnasium's ``FrozenLake-v1``, ``"4x4"`` or ``"8x8"``; slippery: one third ahead, one third to each side.

    Gymnasium truncates an episode after 100 steps (8x8: 200); here the caller says when.
    """
    if map_name not in LAKES:
        raise ValueError(f"map_name must be one of {', '.join(LAKES)}, got {map_name!r}")
    return gridworld(LAKES[map_name], discount=discount, slip=2 / 3 if slippery else 0.0)


def random_walk(n=5, discount=1.0):
    """Return the walk of Sutton and Barto, example 6.2: states 1 ... n, begun in the middle, between two ends.

    Actions: left, right. Only the step into the right end, state n + 1, earns 1. For the uniform policy without
    discount V(s) = s / (n + 1).
    """
    return _line(n + 2, start=(n + 1) // 2, ends=(0, n + 1), discount=discount)


def chain(n, discount=0.99, restart=False):
    """Return n + 1 states in a line, begun at 0; the step into the last, n, earns 1 and ends the episode.

    Actions: left (0), which at state 0 stays there, and right (1).

    Args:
        n: steps from the start to the goal.
        discount: γ.
        restart: the wrong action leads back to state 0, and not just one step: n right ones in a row are needed.
    """
    return _line(n + 1, start=0, ends=(n,), discount=discount, restart=restart)


def _line(states, start, ends, discount, restart=False):
    if states < 2 + len(ends) - 1:
        raise ValueError(f"expected n >= 1, got {states - len(ends)}")
    transitions = torch.zeros(states, 2, states, dtype=torch.float64)
    for state in range(states):
        left, right = (state, state) if state in ends else (0 if restart else max(state - 1, 0), state + 1)
        transitions[state, 0, left] = transitions[state, 1, right] = 1
    rewards = torch.zeros_like(transitions)
    rewards[states - 2, :, states - 1] = 1
    return MDP(transitions, rewards, discount, functional.one_hot(torch.tensor(start), states))


def _check_distribution(name, table):
    table = table.detach()
    if (table < 0).any() or not torch.allclose(table.sum(-1), torch.ones((), dtype=torch.float64), atol=1e-6):
        raise ValueError(f"expected rows of {name} that are >= 0 and sum to 1, got sums {table.sum(-1).tolist()}")
