"""Every score of the library, applied to random scores."""

import math

import numpy as np
import oracle

B, H, T, S, N = 2, 4, 40, 40, 11


def bucket(distance, count, farthest, dtype):
    """T5's, for distances of 0 or more."""
    half = count // 2
    near = distance < half
    far = np.log(np.maximum(distance, 1).astype(dtype) / half) / np.log(dtype(farthest) / half)
    far = half + np.floor(far * (count - half)).astype(np.int64)
    return np.where(near, distance, np.minimum(far, count - 1))


def published_slopes(heads):
    """As the code of the paper has them."""
    def powers(n):
        start = 2.0 ** (-8 / n)
        return [start ** (i + 1) for i in range(n)]

    n = 2 ** math.floor(math.log2(heads))
    return np.array(powers(n) + powers(2 * n)[0::2][:heads - n])


def formula(given, dtype):
    s = given["x"]
    h, q, k = np.ogrid[:H, :T, :S]
    slope = 2.0 ** (-8 * (h + 1) / H)
    both = np.where(k > q, 8, 0) + bucket(abs(k - q), 8, 100, dtype)
    before = bucket(np.maximum(q - k, 0), 16, 30, dtype)
    return {
        "a_alibi": s - (slope * (q - k)).astype(dtype),
        "b_symmetric": s - (slope * abs(q - k)).astype(dtype),
        "c_softcap": 5 * np.tanh(s / 5),
        "d_temperature": s / given["t"][:, None, None],
        "e_relative": s + given["rel"][h, np.clip(q - k + 3, 0, 6)],
        "f_bias": s + given["bias"],
        "g_t5": s + given["t5"][both, h],
        "h_t5_causal": s + given["t5"][before, h],
        "i_distance": s + given["terms"][:, h, q, N - 1 - np.clip(q - k, 0, N - 1)],
        "j_clipped": s + given["terms"][:, h, q, np.clip(k - q + 5, 0, N - 1)],
        "k_published": s - (published_slopes(H)[h] * (q - k)).astype(dtype),
        "m_distance": s + far_terms(given),
        "l_linear": s - given["t"][h] * (q - k).astype(dtype),
    }


def far_terms(given):
    h, q, k = np.ogrid[:H, :T, :S]
    terms = given["far_q"] @ given["far"]
    return terms[:, h, q, N - 1 - np.clip(q - k, 0, N - 1)]


inputs = oracle.random(2, far_q=(B, H, T, 5), far=(H, 5, N), x=(B, H, T, S), t=(H,), rel=(H, 7), bias=(H, T, S), t5=(16, H),
                       terms=(B, H, T, N))
inputs["t"] = np.abs(inputs["t"]) + np.float32(0.5)
program = """import "std/scores"

fn all(
  x: f32[B, H, T, S],
  t: f32[H],
  rel: f32[H, N],
  bias: f32[H, T, S],
  t5: f32[M, H],
  terms: f32[B, H, T, L],
  far_q: f32[B, H, T, D],
  far: f32[H, D, L]
) -> (
  a_alibi: f32[B, H, T, S],
  b_symmetric: f32[B, H, T, S],
  c_softcap: f32[B, H, T, S],
  d_temperature: f32[B, H, T, S],
  e_relative: f32[B, H, T, S],
  f_bias: f32[B, H, T, S],
  g_t5: f32[B, H, T, S],
  h_t5_causal: f32[B, H, T, S],
  i_distance: f32[B, H, T, S],
  j_clipped: f32[B, H, T, S],
  k_published: f32[B, H, T, S],
  l_linear: f32[B, H, T, S],
  m_distance: f32[B, H, T, S]
) {
  let a = alibi(x)
  let b = alibi_symmetric(x)
  let c = softcap(5)(x)
  let d = temperature(t)(x)
  let e = relative_bias(rel)(x)
  let f = score_bias(bias)(x)
  let g = t5_bias(t5, 100)(x)
  let h = t5_causal_bias(t5, 30)(x)
  let i = distance_terms(terms)(x)
  let j = clipped_terms(terms)(x)
  let k = alibi_published(x)
  let l = linear_bias(t)(x)
  let m = distance_vectors(far_q, far)(x)
  (a, b, c, d, e, f, g, h, i, j, k, l, m)
}
"""
oracle.main("scores", {"all": (program, inputs, formula)})

# Biases by distance are those by pair.
heads, t, s = 3, 37, 50
given = oracle.random(7, q=(1, heads, t, 4), k=(1, 1, s, 4), table=(16, heads))
program = """import "std/scores"

fn both(q: f32[B, H, T, D], k: f32[B, 1, S, D], table: f32[N, H]) -> (
  a: f32[B, H, T, S],
  b: f32[B, H, T, S]
) {
  let zero = q @ k' * 0
  (
    relative_bias(t5_biases(q, k, table, farthest: 20))(zero),
    relative_bias(t5_causal_biases(q, k, table, farthest: 30))(zero)
  )
}
"""


def by_pair(given, dtype):
    h, q, k = np.ogrid[:heads, :t, :s]
    both = np.where(k > q, 8, 0) + bucket(abs(k - q), 8, 20, dtype)
    before = bucket(np.maximum(q - k, 0), 16, 30, dtype)
    return {"a": given["table"][both, h][None], "b": given["table"][before, h][None]}


oracle.main("scores", {"t5_biases": (program, given, by_pair)})

# Additive scores, of one head and of several.
given = oracle.random(9, x=(2, 3, 7, 20), w=(5,), q=(2, 7, 5), k=(2, 20, 5), wh=(3, 5),
                      qh=(2, 3, 7, 5), kh=(2, 3, 20, 5))
program = """import "std/scores"

fn both(
  x: f32[B, H, T, S],
  w: f32[A],
  q: f32[B, T, A],
  k: f32[B, S, A],
  wh: f32[H, A],
  qh: f32[B, H, T, A],
  kh: f32[B, H, S, A]
) -> (a: f32[B, H, T, S], b: f32[B, H, T, S]) {
  let a = additive(w, q, k')(x)
  (a, additive_heads(wh, qh, kh')(x))
}
"""


def by_channel(given, dtype):
    one = np.tanh(given["q"][:, :, None] + given["k"][:, None]) @ given["w"]
    each = np.tanh(given["qh"][:, :, :, None] + given["kh"][:, :, None])
    return {"a": np.repeat(one[:, None], 3, axis=1),
            "b": np.einsum("bhqka,ha->bhqk", each, given["wh"])}


oracle.main("scores", {"additive": (program, given, by_channel)})

# The published slopes for every number of heads.
for heads in range(1, 33):
    inputs = {"x": np.zeros((1, heads, 3, 4), np.float32)}
    program = """import "std/scores"

fn slopes(x: f32[B, H, T, S]) -> f32[B, H, T, S] = alibi_published(x)
"""
    q, k = np.ogrid[:3, :4]

    def expected(given, dtype):
        return {"out": -published_slopes(heads)[None, :, None, None].astype(dtype) * (q - k)}

    oracle.main("scores", {f"{heads} heads": (program, inputs, expected)})

# Queries far before the keys: scores in the thousands, and weights that depend on
# what they differ by.
program = """import "std/scores"

fn attend(q: f32[B, H, T, D], k: f32[B, H, S, D], v: f32[B, H, S, D]) -> f32[B, H, T, D] =
  attention(q, k, v, score: alibi)
"""


def far(given, dtype):
    heads, queries, width = given["q"].shape[1:]
    q, k = np.ogrid[:queries, :given["k"].shape[2]]
    slope = 2.0 ** (-8 * np.arange(1, heads + 1) / heads)
    scores = given["q"] @ given["k"].swapaxes(2, 3) * dtype(width**-0.5)
    scores = scores - slope.astype(dtype)[:, None, None] * (q - k).astype(dtype)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return {"out": weights / weights.sum(-1, keepdims=True) @ given["v"]}


for queries in (1, 4, 33):
    for seed in range(4):
        given = oracle.random(seed, q=(1, 8, queries, 64), k=(1, 8, 4096, 64), v=(1, 8, 4096, 64))
        oracle.main("scores", {f"{queries} far queries": (program, given, far)})
