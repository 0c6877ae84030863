"""Models whose layers have a memory each, part by part, against the whole
sequence in NumPy. Given the path of examples/transformer_xl.attn."""

import math
import pathlib
import sys
import tempfile

import numpy as np
import oracle
from example_formulas import attend, feed, heads, indices, merge, norm, relu, transformer_xl_shapes

V, C, H = 9, 8, 4


def run(program, inputs, *options):
    with tempfile.TemporaryDirectory() as folder:
        return oracle.run(program, inputs, folder, *options)


def segments(g, layers, m, t):
    """Transformer-XL over all segments at once, each score by itself. A query sees
    the keys of its segment up to itself and the m before the segment."""
    x = g["words.weight"][g["tokens"]]
    count = x.shape[1] // t
    query, key = indices(m + count * t)
    query = query[m:]
    first = query - (query - m) % t - m
    allowed = (key <= query) & (key >= first)
    distance = np.clip(query - key, 0, None)
    rates = (1 / 10000.0 ** (np.arange(0, C, 2) / C)).astype(x.dtype)
    angle = np.arange(m + count * t)[:, None].astype(x.dtype) * rates
    vectors = np.concatenate([np.sin(angle), np.cos(angle)], -1)
    kept = []
    for i in range(layers):
        path = f"h.{i}"
        whole = np.concatenate([g["memory"][i], x], 1)
        kept.append(whole[:, count * t:])
        w_q, w_k, w_v = np.split(g[path + ".attn.qkv_net.weight"], 3)
        q, k, v = (heads(y @ w.T, H) for y, w in ((x, w_q), (whole, w_k), (whole, w_v)))
        r = (vectors @ g[path + ".attn.r_net.weight"].T).reshape(-1, H, C // H)[distance]
        terms = np.einsum("bhqd,qkhd->bhqk", q + g[path + ".attn.r_r_bias"][:, None], r)
        y = attend(q + g[path + ".attn.r_w_bias"][:, None], k, v, allowed,
                   terms / x.dtype.type(math.sqrt(C // H)))
        y = norm(g, path + ".norm1", x + merge(y) @ g[path + ".attn.o_net.weight"].T)
        x = norm(g, path + ".norm2", y + feed(g, path + ".mlp.", y, relu))
    return {"logits": x @ g["words.weight"].T, "kept": np.stack(kept)}


def transformer_xl(program):
    for layers, m, t, count in ((3, 5, 5, 2), (3, 3, 4, 3), (1, 7, 2, 2), (2, 0, 3, 2), (2, 2, 1, 5)):
        shapes = {**transformer_xl_shapes(V, C, layers), "memory": (layers, 2, m, C)}
        inputs = oracle.random(layers, **shapes)
        inputs = {name: array / np.float32(math.sqrt(C) if array.ndim == 2 else 1)
                  for name, array in inputs.items()}
        inputs["tokens"] = np.random.default_rng(m).integers(0, V, (2, t * count))
        memory, logits = inputs["memory"], []
        for part in np.split(inputs["tokens"], count, 1):
            got = run(program, {**inputs, "tokens": part, "memory": memory},
                      "--fix", f"C={C},layers={layers}")
            memory = got["kept"]
            logits.append(got["logits"])
        name = f"transformer_xl {layers} {m} {t} {count}"
        oracle.compare(name, {"logits": np.concatenate(logits, 1), "kept": memory},
                       lambda g, dtype: segments(g, layers, m, t), inputs)
        print(f"memory: {name}: ok")


# Keys and values of all positions so far; they grow from call to call. A factor
# for each layer, and the number of positions, which each counts.
CACHE = """
import "std/layers"
import "std/masks"

layer Cached(C, H, mask: mask) {
  qkv: Linear(C, 3 * C)

  fn forward(
    x: f32[B, T, C],
    keys: f32[B, P, C],
    values: f32[B, P, C],
    factor: f32,
    seen: i64
  ) -> (y: f32[B, T, C], keys: f32[B, P + T, C], values: f32[B, P + T, C], seen: i64) {
    let q, k, v = split(qkv(x), 3)
    let all_keys = concat(keys, k, axis: 1)
    let all_values = concat(values, v, axis: 1)
    let y = attention(heads(q, H), heads(all_keys, H), heads(all_values, H), mask: mask)
    (x + merge(y) * factor, all_keys, all_values, seen + T)
  }
}

model Net(C = 8, layers = 3) {
  h: repeat layers Cached(C, 4, mask: causal_end)

  fn forward(
    x: f32[B, T, C],
    keys: f32[layers, B, P, C],
    values: f32[layers, B, P, C],
    factor: f32[layers],
    seen: i64[layers]
  ) -> (
    y: f32[B, T, C],
    new_keys: f32[layers, B, P + T, C],
    new_values: f32[layers, B, P + T, C],
    new_seen: i64[layers]
  ) = h(x, keys, values, factor, seen)
}
"""


def whole(g, layers):
    x, keys, values = g["x"], [], []
    for i in range(layers):
        q, k, v = np.split(x @ g[f"h.{i}.qkv.weight"].T + g[f"h.{i}.qkv.bias"], 3, -1)
        query, key = indices(x.shape[1])
        y = attend(heads(q, H), heads(k, H), heads(v, H), key <= query)
        x = x + merge(y) * g["factor"][i]
        keys.append(k)
        values.append(v)
    shape = (layers, *g["x"].shape)
    return {"y": x, "new_keys": np.reshape(keys, shape), "new_values": np.reshape(values, shape),
            "new_seen": np.full(layers, g["x"].shape[1])}


def cache():
    for layers, lengths in ((3, (4, 1, 1, 2)), (1, (1, 1)), (3, (5,)), (0, (2, 1))):
        shapes = {"x": (2, sum(lengths), C), "factor": (layers,)}
        for i in range(layers):
            shapes.update({f"h.{i}.qkv.weight": (3 * C, C), f"h.{i}.qkv.bias": (3 * C,)})
        inputs = oracle.random(layers, **shapes)
        keys = values = np.zeros((layers, 2, 0, C), np.float32)
        seen = np.zeros(layers, np.int64)
        start, parts = 0, []
        for length in lengths:
            given = {**inputs, "x": inputs["x"][:, start:start + length], "keys": keys,
                     "values": values, "seen": seen}
            got = run(CACHE, given, "--fix", f"layers={layers}")
            keys, values, seen = got["new_keys"], got["new_values"], got["new_seen"]
            parts.append(got.pop("y"))
            start += length
        oracle.compare("cache", {**got, "y": np.concatenate(parts, 1)},
                       lambda g, dtype: whole(g, layers), inputs)
        print(f"memory: cache {layers} {lengths}: ok")


# A list in each layer of a list, and one memory for all.
NESTED = """
layer Inner(C) {
  fn forward(x: f32[C], m: f32[C], all: f32[C]) -> (f32[C], f32[C]) = (x * 2 + m, all + x)
}

layer Outer(C, n) {
  h: repeat n Inner(C)

  fn forward(x: f32[C], m: f32[n, C], all: f32[C]) = h(x, m, all)
}

model Net(C = 3, n = 2, outer = 4) {
  s: repeat outer Outer(C, n)

  fn forward(x: f32[C], m: f32[outer, n, C], all: f32[C]) -> (y: f32[C], seen: f32[outer, n, C]) =
    s(x, m, all: all)
}
"""


def nested(g, dtype):
    x, seen = g["x"], np.empty_like(g["m"])
    for place in np.ndindex(*g["m"].shape[:2]):
        seen[place] = g["all"] + x
        x = x * 2 + g["m"][place]
    return {"y": x, "seen": seen}


transformer_xl(pathlib.Path(sys.argv[1]).read_text())
cache()
oracle.main("memory", {"nested": (NESTED, oracle.random(1, x=(3,), m=(4, 2, 3), all=(3,)), nested)})
