"""Weights without a softmax, written out: fused, and as they stand."""

import numpy as np
from harness import check, run, scores, softmax_parts, weigh

PROGRAM = """
mask causal(q, k) = k <= q + (Tk - Tq)
mask padding(n: i64[B])(b, k) = k < n[b]

fn all(q: f32[B, H, T, D], k: f32[B, G, S, D], v: f32[B, G, S, E], n: i64[B]) {
  let s = q @ repeat_heads(k, H)' / sqrt(D)
  let r = q @ repeat_heads(k, H)' / sqrt(D)
  let t = (q / sqrt(D)) @ repeat_heads(k, H)'
  let u = (q / sqrt(D)) @ repeat_heads(k / 2, H)'
  let x = repeat_heads(v, H)
  let squared = max(t, 0)
  (sigmoid(s) @ x, where(padding(n) and causal, sigmoid(2 * r), 0) @ x,
   where(padding(n), squared * squared, 0) @ x, where(causal, u, 0) @ x)
}
"""


def formula(given, dtype):
    s, v = scores(given)
    b, h, q, k = np.ogrid[tuple(map(slice, s.shape))]
    causal = k <= q + (s.shape[3] - s.shape[2])
    padding = k < given["n"][b]
    zero = dtype(0)
    weights = [1 / (1 + np.exp(-s)), np.where(padding & causal, 1 / (1 + np.exp(-2 * s)), zero),
               np.where(padding, np.maximum(s, 0) ** 2, zero), np.where(causal, s / 2, zero)]
    return {f"out{i}": weigh(w.astype(dtype), v) for i, w in enumerate(weights)}


def inputs(seed, B, H, G, T, S, D, E):
    r = np.random.default_rng(seed)
    return {
        "q": r.standard_normal((B, H, T, D)), "k": r.standard_normal((B, G, S, D)),
        "v": r.standard_normal((B, G, S, E)), "n": np.arange(B) * (S // max(B - 1, 1)),
    }


RELATIVE = """
fn f(q: f32[B, H, T, D], k: f32[B, G, S, D], v: f32[B, G, S, E], table: f32[N, H]) {
  let distance = reshape(range(T), T, 1) - range(S)
  let bias = permute(take(table, min(max(distance, 0), N - 1)), 2, 0, 1)
  softmax(q @ repeat_heads(k, H)' / sqrt(D) + bias) @ repeat_heads(v, H)
}
"""


def relative(given, dtype):
    s, v = scores(given)
    distance = np.clip(np.arange(s.shape[2])[:, None] - np.arange(s.shape[3]), 0, len(given["table"]) - 1)
    return {"out": weigh(softmax_parts(s + given["table"][distance].transpose(2, 0, 1))[0], v)}


for number, shape in enumerate([(2, 6, 2, 1, 37, 16, 16), (3, 3, 1, 70, 131, 24, 40),
                                (2, 8, 1, 33, 300, 5, 7), (1, 2, 2, 7, 5, 3, 9)]):
    check(f"written out {shape}", PROGRAM, inputs(number, *shape), formula)

given = {**inputs(7, 2, 6, 2, 33, 70, 16, 24), "table": np.random.default_rng(8).standard_normal((20, 6))}
del given["n"]
check("relative positions", RELATIVE, given, relative)
# No matrix of pairs is computed for it.
run(RELATIVE, {name: x.astype(np.float32) for name, x in given.items()}, "--require-fused")
