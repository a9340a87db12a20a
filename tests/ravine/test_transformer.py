"""The transformer against PyTorch's layers with copied weights; what may leak does not; a cache changes nothing."""

import pytest
import torch
from torch import nn

from ravine.attention import padding_mask, sinusoidal_positions
from ravine.transformer import Block, EncoderDecoder, Transformer

EXACT = {"rtol": 1e-12, "atol": 1e-12}
NORM = pytest.mark.parametrize("norm", ["pre", "post"])


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64)


def size(module):
    return sum(p.numel() for p in module.parameters())


def scrambled(module):
    """Let no weight be special: norms start at one, biases may start at zero."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.3)
    return module


def drawn(vocabulary=11, batch=3, length=7):
    return torch.randint(vocabulary, (batch, length))


def copy_attention(theirs, ours):
    parts = (ours.query, ours.key, ours.value)
    theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
    theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(ours.output.state_dict())


@torch.no_grad()
def pytorchs(block, d_model, heads, d_ff, norm, cross):
    """PyTorch's layer with a block's weights."""
    kind = nn.TransformerDecoderLayer if cross else nn.TransformerEncoderLayer
    layer = kind(d_model, heads, d_ff, 0.0, "gelu", batch_first=True, norm_first=norm == "pre", dtype=torch.float64)
    copy_attention(layer.self_attn, block.attention)
    norms = [block.norm_attention, block.norm_feed_forward]
    if cross:
        copy_attention(layer.multihead_attn, block.cross_attention)
        norms.insert(1, block.norm_cross)
    for number, ours in enumerate(norms, 1):
        getattr(layer, f"norm{number}").load_state_dict(ours.state_dict())
    layer.linear1.load_state_dict(block.feed_forward[0].state_dict())
    layer.linear2.load_state_dict(block.feed_forward[2].state_dict())
    return layer


@NORM
@pytest.mark.parametrize("cross", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_a_block_is_pytorchs_layer(norm, cross, masked):
    block = scrambled(Block(12, 3, 20, norm=norm, cross=cross).double())
    layer = pytorchs(block, 12, 3, 20, norm, cross)
    x, memory = normal(2, 5, 12).requires_grad_(), normal(2, 7, 12)
    mask = torch.ones(5, 5, dtype=torch.bool).tril() if masked else None
    hidden = None if mask is None else ~mask
    if cross:
        memory_mask = padding_mask([7, 4]) if masked else None
        memory_hidden = ~memory_mask[:, 0, 0] if masked else None
        output, weights, cross_weights = block(x, memory, mask=mask, memory_mask=memory_mask)
        expected = layer(x, memory, tgt_mask=hidden, memory_key_padding_mask=memory_hidden)
        assert cross_weights.shape == (2, 3, 5, 7)
    else:
        output, weights, cross_weights = block(x, mask=mask)
        expected = layer(x, src_mask=hidden)
        assert cross_weights is None
    assert weights.shape == (2, 3, 5, 5)
    torch.testing.assert_close(output, expected, **EXACT)
    direction = torch.randn_like(x)
    mine, wanted = (torch.autograd.grad(out, x, direction)[0] for out in (output, expected))
    torch.testing.assert_close(mine, wanted, **EXACT)


@NORM
@pytest.mark.parametrize("causal", [False, True])
def test_the_whole_is_pytorchs_layers_between_embedding_and_unembedding(norm, causal):
    model = scrambled(Transformer(11, d_model=12, heads=3, norm=norm, causal=causal, longest=9, segments=2).double())
    tokens, segments = drawn(), drawn(2)
    x = model.embedding.weight[tokens] + model.positions.weight[:7] + model.segments.weight[segments]
    trace = model.trace(tokens, segments=segments)
    hidden = ~torch.ones(7, 7, dtype=torch.bool).tril() if causal else None
    torch.testing.assert_close(trace.states[0], x, **EXACT)
    for block, state in zip(model.blocks, trace.states[1:], strict=True):
        x = pytorchs(block, 12, 3, 48, norm, False)(x, src_mask=hidden)
        torch.testing.assert_close(state, x, **EXACT)
    if norm == "pre":
        x = nn.functional.layer_norm(x, (12,), model.norm.weight, model.norm.bias)
    torch.testing.assert_close(trace.logits, x @ model.embedding.weight.T, **EXACT)
    assert torch.equal(model(tokens, segments=segments), trace.logits)
    assert [weights.shape for weights in trace.weights] == [(3, 3, 7, 7)] * 2
    assert trace.cross_weights == []


@NORM
@pytest.mark.parametrize("positions", ["learned", "sinusoidal", None])
def test_a_later_token_changes_nothing_before_it(norm, positions):
    model = Transformer(11, norm=norm, positions=positions)
    tokens = drawn()
    logits = model(tokens)
    for place in range(7):
        changed = tokens.clone()
        changed[:, place] = (changed[:, place] + 1) % 11
        other = model(changed)
        assert torch.equal(other[:, :place], logits[:, :place]), "bit for bit"
        assert (other[:, place:] != logits[:, place:]).any(-1).all()


def test_a_token_of_an_encoder_sees_all_and_padding_is_not_seen():
    model = Transformer(11, causal=False)
    tokens = drawn()
    logits = model(tokens)
    changed = tokens.clone()
    changed[:, -1] = (changed[:, -1] + 1) % 11
    assert (model(changed)[:, 0] != logits[:, 0]).any(-1).all()
    mask = padding_mask([6, 6, 6], 7)
    torch.testing.assert_close(model(tokens, mask=mask)[:, :6], model(changed, mask=mask)[:, :6], rtol=0, atol=0)
    torch.testing.assert_close(model(tokens, mask=mask)[:, :6], model(tokens[:, :6]))


def test_a_causal_models_own_mask_holds_beside_another():
    model = Transformer(11)
    weights = model.trace(drawn(), mask=padding_mask([7, 2, 7])).weights[0]
    assert (weights.triu(1) == 0).all()
    assert (weights[1, ..., 2:] == 0).all()
    assert (weights[0].tril() > 0).sum() == 4 * 28


@pytest.mark.parametrize("positions", ["learned", "sinusoidal"])
def test_an_encoder_without_positions_knows_no_order(positions):
    tokens, order = drawn(), torch.randperm(7)
    model = Transformer(11, causal=False, positions=None).double()
    torch.testing.assert_close(model(tokens[:, order]), model(tokens)[:, order], **EXACT)
    model = Transformer(11, causal=False, positions=positions).double()
    assert (model(tokens[:, order]) - model(tokens)[:, order]).abs().max() > 0.01


def test_sinusoids_are_added_and_not_trained():
    model = Transformer(11, d_model=16, heads=2, positions="sinusoidal", longest=20)
    x = model.embed(drawn())
    tokens = torch.zeros(1, 20, dtype=torch.int64)
    found = model.embed(tokens)[0] - model.embedding.weight[0]
    torch.testing.assert_close(found * 4, sinusoidal_positions(20, 16))
    assert x.shape == (3, 7, 16)
    assert not model.positions.weight.requires_grad


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("segments", [0, 2])
def test_the_number_of_parameters(tied, segments):
    d, h, f, v, n, longest = 24, 4, 40, 11, 3, 30
    block = 4 * (d * d + d) + (d * f + f) + (f * d + d) + 2 * 2 * d
    assert size(Block(d, h, f)) == block
    assert size(Block(d, h, f, cross=True)) == block + 4 * (d * d + d) + 2 * d
    assert size(Block(d, h)) == 12 * d * d + 13 * d
    options = {"d_model": d, "heads": h, "d_ff": f, "layers": n, "tied": tied, "segments": segments}
    tables = v * d * (1 if tied else 2) + segments * d
    assert size(Transformer(v, longest=longest, **options)) == n * block + tables + longest * d + 2 * d
    assert size(Transformer(v, positions=None, norm="post", **options)) == n * block + tables


def test_tied_means_one_matrix():
    model = Transformer(11)
    assert model.unembedding.weight is model.embedding.weight
    untied = Transformer(11, tied=False)
    assert not torch.equal(untied.unembedding.weight, untied.embedding.weight)


@NORM
@pytest.mark.parametrize("positions", ["learned", "sinusoidal", None])
@torch.no_grad()
def test_a_cache_changes_nothing(norm, positions):
    model = scrambled(Transformer(11, norm=norm, positions=positions).double())
    tokens = start = drawn(length=4)
    for _ in range(8):
        tokens = torch.cat([tokens, model(tokens)[:, -1].argmax(-1, keepdim=True)], 1)
    assert torch.equal(model.generate(start, 8, temperature=0), tokens)
    first = model.trace(tokens[:, :5])
    past = [block.remember(x) for block, x in zip(model.blocks, first.states[:-1], strict=True)]
    rest, whole = model.trace(tokens[:, 5:], past=past), model.trace(tokens)
    torch.testing.assert_close(rest.logits, whole.logits[:, 5:], **EXACT)
    for one, other in zip(rest.weights, whole.weights, strict=True):
        torch.testing.assert_close(one, other[:, :, 5:], **EXACT)


def test_a_prefix_leaves_positions_where_they_were():
    model = Transformer(11, longest=7).double()
    prefix = [(normal(1, 4, 5, 16), normal(1, 4, 5, 16)) for _ in range(2)]
    trace = model.run(model.embed(drawn()), past=prefix)
    assert trace.weights[0].shape == (3, 4, 7, 12)
    assert (trace.weights[0][..., :5] > 0).all(), "every token sees the whole prefix"
    assert (trace.weights[0][..., 5:].triu(1) == 0).all()


@torch.no_grad()
def test_generation_draws_from_the_softmax():
    model = Transformer(5).double()
    tokens = drawn(5, batch=1, length=3)
    for temperature in (0.5, 1.0, 3.0):
        expected = (model(tokens)[0, -1] / temperature).softmax(-1)
        generator = torch.Generator().manual_seed(0)
        drawn_now = model.generate(tokens.expand(4_000, 3), 1, temperature=temperature, generator=generator)
        counts = torch.bincount(drawn_now[:, -1], minlength=5)
        # Five standard deviations of a share of 4,000.
        assert (counts / 4_000 - expected).abs().max() < 5 * 0.5 / 4_000**0.5
    one, again, other = (model.generate(tokens, 9, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(one[:, :3], tokens)
    assert torch.equal(model.generate(tokens, 0), tokens)


def test_a_model_starts_near_a_guess():
    for options in ({}, {"norm": "post"}, {"positions": "sinusoidal"}, {"tied": False}):
        logits = Transformer(50, **options)(drawn(50, 20, 30))
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), drawn(50, 20, 30).flatten())
        assert 3.9 < loss.item() < 5.5, f"ln 50 = 3.91, {options}"


@NORM
@torch.no_grad()
def test_encoder_decoder(norm):
    model = scrambled(EncoderDecoder(11, 13, d_model=12, heads=3, norm=norm, longest=20).double())
    source, target = drawn(11, 2, 7), drawn(13, 2, 5)
    mask = padding_mask([7, 4])
    trace = model.trace(source, target, source_mask=mask)
    assert trace.logits.shape == (2, 5, 13)
    assert torch.equal(model(source, target, source_mask=mask), trace.logits)
    assert [weights.shape for weights in trace.cross_weights] == [(2, 3, 5, 7)] * 2
    assert (trace.cross_weights[0][1, ..., 4:] == 0).all()
    # PyTorch's stacks of layers with the same weights.
    x = model.encoder.embed(source)
    for block in model.encoder.blocks:
        x = pytorchs(block, 12, 3, 48, norm, False)(x, src_key_padding_mask=~mask[:, 0, 0])
    memory, y = model.encoder.norm(x), model.decoder.embed(target)
    hidden = ~torch.ones(5, 5, dtype=torch.bool).tril()
    for block in model.decoder.blocks:
        layer = pytorchs(block, 12, 3, 48, norm, True)
        y = layer(y, memory, tgt_mask=hidden, memory_key_padding_mask=~mask[:, 0, 0])
    torch.testing.assert_close(trace.logits, model.decoder.norm(y) @ model.decoder.embedding.weight.T, **EXACT)


@torch.no_grad()
def test_encoder_decoder_generates_what_its_logits_say():
    model = EncoderDecoder(11, 13, longest=20).double()
    source, tokens, mask = drawn(11, 2, 7), torch.zeros(2, 1, dtype=torch.int64), padding_mask([7, 4])
    written = model.generate(source, tokens, 6, source_mask=mask, temperature=0)
    for _ in range(6):
        logits = model(source, tokens, source_mask=mask)
        tokens = torch.cat([tokens, logits[:, -1].argmax(-1, keepdim=True)], 1)
    assert torch.equal(written, tokens)
    assert size(model) == size(model.encoder) + size(model.decoder)


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match="norm must be 'pre' or 'post', got 'none'"):
        Transformer(11, norm="none")
    with pytest.raises(ValueError, match="positions must be 'learned', 'sinusoidal' or None, got 'rotary'"):
        Transformer(11, positions="rotary")
    with pytest.raises(ValueError, match="heads must divide d_model, got 5 heads and d_model 64"):
        Transformer(11, heads=5)


def test_a_memory_is_for_cross_attention():
    x = torch.randn(2, 5, 12)
    with pytest.raises(ValueError, match="expected no memory for a block with cross=False, got one"):
        Block(12, 3)(x, x)
    with pytest.raises(ValueError, match="expected a memory for a block with cross=True, got none"):
        Block(12, 3, cross=True)(x)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (torch.zeros(3, dtype=torch.int64), r"expected integer tokens \(batch, L\), L >= 1, got torch.int64 \(3,\)"),
        (torch.zeros(2, 3), r"got torch.float32 \(2, 3\)"),
        (torch.zeros(2, 0, dtype=torch.int64), r"got torch.int64 \(2, 0\)"),
        (torch.tensor([[0, 11]]), r"expected tokens in 0 \.\.\. 10, got 0 \.\.\. 11"),
        (torch.tensor([[-1, 3]]), r"expected tokens in 0 \.\.\. 10, got -1 \.\.\. 3"),
        (torch.zeros(1, 9, dtype=torch.int64), "expected at most 8 tokens, got 9; .*longest=9"),
    ],
)
def test_wrong_tokens_are_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        Transformer(11, longest=8)(tokens)


def test_segments_need_their_embeddings():
    with pytest.raises(ValueError, match="got segments for a model without them"):
        Transformer(11)(drawn(), segments=drawn(2))
    model = Transformer(11, segments=2)
    tokens = drawn()
    assert torch.equal(model(tokens), model(tokens, segments=torch.zeros_like(tokens)))


def test_wrong_generation_is_refused():
    with pytest.raises(ValueError, match="expected a causal model to generate from"):
        Transformer(11, causal=False).generate(drawn(), 1)
    for temperature in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="temperature must be >= 0"):
            Transformer(11).generate(drawn(), 1, temperature=temperature)
    with pytest.raises(ValueError, match="expected at most 8 tokens, got 9"):
        Transformer(11, longest=8).generate(drawn(), 3)
