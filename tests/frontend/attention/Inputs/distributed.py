"""Sums and multiples of scores and of weights: fused, and as they stand."""

import numpy as np
from harness import check, run, scores, softmax_parts, weigh

PROGRAM = """
mask causal(q, k) = k <= q + (Tk - Tq)

fn all(q: f32[B, H, T, D], k: f32[B, G, S, D], v: f32[B, G, S, E],
       p: f32[B, H, T, R], r: f32[B, 1, S, R], g: f32[B, H, S], c: f32[H], x: f32) {
  let a = repeat_heads(k, H)
  let z = q / sqrt(D)
  let y = repeat_heads(v, H)
  let parts = (q @ a' / sqrt(D) - x * (p @ r')) / 2
  let difference = softmax(where(causal, q @ a', -inf)) - x * softmax(z @ a')
  let gated = softmax(z @ a') * reshape(g, B, H, 1, S)
  let w = sigmoid((2 * z) @ (a / 2)')
  let e = where(causal, exp((z / 2) @ (2 * a)'), 0)
  let u = max((4 * z) @ (a / 4)', 0)
  let total = sum(u, axis: -1)
  (softmax(where(causal, parts, -inf)) @ y,
   difference / 2 @ y,
   gated * reshape(c, H, 1, 1) @ y,
   (w / sum(w, axis: -1, keep: true)) @ y,
   e @ y / (1 + sum(e, axis: -1, keep: true)),
   u @ (y + 1),
   total)
}
"""


def formula(given, dtype):
    s, v = scores(given)
    _, _, q, k = np.ogrid[tuple(map(slice, s.shape))]
    causal = k <= q + (s.shape[3] - s.shape[2])
    x, D = given["x"], dtype(np.sqrt(given["q"].shape[-1]))
    low = dtype(-np.inf)

    def softmax(t):
        return softmax_parts(np.asarray(t, dtype))[0]

    parts = (s - x * (given["p"] @ given["r"].swapaxes(-1, -2))) / dtype(2)
    difference = (softmax(np.where(causal, s * D, low)) - x * softmax(s)) / dtype(2)
    gated = softmax(s) * given["g"][:, :, None, :] * given["c"][:, None, None]
    w = dtype(1) / (dtype(1) + np.exp(-s))
    e = np.where(causal, np.exp(s), dtype(0))
    u = np.maximum(s, dtype(0))

    def total(t):
        return t.sum(axis=-1, keepdims=True)

    return {
        "out0": weigh(softmax(np.where(causal, parts, low)), v),
        "out1": weigh(difference, v),
        "out2": weigh(gated, v),
        "out3": weigh(w, v) / total(w),
        "out4": weigh(e, v) / (dtype(1) + total(e)),
        "out5": weigh(u, v + dtype(1)),
        "out6": total(u)[..., 0],
    }


def inputs(seed, B, H, G, T, S, D, E):
    r = np.random.default_rng(seed)
    return {
        "q": r.standard_normal((B, H, T, D)), "k": r.standard_normal((B, G, S, D)),
        "v": r.standard_normal((B, G, S, E)), "p": r.standard_normal((B, H, T, 6)),
        "r": r.standard_normal((B, 1, S, 6)), "g": r.standard_normal((B, H, S)),
        "c": r.standard_normal(H), "x": np.asarray(r.standard_normal()),
    }


for number, shape in enumerate([(2, 6, 2, 1, 37, 16, 16), (2, 8, 1, 70, 131, 5, 7), (1, 1, 1, 2, 1, 1, 2)]):
    check(f"distributed {shape}", PROGRAM, inputs(number, *shape), formula)

# The whole matrix of scores is never there.
run(PROGRAM, {name: np.float32(x) for name, x in inputs(9, 1, 2, 1, 3, 4, 5, 6).items()}, "--require-fused")
