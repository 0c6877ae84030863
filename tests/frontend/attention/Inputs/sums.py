"""Rules with sums, maxima and minima over an index of their own."""

import numpy as np
from harness import check, scores, softmax_parts, weigh

PROGRAM = """
mask causal(q, k) = k <= q + (Tk - Tq)
mask padding(n: i64[B])(b, k) = k < n[b]

// Tokens of a key that are among those wanted; the sum depends on the key.
mask tagged(tags: i64[B, Tk, L], wanted: i64[L])(b, k) =
  max(if tags[b, k, l] == wanted[l] { 1 } else { 0 } for l in L) == 1

// The end of the keys is a sum that does not depend on them.
mask reach(steps: i64[L])(q, k) = k < q + sum(steps[l] for l in L)

// Heads share what is read of a key; the score is not used.
score additive(w: ACC[A], qa: TYPE[B, H, Tq, A], ka: TYPE[B, G, A, Tk])(s, b, h, q, k) =
  sum(w[a] * tanh(ACC(qa[b, h, q, a]) + ACC(ka[b, h div (H div G), a, k])) for a in A)
score by_rows(w: ACC[A], qa: TYPE[B, H, Tq, A], ka: TYPE[B, G, Tk, A])(s, b, h, q, k) =
  s + sum(w[a] * ACC(qa[b, h, q, a] * ka[b, h div (H div G), k, a]) for a in A)

// Queries times a vector for each distance, the nearest one of 2 R + 1.
score relative(qa: TYPE[B, H, Tq, A], r: ACC[A, N])(s, b, h, q, k) =
  s + sum(ACC(qa[b, h, q, a]) * r[a, k - q + N div 2] for a in A)

// As many terms as the key and the query say, none of them where it is negative.
score running(x: ACC[N])(s, q, k) = s + sum(x[n] for n in k + 1) - min(x[n] for n in 1 + abs(q - k))
score between(x: ACC[N])(s, q, k) = s + sum(x[n] * (n - k) for n in q - k)

// A sum in a sum, and one that is the same for all keys.
score nested(m: ACC[A, A], qa: TYPE[B, H, Tq, A], ka: TYPE[B, G, A, Tk])(s, b, h, q, k) =
  s
    + sum(
      ACC(qa[b, h, q, a]) * sum(m[a, c] * ACC(ka[b, h div (H div G), c, k]) for c in A)
      for a in A
    )
    / (1 + sum(ACC(qa[b, h, q, a]) ^ 2 for a in A))
score near_only(w: ACC[A])(s) = s * sum(if causal { w[a] } else { 0 } for a in A div 2)

fn all(
  q: TYPE[B, H, T, D],
  k: TYPE[B, G, S, D],
  v: TYPE[B, G, S, E],
  n: i64[B],
  w: ACC[A],
  x: ACC[N],
  r: ACC[A, N],
  m: ACC[A, A],
  qa: TYPE[B, H, T, A],
  ka: TYPE[B, G, S, A],
  tags: i64[B, S, L],
  wanted: i64[L]
) -> (
  a: TYPE[B, H, T, E],
  b: TYPE[B, H, T, E],
  c: TYPE[B, H, T, E],
  d: TYPE[B, H, T, E],
  e: TYPE[B, H, T, E],
  f: TYPE[B, H, T, E],
  g: TYPE[B, H, T, E]
) {
  let a = attention(q, k, v, mask: causal and padding(n), score: additive(w, qa, ka'))
  let b = attention(q, k, v, score: by_rows(w, qa, ka), scale: 1)
  let c = attention(q, k, v, mask: tagged(tags, wanted) and reach(wanted), score: relative(qa, r))
  let d = attention(q, k, v, mask: causal, score: running(x))
  let e = attention(q, k, v, mask: padding(n), score: between(x))
  let f = attention(q, k, v, score: nested(m, qa, ka'))
  let g = attention(q, k, v, mask: padding(n), score: near_only(w))
  (a, b, c, d, e, f, g)
}
"""


def formula(given, dtype):
    s, v = scores(given)
    heads, (t, l) = s.shape[1], s.shape[2:]
    b, q, k = np.arange(len(s))[:, None, None, None], np.arange(t)[:, None], np.arange(l)
    n, w, x, r, m, qa = (given[name] for name in ("n", "w", "x", "r", "m", "qa"))
    ka = np.repeat(given["ka"], heads // given["ka"].shape[1], axis=1)
    wide = len(x)
    causal = np.broadcast_to(k <= q + (l - t), s.shape)
    padding = np.broadcast_to(k < n[b], s.shape)
    tagged = (given["tags"] == given["wanted"]).any(-1)[:, None, None] & (k < q + 3)

    def total(terms):
        """The sum over the last axis, in order."""
        return terms.cumsum(-1)[..., -1] if terms.shape[-1] else terms.sum(-1)

    pairs = qa[:, :, :, None], ka[:, :, None]
    products = s * dtype(np.sqrt(given["q"].shape[-1]))
    sums = np.concatenate([[0], x]).cumsum().astype(dtype)
    far = np.clip(k - q + wide // 2, 0, wide - 1)
    up_to = [np.append(np.inf, np.minimum.accumulate(x))[np.minimum(i, wide)] for i in range(l + t + 1)]
    # An index outside of the array is its nearest edge.
    reads = x[np.minimum(np.arange(t + l + 1), wide - 1)]
    running = np.concatenate([[0], reads]).cumsum().astype(dtype)
    weighted = np.concatenate([[0], reads * np.arange(len(reads))]).cumsum().astype(dtype)
    count = np.maximum(q - k, 0)
    inner = total(m * ka[:, :, None, :, None, :])
    found = {
        "a": (total(w * np.tanh(sum(pairs))), causal & padding),
        "b": (products + total(w * (pairs[0] * pairs[1]))),
        "c": (s + total(pairs[0] * np.moveaxis(r[:, far], 0, -1)), tagged),
        "d": (s + running[k + 1] - np.array(up_to)[1 + abs(q - k)].astype(dtype), causal),
        "e": (s + weighted[count] - k * running[count], padding),
        "f": s + total(pairs[0] * inner) / (1 + total(qa ** 2))[..., None],
        "g": (s * np.where(causal, total(w[:len(w) // 2]), 0).astype(dtype), padding),
    }
    result = {}
    for name, rule in found.items():
        score, allowed = rule if isinstance(rule, tuple) else (rule, True)
        weights = softmax_parts(np.where(allowed, score, -np.inf).astype(dtype))[0]
        # A key that takes no part has no effect, whatever its value is.
        result[name] = weigh(weights, np.where(np.isnan(v), 0, v)).astype(dtype)
    return result


HIDDEN = """
mask padding(n: i64[B])(b, k) = k < n[b]
score additive(w: f32[A], qa: f32[B, H, Tq, A], ka: f32[B, H, A, Tk])(s, b, h, q, k) =
  sum(w[a] * tanh(qa[b, h, q, a] + ka[b, h, a, k]) for a in A)

fn f(
  q: f32[B, H, T, D],
  k: f32[B, H, S, D],
  v: f32[B, H, S, D],
  n: i64[B],
  w: f32[D]
) -> (a: f32[B, H, T, D]) = attention(q, k, v, mask: padding(n), score: additive(w, q, k'))
"""


def hidden(given, dtype):
    """Keys that the mask hides, whatever they are."""
    end = int(given["n"][0])
    k, v = (given[name][:, :, :end] for name in "kv")
    pairs = given["q"][:, :, :, None] + k[:, :, None]
    scores = (given["w"] * np.tanh(pairs)).cumsum(-1)[..., -1]
    return {"a": weigh(softmax_parts(scores.astype(dtype))[0], v)}


TENSORS = """
mask any(t: i64[A, Tk])(k) = max(t[a, k] for a in A) > 0
score biased(w: TYPE[A], x: TYPE[Tq, A])(s, q, k) = s + sum(w[a] * x[q, a] for a in A) * k

fn f(k: TYPE[B, H, T, S], t: i64[A, S], w: TYPE[D], x: TYPE[T, D]) -> (a: TYPE[B, H, T, S]) =
  where(any(t), biased(w, x)(k), 0)
"""


def tensors(given, dtype):
    """Rules that are applied to tensors."""
    bias = (given["x"] * given["w"]).cumsum(-1)[:, -1:]
    allowed = (given["t"] > 0).any(0)
    return {"a": np.where(allowed, given["k"] + bias * np.arange(given["k"].shape[-1]), 0)
            .astype(dtype)}


def main():
    for kind in ("f32", "f64"):
        draw = np.random.default_rng(1)
        inputs = {name: draw.standard_normal(size) for name, size in {
            "k": (2, 3, 7, 9), "w": (5,), "x": (7, 5)}.items()}
        inputs["t"] = draw.integers(-3, 2, (4, 9))
        check(f"tensors {kind}", TENSORS.replace("TYPE", kind), inputs, tensors, kind)
    for t in (2, 40):
        draw = np.random.default_rng(t)
        inputs = {name: draw.standard_normal(size) for name, size in {
            "q": (1, 3, t, 9), "k": (1, 3, 70, 9), "v": (1, 3, 70, 9), "w": (9,)}.items()}
        inputs["n"] = np.array([33])
        inputs["k"][:, :, 33:] = np.nan
        inputs["v"][:, :, 33:, ::2], inputs["v"][:, :, 33:, 1::2] = np.nan, np.inf
        check(f"hidden {t}", HIDDEN, inputs, hidden)
    for kind, shape in (
            ("f32", (2, 6, 2, 37, 53, 8, 9, 7, 11)),
            ("f32", (1, 8, 1, 2, 300, 16, 5, 33, 3)),
            ("f32", (2, 3, 3, 1, 1, 1, 1, 1, 1)),
            ("f64", (1, 2, 1, 40, 21, 3, 4, 5, 60)),
            ("f16", (1, 2, 2, 70, 65, 8, 8, 6, 9)),
            ("bf16", (2, 2, 1, 3, 40, 8, 17, 6, 9))):
        b, h, g, t, s, d, e, a, n = shape
        draw = np.random.default_rng(sum(shape))
        inputs = {name: draw.standard_normal(size) for name, size in {
            "q": (b, h, t, d), "k": (b, g, s, d), "v": (b, g, s, e), "w": (a,), "x": (n,),
            "r": (a, n), "m": (a, a), "qa": (b, h, t, a), "ka": (b, g, s, a)}.items()}
        inputs["x"] /= 8
        inputs["n"] = draw.integers(0, s + 1, b)
        inputs["tags"] = draw.integers(0, 4, (b, s, 3))
        inputs["wanted"] = np.arange(3)
        wide = "f64" if kind == "f64" else "f32"
        program = PROGRAM.replace("TYPE", kind).replace("ACC", wide)
        arrays = {name: wide for name in ("w", "x", "r", "m")}
        options = ("--target-cpu", "x86-64") if kind == "f64" else ()
        check(f"{kind} {shape}", program, inputs, formula, kind, arrays, options)


main()
