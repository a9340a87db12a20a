"""Answers to *Learning-rate schedules* whose verdict is known; read by ``proctor verify``, never imported.

Each wrong answer is a mistake that people make; ``fails`` lists exactly the test cells that must notice it. E-numbers
refer to the errata of the source notes, where the mistake comes from one.
"""

from proctor.variants import equivalent, right, wrong

# ------------------------------------------------------------------------------------------------------------ noam
RATES, NUMBERS = "noam-values", "noam-numbers"


def noam(rates="width**-0.5 * np.minimum(s**-0.5, s * warmup**-1.5)", first=1, numbers="6.9877e-4, 16000, 1.0"):
    """An answer to noam with one of its parts replaced."""
    return f"""
def noam_rates(steps, *, width, warmup):
    s = np.arange({first}.0, steps + {first})
    return {rates}


def noam_numbers():
    return {numbers}
"""


for name, part in [
    ("the larger branch", "width**-0.5 * np.maximum(s**-0.5, s * warmup**-1.5)"),
    ("no warm-up", "width**-0.5 * s**-0.5"),
    ("no width", "np.minimum(s**-0.5, s * warmup**-1.5)"),
    ("times the root of the width", "width**0.5 * np.minimum(s**-0.5, s * warmup**-1.5)"),
    ("divided by the width", "np.minimum(s**-0.5, s * warmup**-1.5) / width"),
    ("a warm-up of w, not w^1.5", "width**-0.5 * np.minimum(s**-0.5, s / warmup)"),
    ("falls with 1/s", "width**-0.5 * np.minimum(1 / s, s * warmup**-2.0)"),
    ("one rate only", "(width**-0.5 * np.minimum(s**-0.5, s * warmup**-1.5))[-1]"),
]:
    wrong("noam", name, fails=[RATES], source=noam(part))
wrong(
    "noam",
    "counted from 0, patched to return 0",
    fails=[RATES],
    source=noam("width**-0.5 * np.minimum(np.maximum(s, 1e-300) ** -0.5, s * warmup**-1.5)", first=0),
)
wrong("noam", "the warm-up of the paper", fails=[RATES], source=noam().replace("s * warmup", "s * 4000"))
wrong("noam", "the width of the paper", fails=[RATES], source=noam().replace("width**-0.5", "512**-0.5"))
wrong(
    "noam",
    "delegates to ravine",
    fails=[RATES, NUMBERS],
    source=noam("schedule").replace(
        "    return schedule",
        """    from ravine.schedules import noam
    return np.array([noam(width, warmup)(t) for t in range(steps)])""",
    ),
)
for name, numbers in [
    ("the peak without the width", "4000**-0.5, 16000, 1.0"),
    ("the peak without the warm-up", "512**-0.5, 16000, 1.0"),
    ("the first rate", "512**-0.5 * 4000**-1.5, 16000, 1.0"),
    ("half the rate after twice the steps", "6.9877e-4, 8000, 1.0"),
    ("half the rate on the way up", "6.9877e-4, 2000, 1.0"),
    ("the factor of the peak", "6.9877e-4, 16000, 0.5**0.5"),
    ("the factor on the way up", "6.9877e-4, 16000, 2**-1.5"),
]:
    wrong("noam", name, fails=[NUMBERS], source=noam(numbers=numbers))
right(
    "noam",
    "a loop with a branch",
    source="""
def noam_rates(steps, *, width, warmup):
    rates = []
    for step in range(steps):
        s = step + 1
        rates.append((width * s) ** -0.5 if s > warmup else s / warmup / math.sqrt(width * warmup))
    return np.array(rates)


def noam_numbers():
    return [1 / math.sqrt(512 * 4000), 4 * 4000, 1]
""",
)

# --------------------------------------------------------------------------------------------------- warmup-cosine
RISE, FALL, END = "warmup-cosine-rise", "warmup-cosine-fall", "warmup-cosine-end"


def cosine(
    test="step < warmup",
    rise="start + (1 - start) * step / warmup",
    done="min((step - warmup) / (steps - warmup), 1.0)",
    fall="final + (1 - final) * half",
    scale="peak *",
):
    """An answer to warmup-cosine with one of its parts replaced."""
    return f"""
def rate_at(step, *, peak, warmup, steps, start=0.1, final=0.0):
    if {test}:
        return {scale} ({rise})
    done = {done}
    half = (1 + math.cos(math.pi * done)) / 2
    return {scale} ({fall})
"""


for name, part in [
    ("the chapter's warm-up", "(step + 1) / (warmup + 1)"),
    ("starts at 0, so that the first step does nothing", "step / warmup"),
    ("the peak one step too early", "start + (1 - start) * (step + 1) / warmup"),
    ("the peak one step too late", "start + (1 - start) * step / (warmup + 1)"),
    ("start on top", "start + step / warmup"),
    ("start as a rate", "start / peak + (1 - start / peak) * step / warmup"),
    ("start is 0.1", "0.1 + 0.9 * step / warmup"),
    ("a cosine on the way up", "start + (1 - start) * (1 - math.cos(math.pi * step / warmup)) / 2"),
]:
    wrong("warmup-cosine", name, fails=[RISE], source=cosine(rise=part))
wrong(
    "warmup-cosine",
    "no warm-up",
    fails=[RISE],
    source=cosine(test="False", done="max(0, min((step - warmup) / (steps - warmup), 1.0))"),
)
wrong("warmup-cosine", "a jump at the joint", fails=[RISE, FALL], source=cosine(done="min(step / steps, 1.0)"))
wrong(
    "warmup-cosine",
    "the cosine has T steps",
    fails=[FALL, END],
    source=cosine(done="min((step - warmup) / steps, 1.0)"),
)
wrong(
    "warmup-cosine",
    "the cosine ends one step early",
    fails=[FALL],
    source=cosine(done="min((step - warmup) / max(1, steps - warmup - 1), 1.0)"),
)
wrong(
    "warmup-cosine",
    "the joint is off by one",
    fails=[FALL],
    source=cosine(done="min(max(0, step - warmup - 1) / (steps - warmup - 1 or 1), 1.0)"),
)
wrong(
    "warmup-cosine",
    "rises again, as PyTorch's",
    fails=[END],
    source=cosine(done="(step - warmup) / (steps - warmup)"),
)
wrong(
    "warmup-cosine",
    "a whole period",
    fails=[FALL, END],
    source=cosine(done="2 * min((step - warmup) / (steps - warmup), 1.0)"),
)
wrong("warmup-cosine", "a straight line", fails=[FALL], source=cosine(fall="1 - (1 - final) * done"))
wrong("warmup-cosine", "final ignored", fails=[FALL, END], source=cosine(fall="half"))
wrong("warmup-cosine", "final added", fails=[FALL], source=cosine(fall="final + half"))
wrong("warmup-cosine", "final as a limit", fails=[FALL], source=cosine(fall="max(final, half)"))
wrong(
    "warmup-cosine",
    "final as a rate",
    fails=[FALL, END],
    source=cosine(fall="final / peak + (1 - final / peak) * half"),
)
wrong("warmup-cosine", "fractions, not rates", fails=[RISE, FALL, END], source=cosine(scale=""))
wrong(
    "warmup-cosine",
    "zero after the end",
    fails=[END],
    source=cosine(fall="(final + (1 - final) * half) * (step <= steps)"),
)
wrong(
    "warmup-cosine",
    "delegates to torch",
    fails=[RISE, FALL, END],
    source="""
def rate_at(step, *, peak, warmup, steps, start=0.1, final=0.0):
    settings = dict(peak=peak, warmup=warmup, steps=steps, start=start, final=final)
    return float(torch_warmup_cosine(min(step, steps) + 1, **settings)[-1])
""",
)
wrong(
    "warmup-cosine",
    "delegates to ravine",
    fails=[RISE, FALL, END],
    source="""
def rate_at(step, *, peak, warmup, steps, start=0.1, final=0.0):
    from ravine import schedules

    if step < warmup:
        return peak * (start + (1 - start) * step / warmup)
    return peak * schedules.cosine(steps - warmup, final=final)(step - warmup)
""",
)
right(
    "warmup-cosine",
    "in parts, by interpolation",
    source="""
def rate_at(step, *, peak, warmup, steps, start=0.1, final=0.0):
    if step >= steps:
        return peak * final
    if step < warmup:
        return float(np.interp(step, [0, warmup], [start * peak, peak]))
    angle = math.pi * (step - warmup) / (steps - warmup) / 2
    return peak * (math.cos(angle) ** 2 + final * math.sin(angle) ** 2)
""",
)

# --------------------------------------------------------------------------------------------------------- plateau
PATIENCE, THRESHOLD, COOLDOWN = "plateau-patience", "plateau-threshold", "plateau-cooldown"
PLATEAU = [PATIENCE, THRESHOLD, COOLDOWN]


def plateau(
    better="loss < self.best * (1 - self.threshold)",
    improved="self.best, self.bad = loss, 0",
    worse="self.bad += 1",
    rest="self.bad, self.resting = 0, self.resting - 1",
    test="self.bad > self.patience",
    cut="self.lr *= self.factor",
    after="self.bad, self.resting = 0, self.cooldown",
):
    """An answer to plateau with one of its parts replaced."""
    return f"""
class Plateau:
    def __init__(self, lr, *, factor, patience, threshold=0.0, cooldown=0):
        self.lr, self.factor, self.patience = lr, factor, patience
        self.threshold, self.cooldown = threshold, cooldown
        self.best, self.bad, self.resting, self.last = float("inf"), 0, 0, float("inf")

    def step(self, loss):
        if {better}:
            {improved}
        else:
            {worse}
        self.last = loss
        if self.resting > 0:
            {rest}
        if {test}:
            {cut}
            {after}
        return self.lr
"""


wrong(
    "plateau",
    "cuts at patience, not after it",
    fails=PLATEAU,
    source=plateau(test="self.bad >= self.patience > 0 or self.bad > self.patience"),
)
wrong("plateau", "cuts one too late", fails=PLATEAU, source=plateau(test="self.bad > self.patience + 1"))
wrong("plateau", "patience is 1", fails=[PATIENCE, THRESHOLD, COOLDOWN], source=plateau(test="self.bad > 1"))
wrong(
    "plateau",
    "compared with the loss before",
    fails=[PATIENCE, THRESHOLD, COOLDOWN],
    source=plateau(better="loss < self.last * (1 - self.threshold)"),
)
wrong(
    "plateau",
    "an equal loss is an improvement",
    fails=[PATIENCE, COOLDOWN],
    source=plateau(better="loss <= self.best * (1 - self.threshold)"),
)
wrong(
    "plateau",
    "nan is an improvement",
    fails=[PATIENCE],
    source=plateau(better="not loss >= self.best * (1 - self.threshold)"),
)
wrong(
    "plateau",
    "bad losses are never forgiven",
    fails=PLATEAU,
    source=plateau(improved="self.best = loss"),
)
wrong(
    "plateau",
    "the counting goes on after a cut",
    fails=[PATIENCE, THRESHOLD],
    source=plateau(after="self.resting = self.cooldown"),
)
wrong(
    "plateau",
    "the best is forgotten at a cut",
    fails=PLATEAU,
    source=plateau(after="self.bad, self.resting, self.best = 0, self.cooldown, float('inf')"),
)
wrong("plateau", "the factor subtracted", fails=PLATEAU, source=plateau(cut="self.lr *= 1 - self.factor"))
wrong("plateau", "divided by the factor", fails=PLATEAU, source=plateau(cut="self.lr /= self.factor"))
wrong("plateau", "divided by ten", fails=PLATEAU, source=plateau(cut="self.lr /= 10"))
wrong("plateau", "the threshold ignored", fails=[THRESHOLD], source=plateau(better="loss < self.best"))
wrong("plateau", "an absolute threshold", fails=[THRESHOLD], source=plateau(better="loss < self.best - self.threshold"))
wrong(
    "plateau",
    "the threshold the wrong way",
    fails=[THRESHOLD],
    source=plateau(better="loss < self.best * (1 + self.threshold)"),
)
wrong(
    "plateau",
    "every lower loss becomes the best",
    fails=[THRESHOLD],
    source=plateau(worse="self.best, self.bad = min(self.best, loss), self.bad + 1"),
)
wrong("plateau", "no cooldown", fails=[COOLDOWN], source=plateau(after="self.bad, self.resting = 0, 0"))
wrong("plateau", "the cooldown never ends", fails=[COOLDOWN], source=plateau(rest="self.bad = 0"))
wrong(
    "plateau",
    "the cooldown one too short",
    fails=[COOLDOWN],
    source=plateau(after="self.bad, self.resting = 0, self.cooldown - 1"),
)
wrong(
    "plateau",
    "the cooldown one too long",
    fails=[COOLDOWN],
    source=plateau(after="self.bad, self.resting = 0, self.cooldown + (self.cooldown > 0)"),
)
wrong(
    "plateau",
    "losses in the cooldown are not looked at",
    fails=[COOLDOWN],
    source=plateau().replace(
        "        if loss <",
        "        if self.resting > 0:\n            self.resting -= 1\n            return self.lr\n        if loss <",
    ),
)
wrong(
    "plateau",
    "bad losses in the cooldown are counted, only the cut is put off",
    fails=[COOLDOWN],
    source=plateau(rest="self.resting -= 1", test="self.bad > self.patience and self.resting == 0"),
)
wrong(
    "plateau",
    "one memory for all objects",
    fails=[PATIENCE],
    source=plateau()
    .replace("        self.best, self.bad, self.resting, self.last = ", "        M.best, M.bad, M.resting, M.last = ")
    .replace("self.best", "M.best")
    .replace("self.bad", "M.bad")
    .replace("self.resting", "M.resting")
    .replace("self.last", "M.last")
    + "\n\nclass M:\n    pass\n",
)
wrong(
    "plateau",
    "delegates to torch",
    fails=PLATEAU,
    source="""
class Plateau:
    def __init__(self, lr, **settings):
        self.losses, self.lr, self.settings = [], lr, {"threshold": 0.0, **settings}

    def step(self, loss):
        self.losses.append(loss)
        return float(torch_plateau(self.losses, self.lr, **self.settings)[-1])
""",
)
right("plateau", "with a branch", source=plateau())
right(
    "plateau",
    "from the list of all losses",
    source="""
class Plateau:
    def __init__(self, lr, *, factor, patience, threshold=0.0, cooldown=0):
        self.losses = []
        self.settings = lr, factor, patience, threshold, cooldown

    def step(self, loss):
        self.losses.append(loss)
        rate, factor, patience, threshold, cooldown = self.settings
        best, awake, bad = math.inf, 0, 0
        for number, seen in enumerate(self.losses):
            improved = seen < best - threshold * best if best < math.inf else seen < best
            best = seen if improved else best
            bad = 0 if improved or number < awake else bad + 1
            if bad == patience + 1:
                rate, bad, awake = rate * factor, 0, number + 1 + cooldown
        return rate
""",
)

# ------------------------------------------------------------------------------------------------- expected-losses
QUIET, NOISY = "expected-losses-quiet", "expected-losses-noise"


def losses(
    shrink="(1 - rate * curvatures) ** 2 * squares",
    added="rate**2 * noise",
    loss="np.sum(curvatures * squares) / 2",
    result="np.array(losses)",
    rates="rates",
    start="start**2",
):
    """An answer to expected-losses with one of its parts replaced."""
    return f"""
def expected_losses(rates, start, *, curvatures, noise):
    squares = {start}
    losses = [{loss}]
    for rate in {rates}:
        squares = {shrink} + {added}
        losses.append({loss})
    return {result}
"""


for name, part in [
    ("the noise left out", "0"),
    ("the noise times the rate", "rate * noise"),
    ("the noise squared", "rate**2 * noise**2"),
    ("the root of the noise", "rate**2 * noise**0.5"),
    ("the noise times the curvature", "rate**2 * noise * curvatures"),
    ("half the noise", "rate**2 * noise / 2"),
    ("the noise shrunk in its own step", "(1 - rate * curvatures) ** 2 * rate**2 * noise"),
]:
    wrong("expected-losses", name, fails=[NOISY], source=losses(added=part))
wrong("expected-losses", "the noise times no rate", fails=[QUIET, NOISY], source=losses(added="noise"))
for name, part in [
    ("1 - ηλ, not its square", "(1 - rate * curvatures) * squares"),
    ("the rate alone", "(1 - rate) ** 2 * squares"),
    ("uphill", "(1 + rate * curvatures) ** 2 * squares"),
    ("nothing shrinks", "squares"),
]:
    wrong("expected-losses", name, fails=[QUIET, NOISY], source=losses(shrink=part))
for name, part in [
    ("no factor ½", "np.sum(curvatures * squares)"),
    ("no curvature in the loss", "np.sum(squares) / 2"),
    ("a mean over the directions", "np.mean(curvatures * squares) / 2"),
]:
    wrong("expected-losses", name, fails=[QUIET, NOISY], source=losses(loss=part))
wrong("expected-losses", "the start left out", fails=[QUIET, NOISY], source=losses(result="np.array(losses[1:])"))
wrong("expected-losses", "the last loss only", fails=[QUIET, NOISY], source=losses(result="losses[-1]"))
wrong("expected-losses", "the start not squared", fails=[QUIET, NOISY], source=losses(start="start + 0"))
wrong(
    "expected-losses",
    "the first rate always",
    fails=[QUIET, NOISY],
    source=losses(rates="[rates[0] for _ in rates]"),
)
wrong(
    "expected-losses",
    "simulated",
    fails=[NOISY],
    source="""
def expected_losses(rates, start, *, curvatures, noise):
    generator, walkers = np.random.default_rng(0), np.tile(start, (1000, 1))
    losses = [np.mean(walkers**2 @ curvatures) / 2]
    for rate in rates:
        walkers = walkers - rate * (curvatures * walkers + math.sqrt(noise) * generator.normal(size=walkers.shape))
        losses.append(np.mean(walkers**2 @ curvatures) / 2)
    return np.array(losses)
""",
)
wrong(
    "expected-losses",
    "changes the start",
    fails=[QUIET],
    source=losses(start="start", shrink="squares")
    .replace("squares = start", "start **= 2\n    squares = start")
    .replace("squares = squares + ", "squares = (1 - rate * curvatures) ** 2 * squares + "),
)
wrong(
    "expected-losses",
    "delegates to torch.optim, one walk",
    fails=[QUIET, NOISY],
    source="""
def expected_losses(rates, start, *, curvatures, noise):
    weight = torch.tensor(start, requires_grad=True)
    optimizer, losses = torch.optim.SGD([weight], lr=1.0), []
    for rate in [*rates, 0.0]:
        optimizer.param_groups[0]["lr"] = float(rate)
        weight.grad = torch.tensor(curvatures) * weight.detach()
        losses.append(0.5 * float((weight.grad * weight.detach()).sum()))
        weight.grad += noise**0.5 * torch.randn(len(start), dtype=torch.float64)
        optimizer.step()
    return np.array(losses)
""",
)
right("expected-losses", "by a sum", source=losses())
right(
    "expected-losses",
    "mean and variance apart, with torch",
    source="""
def expected_losses(rates, start, *, curvatures, noise):
    lam, mean = torch.as_tensor(curvatures), torch.tensor(start)
    variance, found = torch.zeros_like(mean), []
    for t in range(len(rates) + 1):
        found.append(0.5 * (lam * (mean.square() + variance)).sum().item())
        if t < len(rates):
            keep = 1 - float(rates[t]) * lam
            mean = mean * keep
            variance = variance * keep.square() + float(rates[t]) ** 2 * noise
    return torch.tensor(found, dtype=torch.float64)
""",
)

# ---------------------------------------------------------------------------------------------------- ten-and-back
FACTOR, STEPS = "ten-and-back-factor", "ten-and-back-steps"
for name, answer, cells in [
    ("the ratio of the rates", "10.0, 112, 3", [FACTOR]),
    ("the ratio of the squares", "100.0, 112, 3", [FACTOR]),
    ("the distance", "3.2364, 112, 3", [FACTOR]),
    ("at once", "199 / 19, 1, 3", [STEPS]),
    ("the speed of the old rate", "199 / 19, 11, 3", [STEPS]),
    ("the speed of the distance", "199 / 19, 224, 7", [STEPS]),
    ("one step too early", "199 / 19, 111, 3", [STEPS]),
    ("up as slowly as down", "199 / 19, 112, 112", [STEPS]),
    ("it stays where it is", "10, 112, 10**9", [FACTOR, STEPS]),
]:
    wrong("ten-and-back", name, fails=cells, source=f"def ten_and_back():\n    return {answer}\n")
right(
    "ten-and-back",
    "measured",
    source="""
def ten_and_back():
    def settled(rate):
        return rate / (2 - rate)

    down, variance = 0, settled(0.1)
    while variance > 2 * settled(0.01):
        variance, down = 0.99**2 * variance + 1e-4, down + 1
    up, variance = 0, settled(0.01)
    while variance < settled(0.1) / 2:
        variance, up = 0.9**2 * variance + 1e-2, up + 1
    return [settled(0.1) / settled(0.01), down, up]
""",
)

# --------------------------------------------------------------------------------------------------- find-the-bugs
RESUME, CHECKPOINT = "find-the-bugs-resume", "find-the-bugs-checkpoint"


def resumed(
    params='np.array(checkpoint["params"])',
    velocity='np.array(checkpoint["velocity"])',
    rate='rates[checkpoint["step"] + step]',
    update="velocity = beta * velocity + hessian @ params\n        params = params - rate * velocity",
    done='checkpoint["step"] + steps',
    last="",
):
    """An answer to find-the-bugs with one of its parts replaced."""
    return f"""
def train(hessian, checkpoint, rates, *, beta, steps):
    params, velocity = {params}, {velocity}
    for step in range(steps):
        rate = {rate}
        {update}
    {last or "pass"}
    return {{"params": params, "velocity": velocity, "step": {done}}}
"""


IN_PLACE = "velocity *= beta; velocity += hessian @ params; params -= rate * velocity"
ITSELF = {"params": 'checkpoint["params"]', "velocity": 'checkpoint["velocity"]'}
wrong(
    "find-the-bugs",
    "handed back as it was",
    fails=[RESUME, CHECKPOINT],
    source=resumed(**ITSELF, rate="rates[step]", update=IN_PLACE, done="step + 1"),
)
wrong("find-the-bugs", "the schedule begins again", fails=[RESUME], source=resumed(rate="rates[step]"))
wrong(
    "find-the-bugs",
    "the steps of this call only",
    fails=[RESUME, CHECKPOINT],
    source=resumed(done="step + 1"),
)
wrong("find-the-bugs", "the steps are not added up", fails=[RESUME], source=resumed(done="steps"))
wrong(
    "find-the-bugs",
    "one rate too late",
    fails=[RESUME],
    source=resumed(rate='rates[min(len(rates) - 1, checkpoint["step"] + step + 1)]'),
)
wrong(
    "find-the-bugs",
    "the checkpoint is overwritten",
    fails=[CHECKPOINT],
    source=resumed(**ITSELF, update=IN_PLACE),
)
wrong(
    "find-the-bugs",
    "only the params are copied",
    fails=[CHECKPOINT],
    source=resumed(velocity=ITSELF["velocity"], update=IN_PLACE),
)
wrong(
    "find-the-bugs",
    "a copy of the dict, not of the arrays",
    fails=[CHECKPOINT],
    source=resumed(params='dict(checkpoint)["params"]', velocity='dict(checkpoint)["velocity"]', update=IN_PLACE),
)
wrong(
    "find-the-bugs",
    "the step of the checkpoint is overwritten",
    fails=[CHECKPOINT],
    source=resumed(last='checkpoint["step"] += steps', done='checkpoint["step"]'),
)
wrong(
    "find-the-bugs",
    "the velocity forgotten",
    fails=[RESUME],
    source=resumed(velocity='np.zeros_like(checkpoint["params"])'),
)
wrong(
    "find-the-bugs",
    "the rate inside the velocity",
    fails=[RESUME],
    source=resumed(update="velocity = beta * velocity + rate * hessian @ params; params = params - velocity"),
)
wrong(
    "find-the-bugs",
    "a moving average",
    fails=[RESUME],
    source=resumed(
        update="velocity = beta * velocity + (1 - beta) * hessian @ params; params = params - rate * velocity"
    ),
)
wrong(
    "find-the-bugs",
    "delegates to torch.optim",
    fails=[RESUME, CHECKPOINT],
    source="""
def train(hessian, checkpoint, rates, *, beta, steps):
    weight = torch.tensor(checkpoint["params"], requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=1.0, momentum=beta)
    optimizer.state[weight]["momentum_buffer"] = torch.tensor(checkpoint["velocity"])
    first = checkpoint["step"]
    for rate in rates[first : first + steps]:
        optimizer.param_groups[0]["lr"] = float(rate)
        weight.grad = torch.tensor(hessian) @ weight.detach()
        optimizer.step()
    velocity = optimizer.state[weight]["momentum_buffer"].numpy()
    return {"params": weight.detach().numpy(), "velocity": velocity, "step": first + steps}
""",
)
right("find-the-bugs", "with copies and an index", source=resumed(update=IN_PLACE))
right(
    "find-the-bugs",
    "a deep copy, and the step counted up",
    source="""
import copy


def train(hessian, checkpoint, rates, *, beta, steps):
    state = copy.deepcopy(checkpoint)
    for _ in range(steps):
        state["velocity"] *= beta
        state["velocity"] += hessian @ state["params"]
        state["params"] -= rates[state["step"]] * state["velocity"]
        state["step"] += 1
    return state
""",
)

# -------------------------------------------------------------------------------------------------- early-stopping
STOP = ["early-stopping-epochs"]


def stopping(better="loss < losses[best]", test="epoch - best >= patience", result="best, epoch"):
    """An answer to early-stopping with one of its parts replaced."""
    return f"""
def stop_early(losses, *, patience):
    best = bad = 0
    for epoch, loss in enumerate(losses):
        bad = 0 if epoch == 0 or loss < losses[best] else bad + 1
        if {better}:
            best = epoch
        if {test}:
            break
    return {result}
"""


for name, parts in [
    ("more than patience, as in question 3", {"test": "epoch - best > patience"}),
    ("one epoch too early", {"test": "epoch - best >= patience - 1 > 0"}),
    ("an equal loss is a new lowest", {"better": "loss <= losses[best]"}),
    ("never stops", {"test": "False"}),
    ("stops at the first rise over the epoch before", {"test": "epoch and loss >= losses[epoch - 1]"}),
    ("patience ignored", {"test": "epoch > best"}),
    ("keeps the best of the whole list", {"result": "int(np.argmin(losses)), epoch"}),
    ("keeps the last", {"result": "epoch, epoch"}),
    ("the epoch that would come next", {"result": "best, epoch + 1"}),
    ("the epoch patience before the stop", {"result": "max(epoch - patience, 0), epoch"}),
    ("the other order", {"result": "epoch, best"}),
    ("patience counted from the beginning", {"test": "epoch >= patience"}),
]:
    wrong("early-stopping", name, fails=STOP, source=stopping(**parts))
wrong(
    "early-stopping",
    "bad epochs in a row are those worse than the epoch before",
    fails=STOP,
    source="""
def stop_early(losses, *, patience):
    bad = 0
    for epoch in range(len(losses)):
        bad = bad + 1 if epoch and losses[epoch] >= losses[epoch - 1] else 0
        if bad == patience:
            break
    return int(np.argmin(losses[: epoch + 1])), epoch
""",
)
wrong(
    "early-stopping",
    "bad epochs are never forgiven",
    fails=STOP,
    source="""
def stop_early(losses, *, patience):
    best, bad = 0, -1
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        else:
            bad += 1
        if bad == patience:
            break
    return best, epoch
""",
)
right("early-stopping", "with a counter", source=stopping(test="bad == patience"))
right(
    "early-stopping",
    "over all ends",
    source="""
def stop_early(losses, *, patience):
    for end in range(len(losses)):
        kept = int(np.argmin(losses[: end + 1]))
        if kept + patience == end:
            break
    return [kept, end]
""",
)

# ----------------------------------------------------------------------------------------------------------- seeds
REPORT, BEST = "seeds-report", "seeds-best"


def seeds(
    check="m < 2",
    epochs="validation_loss.argmin(axis=1)",
    mean="kept.mean()",
    spread="kept.std(ddof=1)",
    error="kept.std(ddof=1) / m**0.5",
    limit="not 1 <= n <= len(scores)",
    best="sum(math.comb(k, n - 1) * value for k, value in enumerate(sorted(scores))) / math.comb(len(scores), n)",
):
    """An answer to seeds with one of its parts replaced."""
    return f"""
def seed_report(validation_loss, test_accuracy):
    m = len(test_accuracy)
    if {check}:
        raise ValueError("no")
    kept = test_accuracy[np.arange(m), {epochs}]
    return {mean}, {spread}, {error}


def expected_best(scores, n):
    if {limit}:
        raise ValueError("no")
    return float({best})
"""


for name, parts in [
    ("chosen on the test set (E38)", {"epochs": "test_accuracy.argmax(axis=1)"}),
    ("the last epoch", {"epochs": "np.full(m, -1)"}),
    ("the highest validation loss", {"epochs": "validation_loss.argmax(axis=1)"}),
    ("the last of equal epochs", {"epochs": "-1 - validation_loss[:, ::-1].argmin(axis=1)"}),
    ("the epoch of the best mean", {"epochs": "np.full(m, validation_loss.mean(axis=0).argmin())"}),
    ("the best seed (E38)", {"mean": "kept.max()"}),
    ("the fastest seed (E38)", {"mean": "kept[validation_loss.min(axis=1).argmin()]"}),
    ("the median", {"mean": "np.median(kept)"}),
    ("divided by m", {"spread": "kept.std()"}),
    ("the error from m", {"error": "kept.std() / m**0.5"}),
    ("the error divided by m", {"error": "kept.std(ddof=1) / m"}),
    ("the spread twice", {"error": "kept.std(ddof=1)"}),
    ("the variance", {"spread": "kept.var(ddof=1)"}),
    ("one seed passes", {"check": "False"}),
    ("two seeds are refused", {"check": "m < 3"}),
]:
    wrong("seeds", name, fails=[REPORT], source=seeds(**parts))
wrong(
    "seeds",
    "all epochs of all seeds",
    fails=[REPORT],
    source=seeds().replace("    return kept.mean()", "    kept = test_accuracy\n    return kept.mean()"),
)
for name, parts in [
    ("no check", {"limit": "False"}),
    ("n = 0 passes", {"limit": "n > len(scores)", "best": "np.mean(scores)"}),
    ("n = m is refused", {"limit": "not 1 <= n < len(scores)"}),
    ("the best of all (E38)", {"best": "max(scores)"}),
    ("the mean", {"best": "np.mean(scores)"}),
    ("the best of the first n", {"best": "max(scores[:n])"}),
    (
        "the lowest",
        {"best": seeds().split("float(")[1].rstrip()[:-1].replace("sorted(scores)", "sorted(scores)[::-1]")},
    ),
    ("not sorted", {"best": seeds().split("float(")[1].rstrip()[:-1].replace("sorted(scores)", "scores")}),
    (
        "with repetition",
        {"best": "sum(((k + 1) ** n - k**n) * v for k, v in enumerate(sorted(scores))) / len(scores) ** n"},
    ),
    ("the mean of the n highest", {"best": "np.sort(scores)[-n:].mean()"}),
    ("simulated", {"best": "np.mean([np.random.default_rng(i).permutation(scores)[:n].max() for i in range(300)])"}),
    (
        "a normal formula",
        {"best": "np.mean(scores) + np.std(scores, ddof=1) * math.sqrt(2 * math.log(n))"},
    ),
    ("sorts in place", {"limit": "scores.sort() or not 1 <= n <= len(scores)"}),
]:
    wrong("seeds", name, fails=[BEST], source=seeds(**parts))
wrong(
    "seeds",
    "delegates to scipy and ravine",
    fails=[REPORT, BEST],
    source="""
from ravine import schedules
from scipy import stats


def seed_report(validation_loss, test_accuracy):
    kept = test_accuracy[np.arange(len(test_accuracy)), validation_loss.argmin(axis=1)]
    return kept.mean(), stats.tstd(kept), stats.sem(kept)


def expected_best(scores, n):
    return float(stats.bootstrap((scores,), np.max).confidence_interval.low)
""",
)
right("seeds", "sums over sorted scores", source=seeds())
right(
    "seeds",
    "with the statistics module, and all choices one by one",
    source="""
import itertools
import statistics


def seed_report(validation_loss, test_accuracy):
    if len(validation_loss) == 1:
        raise ValueError("one seed")
    kept = []
    for low, high in zip(validation_loss.tolist(), test_accuracy.tolist()):
        kept.append(high[low.index(min(low))])
    spread = statistics.stdev(kept)
    return [statistics.fmean(kept), spread, math.sqrt(spread**2 / len(kept))]


def expected_best(scores, n):
    if n < 1 or n > len(scores):
        raise ValueError("no such choice")
    return statistics.fmean(max(some) for some in itertools.combinations(scores.tolist(), n))
""",
)

# ------------------------------------------------------------------------------------------------- true-statements
GROUPS = [f"true-statements-{name}" for name in ("history", "schedule", "checklist")]
for name, letters, cells in [
    ("ResNets were warmed up for several epochs (E83)", "BCDFH", GROUPS[:1]),
    ("so they were, and only that one (E83)", "ABCDFH", GROUPS[:1]),
    ("their rule was a number of steps", "ADFH", GROUPS[:1]),
    ("a schedule turns the step (E38)", "ACFH", GROUPS[1:2]),
    ("a drop proves the decay right", "ACDEFH", GROUPS[1:2]),
    ("averaging is no decay", "ACDH", GROUPS[1:2]),
    ("fixed wrong labels cannot be learned", "ACDFGH", GROUPS[2:]),
    ("the best seed's validation score is honest (E38)", "ACDFHI", GROUPS[2:]),
    ("softmax twice is harmless", "ACDF", GROUPS[2:]),
    ("all", "ABCDEFGHI", GROUPS),
    ("none", "", GROUPS),
    ("the false ones", "BEGI", GROUPS),
]:
    wrong("true-statements", name, fails=cells, source=f'def true_statements():\n    return "{letters}"\n')
right("true-statements", "in another order", source='def true_statements():\n    return "HFDCA"\n')

# ---------------------------------------------------------------------------------------------------- twenty-rates
for name, answer in [
    ("the best constant rate", "[2 / 101] * 20"),
    ("the largest stable rate", "[2 / 100] * 20"),
    ("falling like 1/t", "[1 / (t + 1) for t in range(20)]"),
    ("a cosine", "[0.01 * (1 + math.cos(math.pi * t / 20)) for t in range(20)]"),
    ("evenly spaced roots", "1 / np.linspace(1, 100, 20)"),
    ("evenly spaced exponents", "1 / np.geomspace(1, 100, 20)"),
    ("the roots themselves", "50.5 + 49.5 * np.cos(np.pi * (np.arange(20) + 0.5) / 20)"),
    ("the extremes, not the roots", "1 / (50.5 + 49.5 * np.cos(np.pi * np.arange(20) / 19))"),
    ("more than 20 rates", "1 / (50.5 + 49.5 * np.cos(np.pi * (np.arange(40) + 0.5) / 40))"),
]:
    wrong("twenty-rates", name, fails=["twenty-rates-worst"], source=f"def twenty_rates():\n    return {answer}\n")
right(
    "twenty-rates",
    "ten rates, twice",
    source="""
def twenty_rates():
    ten = [1 / (50.5 - 49.5 * math.cos((2 * k + 1) * math.pi / 20)) for k in range(10)]
    return ten + ten
""",
)

# ------------------------------------------------------------------------- mutants that are the same function
equivalent(
    "find-the-bugs",
    "line 18: hessian @ params -> params @ hessian",
    why="the Hessian is symmetric, as the statement says",
)
equivalent(
    "seeds",
    "line 38: 1 <= n <= len(scores) -> 0 <= n <= len(scores)",
    why="for n = 0 the next line asks math.comb for -1 things, which is a ValueError too",
)
equivalent(
    "twenty-rates",
    "line 6: 50.5 + 49.5 * np.cos(angles) -> 50.5 - 49.5 * np.cos(angles)",
    why="the roots lie symmetrically about 50.5: the same rates in the opposite order",
)
