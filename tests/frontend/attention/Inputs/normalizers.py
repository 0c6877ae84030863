"""What makes weights of scores: softmax with a sink, sigmoid, squared ReLU, none."""

import numpy as np
from harness import check, run_every_way, scores, softmax_parts, stored, weigh

PROGRAM = """
mask causal(q, k) = k <= q + (Tk - Tq)
mask padding(n: i64[B])(b, k) = k < n[b]
score soft(s) = 2 * tanh(s / 2)

fn all(
  q: TYPE[B, H, T, D],
  k: TYPE[B, G, S, D],
  v: TYPE[B, G, S, E],
  n: i64[B],
  sink: SUM[H]
) {
  (
    attention(q, k, v, normalize: softmax1, mask: causal),
    attention(q, k, v, sink: sink, mask: padding(n), score: soft),
    attention(q, k, v, sink: -inf, normalize: softmax, mask: causal),
    attention(q, k, v, normalize: sigmoid, mask: padding(n) and causal),
    attention(q, k, v, normalize: relu2, mask: not causal),
    attention(q, k, v, normalize: none, mask: padding(n), score: soft),
    attention(q, k, v, normalize: sigmoid),
    attention(q, k, v, normalize: none),
    attention(q, k, v, sink: 1.5)
  )
}
"""


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


def relu2(s):
    return np.maximum(s, 0) ** 2


def formula(given, dtype):
    s, v = scores(given)
    b, h, q, k = np.ogrid[tuple(map(slice, s.shape))]
    causal = k <= q + (s.shape[3] - s.shape[2])
    padding = k < given["n"][b]
    soft = 2 * np.tanh(s / 2)
    sink = given["sink"][:, None, None]
    zero = dtype(0)

    def masked(mask, s, sink=None):
        return softmax_parts(np.where(mask, s, dtype(-np.inf)), sink)[0]

    weights = [
        masked(causal, s, zero), masked(padding, soft, sink), masked(causal, s),
        np.where(padding & causal, sigmoid(s), zero), np.where(~causal, relu2(s), zero),
        np.where(padding, soft, zero), sigmoid(s), s, masked(True, s, dtype(1.5)),
    ]
    return {f"out{i}": weigh(w.astype(dtype), v) for i, w in enumerate(weights)}


def inputs(seed, B, H, G, T, S, D, E):
    r = np.random.default_rng(seed)
    return {
        "q": 2 * r.standard_normal((B, H, T, D)), "k": r.standard_normal((B, G, S, D)),
        "v": r.standard_normal((B, G, S, E)),
        # The first sequence is empty.
        "n": np.arange(B) * (S // max(B - 1, 1)), "sink": r.standard_normal(H),
    }


# Few rows a key head are decoded; of the last ones there are too many.
SHAPES = [(1, 8, 1, 1, 1100, 8, 5), (3, 3, 1, 70, 131, 24, 40), (2, 8, 8, 33, 20, 5, 7)]

for number, shape in enumerate(SHAPES):
    program = PROGRAM.replace("TYPE", "f32").replace("SUM", "f32")
    check(f"normalizers {shape}", program, inputs(number, *shape), formula)
for kind, total in (("f64", "f64"), ("f16", "f32"), ("bf16", "f32")):
    for shape in ((2, 3, 1, 1 if kind == "bf16" else 40, 45, 24, 40),):
        program = PROGRAM.replace("TYPE", kind).replace("SUM", total)
        check(f"normalizers {kind} {shape}", program, inputs(9, *shape), formula, kind,
              {"sink": total})

# What a mask does not allow has no effect, whatever it holds; and sinks that are
# no numbers.
for shape in ((2, 6, 2, 1, 37, 16, 16), SHAPES[1]):
    program = PROGRAM.replace("TYPE", "f32").replace("SUM", "f32")
    clean = inputs(11, *shape)
    keep = (1, 3, 5)
    for name in ("q", "k", "v", "sink"):
        clean[name] = stored(clean[name], "f32")[0]
    dirty = {name: array.copy() for name, array in clean.items()}
    for batch, length in enumerate(clean["n"]):
        dirty["k"][batch, :, length:] = np.nan
        dirty["v"][batch, :, length:] = np.inf
        clean["k"][batch, :, length:] = 0
        clean["v"][batch, :, length:] = 0
    want, got = run_every_way(program, clean), run_every_way(program, dirty)
    for way in want:
        for i in keep:
            name = f"out{i}"
            assert np.array_equal(want[way][name], got[way][name]), (way, name)
    bad = dict(clean, sink=np.full_like(clean["sink"], np.nan))
    bad["sink"][-1] = np.inf
    for way, results in run_every_way(program, bad).items():
        rows = results["out1"]
        assert np.all(rows[0] == 0), (way, "a row without an allowed key is 0")
        assert np.isnan(rows[-1]).all(), (way, "a row with a sink of NaN is NaN")
    print(f"normalizers, masked NaN {shape}: ok")

# Scores that are infinite follow IEEE where they are the weights themselves.
program = """
score lift(x: f32[T, S])(s, q, k) = x[q, k]
mask odd(k) = k % 2 == 1
fn all(q: f32[T, D], k: f32[S, D], v: f32[S, E], x: f32[T, S]) {
  (attention(q, k, v, normalize: none, score: lift(x)),
   attention(q, k, v, normalize: none, score: lift(x), mask: odd),
   attention(q, k, v, normalize: sigmoid, score: lift(x)))
}
"""
for T in (3, 40):
    r = np.random.default_rng(T)
    given = {"q": r.standard_normal((T, 4)), "k": r.standard_normal((50, 4)),
             "v": r.standard_normal((50, 6)), "x": r.standard_normal((T, 50))}
    given["x"][0, 4] = np.inf
    given["x"][1, 7] = -np.inf
    given["x"][2, 49] = np.nan

    def infinite(given, dtype):
        x, v = given["x"], given["v"]
        odd = np.arange(50) % 2 == 1
        return {"out0": weigh(x, v), "out1": weigh(x[:, odd], v[odd]), "out2": weigh(sigmoid(x), v)}

    check(f"infinite weights {T}", program, given, infinite)
