"""Runs one program on one set of arrays in every way, and compares it with NumPy.

Every way is: the reference lowering, and the fused kernels on one thread, on two
and on three, which must agree bit by bit. The formula is worked out in f64 and once more
in f32, from the arrays as they are stored; results may be off by twice what f32
(rounded to the type of the result) is off by itself, or by a few units in the
last place where that is less. For f64 it is one step wider.
"""

import os
import subprocess
import tempfile

import numpy as np

EPSILON = {"f16": 2.0 ** -11, "bf16": 2.0 ** -8, "f32": 2.0 ** -24, "f64": 2.0 ** -53}


def to_bfloat16(x):
    """The bits of the nearest bf16 of each f32, ties to even; NaN stays."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    rounded = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7fc0), rounded)


def from_bfloat16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def stored(x, kind):
    """What is in the file, and the numbers that it stands for."""
    if kind == "bf16":
        bits = to_bfloat16(x)
        return bits.view("V2"), from_bfloat16(bits).astype(np.float64)
    array = x.astype({"f16": np.float16, "f32": np.float32, "f64": np.float64}[kind])
    return array, array.astype(np.float64)


def loaded(array):
    return from_bfloat16(array.view(np.uint16)) if array.dtype.kind == "V" else array


def call(folder, program, arrays, *options, **how):
    source, given, out = (os.path.join(folder, name)
                          for name in ("case.attn", "in.npz", "out.npz"))
    with open(source, "w") as file:
        file.write(program)
    np.savez(given, **arrays)
    done = subprocess.run(["attnc", "run", source, "--in", given, "--out", out, *options],
                          stdout=subprocess.DEVNULL, **how)
    return done, out


def fail(program, arrays, *options):
    """What a run that must fail says."""
    with tempfile.TemporaryDirectory() as folder:
        done, _ = call(folder, program, arrays, *options, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1, done
        return done.stderr


def run(program, arrays, *options):
    with tempfile.TemporaryDirectory() as folder:
        _, out = call(folder, program, arrays, *options, check=True)
        return {name: loaded(array) for name, array in np.load(out).items()}


def equal_bits(a, b):
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def run_every_way(program, arrays, *options):
    slow = run(program, arrays, "--opt", "0", *options)
    fast = run(program, arrays, "--threads", "1", *options)
    for threads in ("2", "3"):
        shared = run(program, arrays, "--threads", threads, *options)
        for name in fast:
            assert equal_bits(fast[name], shared[name]), (name, threads, "threads disagree")
    return {"opt 0": slow, "opt 3": fast}


def compare(title, got, exact, single, kinds, keys):
    """`exact` is the formula's result in a wider type than `single`."""
    assert set(got) == set(exact), (title, sorted(got), sorted(exact))
    for name, want in exact.items():
        kind = kinds.get(name, "f32")
        have, plain = want.dtype.type(got[name]), stored(single[name], kind)[1]
        assert have.shape == want.shape, (title, name, have.shape, want.shape)
        finite = np.isfinite(want)
        same = np.where(np.isnan(want), np.isnan(have), have == want)
        assert np.all(same | finite), (title, name, "NaN and infinities")
        if not finite.any():
            continue
        scale = max(1.0, np.abs(want[finite]).max())
        # Sums of n terms in another order are off by the root of n.
        allowed = max(2 * np.abs(plain[finite] - want[finite]).max(), EPSILON[kind] * scale * max(8, 2 * np.sqrt(keys)))
        off = np.abs(have[finite] - want[finite]).max()
        assert off <= allowed, (title, name, off, allowed)


def check(title, program, inputs, formula, kind="f32", kinds={}, options=()):
    """`inputs` that are floats and in `kinds` have that type, integers their own.
    `formula(given, dtype)` works in `dtype` on the numbers that are stored."""
    arrays, numbers = {}, {}
    for name, x in inputs.items():
        if x.dtype.kind != "f":
            arrays[name] = numbers[name] = x
            continue
        arrays[name], numbers[name] = stored(x, kinds.get(name, kind))

    def at(dtype):
        with np.errstate(all="ignore"):
            typed = {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in numbers.items()}
            return {k: np.asarray(v) for k, v in formula(typed, dtype).items()}

    exact = at(np.longdouble if kind == "f64" else np.float64)
    single = at(np.float64 if kind == "f64" else np.float32)
    result_kinds = {name: kinds.get(name, kind) for name in exact}
    for way, got in run_every_way(program, arrays, *options).items():
        compare(f"{title}, {way}", got, exact, single, result_kinds, numbers["k"].shape[-2])
    print(f"{title}: ok")


def softmax_parts(s, sink=None):
    """Weights, lse and maximum of rows of scores; -inf takes no part."""
    highest = s.max(axis=-1, keepdims=True, initial=-np.inf)
    top = highest if sink is None else np.maximum(highest, sink)
    origin = np.where(np.isneginf(top), 0, top).astype(s.dtype)
    e = np.exp(s - origin)
    total = e.sum(axis=-1, keepdims=True)
    if sink is not None:
        total = total + np.exp(sink - origin)
    weights = np.where(np.isneginf(s), 0, e / np.where(total == 0, 1, total))
    return weights.astype(s.dtype), (np.log(total) + origin)[..., 0], highest[..., 0]


def weigh(w, v):
    """w @ v, added up one key after the other: BLAS rounds less than a plain sum."""
    if v.shape[-2] == 0:
        return np.zeros(w.shape[:-1] + v.shape[-1:], v.dtype)
    return np.cumsum(w[..., None] * v[..., None, :, :], axis=-2, dtype=v.dtype)[..., -1, :]


def scores(given):
    """q k' / sqrt(D), and the values, by query head."""
    q, k, v = given["q"], given["k"], given["v"]
    if q.ndim == 4:
        k, v = (np.repeat(x, q.shape[1] // k.shape[1], axis=1) for x in (k, v))
    s = q @ k.swapaxes(-1, -2) / q.dtype.type(np.sqrt(q.shape[-1]))
    return s.astype(q.dtype), v
