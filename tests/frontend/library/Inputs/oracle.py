"""Runs programs that use the library and compares them with NumPy.

Every case has its own formula here, written apart from the compiler. It is
worked out in f64 and in f32: the compiler's result may be off by twice what f32
is off by itself, or by a few units in the last place where that is less.
"""

import math
import os
import subprocess
import sys
import tempfile

import numpy as np

erf = np.vectorize(math.erf)


def run(program, inputs, folder, *options):
    source = os.path.join(folder, "case.attn")
    with open(source, "w") as file:
        file.write(program)
    arrays = os.path.join(folder, "in.npz")
    np.savez(arrays, **inputs)
    out = os.path.join(folder, "out.npz")
    subprocess.run(["attnc", "run", source, "--in", arrays, "--out", out, *options], check=True,
                   stdout=subprocess.DEVNULL)
    return dict(np.load(out))


def compare(name, got, oracle, inputs):
    def at(dtype):
        typed = {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in inputs.items()}
        return {k: np.asarray(v) for k, v in oracle(typed, dtype).items()}

    exact, single = at(np.float64), at(np.float32)
    assert set(got) == set(exact), (name, sorted(got), sorted(exact))
    for key, want in exact.items():
        assert got[key].shape == want.shape, (name, key, got[key].shape, want.shape)
        scale = max(1.0, np.abs(want).max(initial=0))
        plain = np.abs(single[key] - want).max(initial=0)
        allowed = max(2 * plain, 16 * np.finfo(np.float32).eps * scale)
        off = np.abs(got[key] - want).max(initial=0)
        assert off <= allowed, (name, key, off, allowed)


def main(module, cases, *options):
    for name, (program, inputs, oracle) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            compare(name, run(program, inputs, folder, *options), oracle, inputs)
        print(f"{module}: {name}: ok")


def random(seed, **shapes):
    generator = np.random.default_rng(seed)
    return {
        name: generator.standard_normal(shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
