"""Attention without a softmax: weights written out as matrices."""

import numpy as np
import oracle

B, H, G, D, E, M = 2, 6, 2, 8, 5, 12


def elu(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def features(x, w):
    y = x / x.dtype.type(D**0.25)
    return np.exp(y @ w.T - (y * y).sum(-1, keepdims=True) / 2)


def rows(q, k):
    """Weights for every query head."""
    return q @ np.repeat(k, H // G, axis=1).swapaxes(-1, -2)


def average(weights, v):
    v = np.repeat(v, H // G, axis=1)
    return weights @ v / weights.sum(-1, keepdims=True)


def past(weights, dtype):
    return weights * np.tril(np.ones(weights.shape[-2:], dtype))


def decays(decay, dtype):
    """exp(decay[j + 1] + … + decay[i]) for each i and j <= i, decay [B, H, T]."""
    T = decay.shape[-1]
    table = np.zeros(decay.shape + (T,), dtype)
    for i in range(T):
        for j in range(i + 1):
            table[..., i, j] = np.exp(decay[..., j + 1:i + 1].sum(-1))
    return table


def formula(given, dtype):
    q, k, v, w = (given[name] for name in "qkvw")
    m, u = given["m"], given["u"]
    root = dtype(np.sqrt(D))
    fading = np.log(1 - np.exp2(-5 - np.arange(H))).astype(dtype)
    kept = np.broadcast_to(fading[:, None], q.shape[:3])
    repeated = np.repeat(v, H // G, axis=1)
    gated = rows(q, k) * decays(given["g"], dtype)
    # A state is what came before the first position.
    entry = np.exp(np.cumsum(given["g"], axis=-1))[..., None]
    keys = np.repeat(k, H // G, axis=1)
    left = decays(given["g"], dtype)[..., -1, :, None]
    queries, keys_ = features(q, w), features(m, w)
    return {
        "elu": elu(q),
        "of_queries": queries / queries.max(-1, keepdims=True),
        "of_keys": keys_ / keys_.max((-2, -1), keepdims=True),
        "mean": average(rows(np.exp(q), np.exp(m)), u),
        "causal_mean": average(past(rows(np.exp(q), np.exp(k)), dtype), v),
        "full": average(rows(elu(q), elu(m)), u),
        "causal": average(past(rows(elu(q), elu(k)), dtype), v),
        "random": average(rows(features(q, w), features(m, w)), u),
        "causal_random": average(past(rows(features(q, w), features(k, w)), dtype), v),
        "retained": rows(q, k) * decays(kept, dtype) @ repeated / root,
        "gated": gated @ repeated / root,
        "y": (gated @ repeated + entry * (q @ given["s"])) / root,
        "next": entry[:, :, -1:] * given["s"] + (keys * left).swapaxes(-1, -2) @ repeated,
    }


program = """import "std/linear"

fn all(
  q: f32[B, H, T, D], k: f32[B, G, T, D], v: f32[B, G, T, E], m: f32[B, G, S, D], u: f32[B, G, S, E],
  w: f32[M, D], g: f32[B, H, T], s: f32[B, H, D, E]
) -> (
  full: f32[B, H, T, E], causal: f32[B, H, T, E], random: f32[B, H, T, E],
  causal_random: f32[B, H, T, E], retained: f32[B, H, T, E], gated: f32[B, H, T, E],
  y: f32[B, H, T, E], next: f32[B, H, D, E], elu: f32[B, H, T, D],
  of_queries: f32[B, H, T, M], of_keys: f32[B, G, S, M],
  mean: f32[B, H, T, E], causal_mean: f32[B, H, T, E]
) {
  let y, next = gated_linear_step(q, k, v, g, s)
  (linear_transformer(q, m, u), causal_linear_transformer(q, k, v), performer(q, m, u, w),
   causal_performer(q, k, v, w), retention(q, k, v, retention_decay(q)),
   gated_linear_attention(q, k, v, g), y, next, elu_features(q),
   positive_features(q, w), positive_features(m, w, keys: 1),
   weighted_mean(exp(q), exp(m), u), causal_weighted_mean(exp(q), exp(k), v))
}
"""


def make(T, S):
    inputs = oracle.random(6, q=(B, H, T, D), k=(B, G, T, D), v=(B, G, T, E), m=(B, G, S, D),
                           u=(B, G, S, E), w=(M, D), g=(B, H, T), s=(B, H, D, E))
    inputs["g"] = -np.exp(2 * inputs["g"] - 2).astype(np.float32)
    return program, inputs, formula


for options in ([], ["--opt", "0"]):
    oracle.main("linear", {f"T={T}": make(T, S) for T, S in ((1, 3), (11, 7), (101, 130))}, *options)
