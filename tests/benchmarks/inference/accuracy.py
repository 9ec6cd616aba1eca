"""How far answers are from those of transformers in float32, as cosines."""

import numpy as np

# An engine below it computes something else: its time is not compared with ours.
ACCURATE = 0.999


def cosines(a, b):
    """Of each row of a with that of b, [rows, numbers]."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return np.sum(a * b, 1) / np.sqrt(np.sum(a * a, 1) * np.sum(b * b, 1))


def worst_cosines(outputs, references):
    """The smallest over all rows of a workload, of tokens' vectors [tokens, hidden].

    "sequence": all numbers of a row as one vector; "pooled": its mean over the
    tokens; "token": each token by itself. Outputs that are pooled already, [hidden],
    have the second only.
    """
    if outputs[0].ndim == 1:
        pooled = np.stack(outputs), np.stack([r.mean(0) for r in references])
        return {"pooled": float(cosines(*pooled).min())}
    worst = {"sequence": 1.0, "pooled": 1.0, "token": 1.0}
    for output, reference in zip(outputs, references, strict=True):
        views = {
            "sequence": (output.reshape(1, -1), reference.reshape(1, -1)),
            "pooled": (output.mean(0, keepdims=True), reference.mean(0, keepdims=True)),
            "token": (output, reference),
        }
        for name, pair in views.items():
            worst[name] = min(worst[name], float(cosines(*pair).min()))
    return worst


def is_accurate(cosine):
    return cosine.get("sequence", cosine["pooled"]) >= ACCURATE
