"""Answers to the assignment *Sequences* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import right, wrong

# ----------------------------------------------------------------------------------------------------------- words
WORDS, ENCODE = "words-vocabulary", "words-encode"


def words(
    counted="word for sentence in sentences for word in sentence",
    test=">=",
    order="(-counts[w], w)",
    special='["[PAD]", "[UNK]"] + ',
    part="sentence[-longest:]",
    number="words.index(w) if w in words else 1",
    start="longest - len(kept)",
    mask="mask",
):
    """An answer to words with one of its parts replaced."""
    return f"""
from collections import Counter


def vocabulary(sentences, *, at_least):
    counts = Counter({counted})
    return {special}sorted((w for w in counts if counts[w] {test} at_least), key=lambda w: {order})


def encode(sentences, words, *, longest):
    ids, mask = np.zeros((len(sentences), longest), int), np.zeros((len(sentences), longest), bool)
    for row, sentence in enumerate(sentences):
        kept = [{number} for w in {part}]
        start = {start}
        ids[row, start : start + len(kept)], mask[row, start : start + len(kept)] = kept, True
    return ids, {mask}
"""


wrong("words", "ties as seen", fails=[WORDS], source=words(order="-counts[w]"))
wrong("words", "ties backwards", fails=[WORDS], source=words(order="(counts[w], w), reverse=True"))
wrong("words", "alphabetical", fails=[WORDS], source=words(order="w"))
wrong("words", "more than at_least", fails=[WORDS], source=words(test=">"))
wrong("words", "no limit", fails=[WORDS], source=words(test=">= 0 *"))
wrong("words", "no special words", fails=[WORDS], source=words(special=""))
wrong(
    "words",
    "counts sentences, not occurrences",
    fails=[WORDS],
    source=words(counted="word for sentence in sentences for word in set(sentence)"),
)
wrong("words", "filled up on the right", fails=[ENCODE], source=words(start="0"))
wrong("words", "the first words kept", fails=[ENCODE], source=words(part="sentence[:longest]"))
wrong("words", "unknown words are padding", fails=[ENCODE], source=words(number="words.index(w) if w in words else 0"))
wrong(
    "words",
    "unknown words dropped",
    fails=[ENCODE],
    source=words(part="[v for v in sentence if v in words][-longest:]"),
)
wrong("words", "mask True at padding", fails=[ENCODE], source=words(mask="~mask"))
wrong("words", "mask False at unknown words", fails=[ENCODE], source=words(mask="ids > 1"))
wrong("words", "mask of integers", fails=[ENCODE], source=words(mask="mask.astype(int)"))
wrong(
    "words",
    "an empty sentence fills its row",
    fails=[ENCODE],
    source=words().replace(
        "ids[row, start : start + len(kept)], mask[row, start : start + len(kept)] = kept, True",
        "ids[row, -len(kept) :], mask[row, -len(kept) :] = kept or 1, True",
    ),
)
wrong("words", "asks ravine", fails=[WORDS, ENCODE], source="from ravine.language import Vocabulary\n" + words())
right("words", "with Counter, and slices", source=words())
right(
    "words",
    "mask from the ids, numbers from a dict",
    source=words(number="dict(zip(words, range(99))).get(w, 1)", mask="ids != 0"),
)

# ---------------------------------------------------------------------------------------------------------- frames
COUNT, VALUES = "frames-count", "frames-values"


def frames(
    count="1 + max(0, -(-(len(signal) - w) // s))",
    window="np.hamming(w)",
    fill="np.pad(signal, (0, w))",
    ms="rate * width_ms // 1000, rate * hop_ms // 1000",
):
    """An answer to frames with one of its parts replaced."""
    return f"""
def frames(signal, *, rate, width_ms, hop_ms):
    w, s = {ms}
    count = {count}
    longer = {fill}
    window = {window}
    return np.array([longer[t * s : t * s + w] * window for t in range(count)])
"""


wrong("frames", "only whole frames", fails=[COUNT, VALUES], source=frames("max(1, 1 + (len(signal) - w) // s)"))
wrong("frames", "one too many", fails=[COUNT], source=frames("1 + max(0, (len(signal) - w) // s + 1)"))
wrong(
    "frames",
    "a frame at each hop",
    fails=[COUNT, VALUES],
    source=frames("-(-len(signal) // s)", fill="np.pad(signal, (0, 3 * w))"),
)
wrong(
    "frames",
    "milliseconds for samples",
    fails=[COUNT, VALUES],
    source=frames(ms="width_ms, hop_ms"),
)
wrong(
    "frames", "hop for width", fails=[COUNT, VALUES], source=frames(ms="rate * hop_ms // 1000, rate * hop_ms // 1000")
)
wrong("frames", "no window", fails=[VALUES], source=frames(window="np.ones(w)"))
wrong("frames", "periodic window", fails=[VALUES], source=frames(window="np.hamming(w + 1)[:-1]"))
wrong("frames", "Hann", fails=[VALUES], source=frames(window="np.hanning(w)"))
wrong("frames", "Hann, periodic, as on the page", fails=[VALUES], source=frames(window="np.hanning(w + 1)[:-1]"))
wrong("frames", "the last sample repeated", fails=[VALUES], source=frames(fill="np.pad(signal, (0, w), mode='edge')"))
wrong(
    "frames",
    "in place",
    fails=[VALUES],
    source=frames(fill="np.pad(signal, (0, w))\n    signal *= 0.5"),
)
wrong(
    "frames",
    "delegates to torch",
    fails=[COUNT, VALUES],
    source="""
import torch


def frames(signal, *, rate, width_ms, hop_ms):
    w, s = rate * width_ms // 1000, rate * hop_ms // 1000
    longer = torch.tensor(np.pad(signal, (0, max(0, w - len(signal)) + (w - len(signal)) % s)))
    return (longer.unfold(0, w, s) * torch.hamming_window(w, periodic=False)).numpy()
""",
)
right("frames", "numpy's window, integers only", source=frames())
right(
    "frames",
    "sample by sample",
    source="""
def frames(signal, *, rate, width_ms, hop_ms):
    width, hop = int(rate / 1000 * width_ms + 0.5), int(rate / 1000 * hop_ms + 0.5)
    rows, first = [], 0
    while True:
        row = np.zeros(width)
        part = signal[first : first + width]
        row[: len(part)] = part
        for k in range(width):
            row[k] *= 0.54 - 0.46 * math.cos(2 * math.pi * k / (width - 1))
        rows.append(row)
        if first + width >= len(signal):
            return np.stack(rows)
        first += hop
""",
)

# --------------------------------------------------------------------------------------------------------- forward
STATES, PADDED = "forward-states", "forward-padding"


def forward(
    inside="W @ h + U @ x[row, t] + b", new="(1 - leak) * h + leak * y", pad="h", first="start[row]", out="row_states"
):
    """An answer to forward, one sequence after the other, with one of its parts replaced."""
    return f"""
def forward(x, mask, W, U, b, *, start, leak):
    states = []
    for row in range(len(x)):
        h = {first}
        row_states = [h]
        for t in range(x.shape[1]):
            y = np.tanh({inside})
            h = {new} if mask[row, t] else {pad}
            row_states.append(h)
        states.append({out})
    return np.array(states)
"""


wrong("forward", "no leak", fails=[STATES, PADDED], source=forward(new="y"))
wrong("forward", "α and 1 - α exchanged", fails=[STATES, PADDED], source=forward(new="leak * h + (1 - leak) * y"))
wrong("forward", "adds without leaking", fails=[STATES, PADDED], source=forward(new="h + leak * y"))
wrong("forward", "W transposed", fails=[STATES, PADDED], source=forward("h @ W + U @ x[row, t] + b"))
wrong("forward", "no bias", fails=[STATES, PADDED], source=forward("W @ h + U @ x[row, t]"))
wrong("forward", "starts at zero", fails=[STATES, PADDED], source=forward(first="0 * start[row]"))
wrong("forward", "h_0 left out", fails=[STATES, PADDED], source=forward(out="row_states[1:]"))
wrong("forward", "mask ignored", fails=[PADDED], source=forward(pad="(1 - leak) * h + leak * y"))
wrong("forward", "zero at padding", fails=[PADDED], source=forward(pad="0 * h"))
wrong("forward", "leaks at padding", fails=[PADDED], source=forward(pad="(1 - leak) * h"))
wrong(
    "forward",
    "padding is an input of zero",
    fails=[PADDED],
    source=forward(pad="(1 - leak) * h + leak * np.tanh(W @ h + b)"),
)
wrong("forward", "mask the other way round", fails=[STATES, PADDED], source=forward().replace("if mask", "if not mask"))
wrong(
    "forward",
    "changes start in place",
    fails=[STATES, PADDED],
    source="""
def forward(x, mask, W, U, b, *, start, leak):
    h, states = start, [start]
    for t in range(x.shape[1]):
        h += mask[:, t, None] * leak * (np.tanh(h @ W.T + x[:, t] @ U.T + b) - h)
        states.append(h.copy())
    return np.stack(states, axis=1)
""",
)
wrong(
    "forward",
    "time first",
    fails=[STATES, PADDED],
    source="""
def forward(x, mask, W, U, b, *, start, leak):
    states = [start]
    for t in range(x.shape[1]):
        h = states[-1]
        new = (1 - leak) * h + leak * np.tanh(h @ W.T + x[:, t] @ U.T + b)
        states.append(np.where(mask[:, t, None], new, h))
    return np.stack(states)
""",
)
wrong(
    "forward",
    "delegates to torch",
    fails=[STATES, PADDED],
    source="import torch\n" + forward(inside="torch.tensor(W @ h + U @ x[row, t] + b).numpy()"),
)
right("forward", "one sequence after the other", source=forward())
right(
    "forward",
    "by what it moves",
    source="""
def forward(x, mask, W, U, b, *, start, leak):
    states = np.repeat(start[:, None], x.shape[1] + 1, axis=1)
    drive = np.einsum("ntd,hd->nth", x, U) + b
    for t in range(x.shape[1]):
        h = states[:, t]
        move = leak * mask[:, t].astype(float)[:, None]
        states[:, t + 1] = h + move * (np.tanh(np.einsum("ng,hg->nh", h, W) + drive[:, t]) - h)
    return states
""",
)

# -------------------------------------------------------------------------------------------------------- backward
WEIGHTS, START, PAD = "backward-weights", "backward-start", "backward-padding"


def backward(
    y="(s[t + 1] - (1 - leak) * s[t]) / leak",
    inner="leak * (1 - y**2) * d",
    before="s[t]",
    carry="(1 - leak) * d + W.T @ inner",
    pad="continue",
    end="gW, gU, gb, np.array(starts)",
    first="0",
):
    """An answer to backward, one sequence after the other, with one of its parts replaced."""
    return f"""
def backward(x, mask, states, W, slope, *, leak):
    gW, gU, gb, starts = np.zeros_like(W), np.zeros((len(W), x.shape[2])), np.zeros(len(W)), []
    for row, s in enumerate(states):
        d = slope[row].copy()
        for t in range(x.shape[1] - 1, {first} - 1, -1):
            y = {y}
            inner = {inner}
            if not mask[row, t]:
                {pad}
            gW += np.outer(inner, {before})
            gU += np.outer(inner, x[row, t])
            gb += inner
            d = {carry}
        starts.append(d)
    return {end}
"""


ALL = [WEIGHTS, START, PAD]
wrong("backward", "1 - h², the chapter's derivative", fails=ALL, source=backward(y="s[t + 1]"))
wrong("backward", "no direct way", fails=ALL, source=backward(carry="W.T @ inner"))
wrong("backward", "no α before the tanh", fails=ALL, source=backward(inner="(1 - y**2) * d"))
wrong(
    "backward",
    "the chapter's gradient",
    fails=ALL,
    source=backward(y="s[t + 1]", inner="(1 - y**2) * d", carry="W.T @ inner"),
)
wrong("backward", "W not transposed", fails=ALL, source=backward(carry="(1 - leak) * d + W @ inner"))
wrong("backward", "direct way without its factor", fails=ALL, source=backward(carry="d + W.T @ inner"))
wrong("backward", "the state after, not before", fails=[WEIGHTS, PAD], source=backward(before="s[t + 1]"))
wrong("backward", "the last position only", fails=ALL, source=backward(first="x.shape[1] - 1"))
wrong("backward", "stops before the first position", fails=ALL, source=backward(first="1"))
wrong(
    "backward",
    "mean over the batch",
    fails=[WEIGHTS, PAD],
    source=backward(end="gW / len(x), gU / len(x), gb / len(x), np.array(starts)"),
)
wrong("backward", "uphill", fails=ALL, source=backward(end="-gW, -gU, -gb, -np.array(starts)"))
wrong(
    "backward", "W's gradient transposed", fails=[WEIGHTS, PAD], source=backward(end="gW.T, gU, gb, np.array(starts)")
)
wrong("backward", "slope for the start", fails=[START, PAD], source=backward(end="gW, gU, gb, slope"))
wrong("backward", "mask ignored", fails=[PAD], source=backward(pad="pass"))
wrong("backward", "leaks at padding", fails=[PAD], source=backward(pad="d = (1 - leak) * d\n                continue"))
wrong("backward", "stops at padding", fails=[PAD], source=backward(pad="break"))
wrong("backward", "zero at padding", fails=[PAD], source=backward(pad="d = 0 * d\n                continue"))
wrong(
    "backward",
    "changes slope in place",
    fails=[WEIGHTS],
    source="""
def backward(x, mask, states, W, slope, *, leak):
    gW, gU, gb, d = 0, 0, 0, slope
    for t in range(x.shape[1] - 1, -1, -1):
        real = mask[:, t, None]
        y = (states[:, t + 1] - (1 - leak) * states[:, t]) / leak
        inner = real * leak * (1 - y**2) * d
        gW, gU, gb = gW + inner.T @ states[:, t], gU + inner.T @ x[:, t], gb + inner.sum(0)
        d *= 1 - leak * real
        d += inner @ W
    return gW, gU, gb, d
""",
)
wrong(
    "backward",
    "delegates to torch",
    fails=ALL,
    source="""
import torch


def backward(x, mask, states, W, slope, *, leak):
    h = torch.tensor(states[:, 0], requires_grad=True)
    (torch.tanh(h @ torch.tensor(W).T) * torch.tensor(slope)).sum().backward()
    return W, W, W, h.grad.numpy()
""",
)
right("backward", "one sequence after the other", source=backward())
right(
    "backward",
    "products of Jacobians, position by position",
    source="""
def backward(x, mask, states, W, slope, *, leak):
    batch, length, _ = x.shape
    part = np.where(mask, leak, 0.0)[:, :, None]
    old, new = states[:, :-1], states[:, 1:]
    slopes = part * (1 - ((new - old) / leak + old) ** 2)
    deltas = [slope]
    for t in reversed(range(length)):
        jacobian = (1 - part[:, t])[:, :, None] * np.eye(len(W)) + slopes[:, t, :, None] * W
        deltas.append(np.einsum("nh,nhg->ng", deltas[-1], jacobian))
    inner = slopes * np.stack(deltas[-2::-1], axis=1)
    return (
        np.einsum("nth,ntg->hg", inner, old),
        np.einsum("nth,ntd->hd", inner, x),
        inner.sum((0, 1)),
        deltas[-1],
    )
""",
)

# --------------------------------------------------------------------------------------------------------- predict
LINEAR, TANH, GATE = "predict-linear", "predict-tanh", "predict-gate"
for name, numbers, cells in [
    ("spectral radius", "0.5**4, 0.54**10, 4.968", [LINEAR]),
    ("the bound", "1332.3, 0.54**10, 4.968", [LINEAR]),
    ("entries to the fourth power", "1296.0, 0.54**10, 4.968", [LINEAR]),
    ("three positions", "4.503, 0.54**10, 4.968", [LINEAR]),
    ("no derivative of tanh", "3.0013, 1.5**10, 4.968", [TANH]),
    ("1 - h", "3.0013, 0.3**10, 4.968", [TANH]),
    ("no weight", "3.0013, 0.36**10, 4.968", [TANH]),
    ("derivative at the state", "3.0013, (1.5 * (1 - math.tanh(0.8) ** 2)) ** 10, 4.968", [TANH]),
    ("log 100", "3.0013, 0.54**10, math.log(100)", [GATE]),
    ("the gate itself", "3.0013, 0.54**10, 0.5**0.01", [GATE]),
    ("a closed gate", "3.0013, 0.54**10, -4.968", [GATE]),
    ("linear in the number of positions", "3.0013, 0.54**10, math.log(199)", [GATE]),
    ("in another order", "4.968, 3.0013, 0.54**10", [LINEAR, TANH, GATE]),
]:
    wrong("predict", name, fails=cells, source=f"def what_is_left():\n    return {numbers}\n")
wrong("predict", "two numbers", fails=[LINEAR, TANH, GATE], source="def what_is_left():\n    return 3.0013, 0.54**10\n")
right(
    "predict",
    "rounded, the gate by log(100 / ln 2)",
    source="def what_is_left():\n    return [3.0, 0.00211, math.log(144.3)]\n",
)
right(
    "predict",
    "computed",
    source="""
def what_is_left():
    W, keep = np.array([[0.5, 6], [0, 0.5]]), math.exp(math.log(0.5) / 100)
    return np.linalg.svd(W @ W @ W @ W)[1][0], (1.5 * (1 - 0.8**2)) ** 10, -math.log(1 / keep - 1)
""",
)

# ------------------------------------------------------------------------------------------------------------ cell
CELL, EDGES = "cell-values", "cell-edges"


def cell(
    both="h, x",
    names="g, f, o",
    keep="sigmoid(f + forget_bias)",
    c="keep * c + (1 - keep) * np.tanh(g)",
    h="sigmoid(o) * np.tanh(c)",
    sigmoid="0.5 * (1 + np.tanh(z / 2))",
    bias="bias",
    out="new_h, c",
):
    """An answer to cell with one of its parts replaced."""
    return f"""
def cell_step(x, h, c, kernel, bias, *, forget_bias):
    def sigmoid(z):
        return {sigmoid}

    n = h.shape[1]
    z, old = np.hstack([{both}]) @ kernel + {bias}, c
    {names} = z[:, :n], z[:, n : 2 * n], z[:, 2 * n :]
    keep = {keep}
    c = {c}
    new_h = {h}
    return {out}
"""


for name, part in [
    ("x before h", {"both": "x, h"}),
    ("forget gate first", {"names": "f, g, o"}),
    ("output gate second", {"names": "g, o, f"}),
    ("forget and output first", {"names": "f, o, g"}),
    ("all added, 1 - f left out", {"c": "keep * c + np.tanh(g)"}),
    ("f and 1 - f exchanged", {"c": "(1 - keep) * c + keep * np.tanh(g)"}),
    ("forget_bias subtracted", {"keep": "sigmoid(f - forget_bias)"}),
    ("forget_bias outside", {"keep": "sigmoid(f) + forget_bias"}),
    ("no tanh inside", {"c": "keep * c + (1 - keep) * g"}),
    ("no output gate", {"h": "np.tanh(c)"}),
    ("cell and output exchanged", {"out": "c, new_h"}),
]:
    wrong("cell", name, fails=[CELL, EDGES], source=cell(**part))
wrong("cell", "forget_bias ignored", fails=[CELL, EDGES], source=cell(keep="sigmoid(f)"))
wrong("cell", "output gate first", fails=[CELL], source=cell(names="o, f, g"))
wrong("cell", "bias ignored", fails=[CELL], source=cell(bias="0"))
wrong("cell", "output from the old cell", fails=[CELL, EDGES], source=cell(h="sigmoid(o) * np.tanh(old)"))
wrong("cell", "no tanh on the way out", fails=[CELL, EDGES], source=cell(h="sigmoid(o) * c"))
wrong(
    "cell", "forget_bias on the output gate too", fails=[CELL], source=cell(h="sigmoid(o + forget_bias) * np.tanh(c)")
)
wrong("cell", "infinity over infinity", fails=[EDGES], source=cell(sigmoid="np.exp(z) / (1 + np.exp(z))"))
wrong(
    "cell",
    "changes c in place",
    fails=[EDGES],
    source=cell(c="c.__imul__(keep).__iadd__((1 - keep) * np.tanh(g))"),
)
wrong(
    "cell",
    "delegates to torch",
    fails=[CELL, EDGES],
    source="""
import torch


def cell_step(x, h, c, kernel, bias, *, forget_bias):
    theirs = torch.nn.LSTMCell(x.shape[1], h.shape[1], dtype=torch.float64)
    new = theirs(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    return tuple(part.detach().numpy() for part in new)
""",
)
right("cell", "slices", source=cell())
right(
    "cell",
    "the kernel in two, logistic by logaddexp",
    source="""
def cell_step(x, h, c, kernel, bias, *, forget_bias):
    H = h.shape[1]
    bias = bias.copy()
    bias[H : 2 * H] += forget_bias
    z = (h @ kernel[:H] + x @ kernel[H:] + bias).reshape(len(x), 3, H)
    f, o = (np.exp(-np.logaddexp(0, -z[:, i])) for i in (1, 2))
    written = np.tanh(z[:, 0])
    new_c = written + f * (c - written)
    return [o * np.tanh(new_c), new_c]
""",
)

# --------------------------------------------------------------------------------------------------- find-the-bugs
MEAN, RESET, FILLED, TOGETHER = "bugs-mean", "bugs-reset", "bugs-padding", "bugs-together"


def bugs(
    outside="pass",
    inside="h = np.zeros(len(W))",
    over="x[row, : lengths[row]]",
    step="h =",
    mean="np.mean(states, axis=0)",
):
    """An answer to find-the-bugs with one of its repairs left out or done otherwise."""
    return f"""
def state_means(x, lengths, W, U, b):
    means = []
    {outside}
    for row in range(len(x)):
        {inside}
        states = []
        for x_t in {over}:
            {step} np.tanh(W @ h + U @ x_t + b)
            states.append(h)
        means.append({mean})
    return np.stack(means)
"""


START_ONCE = "h = np.zeros(len(W))"
wrong("find-the-bugs", "not reset", fails=[RESET, TOGETHER], source=bugs(outside=START_ONCE, inside="pass"))
wrong("find-the-bugs", "through the padding", fails=[FILLED, TOGETHER], source=bugs(over="x[row]"))
wrong("find-the-bugs", "the same array each time", fails=[MEAN, TOGETHER], source=bugs(step="h[:] ="))
wrong(
    "find-the-bugs",
    "no bug repaired",
    fails=[MEAN, RESET, FILLED, TOGETHER],
    source=bugs(outside=START_ONCE, inside="pass", over="x[row]", step="h[:] ="),
)
wrong("find-the-bugs", "the last state", fails=[MEAN, TOGETHER], source=bugs(mean="states[-1]"))
wrong("find-the-bugs", "the sum", fails=[MEAN, TOGETHER], source=bugs(mean="np.sum(states, axis=0)"))
wrong(
    "find-the-bugs",
    "divided by the longest",
    fails=[FILLED, TOGETHER],
    source=bugs(mean="np.sum(states, axis=0) / x.shape[1]"),
)
wrong(
    "find-the-bugs",
    "h_0 counted",
    fails=[MEAN, RESET, FILLED, TOGETHER],
    source=bugs().replace("states = []", "states = [h]"),
)
wrong("find-the-bugs", "one length for all", fails=[TOGETHER], source=bugs(over="x[row, : lengths[0]]"))
wrong(
    "find-the-bugs",
    "padding set to zero",
    fails=[FILLED, TOGETHER],
    source=bugs(over="x[row] * (np.arange(x.shape[1]) < lengths[row])[:, None]"),
)
wrong(
    "find-the-bugs",
    "delegates to ravine",
    fails=[MEAN, RESET, FILLED, TOGETHER],
    source="import ravine.attention\n" + bugs(),
)
right(
    "find-the-bugs",
    "copies, reset in place",
    source=bugs(outside=START_ONCE, inside="h[:] = 0", step="h[:] =").replace("append(h)", "append(h.copy())"),
)
right(
    "find-the-bugs",
    "the whole batch at once, with a mask",
    source="""
def state_means(x, lengths, W, U, b):
    lengths = np.asarray(lengths)
    h = total = np.zeros((len(x), len(W)))
    for t in range(x.shape[1]):
        h = np.tanh(h @ W.T + x[:, t] @ U.T + b)
        total = total + np.where((t < lengths)[:, None], h, 0)
    return total / lengths[:, None]
""",
)

# ----------------------------------------------------------------------------------------------------------- latch
STORES, OVER = "latch-stores", "latch-overwrites"
for name, numbers, cells in [
    ("forgets: one stable state", "0.9, 3.0", [STORES, OVER]),
    ("the knife's edge", "1.0, 1.0", [STORES, OVER]),
    ("no memory", "0.0, 5.0", [STORES, OVER]),
    ("stores, and cannot be overwritten", "3.0, 1.0", [OVER]),
    ("lets noise in", "2.0, 8.0", [STORES, OVER]),
    ("the sign of u", "2.0, -3.0", [STORES, OVER]),
    ("alternates", "-2.0, 3.0", [STORES, OVER]),
    ("zero", "0.0, 0.0", [STORES, OVER]),
    ("out of range", "200.0, 300.0", [STORES, OVER]),
]:
    wrong("latch", name, fails=cells, source=f"def latch():\n    return {numbers}\n")
wrong(
    "latch",
    "delegates to torch",
    fails=[STORES, OVER],
    source="import torch\n\n\ndef latch():\n    return torch.tensor([2.0, 3.0])\n",
)
right("latch", "steep", source="def latch():\n    return 20.0, 30.0\n")
right("latch", "gentle, in a list", source="def latch():\n    return [1.7, 2.0]\n")

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = ["true-statements-outputs", "true-statements-encodings", "true-statements-memory"]
for name, letters, cells in [
    ("one vector of fixed length (E121)", "ABCEFH", GROUPS[:1]),
    ("the model decides always", "CEFH", GROUPS[:1]),
    ("translation is as long as its source", "AEFH", GROUPS[:1]),
    ("a number says it all", "ACDEFH", GROUPS[1:2]),
    ("order in the vocabulary matters", "ACFH", GROUPS[1:2]),
    ("another order of patches", "ACEH", GROUPS[1:2]),
    ("radius above 1 explodes", "ACEFGH", GROUPS[2:]),
    ("a bound is no bound", "ACEF", GROUPS[2:]),
    ("Adam repairs it", "ACEFHI", GROUPS[2:]),
    ("everything is true", "ABCDEFGHI", GROUPS),
    ("nothing is true", "", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
wrong("true-statements", "with commas", fails=GROUPS, source="def true_statements():\n    return 'A, C, E, F, H'\n")
right("true-statements", "in another order", source="def true_statements():\n    return 'HFECA'\n")
