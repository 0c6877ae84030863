"""The keys with the largest weights: top_keys against a sort of the whole rows."""

import numpy as np
from harness import EPSILON, run_every_way, scores, stored

PROGRAM = """
import "std/masks"
import "std/scores"

mask until(n: i64[B])(b, k) = k < n[b]
mask one_in(table: bool[S])(k) = table[k]

fn all(q: TYPE[B, H, T, D], k: TYPE[B, G, S, D], n: i64[B], seen: bool[S]) {
  let a, aw = top_keys(q, k, count: 8)
  let b, bw = top_keys(q, k, count: 1, mask: causal_end and until(n))
  let c, cw = top_keys(q, k, count: 70, mask: window(9) and one_in(seen), score: alibi, scale: 0.5)
  let d, dw = top_keys(q, k, count: 3, mask: until(n) and not causal_end, score: softcap(2))
  (a, aw, b, bw, c, cw, d, dw)
}
"""
COUNTS = (8, 1, 70, 3)


def formulas(given):
    """The scores of each call, -inf where a key takes no part."""
    q = given["q"]
    s, _ = scores(dict(given, v=given["k"]))
    b, h, i, k = np.ogrid[tuple(map(slice, s.shape))]
    until = k < given["n"][b]
    end = k <= i + (s.shape[3] - s.shape[2])
    window = (i - k < 9) & given["seen"]
    alibi = 0.5 * np.sqrt(q.shape[-1]) * s - np.exp2(-8 * (h + 1) / s.shape[1]) * (i - k)
    out = -np.inf
    return (s, np.where(until & end, s, out), np.where(window, alibi, out),
            np.where(until & ~end, 2 * np.tanh(s / 2), out))


def weigh(s):
    top = s.max(axis=-1, keepdims=True, initial=-np.inf)
    with np.errstate(all="ignore"):
        e = np.exp(s - np.where(np.isneginf(top), 0, top))
        return e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)


def check_rows(title, s, keys, weights, count, allowed):
    """The keys' own weights are the largest ones, in falling order."""
    assert keys.dtype == np.int32 and keys.shape == s.shape[:-1] + (count,), title
    w = weigh(s)
    order = -np.sort(-w, axis=-1)[..., :count]
    best = np.zeros(s.shape[:-1] + (count,))
    best[..., :order.shape[-1]] = order
    there = np.minimum((~np.isneginf(s)).sum(axis=-1), count)[..., None]
    filled = np.arange(count) < there
    assert ((keys >= 0) == filled).all() and (keys[~filled] == -1).all(), title
    assert (weights[~filled] == 0).all(), title
    assert np.abs(weights - best).max(initial=0) <= allowed, (title, np.abs(weights - best).max())
    if s.shape[-1]:
        own = np.take_along_axis(w, np.maximum(keys, 0).astype(np.int64), axis=-1)
        assert np.abs(np.where(filled, own - weights, 0)).max(initial=0) <= allowed, title
    assert (np.diff(weights, axis=-1) <= 0).all(), title
    for row in keys.reshape(-1, count):
        found = row[row >= 0]
        assert len(set(found)) == len(found), title


def inputs(seed, B, H, G, T, S, D):
    r = np.random.default_rng(seed)
    return {"q": r.standard_normal((B, H, T, D)), "k": r.standard_normal((B, G, S, D)),
            "n": np.arange(B) * (S // max(B - 1, 1)), "seen": r.random(S) < 0.7}


def check(shape, kind):
    given = inputs(sum(shape), *shape)
    arrays, numbers = dict(given), dict(given)
    for name in "qk":
        arrays[name], numbers[name] = stored(given[name], kind)
    wide = "f64" if kind == "f64" else "f32"
    s = formulas(numbers)
    # A score is off by some units in the last place of the largest.
    largest = max(np.abs(x[np.isfinite(x)]).max(initial=1) for x in s)
    allowed = EPSILON[wide] * 8 * max(8, largest)
    for way, got in run_every_way(PROGRAM.replace("TYPE", kind), arrays).items():
        for i, count in enumerate(COUNTS):
            assert got[f"out{2 * i + 1}"].dtype == (np.float64 if wide == "f64" else np.float32)
            check_rows(f"{shape} {kind} {way} {i}", s[i], got[f"out{2 * i}"],
                       got[f"out{2 * i + 1}"], count, allowed)
    print(f"top_keys {shape} {kind}: ok")


for shape in [(2, 3, 3, 7, 5, 3), (1, 8, 1, 1, 1100, 8), (3, 3, 1, 70, 131, 24), (1, 6, 2, 5, 1, 1),
              (1, 2, 2, 3, 0, 4), (1, 1, 1, 33, 300, 65)]:
    check(shape, "f32")
for kind in ("f64", "f16", "bf16"):
    check((2, 3, 1, 19, 77, 20), kind)

# Keys that are alike: the smaller one first. Small whole numbers have exact scores.
r = np.random.default_rng(5)
given = {"q": r.integers(-2, 3, (2, 2, 9, 4)).astype(np.float32),
         "k": r.integers(-1, 2, (2, 2, 120, 4)).astype(np.float32)}
ties = """
fn all(q: f32[B, H, T, D], k: f32[B, H, S, D]) = top_keys(q, k, count: 16, scale: 1)
"""
s = given["q"] @ given["k"].swapaxes(-1, -2)
want = np.argsort(-s, axis=-1, kind="stable")[..., :16]
for way, got in run_every_way(ties, given).items():
    assert (got["out0"] == want).all(), way

# Scores that are no numbers, in a tensor of rank 2.
lift = """
score lift(x: f32[T, S])(s, q, k) = x[q, k]
fn all(q: f32[T, D], k: f32[S, D], x: f32[T, S]) = top_keys(q, k, count: 4, score: lift(x))
"""
x = np.tile(np.arange(20, dtype=np.float32), (5, 1))
x[0, 3], x[1, 4], x[2] = np.nan, np.inf, -np.inf
x[3, 2:] = -np.inf
k = np.ones((20, 4), np.float32)
for way, got in run_every_way(lift, {"q": np.ones((5, 4), np.float32), "k": k, "x": x}).items():
    keys, weights = got["out0"], got["out1"]
    assert (keys[:3] == -1).all() and (keys[3] == (1, 0, -1, -1)).all(), way
    assert np.isnan(weights[:2]).all() and (weights[2] == 0).all(), way
    assert (keys[4] == (19, 18, 17, 16)).all() and (weights[3, 2:] == 0).all(), way

# A key that takes no part may hold anything.
masked = """
mask first(k) = k < 3
fn all(q: f32[T, D], k: f32[S, D]) = top_keys(q, k, count: 4, mask: first)
"""
k[5:] = np.nan
for way, got in run_every_way(masked, {"q": np.ones((5, 4), np.float32), "k": k}).items():
    assert (got["out0"] == (0, 1, 2, -1)).all() and np.isfinite(got["out1"]).all(), way
