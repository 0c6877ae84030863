"""Feature maps, normalisers and what follows, fused into linear attention, at
head dims of whole vectors, of parts of one and of both, with grouped heads, and
the same bits on one and two threads."""

import tempfile

import numpy as np
import oracle

program = """
fn ones(x: f32[B, G, S, D]) -> f32[B, G, S, 1] = f32(reshape(0 * range(B * G * S) + 1, B, G, S, 1))

fn all(
  q: f32[B, H, T, D], k: f32[B, G, T, D], v: f32[B, G, T, E], m: f32[B, G, S, D], u: f32[B, G, S, E],
  c: f32[D], g: f32[B, H, T], r: f32[B, H, T, E], s: f32[B, H, D, E]
) -> (
  plain: f32[B, H, T, E], gated: f32[B, H, T, E], full: f32[B, H, T, E], wide: f32[B, H, T, E],
  step: f32[B, H, T, E], next: f32[B, H, D, E]
) {
  // A bias of the features, a scale, maps of all three, a gate of the result.
  let fq, fk = (exp(q * c), exp(k * c + 0.5))
  let y = linear_attention(fq, fk, tanh(v), causal: true, scale: 0.5)
  let total = linear_attention(fq, fk, ones(k), causal: true, scale: 0.5)
  let plain = y / (total + 0.001) * r
  // Fading, with the normaliser of xLSTM.
  let aq, ak = (max(q, 0), where(k > 0, k + 1, exp(min(k, 0))))
  let x = linear_attention(aq, ak, v, causal: true, decay: g)
  let sum_of_x = linear_attention(aq, ak, ones(k), causal: true, decay: g)
  let gated = x / max(abs(sum_of_x), 1)
  // All keys, the sum as one more attention and as a product.
  let bq, bk = (q * q, exp(m))
  let full = linear_attention(bq, bk, u) / linear_attention(bq, bk, ones(m))
  let dq, dk = (abs(q), abs(m))
  let weight = sum(dq * repeat_heads(sum(dk, axis: 2, keep: true), H), axis: -1, keep: true)
  let wide = linear_attention(dq, dk, u) / where(weight == 0, 1, weight)
  // A sequence that goes on.
  let step, next = linear_attention(tanh(q), exp(k), v, causal: true, decay: g, state: s)
  (plain, gated, full, wide, step, next)
}
"""


def fade(g):
    """exp(g[j + 1] + … + g[i]) for each i and j <= i."""
    table = np.zeros(g.shape + g.shape[-1:], g.dtype)
    for i in range(g.shape[-1]):
        for j in range(i + 1):
            table[..., i, j] = np.exp(g[..., j + 1:i + 1].sum(-1))
    return table


def formula(given, dtype):
    q, k, v, m, u, c, g, r, s = (given[name] for name in "qkvmucgrs")
    group = q.shape[1] // k.shape[1]
    spread = lambda x: np.repeat(x, group, axis=1)
    weigh = lambda fq, fk: fq @ spread(fk).swapaxes(-1, -2)
    one = dtype(1)
    past = np.tril(np.ones((q.shape[2],) * 2, dtype))
    plain = weigh(np.exp(q * c), np.exp(k * c + dtype(0.5))) * past * dtype(0.5)
    fading = fade(g)
    elu = np.where(k > 0, k + one, np.exp(np.minimum(k, 0)))
    gated = weigh(np.maximum(q, 0), elu) * fading
    full, wide = weigh(q * q, np.exp(m)), weigh(np.abs(q), np.abs(m))
    entry = np.exp(np.cumsum(g, axis=-1))[..., None]
    left = fading[..., -1, :, None]
    steps = weigh(np.tanh(q), np.exp(k)) * fading
    total = lambda w: w.sum(-1, keepdims=True)
    return {
        "plain": plain @ spread(np.tanh(v)) / (total(plain) + dtype(0.001)) * r,
        "gated": gated @ spread(v) / np.maximum(np.abs(total(gated)), one),
        "full": full @ spread(u) / total(full),
        "wide": wide @ spread(u) / total(wide),
        "step": steps @ spread(v) + entry * (np.tanh(q) @ s),
        "next": entry[:, :, -1:] * s + (spread(np.exp(k)) * left).swapaxes(-1, -2) @ spread(v),
    }


def make(b, h, g, t, s, d, e):
    inputs = oracle.random(8, q=(b, h, t, d), k=(b, g, t, d), v=(b, g, t, e), m=(b, g, s, d),
                           u=(b, g, s, e), c=(d,), g=(b, h, t), r=(b, h, t, e), s=(b, h, d, e))
    inputs["g"] = -np.exp(2 * inputs["g"] - 2).astype(np.float32)
    return program, inputs, formula


cases = {f"{shape}": make(*shape) for shape in (
    (1, 2, 2, 1, 1, 16, 16), (2, 6, 2, 100, 7, 33, 20), (1, 8, 1, 97, 131, 64, 5),
    (1, 3, 1, 210, 40, 5, 48))}
oracle.main("maps", cases, "--opt", "0")
oracle.main("maps", cases)
# Segments of one sequence, which two threads share.
shared = """
fn all(q: f32[T, D], k: f32[T, D], v: f32[T, D], g: f32[T]) -> f32[T, D] {
  let one = f32(reshape(0 * range(T) + 1, T, 1))
  let total = linear_attention(exp(q), exp(k), one, causal: true, decay: g)
  linear_attention(exp(q), exp(k), v, causal: true, decay: g) / total
}
"""
inputs = oracle.random(8, q=(4000, 16), k=(4000, 16), v=(4000, 16), g=(4000,))
inputs["g"] = -np.exp(inputs["g"] - 2).astype(np.float32)


def recurrence(given, dtype):
    q, k = np.exp(given["q"]), np.exp(given["k"])
    value = np.concatenate([given["v"], np.ones((len(q), 1), dtype)], axis=1)
    state = np.zeros((q.shape[1], value.shape[1]), dtype)
    out = np.zeros(value.shape, dtype)
    for t in range(len(q)):
        state = state * np.exp(given["g"][t]) + np.outer(k[t], value[t])
        out[t] = q[t] @ state
    return {"out": out[:, :-1] / out[:, -1:]}


for n in "12":
    oracle.main("maps", {f"shared by {n}": (shared, inputs, recurrence)}, "--threads", n)

_, inputs, _ = cases["(2, 6, 2, 100, 7, 33, 20)"]
with tempfile.TemporaryDirectory() as folder:
    one, two = (oracle.run(program, inputs, folder, "--threads", n) for n in "12")
    assert all(np.array_equal(one[name], two[name]) for name in one)
    # NaN at a position reaches no row before it, nor another head.
    for name in "qkv":
        bad = {**inputs, name: inputs[name].copy()}
        bad[name][0, 0, 50] = np.nan
        got = oracle.run(program, bad, folder, "--threads", "2")
        for result in ("plain", "gated"):
            assert np.array_equal(got[result][0, :, :50], one[result][0, :, :50]), (name, result)
            assert np.array_equal(got[result][1], one[result][1]), (name, result)
            assert np.isnan(got[result][0, 0, 50]).all(), (name, result)
