"""Log-sum-exp, maximum and entropy of rows, and outputs over parts of the keys merged; rows of weights."""

import numpy as np
from harness import check, scores, softmax_parts, weigh

PROGRAM = """
mask causal(q, k) = k <= q + (Tk - Tq)
mask padding(n: i64[B])(b, k) = k < n[b]
mask before(at)(k) = k < at
score shifted(s, h) = s + 10 * h - 20

fn all(q: TYPE[B, H, T, D], k: TYPE[B, G, S, D], v: TYPE[B, G, S, E], n: i64[B], sink: SUM[H]) {
  let a, al = attention(q, k, v, mask: causal, return: lse)
  let b, bm = attention(q, k, v, mask: padding(n), return: max)
  let c, cl, cm = attention(q, k, v, mask: padding(n), score: shifted, return: (lse, max))
  let d, dm, dl, de = attention(q, k, v, mask: padding(n), sink: sink, return: (max, lse, entropy))
  let e, el = attention(q, k, v, normalize: softmax1, return: lse)
  let f, fe = attention(q, k, v, mask: padding(n) and causal, return: entropy)
  (a, al, b, bm, c, cl, cm, d, dm, dl, e, el, de, fe)
}
"""

MERGE = """
import "std/statistics"

mask padding(n: i64[B])(b, k) = k < n[b]
mask from(at)(k) = k >= at
score same(s) = s
score bent(s, h, k) = s - 0.1 * (h + 1) * k

fn all(q: f32[B, H, T, D], k: f32[B, G, S, D], v: f32[B, G, S, E], n: i64[B]) {
  let whole, lse = attention(q, k, v, mask: padding(n), score: bent, return: lse)
  let o1, l1 = attention(q, k, v, mask: padding(n) and not from(S div 3), return: lse)
  let o2, l2 = attention(q, k, v, mask: padding(n) and from(S div 3), return: lse)
  let o, l = merge_attention(o1, l1, o2, l2)
  let plain, total = attention(q, k, v, mask: padding(n), return: lse)
  let q1, q2 = split(q, (H - 1, 1), axis: 1)
  let l3, l4 = split(total, (H - 1, 1), axis: 1)
  let k1, k2 = split(repeat_heads(k, H), (H - 1, 1), axis: 1)
  let last_head = attention_weights(q2, k2, l4, padding(n), same)
  (o, l, attention_weights(q, repeat_heads(k, H), lse, padding(n), bent), last_head)
}
"""


def surprise(w):
    return np.where(w == 0, 0, -w * np.log(np.where(w == 0, 1, w)))


def entropy(w):
    return surprise(w).sum(axis=-1)


def formula(given, dtype):
    s, v = scores(given)
    b, h, q, k = np.ogrid[tuple(map(slice, s.shape))]
    causal = np.where(k <= q + (s.shape[3] - s.shape[2]), s, dtype(-np.inf))
    padded = np.where(k < given["n"][b], s, dtype(-np.inf))
    shifted = np.where(np.isneginf(padded), padded, (s + (10 * h - 20)).astype(dtype))
    sink = given["sink"][:, None, None]
    a, al, _ = softmax_parts(causal)
    w, _, bm = softmax_parts(padded)
    c, cl, cm = softmax_parts(shifted)
    d, dl, dm = softmax_parts(padded, sink)
    e, el, _ = softmax_parts(s, dtype(0))
    f, _, _ = softmax_parts(np.where(np.isneginf(padded), padded, causal))
    own = np.exp(sink[..., 0] - dl)
    de = entropy(d) + surprise(np.broadcast_to(own, dl.shape))
    rows = [weigh(a, v), al, weigh(w, v), bm, weigh(c, v), cl, cm, weigh(d, v), dm, dl,
            weigh(e, v), el, de, entropy(f)]
    return {f"out{i}": x.astype(dtype) for i, x in enumerate(rows)}


def merged(given, dtype):
    s, v = scores(given)
    k = np.arange(s.shape[3])
    padding = k < given["n"][:, None, None, None]
    w, lse, _ = softmax_parts(np.where(padding, s, dtype(-np.inf)))
    h = np.arange(s.shape[1])[:, None, None]
    bent = s - (0.1 * (h + 1) * k).astype(dtype)
    _, total, _ = softmax_parts(np.where(padding, bent, dtype(-np.inf)))
    rows = np.where(padding, np.exp(bent - total[..., None]), dtype(0))
    return {"out0": weigh(w, v), "out1": lse, "out2": rows, "out3": w[:, -1:]}


def inputs(seed, B, H, G, T, S, D, E):
    r = np.random.default_rng(seed)
    return {
        "q": 2 * r.standard_normal((B, H, T, D)), "k": r.standard_normal((B, G, S, D)),
        "v": r.standard_normal((B, G, S, E)),
        "n": np.arange(B) * (S // max(B - 1, 1)),
        "sink": np.where(np.arange(H) == 1, 300.0, r.standard_normal(H)),
    }


SHAPES = [(2, 2, 2, 7, 5, 3, 9), (1, 8, 1, 1, 1100, 8, 5), (3, 3, 1, 70, 131, 24, 40)]
STATISTICS = (1, 3, 5, 6, 8, 9, 11, 12, 13)

for number, shape in enumerate(SHAPES):
    program = PROGRAM.replace("TYPE", "f32").replace("SUM", "f32")
    check(f"statistics {shape}", program, inputs(number, *shape), formula)
    given = inputs(number, *shape)
    del given["sink"]
    # Weights by lse are as exact as the scores are small.
    given["q"] /= 4
    if number % 2:
        continue
    check(f"merge_attention {shape}", MERGE, given, merged)
for kind, total in (("f64", "f64"), ("f16", "f32"), ("bf16", "f32")):
    for shape in (SHAPES[0] if kind == "bf16" else SHAPES[2],):
        program = PROGRAM.replace("TYPE", kind).replace("SUM", total)
        kinds = {f"out{i}": total for i in STATISTICS}
        check(f"statistics {kind} {shape}", program, inputs(9, *shape), formula, kind,
              dict(kinds, sink=total))

# Without keys, and with scores that are no numbers; lower ranks.
small = """
score lift(x: f32[T, S])(s, q, k) = x[q, k]
fn all(q: f32[T, D], k: f32[S, D], v: f32[S, E], x: f32[T, S]) =
  attention(q, k, v, score: lift(x), return: (lse, max, entropy))
"""
for T in (4, 40):
    for S in (0, 50):
        r = np.random.default_rng(T)
        given = {"q": r.standard_normal((T, 4)), "k": r.standard_normal((S, 4)),
                 "v": r.standard_normal((S, 6)), "x": r.standard_normal((T, S))}
        if S:
            given["x"][0] = -np.inf
            given["x"][1, 7] = np.inf
            given["x"][2, 49] = np.nan
            given["x"][3] = 3e30

        def rows(given, dtype):
            w, lse, highest = softmax_parts(given["x"])
            is_bad = np.isnan(lse)
            return {"out0": np.where(is_bad[:, None], np.nan, weigh(w, given["v"])),
                    "out1": lse, "out2": np.where(is_bad, np.nan, highest),
                    "out3": np.where(is_bad, np.nan, entropy(w))}

        check(f"statistics of {T} rows of {S}", small, given, rows)
