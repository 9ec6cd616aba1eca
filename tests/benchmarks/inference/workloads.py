"""What passes run over, and how padded engines cut it into batches."""

import math

import numpy as np

SEED = 20210517
# Below them are the special tokens of all models here.
FIRST_ID = 1000
LAST_ID = 30000

# Token budgets that padded engines choose from.
BUDGETS = [256, 512, 2048]


def ragged_lengths(rows=64, shortest=5, longest=256):
    """As sentences have them: log-normal, most of them short."""
    random = np.random.default_rng(SEED)
    lengths = np.exp(random.normal(math.log(28), 0.85, rows))
    return [int(n) for n in np.clip(np.round(lengths), shortest, longest)]


WORKLOADS = {
    "1x16": [16],
    "1x128": [128],
    "8x128": [128] * 8,
    "32x128": [128] * 32,
    "1x512": [512],
    "ragged64": ragged_lengths(),
}


def rows_of(workload):
    """Lists of token ids, the same in every run."""
    random = np.random.default_rng(SEED + 1)
    return [random.integers(FIRST_ID, LAST_ID, n).tolist() for n in WORKLOADS[workload]]


def batches_of(lengths, budget=None):
    """Lists of indices of rows, the longest first, each at most `budget` tokens when padded.

    Without a budget all are one batch; a row longer than the budget is one by itself.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    if budget is None:
        return [order]
    batches = []
    for i in order:
        width = lengths[batches[-1][0]] if batches else 0
        if not batches or width * (len(batches[-1]) + 1) > budget:
            batches.append([])
        batches[-1].append(i)
    return batches


def pad(rows, padding_id=0):
    """The ids and the mask of a batch, both [rows, longest]."""
    shape = (len(rows), max(map(len, rows)))
    ids = np.full(shape, padding_id, np.int64)
    mask = np.zeros(shape, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask
