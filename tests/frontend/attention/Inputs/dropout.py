"""Dropout drops what its formula says, at any level and on any threads."""

import numpy as np
from harness import check, fail, scores, softmax_parts, weigh

PROGRAM = """
mask causal(q, k) = k <= q + (Tk - Tq)

fn all(q: TYPE[B, H, T, D], k: TYPE[B, G, S, D], v: TYPE[B, G, S, E], p: SUM, seed: i64) {
  let a, al = attention(q, k, v, mask: causal, dropout: p, seed: seed, return: lse)
  let b = attention(q, k, v, normalize: sigmoid, dropout: 0.5, seed: 7)
  let c = attention(q, k, v, mask: causal, normalize: none, dropout: p, seed: seed)
  let d = attention(q, k, v, dropout: 0, seed: 1)
  (a, al, b, c, d)
}
"""


def mix(x):
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7feb352d)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846ca68b)
    return x ^ (x >> np.uint32(16))


def kept(seed, shape, p):
    """True where a weight stays."""
    def following(r, i):
        return mix((r ^ np.uint32(i)) + np.uint32(0x9e3779b9))

    with np.errstate(over="ignore"):
        b, h, q, k = (x.astype(np.uint32) for x in np.ogrid[tuple(map(slice, shape))])
        seed = int(seed) % 2 ** 64
        row = following(following(np.zeros((1, 1, 1, 1), np.uint32), seed % 2 ** 32), seed >> 32)
        row = following(following(following(row, b), h), q)
        bits = mix(k * (following(row, np.uint32(0)) | np.uint32(1)) + row)
    return bits >= np.uint64(np.floor(p * 2.0 ** 32))


def formula(given, dtype):
    s, v = scores(given)
    q, k = np.ogrid[:s.shape[2], :s.shape[3]]
    causal = k <= q + (s.shape[3] - s.shape[2])
    p, seed = given["p"], given["seed"]
    w, lse, _ = softmax_parts(np.where(causal, s, dtype(-np.inf)))
    full = softmax_parts(s)[0]
    keeps = kept(seed, s.shape, float(p))
    half = kept(7, s.shape, 0.5)
    scale = dtype(1) / (dtype(1) - p)
    zero = dtype(0)
    return {
        "out0": weigh(np.where(keeps, w * scale, zero), v),
        "out1": lse,
        "out2": weigh(np.where(half, 2 / (1 + np.exp(-s)), zero).astype(dtype), v),
        "out3": weigh(np.where(keeps & causal, s * scale, zero), v),
        "out4": weigh(full, v),
    }


def inputs(seed, B, H, G, T, S, D, E):
    r = np.random.default_rng(seed)
    return {
        "q": r.standard_normal((B, H, T, D)), "k": r.standard_normal((B, G, S, D)),
        "v": r.standard_normal((B, G, S, E)), "p": np.array(0.1 + 0.2 * seed),
        "seed": np.array([5, -1, 3 << 40, 0][seed]),
    }


SHAPES = [(2, 6, 2, 1, 37, 16, 16), (1, 8, 1, 1, 1100, 8, 5), (3, 3, 1, 70, 131, 24, 40)]
for number, shape in enumerate(SHAPES):
    program = PROGRAM.replace("TYPE", "f32").replace("SUM", "f32")
    check(f"dropout {shape}", program, inputs(number, *shape), formula)
for kind, total in (("f64", "f64"), ("f16", "f32"), ("bf16", "f32")):
    program = PROGRAM.replace("TYPE", kind).replace("SUM", total)
    check(f"dropout {kind}", program, inputs(2, *SHAPES[2]), formula, kind,
          {"p": total, "out1": total})

# As many as asked for, in every row and column about as many, and no two rows
# alike: within five standard deviations.
for seed in range(3):
    keeps = kept(seed, (2, 2, 256, 256), 0.25)
    for axes in ((0, 1, 2, 3), (0, 1, 2), (0, 1, 3), (1, 2, 3), (0, 2, 3)):
        n = np.prod([keeps.shape[axis] for axis in axes])
        off = np.abs(keeps.mean(axis=axes) - 0.75).max()
        assert off < 5 * np.sqrt(0.1875 / n), (seed, axes, off)
    rows = keeps.reshape(-1, 256).astype(np.float64) - 0.75
    alike = rows @ rows.T / (256 * 0.1875)
    assert np.abs(alike - np.diag(np.diag(alike))).max() < 6.5 / 16, seed
    other = kept(seed + 1, (2, 2, 256, 256), 0.25)
    assert abs(np.mean((keeps - 0.75) * (other - 0.75))) < 5 * 0.1875 / 512, seed

# A rate that is none ends the run.
program = PROGRAM.replace("TYPE", "f32").replace("SUM", "f32")
arrays = {name: x.astype(np.float32) if x.dtype.kind == "f" else x
          for name, x in inputs(0, 1, 2, 2, 5, 9, 4, 4).items()}
for rate in (-0.5, 1.0, np.nan):
    arrays["p"] = np.float32(rate)
    for options in ((), ("--opt", "0")):
        said = fail(program, arrays, *options)
        want = f"the rate of dropout 'p' is {rate:g}, expected at least 0 and less than 1"
        assert f"case.attn:5:15: error: {want}\n" in said, said
