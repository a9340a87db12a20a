"""Attention weights as a heat map: a row for each token that looks, a column for each that is looked at."""

from matplotlib.colors import LinearSegmentedColormap, to_rgba

from .colors import INK, RAMP

# From nothing to one color: what no weight falls on shows the page, be it light or dark.
_TINT = LinearSegmentedColormap.from_list("ravine attention", [to_rgba(RAMP[0], 0), to_rgba(RAMP[0], 1)])


def attention(ax, weights, tokens, keys=None, *, highest=1.0):
    """Draw the attention weights of one head.

    Args:
        ax: the ``Axes`` to draw on.
        weights: ``(L, S)``, tensor or array, in [0, ``highest``].
        tokens: names of the L tokens that look, from top to bottom.
        keys: names of the S tokens that are looked at, from left to right; default: ``tokens``.
        highest: the weight of full color. Maps to be compared need the same.

    Returns:
        Matplotlib's mesh, for a color bar.

    Raises:
        ValueError: if ``weights`` is not a matrix with a row and a column for each name.
    """
    weights = weights.detach().cpu().numpy() if hasattr(weights, "detach") else weights
    names, keys = [str(token) for token in tokens], [str(key) for key in (tokens if keys is None else keys)]
    if weights.shape != (len(names), len(keys)):
        raise ValueError(f"expected weights ({len(names)}, {len(keys)}), one head's, got {weights.shape}")
    mesh = ax.pcolormesh(weights, cmap=_TINT, vmin=0, vmax=highest, edgecolors=to_rgba(INK, 0.35), linewidth=0.4)
    ax.set(xlim=(0, len(keys)), ylim=(len(names), 0), aspect="equal")  # the first row is the top one, as in a matrix
    ax.set_xticks([column + 0.5 for column in range(len(keys))], keys, rotation=90 if max(map(len, keys)) > 2 else 0)
    ax.set_yticks([row + 0.5 for row in range(len(names))], names)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return mesh
