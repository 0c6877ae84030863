"""linear_attention itself: types, shapes, decays, states, levels and threads."""

import os
import re
import subprocess
import tempfile

import numpy as np

program = """
fn full(q: T[B, H, N, D], k: T[B, G, M, D], v: T[B, G, M, E]) =
  linear_attention(q, k, v, scale: 0.25)
fn causal(q: T[B, H, N, D], k: T[B, G, N, D], v: T[B, G, N, E]) =
  linear_attention(q, k, v, causal: true)
fn one(q: T[B, H, N, D], k: T[B, G, N, D], v: T[B, G, N, E], c: S) =
  linear_attention(q, k, v, causal: true, decay: c)
fn retained(q: T[B, H, N, D], k: T[B, G, N, D], v: T[B, G, N, E], h: S[H]) =
  linear_attention(q, k, v, causal: true, decay: h)
fn gated(q: T[B, H, N, D], k: T[B, G, N, D], v: T[B, G, N, E], g: S[B, H, N], s: S[B, H, D, E]) =
  linear_attention(q, k, v, causal: true, decay: g, state: s, scale: 0.25)
fn parts(q: T[B, H, N, D], k: T[B, G, N, D], v: T[B, G, N, E], s: S[B, H, D, E]) =
  linear_attention(q, k, v, causal: true, state: s)
fn batch(q: T[B, N, D], k: T[B, N, D], v: T[B, N, E], g: S[B, N]) =
  linear_attention(q, k, v, causal: true, decay: g)
fn plain(q: T[N, D], k: T[N, D], v: T[N, E], g: S[N]) =
  linear_attention(q, k, v, causal: true, decay: g)
"""
# Those with one result.
narrowed = program[:program.index("fn gated")]
FUNCTIONS = {"full": "", "causal": "", "one": "c", "retained": "h", "gated": "gs", "parts": "s",
             "batch": "g", "plain": "g"}


def formula(q, k, v, causal, decay, state, number):
    """The recurrence in arithmetic of type `number`; [B, H, …] throughout."""
    q, k, v = (x.astype(number) for x in (q, k, v))
    if k.shape[1]:
        k, v = (np.repeat(x, q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    memory = np.zeros(q.shape[:2] + (q.shape[3], v.shape[3]), number)
    if state is not None:
        memory += state.astype(number)
    if not causal:
        memory = memory + k.swapaxes(-1, -2) @ v
        return q @ memory, memory
    out = np.zeros(q.shape[:3] + v.shape[3:], number)
    factor = np.exp(np.broadcast_to(decay, q.shape[:3]).astype(number))
    for t in range(q.shape[2]):
        memory = memory * factor[:, :, t, None, None]
        memory = memory + k[:, :, t, :, None] * v[:, :, t, None, :]
        out[:, :, t] = (q[:, :, t, None] @ memory)[:, :, 0]
    return out, memory


def narrow(x):
    """Cut to the bits of bf16, for which NumPy has no type."""
    return (x.astype(np.float32).view(np.uint32) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def make(rng, dtype, shape):
    b, h, g, n, m, d, e = shape
    number = np.float64 if dtype == "f64" else np.float32
    stored = {"f16": np.float16, "f64": np.float64}.get(dtype, np.float32)
    draw = lambda *size: rng.standard_normal(size).astype(number)
    gates = -np.exp(4 * draw(b, h, n) - 4)
    gates[draw(b, h, n) > 2.2] = -np.inf  # Forgets all.
    gates[draw(b, h, n) > 1.5] = 0  # Forgets nothing.
    heads = -np.exp(3 * draw(h) - 3)
    if h > 1:
        heads[1] = 0
    operands = {"q": (b, h, n, d), "k": (b, g, n, d), "v": (b, g, n, e), "kf": (b, g, m, d),
                "vf": (b, g, m, e)}
    arrays = {name: draw(*size).astype(stored) for name, size in operands.items()}
    if dtype == "bf16":
        arrays = {name: narrow(x) for name, x in arrays.items()}
    return {**arrays, "c": np.asarray(number(-0.05)), "h": heads, "g": gates, "s": draw(b, h, d, e)}


def run(folder, function, given, *options):
    files = []
    for name, array in given.items():
        path = os.path.join(folder, name + ".npy")
        np.save(path, array)
        files += ["--in", f"{name}={path}"]
    out = os.path.join(folder, "out.npz")
    subprocess.run(["attnc", "run", os.path.join(folder, "f.attn"), "--fn", function, "--out", out,
                    *files, *options], check=True, stdout=subprocess.DEVNULL)
    result = dict(np.load(out))
    return list(result.values()) if len(result) == 1 else [result["out0"], result["out1"]]


def case(folder, function, dtype, arrays):
    names = FUNCTIONS[function]
    rank = {"batch": 3, "plain": 2}.get(function, 4)
    # Without heads, and without a batch.
    cut = lambda x: x[0, 0] if rank == 2 else x[:, 0] if rank == 3 else x
    q, k, v = arrays["q"], arrays["k"], arrays["v"]
    if function == "full":
        k, v = arrays["kf"], arrays["vf"]
    given = {"q": cut(q), "k": cut(k), "v": cut(v)}
    for name in names:
        given[name] = cut(arrays[name]) if name == "g" else arrays[name]
    decay = 0.0
    if "c" in names:
        decay = arrays["c"]
    elif "h" in names:
        decay = arrays["h"][:, None]
    elif "g" in names:
        decay = arrays["g"]
    state = arrays["s"] if "s" in names else None
    number = np.float64 if dtype == "f64" else np.float32

    def at(number):
        scale = number(0.25 if function in ("full", "gated") else 1)
        out = formula(scale * q.astype(number), k, v, function != "full", decay, state, number)
        return [cut(out[0]), out[1]] if state is not None else [cut(out[0])]

    exact, single = at(np.longdouble), at(number)
    last = None
    for options in (["--opt", "0"], ["--threads", "1"], ["--threads", "2"]):
        got = run(folder, function, given, *options)
        assert len(got) == len(exact)
        for index, (x, want, near) in enumerate(zip(got, exact, single)):
            assert x.shape == want.shape, (function, x.shape, want.shape)
            if not x.size:
                continue
            scale = max(1.0, np.abs(want).max())
            allowed = max(2 * np.abs(near - want).max(), 16 * np.finfo(number).eps * scale)
            if index == 0:  # Rounded once, at the end.
                allowed += {"f16": 2.0**-11, "bf16": 2.0**-8}.get(dtype, 0) * scale
            off = np.abs(x.astype(np.longdouble) - want).max()
            assert off <= allowed, (function, dtype, options, index, off, allowed)
        if options == ["--threads", "2"]:
            assert all(np.array_equal(a, b) for a, b in zip(last, got)), (function, dtype)
        last = got


def poison(folder):
    """NaN and infinities reach no row before them and no other head."""
    arrays = make(np.random.default_rng(12), "f32", (1, 2, 2, 200, 1, 17, 19))
    given = {name: arrays[name] for name in "qkvgs"}
    given["g"] = np.maximum(given["g"], -1)
    for options in (["--opt", "0"], ["--threads", "2"]):
        clean = run(folder, "gated", given, *options)
        for name in "qkvg":
            for value in (np.nan, np.inf):
                bad = {**given, name: given[name].copy()}
                bad[name][0, 0, 150] = value
                out, state = run(folder, "gated", bad, *options)
                assert np.array_equal(out[0, 1], clean[0][0, 1]), (name, value)
                assert np.array_equal(out[0, 0, :150], clean[0][0, 0, :150]), (name, value)
                assert not np.isfinite(out[0, 0, 150]).any(), (name, value)
                assert np.isfinite(state[0, 0]).all() == (name == "q"), (name, value)
    print("poison ok", flush=True)


SHAPES = [(2, 6, 2, 7, 9, 5, 3), (1, 8, 1, 97, 193, 33, 70), (2, 2, 2, 290, 3, 64, 20)]
# Sequences of several segments, which threads share.
LONG = [(1, 1, 1, 3200, 1, 18, 16)]
EDGES = [(1, 1, 1, 1, 1, 1, 1), (1, 3, 1, 95, 40, 16, 17), (1, 1, 1, 0, 3, 4, 5),
         (1, 1, 1, 5, 0, 4, 5), (2, 2, 1, 3, 3, 0, 5), (0, 2, 1, 3, 3, 4, 5)]


def write(folder, dtype):
    text = program
    if dtype == "bf16":  # In files of f32.
        text = re.sub(r"(linear_attention\()q, k, v(.*\))",
                      r"f32(\1bf16(q), bf16(k), bf16(v)\2)", narrowed)
    text = re.sub(r"\bT\[", ("f32" if dtype == "bf16" else dtype) + "[", text)
    text = re.sub(r"\bS\b", "f64" if dtype == "f64" else "f32", text)
    with open(os.path.join(folder, "f.attn"), "w") as file:
        file.write(text)


def main(dtype, functions, shapes):
    rng = np.random.default_rng(11)
    for shape in shapes:
        with tempfile.TemporaryDirectory() as folder:
            write(folder, dtype)
            arrays = make(rng, dtype, shape)
            for function in functions:
                case(folder, function, dtype, arrays)
        print(dtype, shape, "ok", flush=True)


if __name__ == "__main__":
    main("f32", FUNCTIONS, SHAPES)
    main("f32", ["causal", "gated"], LONG)
    main("f32", ["full", "gated"], EDGES)
    main("f64", ["full", "gated"], SHAPES[1:])
    main("f16", ["full", "gated"], SHAPES[1:])
    main("bf16", ["full", "retained"], SHAPES[1:])
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "f32")
        poison(folder)
