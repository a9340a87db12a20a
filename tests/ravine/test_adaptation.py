"""Adaptation: equal to peft and to plain PyTorch, harmless at the start, and nothing but its own numbers is trained.

The tests against peft are slow only because importing it takes seconds.
"""

import copy

import pytest
import torch
from torch import nn

from ravine import adaptation
from ravine.adaptation import Adapter, Classifier, LoRALinear, Prefix, SoftPrompt, add_adapters_, add_lora_, merge_lora_
from ravine.attention import padding_mask
from ravine.transformer import Transformer

TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-6}
METHODS = {
    "LoRA": lambda model: add_lora_(model, 2, 4),
    "adapters": lambda model: add_adapters_(model, 3),
    "prefix": lambda model: Prefix(model, 5),
    "soft prompt": lambda model: SoftPrompt(model, 5),
}
METHOD = pytest.mark.parametrize("adapt", METHODS.values(), ids=METHODS.keys())


def model(dtype=torch.float64, **settings):
    return Transformer(11, **({"d_model": 16, "heads": 2, "layers": 2, "longest": 12} | settings)).to(dtype)


def tokens(length=6, batch=3):
    return torch.randint(11, (batch, length))


def disturb(module):
    """Give every trained number a random value, so that nothing is hidden by a zero."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.normal_(std=0.3)
    return module


# LoRA


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_lora_is_the_formula(dtype, bias):
    linear = nn.Linear(5, 3, bias=bias, dtype=dtype)
    layer = disturb(LoRALinear(linear, rank=2, alpha=6))
    x = torch.randn(4, 7, 5, dtype=dtype)
    change = 3 * torch.einsum("or,ri,bti->bto", layer.B, layer.A, x)
    near = {"rtol": TOLERANCES[dtype], "atol": TOLERANCES[dtype]}
    torch.testing.assert_close(layer(x), nn.functional.linear(x, linear.weight, linear.bias) + change, **near)
    merged = layer.merge()
    assert type(merged) is nn.Linear
    assert (merged.bias is not None) is bias
    torch.testing.assert_close(merged(x), layer(x), **near)
    assert torch.linalg.matrix_rank(merged.weight - linear.weight) == 2


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
def test_lora_is_pefts(dtype):
    import peft

    base = model(dtype)
    ours = disturb(add_lora_(copy.deepcopy(base), 3, 5, targets=("query", "value", "output")))
    settings = peft.LoraConfig(r=3, lora_alpha=5, target_modules=["query", "value", "output"])
    theirs = peft.get_peft_model(copy.deepcopy(base), settings)
    for name, layer in ours.named_modules():
        if isinstance(layer, LoRALinear):
            twin = theirs.get_submodule(f"base_model.model.{name}")
            twin.lora_A["default"].weight.data.copy_(layer.A)
            twin.lora_B["default"].weight.data.copy_(layer.B)
    assert adaptation.trainable(ours) == adaptation.trainable(theirs) == 2 * 3 * 3 * (16 + 16)
    x, near = tokens(), {"rtol": TOLERANCES[dtype], "atol": TOLERANCES[dtype]}
    torch.testing.assert_close(ours(x), theirs(x), **near)
    before = ours(x)
    assert (before - base(x)).abs().max() > 0.01
    torch.testing.assert_close(merge_lora_(ours)(x), theirs.merge_and_unload()(x), **near)
    torch.testing.assert_close(ours(x), before, **near)


def test_lora_counts_as_published():
    """r = 8 on the queries and values of BERT-base: 12 layers, 768 wide."""
    layers = (LoRALinear(nn.Linear(768, 768, device="meta"), 8, 16) for _ in range(2))
    assert 12 * sum(map(adaptation.trainable, layers)) == 294_912


def test_lora_begins_with_a_gradient_for_b_alone():
    layer = LoRALinear(nn.Linear(5, 3), 2, 2)
    layer(torch.randn(4, 5)).square().sum().backward()
    assert layer.B.grad.abs().min() > 0
    assert (layer.A.grad == 0).all()
    with torch.no_grad():
        layer.A.zero_()
    layer.zero_grad()
    layer(torch.randn(4, 5)).square().sum().backward()
    assert (layer.A.grad == 0).all() and (layer.B.grad == 0).all()  # both zero: it can never begin


def test_lora_draws_from_the_generator():
    first, second = (
        LoRALinear(nn.Linear(400, 3), 50, 1, generator=torch.Generator().manual_seed(7)).A for _ in range(2)
    )
    assert torch.equal(first, second)
    assert first.std().item() == pytest.approx(400**-0.5, rel=0.05)


# Adapters


def test_adapter_is_the_formula():
    adapter = disturb(Adapter(6, 4)).double()
    x = torch.randn(2, 3, 6, dtype=torch.float64)
    middle = x @ adapter.down.weight.T + adapter.down.bias
    middle = middle * (1 + torch.erf(middle / 2**0.5)) / 2
    torch.testing.assert_close(adapter(x), x + middle @ adapter.up.weight.T + adapter.up.bias, rtol=1e-12, atol=1e-12)


def test_adapters_count_as_published_and_stand_before_the_residual():
    assert adaptation.trainable(Adapter(768, 64)) == 99_136
    adapted = add_adapters_(model(), 3)
    assert adaptation.trainable(adapted) == 4 * (2 * 16 * 3 + 3 + 16)
    block, x = adapted.blocks[0], torch.randn(1, 5, 16, dtype=torch.float64)
    disturb(adapted)
    after_attention = x + block.attention(block.norm_attention(x))[0]
    expected = after_attention + block.feed_forward(block.norm_feed_forward(after_attention))
    torch.testing.assert_close(block(x)[0], expected, rtol=1e-12, atol=1e-12)
    assert isinstance(block.attention.output[1], Adapter) and isinstance(block.feed_forward[1], Adapter)


# Prefix and soft prompt


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("positions", ["learned", None])
def test_prefix_is_torch_attention_over_more_keys(causal, positions):
    """The first layer, against nn.MultiheadAttention, whose keys and values get the prefix in front."""
    adapted = disturb(Prefix(model(causal=causal, positions=positions), 4))
    x = tokens()
    trace = adapted.trace(x)
    block = adapted.model.blocks[0]
    inside = block.norm_attention(adapted.model.embed(x))  # (batch, L, d_model)
    keys, values = (
        torch.cat([own.transpose(1, 2).flatten(2).expand(len(x), -1, -1), linear(inside)], 1)
        for own, linear in zip(adapted.past()[0], (block.attention.key, block.attention.value), strict=True)
    )
    oracle = nn.MultiheadAttention(16, 2, batch_first=True, dtype=torch.float64)
    eye = torch.eye(16, dtype=torch.float64)  # keys and values are mapped already
    oracle.in_proj_weight.data = torch.cat([block.attention.query.weight, eye, eye])
    oracle.in_proj_bias.data = torch.cat([block.attention.query.bias, torch.zeros(32, dtype=torch.float64)])
    hidden = torch.ones(6, 10, dtype=torch.bool).triu(5) if causal else None
    _, weights = oracle(inside, keys, values, attn_mask=hidden, average_attn_weights=False)
    torch.testing.assert_close(trace.weights[0], weights, rtol=1e-12, atol=1e-12)
    assert trace.logits.shape == (3, 6, 11)


def test_a_prefix_of_real_keys_is_the_real_text():
    """Without positions, keys and values of a text in front are that text in front, for a causal model."""
    base = model(causal=True, positions=None)
    front, x = tokens(4, batch=1), tokens(6)
    adapted = Prefix(copy.deepcopy(base), 4)
    states = base.trace(front).states
    for keys, values, block, state in zip(adapted.keys, adapted.values, base.blocks, states, strict=False):
        new = block.remember(state)
        keys.data, values.data = new
    expected = base(torch.cat([front.expand(3, -1), x], 1))[:, 4:]
    torch.testing.assert_close(adapted(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("causal", [True, False])
def test_a_soft_prompt_of_words_is_these_words(causal):
    base = model(causal=causal, positions=None)
    front, x = tokens(4, batch=1), tokens(6)
    adapted = SoftPrompt(copy.deepcopy(base), 4)
    adapted.prompt.data = base.embedding(front[0])
    expected = base.trace(torch.cat([front.expand(3, -1), x], 1))
    found = adapted.trace(x)
    torch.testing.assert_close(found.logits, expected.logits[:, 4:], rtol=1e-12, atol=1e-12)
    for states, others in zip(found.states, expected.states, strict=True):
        torch.testing.assert_close(states, others[:, 4:], rtol=1e-12, atol=1e-12)
    assert found.weights[0].shape == (3, 2, 6, 10)


def test_prefix_and_prompt_count_as_published():
    """A prefix of 20 for BERT-base has 2 * 20 * 12 * 768 numbers."""
    base = model()
    assert adaptation.trainable(Prefix(base, 5)) == 2 * 5 * 2 * 16
    assert adaptation.trainable(SoftPrompt(base, 5)) == 5 * 16


@pytest.mark.slow
def test_a_prefix_of_bert_base_counts_as_published():
    base = Transformer(30, d_model=768, heads=12, layers=12, longest=32)
    assert adaptation.trainable(Prefix(base, 20)) == 368_640


@pytest.mark.parametrize("kind", [Prefix, SoftPrompt])
def test_padding_is_not_looked_at(kind):
    adapted = disturb(kind(model(causal=False), 4))
    x, lengths = tokens(), torch.tensor([6, 3, 1])
    logits = adapted(x, mask=padding_mask(lengths, 6))
    for row, length, found in zip(x, lengths, logits, strict=True):
        alone = adapted(row[None, :length])[0]
        torch.testing.assert_close(found[:length], alone, rtol=1e-12, atol=1e-12)


def test_a_soft_prompt_takes_a_mask_with_rows():
    adapted = SoftPrompt(model(causal=False), 4)
    full = torch.ones(6, 6, dtype=torch.bool)
    torch.testing.assert_close(adapted(x := tokens(), mask=full), adapted(x), rtol=1e-12, atol=1e-12)
    own = adapted.trace(x, mask=torch.eye(6, dtype=torch.bool)).weights[0][..., 4:]
    assert (own * (1 - torch.eye(6)) == 0).all()


def gpt2_of(ours, shift):
    """The same model as transformers' GPT-2, whose positions count from ``shift`` on."""
    import transformers

    settings = transformers.GPT2Config(
        vocab_size=11, n_positions=20, n_embd=16, n_layer=2, n_head=2, activation_function="gelu", use_cache=False,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager", bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    theirs = transformers.GPT2LMHeadModel(settings).double().eval()
    body = theirs.transformer
    with torch.no_grad():
        body.wte.weight.copy_(ours.embedding.weight)
        body.wpe.weight.zero_()[shift : shift + 12] = ours.positions.weight
        for block, twin in zip(ours.blocks, body.h, strict=True):
            parts = block.attention.query, block.attention.key, block.attention.value
            twin.attn.c_attn.weight.copy_(torch.cat([part.weight for part in parts]).T)
            twin.attn.c_attn.bias.copy_(torch.cat([part.bias for part in parts]))
            for linear, conv in (
                (block.attention.output, twin.attn.c_proj),
                (block.feed_forward[0], twin.mlp.c_fc),
                (block.feed_forward[2], twin.mlp.c_proj),
            ):
                conv.weight.copy_(linear.weight.T)
                conv.bias.copy_(linear.bias)
            twin.ln_1.load_state_dict(block.norm_attention.state_dict())
            twin.ln_2.load_state_dict(block.norm_feed_forward.state_dict())
        body.ln_f.load_state_dict(ours.norm.state_dict())
    return theirs


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed:FutureWarning")  # between peft and transformers
@pytest.mark.parametrize("kind", ["prefix", "prompt"])
def test_prefix_and_prompt_are_pefts(kind):
    """peft's prompts take up positions: its model has the positions' embeddings moved by the prompt's length."""
    import peft

    base = disturb(model(causal=True))
    given = {"task_type": "CAUSAL_LM", "num_virtual_tokens": 4}
    x, mask = tokens(), torch.ones(3, 6)
    if kind == "prefix":
        ours = Prefix(copy.deepcopy(base), 4)
        theirs = peft.get_peft_model(gpt2_of(base, 4), peft.PrefixTuningConfig(**given))
        # (layers, key or value, heads, P, d_head) to peft's (P, layers, key or value, heads, d_head)
        own = torch.stack([torch.stack([key[0], value[0]]) for key, value in ours.past()])
        theirs.prompt_encoder["default"].embedding.weight.data = own.permute(3, 0, 1, 2, 4).flatten(1).contiguous()
    else:
        ours = SoftPrompt(copy.deepcopy(base), 4)
        theirs = peft.get_peft_model(gpt2_of(base, 4), peft.PromptTuningConfig(**given))
        theirs.prompt_encoder["default"].embedding.weight.data = ours.prompt.detach()
    assert adaptation.trainable(ours) == adaptation.trainable(theirs)
    found = theirs.double().eval()(input_ids=x, attention_mask=mask).logits[:, -6:]
    torch.testing.assert_close(ours(x), found, rtol=1e-10, atol=1e-10)
    assert (ours(x) - base(x)).abs().max() > 0.01


# All of them


@pytest.mark.parametrize("name", ["LoRA", "adapters"])
def test_nothing_changes_at_first(name):
    base, x = model(), tokens()
    before = base(x)
    torch.testing.assert_close(METHODS[name](base)(x), before, rtol=0, atol=0)


@METHOD
def test_only_what_was_added_is_trained(adapt):
    base = model()
    count, known = adaptation.trainable(base), {id(parameter) for parameter in base.parameters()}
    adapted = disturb(adapt(base))
    adapted(tokens()).square().sum().backward()
    for name, parameter in adapted.named_parameters():
        assert (id(parameter) in known) == (parameter.grad is None), name
        assert parameter.grad is None or parameter.grad.abs().max() > 0, name
    assert 0 < adaptation.trainable(adapted) < count / 2


@METHOD
def test_a_classifier_learns_on_top(adapt):
    """Whether a certain word is there."""
    torch.manual_seed(0)
    classifier = Classifier(adapt(model(torch.float32, causal=False)), 2)
    x = torch.stack([torch.randperm(8)[:6] + 3 for _ in range(64)])
    lengths, labels = torch.full((64,), 6), (x == 3).any(1).long()
    optimizer = torch.optim.Adam([p for p in classifier.parameters() if p.requires_grad], lr=0.03)
    losses = []
    for _ in range(30):
        loss = nn.functional.cross_entropy(classifier(x, lengths), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


def test_a_classifier_averages_real_tokens_or_takes_the_first():
    base = model(causal=False)
    x, lengths = tokens(), torch.tensor([6, 3, 1])
    mean, first = Classifier(base, 2), Classifier(base, 2, pool="first")
    for row, length, average, start in zip(
        x, lengths, mean.features(x, lengths), first.features(x, lengths), strict=True
    ):
        states = base.norm(base.trace(row[None, :length]).states[-1])[0]
        torch.testing.assert_close(average, states.mean(0), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(start, states[0], rtol=1e-12, atol=1e-12)
    assert mean.head.out_features == 2
    assert Classifier(Prefix(base, 2), 2).model is base


def test_freeze_and_count():
    base = model()
    assert adaptation.trainable(base) == sum(parameter.numel() for parameter in base.parameters())
    assert adaptation.freeze_(base) is base
    assert adaptation.trainable(base) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: LoRALinear(nn.Linear(3, 3), 0, 1), "rank must be an integer >= 1, got 0"),
        (lambda: LoRALinear(nn.Linear(3, 3), 1.5, 1), "rank must be an integer >= 1, got 1.5"),
        (lambda: LoRALinear(nn.Linear(3, 3), 1, 0), "alpha must be a finite number > 0, got 0"),
        (lambda: LoRALinear(nn.Linear(3, 3), 1, float("nan")), "alpha must be"),
        (lambda: LoRALinear(nn.Embedding(3, 3), 1, 1), "expected an nn.Linear to adapt, got Embedding"),
        (lambda: add_lora_(model(), 1, 1, targets=("q_proj",)), "expected the names of linear layers .*'q_proj'"),
        (lambda: add_lora_(add_lora_(model(), 1, 1), 1, 1), "none is there"),
        (lambda: merge_lora_(model()), "expected a model with LoRA"),
        (lambda: merge_lora_(merge_lora_(add_lora_(model(), 1, 1))), "expected a model with LoRA"),
        (lambda: Adapter(4, 0), "width must be an integer >= 1, got 0"),
        (lambda: add_adapters_(add_adapters_(model(), 2), 2), "expected a model without adapters"),
        (lambda: Prefix(model(), 0), "length must be an integer >= 1, got 0"),
        (lambda: SoftPrompt(model(), 0), "length must be an integer >= 1, got 0"),
        (lambda: Classifier(model(), 2, pool="max"), "pool must be 'mean' or 'first', got 'max'"),
    ],
)
def test_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_refusal_changes_nothing():
    base = model()
    with pytest.raises(ValueError, match="none is there"):
        add_lora_(base, 1, 1, targets=("nothing",))
    with pytest.raises(ValueError, match="rank"):
        add_lora_(base, 0, 1)
    with pytest.raises(ValueError, match="width"):
        add_adapters_(base, 0)
    assert adaptation.trainable(base) == sum(parameter.numel() for parameter in base.parameters())
