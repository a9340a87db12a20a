"""Answers to the assignment *Pre-training* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# --------------------------------------------------------------------------------------------------------- predict
SAME, POLES, BELIEF = "predict-same", "predict-poles", "predict-belief"
P, EVEN = "0.872174", "0.00298211"
for name, numbers, cells in [
    ("2N candidates (E126)", f"math.log(16), math.log(8 + 8 * math.exp(-4)), {P}, {EVEN}", [SAME, POLES]),
    ("negatives without the partner", f"math.log(14), math.log(6 + 8 * math.exp(-4)), {P}, {EVEN}", [SAME, POLES]),
    ("things in place of views", f"math.log(8), 1.966627, {P}, {EVEN}", [SAME]),
    ("all alike is all right", f"0.0, 1.966627, {P}, {EVEN}", [SAME]),
    ("the other pole is gone", f"math.log(15), math.log(7), {P}, {EVEN}", [POLES]),
    ("one bit is ln 2", f"math.log(15), math.log(7.5), {P}, {EVEN}", [POLES]),
    ("temperature 1", f"math.log(15), math.log(7 + 8 * math.exp(-2)), {P}, {EVEN}", [POLES]),
    ("temperature multiplied", f"math.log(15), math.log(7 + 8 * math.exp(-1)), {P}, {EVEN}", [POLES]),
    ("BERT's rates (E128)", "math.log(15), 1.966627, 0.02 * 1.001 / 0.021, 0.001", [BELIEF]),
    ("rates exchanged", "math.log(15), 1.966627, 0.02 * 0.3001 / 0.0061, 0.0001 / 0.3002", [BELIEF]),
    ("the random word is another one", "math.log(15), 1.966627, 0.002 / 0.0023, 0.003", [BELIEF]),
    ("even at 1 / V", f"math.log(15), 1.966627, {P}, 0.001", [BELIEF]),
    ("what is seen ignored", "math.log(15), 1.966627, 0.02, 0.5", [BELIEF]),
    ("three numbers", f"math.log(15), 1.966627, {P}", [SAME, POLES, BELIEF]),
]:
    wrong("predict", name, fails=cells, source=f"def predict():\n    return {numbers}\n")
right("predict", "numbers in a list", source=f"def predict():\n    return [2.70805, 1.966627, {P}, {EVEN}]\n")
right(
    "predict",
    "computed",
    source="""
def predict():
    def loss(z, tau):
        s = z @ z.T / tau
        table = [[s[i, k] for k in range(16) if k != i] for i in range(16)]
        partner = [s[i, i ^ 1] for i in range(16)]
        return np.mean([np.log(np.exp(row).sum()) - own for row, own in zip(table, partner)])

    def belief(p, V=1000, stay=0.1, change=0.3):
        return (p * stay + p * change / V) / (p * stay + change / V)

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if belief(middle) < 0.5 else (low, middle)
    return loss(np.ones((16, 1)), 0.5), loss(np.repeat([[1.0], [-1.0]], 8, axis=0), 0.5), belief(0.02), low
""",
)

# -------------------------------------------------------------------------------------------------------- contrast
LOSS, SLOPES, EDGES = "contrast-loss", "contrast-slopes", "contrast-edges"


def contrast(
    unit="z / np.linalg.norm(z, axis=1, keepdims=True)",
    scores="unit @ unit.T / tau",
    itself="np.fill_diagonal(scores, -np.inf)",
    partner="np.arange(n) ^ 1",
    log_p="scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)",
    loss="-log_p[rows, partner].mean()",
    slopes="(p - target) / (n * tau)",
):
    """An answer to contrast with one of its parts replaced."""
    return f"""
def contrast(z, *, tau):
    n, rows = len(z), np.arange(len(z))
    unit = {unit}
    scores = {scores}
    {itself}
    partner = {partner}
    log_p = {log_p}
    p, target = np.exp(log_p), np.eye(n)[partner]
    return {loss}, {slopes}
"""


wrong("contrast", "2N candidates (E126)", fails=[LOSS, SLOPES, EDGES], source=contrast(itself="pass"))
wrong(
    "contrast",
    "partners i and i + N",
    fails=[LOSS, SLOPES, EDGES],
    source=contrast(partner="np.roll(np.arange(n), n // 2)"),
)
wrong(
    "contrast",
    "one direction only (E126)",
    fails=[LOSS, EDGES],
    source=contrast(loss="-log_p[rows, partner][::2].mean()"),
)
wrong(
    "contrast",
    "the partner missing below the line",
    fails=[LOSS, SLOPES, EDGES],
    source=contrast(
        log_p="scores - np.logaddexp.reduce(np.where(np.eye(n)[partner] == 1, -np.inf, scores), axis=1, keepdims=True)"
    ),
)
wrong("contrast", "no temperature", fails=[LOSS, SLOPES, EDGES], source=contrast(scores="unit @ unit.T"))
wrong("contrast", "inner products", fails=[LOSS, SLOPES, EDGES], source=contrast(unit="z.copy()"))
wrong("contrast", "a sum over the views", fails=[LOSS, EDGES], source=contrast(loss="-log_p[rows, partner].sum()"))
wrong("contrast", "slopes of s", fails=[SLOPES], source=contrast(slopes="(p - target) / n"))
wrong("contrast", "slopes of the sum", fails=[SLOPES], source=contrast(slopes="(p - target) / tau"))
wrong("contrast", "slopes downhill", fails=[SLOPES], source=contrast(slopes="(target - p) / (n * tau)"))
wrong("contrast", "p at the partner too", fails=[SLOPES, EDGES], source=contrast(slopes="p / (n * tau)"))
wrong(
    "contrast",
    "slopes of both entries",
    fails=[SLOPES],
    source=contrast(slopes="(p + p.T - target - target.T) / (n * tau)"),
)
wrong(
    "contrast",
    "exponentials that overflow",
    fails=[EDGES],
    source=contrast(log_p="np.log(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))"),
)
wrong(
    "contrast",
    "normalized in place",
    fails=[EDGES],
    source=contrast(unit="z\n    z /= np.linalg.norm(z, axis=1, keepdims=True)"),
)
wrong(
    "contrast",
    "delegates to ravine",
    fails=[LOSS, SLOPES, EDGES],
    source="from ravine.attention import attention\n" + contrast(),
)
right("contrast", "rows by index", source=contrast())
right(
    "contrast",
    "by torch's autograd",
    source="""
def contrast(z, *, tau):
    unit = torch.nn.functional.normalize(torch.tensor(z), dim=1)
    cosines = (unit @ unit.T).requires_grad_()
    scores = (cosines / tau).masked_fill(torch.eye(len(z), dtype=torch.bool), -math.inf)
    target = torch.tensor([i + 1 if i % 2 == 0 else i - 1 for i in range(len(z))])
    loss = torch.nn.functional.cross_entropy(scores, target)
    loss.backward()
    return loss.item(), cosines.grad.numpy()
""",
)

# ----------------------------------------------------------------------------------------------------- autoencoder
EXCESS, ANGLES = "autoencoder-excess", "autoencoder-angles"


def judged(
    center="x = x - x.mean(axis=0)",
    matrix="decoder @ encoder",
    squares="(x - x @ M.T) ** 2",
    best="variances[k:].sum()",
    over="n",
    excess="loss / n - best",
    basis="np.linalg.qr(decoder)[0]",
    first="directions[:, :k]",
    cosines="np.linalg.svd(basis.T @ first, compute_uv=False)",
):
    """An answer to autoencoder with one of its parts replaced."""
    return f"""
def judge_autoencoder(x, encoder, decoder):
    {center}
    n, k = len(x), len(encoder)
    M = {matrix}
    loss = np.sum({squares})
    variances, directions = np.linalg.eigh(x.T @ x / {over})
    variances, directions = variances[::-1], directions[:, ::-1]
    best = {best}
    basis, first = {basis}, {first}
    return {excess}, {cosines}
"""


wrong("autoencoder", "the loss itself", fails=[EXCESS], source=judged(excess="loss / n"))
wrong("autoencoder", "the first variances lost", fails=[EXCESS], source=judged(best="variances[:k].sum()"))
wrong("autoencoder", "standard deviations", fails=[EXCESS], source=judged(best="np.sqrt(abs(variances[k:])).sum()"))
wrong("autoencoder", "n - 1", fails=[EXCESS], source=judged(over="(n - 1)", excess="loss / (n - 1) - best"))
wrong("autoencoder", "sums, not means", fails=[EXCESS], source=judged(excess="loss - n * best"))
wrong("autoencoder", "the mean left in", fails=[EXCESS, ANGLES], source=judged(center="x = x.copy()"))
wrong("autoencoder", "centered in place", fails=[EXCESS], source=judged(center="x -= x.mean(axis=0)"))
wrong("autoencoder", "encoder and decoder exchanged", fails=[EXCESS], source=judged(matrix="(decoder @ encoder).T"))
wrong("autoencoder", "columns of D as they are", fails=[ANGLES], source=judged(basis="decoder"))
wrong(
    "autoencoder",
    "columns of length one (E157: PCA's components)",
    fails=[ANGLES],
    source=judged(basis="decoder / np.linalg.norm(decoder, axis=0)"),
)
wrong(
    "autoencoder",
    "component against component (E157)",
    fails=[ANGLES],
    source=judged(cosines="np.sort(abs(np.diag(basis.T @ first)))[::-1]"),
)
wrong("autoencoder", "the encoder's subspace", fails=[ANGLES], source=judged(basis="np.linalg.qr(encoder.T)[0]"))
wrong("autoencoder", "the smallest variances", fails=[ANGLES], source=judged(first="directions[:, -k:]"))
wrong(
    "autoencoder",
    "squared cosines",
    fails=[ANGLES],
    source=judged(cosines="np.linalg.svd(basis.T @ first, compute_uv=False) ** 2"),
)
wrong(
    "autoencoder",
    "delegates to ravine",
    fails=[EXCESS, ANGLES],
    source="from ravine.spectrum import eigenvalues\n" + judged(),
)
right("autoencoder", "eigenvalues of the covariance", source=judged())
right(
    "autoencoder",
    "in torch, by projections",
    source="""
def judge_autoencoder(x, encoder, decoder):
    x, E, D = (torch.tensor(a) for a in (x, encoder, decoder))
    x = x - x.mean(0)
    k = len(E)
    U, S, Vh = torch.linalg.svd(x, full_matrices=False)
    loss = sum(((row - D @ (E @ row)) ** 2).sum() for row in x)
    excess = (loss - (S[k:] ** 2).sum()) / len(x)
    basis = torch.linalg.svd(D, full_matrices=False).U
    return excess.item(), torch.linalg.svdvals(Vh[:k] @ basis).numpy()
""",
)

# --------------------------------------------------------------------------------------------------- hidden-pixels
MAP, LEFT = "hidden-pixels-map", "hidden-pixels-loss"


def restored(
    pairs="seen**2 * C",
    own="seen * q * D",
    cross="seen * C",
    inverse="np.linalg.pinv",
    loss="np.trace(C) - seen * np.trace(M @ C)",
    result="M",
):
    """An answer to hidden-pixels with one of its parts replaced."""
    return f"""
def restore_hidden(covariance, q):
    C, D, seen = covariance, np.diag(np.diag(covariance)), 1 - q
    M = {cross} @ {inverse}({pairs} + {own})
    return {result}, {loss}
"""


NOISY = "np.trace(M @ (seen**2 * C + seen * q * D) @ M.T)"
wrong(
    "hidden-pixels",
    "the chapter's formula",
    fails=[MAP, LEFT],
    source=restored("C", "q * np.eye(len(C))", "C"),
)
wrong("hidden-pixels", "variances as noise", fails=[MAP, LEFT], source=restored("C", "q * D", "C"))
wrong("hidden-pixels", "a pixel seen twice is seen with (1 - q)²", fails=[MAP, LEFT], source=restored(own="0 * D"))
wrong("hidden-pixels", "no pair needs two", fails=[MAP], source=restored("seen * C", "0 * D"))
wrong("hidden-pixels", "cross-covariance in full", fails=[MAP, LEFT], source=restored(cross="C"))
wrong("hidden-pixels", "transposed", fails=[MAP, LEFT], source=restored(result="M.T"))
wrong("hidden-pixels", "inverts what has no inverse", fails=[MAP], source=restored(inverse="np.linalg.inv"))
wrong(
    "hidden-pixels",
    "loss with nothing hidden",
    fails=[LEFT],
    source=restored(loss="np.trace((np.eye(len(C)) - M) @ C @ (np.eye(len(C)) - M).T)"),
)
wrong("hidden-pixels", "mean over the entries", fails=[LEFT], source=restored(loss=f"np.trace(C - {NOISY}) / len(C)"))
wrong("hidden-pixels", "loss without the factor", fails=[LEFT], source=restored(loss="np.trace(C) - np.trace(M @ C)"))
wrong(
    "hidden-pixels",
    "in place",
    fails=[LEFT],
    source="""
def restore_hidden(covariance, q):
    seen, total, cross = 1 - q, np.trace(covariance), (1 - q) * covariance
    own = np.diag(covariance).copy()
    covariance *= seen**2
    np.fill_diagonal(covariance, seen * own)
    M = cross @ np.linalg.pinv(covariance)
    return M, total - np.trace(M @ cross)
""",
)
wrong(
    "hidden-pixels",
    "delegates to ravine",
    fails=[MAP, LEFT],
    source="from ravine.language import pretrained\n" + restored(),
)
right("hidden-pixels", "the loss by what comes out", source=restored(loss=f"np.trace(C) - {NOISY}"))
right(
    "hidden-pixels",
    "divided by 1 - q, by least squares",
    source="""
def restore_hidden(covariance, q):
    inputs = (1 - q) * covariance
    np.fill_diagonal(inputs, np.diag(covariance))
    M = np.linalg.lstsq(inputs, covariance, rcond=None)[0].T
    seen = (1 - q) * M @ inputs @ M.T - 2 * (1 - q) * M @ covariance + covariance
    return M, seen.trace()
""",
)
right(
    "hidden-pixels",
    "row by row, on pixels that vary",
    source="""
def restore_hidden(covariance, q):
    C = torch.tensor(covariance)
    live = C.diagonal() > 0
    inner = C[live][:, live]
    M = torch.zeros_like(C)
    weights = torch.linalg.solve((1 - q) * inner + q * torch.diag(inner.diagonal()), inner).T
    M[live.nonzero(), live.nonzero().T] = weights
    return M.numpy(), float(inner.trace() - (1 - q) * (weights @ inner).trace())
""",
)

# --------------------------------------------------------------------------------------------------------- masking
CONTRACT, RATES = "masking-contract", "masking-rates"


def masked(
    ordinary="tokens > 3",
    draws="generator.random(tokens.shape)",
    count="count",
    fate="generator.random(tokens.shape)",
    share="0.8",
    change="0.9",
    low="4",
    inputs="np.where(chosen & (fate > change), words, inputs)",
    labels="np.where(chosen, tokens, -100)",
    copy="tokens.copy()",
):
    """An answer to masking with one of its parts replaced."""
    return f"""
def mask_sentences(tokens, *, count, vocabulary, generator):
    ordinary, change = {ordinary}, {change}
    draws = np.where(ordinary, {draws}, 2.0)
    chosen = ordinary & (np.argsort(np.argsort(draws, axis=1), axis=1) < {count})
    fate, words = {fate}, generator.integers({low}, vocabulary, tokens.shape)
    inputs = {copy}
    inputs[chosen & (fate < {share})] = MASK
    inputs = {inputs}
    return inputs, {labels}
"""


wrong("masking", "all become MASK (E128)", fails=[RATES], source=masked(share="1.1", change="2"))
wrong("masking", "no random words (E128)", fails=[RATES], source=masked(change="2"))
wrong("masking", "none stays", fails=[RATES], source=masked(change="0.8"))
wrong(
    "masking",
    "count by chance",
    fails=[CONTRACT],
    source=masked().replace(
        "chosen = ordinary &",
        "chosen = ordinary & (draws < count / ordinary.sum(1, keepdims=True).clip(1))\n    _ = ordinary &",
    ),
)
wrong("masking", "special tokens chosen too", fails=[CONTRACT], source=masked(ordinary="tokens >= 0"))
wrong("masking", "[MASK] chosen too", fails=[CONTRACT], source=masked(ordinary="tokens >= 3"))
wrong("masking", "one more", fails=[CONTRACT], source=masked(count="count + 1"))
wrong("masking", "the first words", fails=[CONTRACT, RATES], source=masked(draws="np.arange(tokens.shape[1])"))
wrong(
    "masking",
    "labels after masking",
    fails=[CONTRACT],
    source=masked(labels="np.where(chosen, inputs, -100)"),
)
wrong(
    "masking",
    "labels at masks only",
    fails=[CONTRACT, RATES],
    source=masked(labels="np.where(chosen & (inputs == MASK), tokens, -100)"),
)
wrong("masking", "0 means do not count", fails=[CONTRACT, RATES], source=masked(labels="np.where(chosen, tokens, 0)"))
wrong("masking", "random words may be special", fails=[CONTRACT, RATES], source=masked(low="0"))
wrong("masking", "random words may be [MASK]", fails=[RATES], source=masked(low="3"))
wrong("masking", "the first ordinary word is never drawn", fails=[RATES], source=masked(low="min(5, vocabulary - 1)"))
wrong(
    "masking",
    "one fate for a sentence",
    fails=[RATES],
    source=masked(fate="generator.random((len(tokens), 1)) * np.ones(tokens.shape)"),
)
wrong(
    "masking",
    "one fate for a place",
    fails=[RATES],
    source=masked(fate="generator.random(tokens.shape[1]) * np.ones(tokens.shape)"),
)
wrong("masking", "chance from elsewhere", fails=[CONTRACT], source=masked(draws="np.random.random(tokens.shape)"))
wrong(
    "masking",
    "always the same seed",
    fails=[CONTRACT],
    source=masked().replace("    ordinary,", "    generator = np.random.default_rng(0)\n    ordinary,"),
)
wrong("masking", "in place", fails=[CONTRACT], source=masked(copy="tokens"))
wrong(
    "masking",
    "delegates to ravine",
    fails=[CONTRACT, RATES],
    source="""
from ravine.language import mask_tokens


def mask_sentences(tokens, *, count, vocabulary, generator):
    masked, chosen = mask_tokens(torch.tensor(tokens), torch.Generator().manual_seed(0), share=count / tokens.shape[1])
    return masked.numpy(), np.where(chosen.numpy(), tokens, -100)
""",
)
right("masking", "ranks, then in place on a copy", source=masked())
right(
    "masking",
    "row by row and token by token",
    source="""
def mask_sentences(tokens, *, count, vocabulary, generator):
    inputs, labels = np.array(tokens), np.full(tokens.shape, -100)
    for row, sentence in enumerate(tokens):
        ordinary = np.flatnonzero(sentence >= 4)
        for place in generator.permutation(ordinary)[:count]:
            labels[row, place] = sentence[place]
            fate = generator.integers(10)
            if fate < 8:
                inputs[row, place] = MASK
            elif fate == 8:
                inputs[row, place] = generator.integers(4, vocabulary)
    return inputs, labels
""",
)

# --------------------------------------------------------------------------------------------------- find-the-bugs
CUT, SEGMENTS, SEEN = "find-the-bugs-cut", "find-the-bugs-segments", "find-the-bugs-mask"


def pairs(
    copy="a, b = list(a), list(b)",
    room="longest - 3",
    drop="(a if len(a) > len(b) else b).pop()",
    row="[CLS, *a, SEP, *b, SEP]",
    segment="[0] * (len(a) + 2) + [1] * (len(b) + 1)",
    rest="0",
    mask="tokens != PAD",
):
    """An answer to find-the-bugs with one of its parts replaced."""
    return f"""
def pair_batch(firsts, seconds, *, longest):
    rows = []
    for a, b in zip(firsts, seconds):
        {copy}
        while len(a) + len(b) > {room}:
            {drop}
        rows.append(({row}, {segment}))
    length = max(len(row) for row, _ in rows)
    tokens = np.array([row + [PAD] * (length - len(row)) for row, _ in rows])
    segments = np.array([segment + [{rest}] * (length - len(row)) for row, segment in rows])
    return tokens, segments, {mask}
"""


PLANTED = """
def pair_batch(firsts, seconds, *, longest):
    rows = [[CLS, *a, SEP, *b, SEP][:longest] for a, b in zip(firsts, seconds, strict=True)]
    tokens = np.full((len(rows), max(len(row) for row in rows)), PAD)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = row
    segments = {segments}
    return tokens, segments, {mask}
"""
BUGGY = "np.cumsum(tokens == SEP, axis=1)"
wrong(
    "find-the-bugs",
    "nothing repaired",
    fails=[CUT, SEGMENTS, SEEN],
    source=PLANTED.format(segments=BUGGY, mask="tokens > MASK"),
)
wrong(
    "find-the-bugs",
    "padding left in a third segment",
    fails=[CUT, SEGMENTS],
    source=PLANTED.format(segments=f"{BUGGY} - (tokens == SEP)", mask="tokens != PAD"),
)
wrong(
    "find-the-bugs",
    "too long pairs cut at the end",
    fails=[CUT],
    source=PLANTED.format(segments=f"({BUGGY} - (tokens == SEP)) % 2", mask="tokens != PAD"),
)
wrong(
    "find-the-bugs",
    "only the second sentence cut",
    fails=[CUT],
    source=pairs(drop="(b or a).pop()"),
)
wrong(
    "find-the-bugs",
    "the first sentence cut on a tie",
    fails=[CUT],
    source=pairs(drop="(a if len(a) >= len(b) else b).pop()"),
)
wrong(
    "find-the-bugs",
    "the first words cut",
    fails=[CUT],
    source=pairs(drop="(a if len(a) > len(b) else b).pop(0)"),
)
wrong("find-the-bugs", "cut in place", fails=[CUT], source=pairs(copy="pass"))
wrong(
    "find-the-bugs",
    "the first [SEP] in the second segment",
    fails=[SEGMENTS],
    source=pairs(segment="[0] * (len(a) + 1) + [1] * (len(b) + 2)"),
)
wrong(
    "find-the-bugs",
    "the last [SEP] in the first segment",
    fails=[SEGMENTS],
    source=pairs(segment="[0] * (len(a) + 2) + [1] * len(b) + [0]"),
)
wrong("find-the-bugs", "padding in the second segment", fails=[SEGMENTS], source=pairs(rest="1"))
wrong(
    "find-the-bugs",
    "no segments (E128)",
    fails=[SEGMENTS],
    source=pairs(segment="[0] * (len(a) + len(b) + 3)"),
)
wrong("find-the-bugs", "special tokens hidden", fails=[SEEN], source=pairs(mask="tokens > MASK"))
wrong("find-the-bugs", "[MASK] hidden", fails=[SEEN], source=pairs(mask="(tokens != PAD) & (tokens != MASK)"))
wrong("find-the-bugs", "True means hidden", fails=[SEEN], source=pairs(mask="tokens == PAD"))
wrong("find-the-bugs", "nothing hidden", fails=[SEEN], source=pairs(mask="tokens >= PAD"))
wrong("find-the-bugs", "integers for a mask", fails=[SEEN], source=pairs(mask="(tokens != PAD).astype(int)"))
wrong(
    "find-the-bugs",
    "delegates to ravine",
    fails=[CUT, SEGMENTS, SEEN],
    source="from ravine.attention import padding_mask\n" + pairs(),
)
right("find-the-bugs", "both in one list", source=pairs())
right(
    "find-the-bugs",
    "lengths first",
    source="""
def pair_batch(firsts, seconds, *, longest):
    room, sizes = longest - 3, []
    for a, b in zip(firsts, seconds):
        n, m = len(a), len(b)
        while n + m > room:
            if n > m:
                n -= 1
            else:
                m -= 1
        sizes.append((n, m))
    shape = len(sizes), max(n + m for n, m in sizes) + 3
    tokens, segments, mask = np.zeros(shape, int), np.zeros(shape, int), np.zeros(shape, bool)
    for i, (n, m) in enumerate(sizes):
        tokens[i, : n + m + 3] = np.concatenate([[CLS], firsts[i][:n], [SEP], seconds[i][:m], [SEP]])
        segments[i, n + 2 : n + m + 3] = 1
        mask[i, : n + m + 3] = True
    return tokens, segments, mask
""",
)

# ------------------------------------------------------------------------------------------------------- best-span
VALID, NONE = "best-span-valid", "best-span-none"


def span(
    fits="allowed[i] and allowed[j] and j - i < longest",
    pairs="for i in range(n) for j in range(i, n)",
    key="(start[i] + end[j], -i, -j)",
    empty="(-math.inf, 0, 0)",
    none="start[0] + end[0] > best[0] + margin",
    result="(-best[1], -best[2])",
):
    """An answer to best-span with one of its parts replaced."""
    return f"""
def best_span(start, end, allowed, *, longest, margin):
    n = len(start)
    best = max([{key} {pairs} if {fits}], default={empty})
    if {none}:
        return 0, 0
    return {result}
"""


wrong(
    "best-span",
    "each by itself",
    fails=[VALID],
    source="""
def best_span(start, end, allowed, *, longest, margin):
    if not allowed.any():
        return 0, 0
    i, j = (int(np.where(allowed, x, -np.inf).argmax()) for x in (start, end))
    return (0, 0) if start[0] + end[0] > start[i] + end[j] + margin else (i, j)
""",
)
wrong("best-span", "may end before it starts", fails=[VALID], source=span(pairs="for i in range(n) for j in range(n)"))
wrong("best-span", "longest ignored", fails=[VALID], source=span(fits="allowed[i] and allowed[j]"))
wrong(
    "best-span",
    "one token too long",
    fails=[VALID],
    source=span(fits="allowed[i] and allowed[j] and j - i <= longest"),
)
wrong(
    "best-span",
    "one token too short",
    fails=[VALID],
    source=span(fits="allowed[i] and allowed[j] and (j - i < longest - 1 or j == i)"),
)
wrong("best-span", "places in the question", fails=[VALID, NONE], source=span(fits="i > 0 and j - i < longest"))
wrong("best-span", "the start alone allowed", fails=[VALID], source=span(fits="allowed[i] and j - i < longest"))
wrong("best-span", "ties to the last", fails=[VALID], source=span(key="(start[i] + end[j], i, j)", result="best[1:]"))
wrong(
    "best-span",
    "zeros below the diagonal",
    fails=[VALID],
    source="""
def best_span(start, end, allowed, *, longest, margin):
    scores = (start[:, None] + end) * (allowed[:, None] & allowed)
    scores = np.tril(np.triu(scores), longest - 1)
    i, j = divmod(int(scores.argmax()), len(end))
    return (0, 0) if start[0] + end[0] > scores[i, j] + margin else (i, j)
""",
)
wrong("best-span", "the product of the scores", fails=[VALID, NONE], source=span(key="(start[i] * end[j], -i, -j)"))
wrong("best-span", "always an answer", fails=[NONE], source=span(none="not allowed.any()"))
wrong("best-span", "the margin ignored", fails=[NONE], source=span(none="start[0] + end[0] > best[0]"))
wrong("best-span", "the margin for the answer", fails=[NONE], source=span(none="start[0] + end[0] + margin > best[0]"))
wrong(
    "best-span",
    "delegates to ravine",
    fails=[VALID, NONE],
    source="from ravine.attention import causal_mask\n" + span(),
)
right("best-span", "a list of spans", source=span())
right(
    "best-span",
    "a band of a matrix in torch",
    source="""
def best_span(start, end, allowed, *, longest, margin):
    start, end = (torch.tensor(x) for x in (start, end))
    ok = torch.tensor(allowed)
    band = torch.ones(len(ok), len(ok), dtype=torch.bool).triu().tril(longest - 1) & ok & ok[:, None]
    scores = (start[:, None] + end).masked_fill(~band, -math.inf).flatten()
    best = int(torch.nonzero(scores == scores.max())[0])
    if start[0] + end[0] > scores[best] + margin:
        return [0, 0]
    return [best // len(ok), best % len(ok)]
""",
)

# ----------------------------------------------------------------------------------------------------------- probe
WEIGHTS, CONSTANT = "probe-weights", "probe-constant"


def ridge(
    targets="2.0 * np.eye(classes)[labels] - 1",
    center="features - mean",
    strength="alpha * np.eye(d)",
    b="targets.mean(axis=0) - mean @ W",
):
    """An answer to probe with one of its parts replaced."""
    return f"""
def fit_probe(features, labels, classes, *, alpha):
    d = features.shape[1]
    targets, mean = {targets}, features.mean(axis=0)
    F = {center}
    W = np.linalg.solve(F.T @ F + {strength}, F.T @ targets)
    return W, {b}
"""


wrong(
    "probe",
    "the chapter's probe, constant held back (E123)",
    fails=[WEIGHTS, CONSTANT],
    source="""
def fit_probe(features, labels, classes, *, alpha):
    F = np.hstack([features, np.ones((len(features), 1))])
    W = np.linalg.solve(F.T @ F + alpha * np.eye(F.shape[1]), F.T @ (2 * np.eye(classes)[labels] - 1))
    return W[:-1], W[-1]
""",
)
wrong("probe", "targets 0 and 1", fails=[WEIGHTS, CONSTANT], source=ridge(targets="np.eye(classes)[labels]"))
wrong(
    "probe", "targets upside down", fails=[WEIGHTS, CONSTANT], source=ridge(targets="1 - 2 * np.eye(classes)[labels]")
)
wrong("probe", "not centered", fails=[WEIGHTS, CONSTANT], source=ridge(center="features"))
wrong("probe", "no constant", fails=[WEIGHTS, CONSTANT], source=ridge(center="features", b="np.zeros(classes)"))
wrong("probe", "b without the features", fails=[WEIGHTS], source=ridge(b="targets.mean(axis=0)"))
wrong("probe", "b with the wrong sign", fails=[WEIGHTS], source=ridge(b="targets.mean(axis=0) + mean @ W"))
wrong("probe", "the mean of the squares", fails=[WEIGHTS], source=ridge(strength="len(F) * alpha * np.eye(d)"))
wrong("probe", "alpha squared", fails=[WEIGHTS], source=ridge(strength="alpha**2 * np.eye(d)"))
wrong("probe", "centered in place", fails=[WEIGHTS], source=ridge(center="np.subtract(features, mean, out=features)"))
wrong(
    "probe",
    "classes counted from the labels",
    fails=[WEIGHTS, CONSTANT],
    source=ridge(targets="2.0 * np.eye(labels.max() + 1)[labels] - 1"),
)
wrong(
    "probe",
    "delegates to ravine",
    fails=[WEIGHTS, CONSTANT],
    source="from ravine.language import VOCABULARY\n" + ridge(),
)
right("probe", "centered", source=ridge())
right(
    "probe",
    "the penalty as further examples",
    source="""
def fit_probe(features, labels, classes, *, alpha):
    n, d = features.shape
    X = np.vstack([np.c_[features, np.ones(n)], np.c_[math.sqrt(alpha) * np.eye(d), np.zeros(d)]])
    Y = np.full((n + d, classes), -1.0)
    Y[np.arange(n), labels] = 1.0
    Y[n:] = 0.0
    solution = np.linalg.lstsq(X, Y, rcond=None)[0]
    return solution[:d], solution[d]
""",
)
right(
    "probe",
    "through the examples' inner products, in torch",
    source="""
def fit_probe(features, labels, classes, *, alpha):
    F = torch.tensor(features)
    Y = 2.0 * torch.nn.functional.one_hot(torch.tensor(labels), classes).double() - 1
    mean, level = F.mean(0), Y.mean(0)
    F, Y = F - mean, Y - level
    W = F.T @ torch.linalg.solve(F @ F.T + alpha * torch.eye(len(F)).double(), Y)
    return W.numpy(), (level - mean @ W).numpy()
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = ["true-statements-views", "true-statements-bert", "true-statements-measuring"]
for name, letters, cells in [
    ("codes agree (E157)", "ABCFH", GROUPS[:1]),
    ("a wide code must be of use (E157)", "CFH", GROUPS[:1]),
    ("a small temperature spreads the push", "BFH", GROUPS[:1]),
    ("BERT has a decoder (E127)", "BCDFH", GROUPS[1:2]),
    ("15 % become [MASK] (E128)", "BCEFH", GROUPS[1:2]),
    ("the loss counts at masks only (E128)", "BCH", GROUPS[1:2]),
    ("five shots are meta-learning (E123)", "BCFGH", GROUPS[2:]),
    ("what is decodable is used (E135)", "BCFHI", GROUPS[2:]),
    ("an untrained network holds nothing", "BCF", GROUPS[2:]),
    ("everything is true", "ABCDEFGHI", GROUPS),
    ("nothing is true", "", GROUPS),
    ("the other half", "ADEGI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
wrong("true-statements", "a list of letters", fails=GROUPS, source="def true_statements():\n    return list('BCFH')\n")
right("true-statements", "in another order", source="def true_statements():\n    return 'HFCB'\n")

# ------------------------------------------------------------------ mutants of the solutions that are right answers too
equivalent(
    "hidden-pixels",
    "M @ covariance -> covariance @ M",
    why="only the trace of the product is used, and a trace does not change when its factors change places",
)
LAST = "argsort takes the last axis if none is named, and that is axis 1"
equivalent("masking", "draws.argsort(axis=1).argsort(axis=1) -> draws.argsort(axis=1).argsort()", why=LAST)
equivalent("masking", "draws.argsort(axis=1) -> draws.argsort()", why=LAST)
BORDER = "a draw hits the border itself with probability zero"
equivalent("masking", "fate < 0.8 -> fate <= 0.8", why=BORDER)
equivalent("masking", "fate > 0.9 -> fate >= 0.9", why=BORDER)
equivalent(
    "find-the-bugs",
    "np.cumsum(tokens == SEP, axis=1) - (tokens == SEP) -> np.cumsum(tokens == SEP, axis=1) + (tokens == SEP)",
    why="only the remainder by 2 is used, and one more and one less have the same",
)
