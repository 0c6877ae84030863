"""examples/gpt2.attn, given by its path, against GPT-2 written in NumPy."""

import pathlib
import sys

import numpy as np
import oracle

B, T, V, P, C, H, LAYERS = 2, 6, 30, 10, 16, 4, 3


def affine(g, path, x):
    return x @ g[path + ".weight"] + g[path + ".bias"]


def norm(g, path, x):
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + x.dtype.type(1e-5))
    return centred / deviation * g[path + ".weight"] + g[path + ".bias"]


def attention(g, path, x):
    q, k, v = (part.reshape(B, T, H, C // H).transpose(0, 2, 1, 3)
               for part in np.split(affine(g, path + ".c_attn", x), 3, axis=-1))
    scores = q @ k.swapaxes(-1, -2) / x.dtype.type(np.sqrt(C // H))
    scores = np.where(np.tril(np.ones((T, T), bool)), scores, -np.inf)
    y = oracle.softmax(scores) @ v
    return affine(g, path + ".c_proj", y.transpose(0, 2, 1, 3).reshape(B, T, C))


def mlp(g, path, x):
    x = affine(g, path + ".c_fc", x)
    inner = x.dtype.type(np.sqrt(2 / np.pi)) * (x + x.dtype.type(0.044715) * x ** 3)
    return affine(g, path + ".c_proj", x * (1 + np.tanh(inner)) / 2)


def formula(g, dtype):
    x = g["wte.weight"][g["tokens"]] + g["wpe.weight"][:T]
    for layer in range(LAYERS):
        path = f"h.{layer}."
        x = x + attention(g, path + "attn", norm(g, path + "ln_1", x))
        x = x + mlp(g, path + "mlp", norm(g, path + "ln_2", x))
    return {"logits": norm(g, "ln_f", x) @ g["wte.weight"].T}


shapes = {"wte.weight": (V, C), "wpe.weight": (P, C), "ln_f.weight": (C,), "ln_f.bias": (C,)}
for layer in range(LAYERS):
    for name, size in {"attn.c_attn": (C, 3 * C), "attn.c_proj": (C, C), "mlp.c_fc": (C, 4 * C),
                       "mlp.c_proj": (4 * C, C), "ln_1": (C,), "ln_2": (C,)}.items():
        shapes[f"h.{layer}.{name}.weight"] = size
        shapes[f"h.{layer}.{name}.bias"] = size[-1:]
inputs = {name: array / 4 for name, array in oracle.random(5, **shapes).items()}
inputs["tokens"] = np.array([[3, 1, 4, 1, 5, 9], [29, 0, 7, 7, 7, 2]])
program = pathlib.Path(sys.argv[1]).read_text()
for options in ((), ("--opt", "0")):
    oracle.main("gpt2", {"logits": (program, inputs, formula)}, "--fix", f"layers={LAYERS}", *options)
