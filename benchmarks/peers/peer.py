# Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What all peers share: their arguments, inputs, masks and output."""

import argparse
import os
import time

import numpy as np


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--mask", choices=["none", "causal"], default="none")
    parser.add_argument("--window", type=int, default=0)
    parser.add_argument("--alibi", type=int, default=0)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=1.0)
    return parser.parse_args()


def load(folder):
    """q, k and v, f32 [B, H, T, D]."""
    return tuple(np.load(os.path.join(folder, name + ".npy")) for name in "qkv")


def bias(mask, window, alibi, heads, queries, keys):
    """What is added to the scores, f64 [heads or 1, queries, keys]; None if
    nothing is."""
    if mask == "none" and not window and not alibi:
        return None
    distance = np.arange(queries)[:, None] + keys - queries - np.arange(keys)
    allowed = np.ones_like(distance, dtype=bool)
    if mask == "causal":
        allowed &= distance >= 0
    if window:
        allowed &= distance < window
    result = np.where(allowed, 0.0, -np.inf)[None]
    if alibi:
        slopes = 2.0 ** (-8.0 * np.arange(1, heads + 1) / heads)
        result = result - slopes[:, None, None] * distance
    return result


def attention(q, k, v, added):
    """The formula, in the precision of its arguments."""
    group = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, group, 1), np.repeat(v, group, 1)
    scores = q @ k.swapaxes(-1, -2) * q.dtype.type(q.shape[-1] ** -0.5)
    if added is not None:
        scores = scores + added.astype(q.dtype)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights @ v / weights.sum(-1, keepdims=True)


def measure(call, seconds):
    """Calls once to warm up, then for `seconds`, at least twice. Returns the
    last result; prints the times."""
    result = call()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < end:
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    print("times " + " ".join(f"{t:.9f}" for t in times))
    return result
