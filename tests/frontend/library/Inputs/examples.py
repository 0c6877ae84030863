"""Every program of examples/, given by the folder's path, against NumPy."""

import math
import pathlib
import resource
import subprocess
import sys

import numpy as np
import oracle
from example_formulas import (
    additive, attend, attention_model, big_bird, causal, decoder_block, differential,
    encoder_block, fnet, fusion, fusion_shapes, grouped, indices, layer, linear_attention,
    merged, multi_head, norm_and_gate, norms, plain, projections, qkv, relative, retnet,
    retnet_shapes, sigmoids, sink, sinusoidal, slopes, transformer_xl, transformer_xl_shapes,
    translation, translation_shapes, turn, vision)

folder = pathlib.Path(sys.argv[1])


def tokens(*shape, below=9):
    return np.random.default_rng(11).integers(0, below, shape)


def lengths(*values):
    return np.array(values, np.int32)


C, LINEAR = 8, {**layer("up", 8, 11), **layer("down", 11, 8)}
SELF = {"c_attn.weight": (C, 3 * C), "c_attn.bias": (3 * C,), "c_proj.weight": (C, C),
        "c_proj.bias": (C,), "x": (2, 5, C)}
DOCS = lengths(*[0] * 9 + [1] * 7 + [2] * 17).reshape(1, 33)
MARKED = np.arange(600).reshape(2, 300) % 97 == 5
small, wide = ("--fix", f"C={C}"), ("--fix", f"C={C},hidden=11")

# Of each example: inputs to draw, inputs that are given, options, the formula.
cases = {
    "additive_attention": [({"x": (2, t, 6), "memory": (2, 9, 5), "u": (6, 7), "w": (5, 7),
                             "energy": (7,)}, {"len": lengths(9, 0)}, (), additive)
                           for t in (1, 40)],
    "alibi": [(qkv(2, 6, 33, 8), {}, (), lambda g: plain(
        causal(33), bias=-(slopes(6) * np.subtract(*indices(33))).astype(g["q"].dtype))(g))],
    "attention_sink": [({"q": (2, 6, t, 8), "k": (2, 2, t, 8), "v": (2, 2, t, 8), "sink": (6,)},
                        {}, (), sink(128)) for t in (1, 200)],
    "big_bird": [(qkv(1, 2, 200, 8), {"seed": np.int64(seed)}, (), big_bird) for seed in (1, 7)],
    "causal_attention": [(qkv(1, 3, t, 5), {}, (), plain(causal(t))) for t in (1, 7, 70)],
    "causal_builtin": [(qkv(1, 3, 70, 5), {}, (), plain(causal(70)))],
    "chunked_attention": [(qkv(2, 1, t, 9), {}, (), plain()) for t in (1, 300)],
    "cross_attention": [(qkv(2, 3, t, 8, s=40), {}, (), plain(
        indices(t, 40)[1] <= indices(t, 40)[0] + 40 - t)) for t in (1, 13, 50)],
    "decoder_block": [({"x": (2, 5, C), "memory": (2, 7, C), **projections("attn", C), **LINEAR,
                        **projections("cross", C), **norms(C, "norm1", "norm2", "norm3")},
                       {"len": lengths(4, 0)}, wide, decoder_block)],
    "differential_attention": [({"q1": (2, 3, 7, 4), "k1": (2, 3, 7, 4), "q2": (2, 3, 7, 4),
                                 "k2": (2, 3, 7, 4), "v": (2, 3, 7, 8), "lambda": ()},
                                {}, (), differential)],
    "documents": [(qkv(1, 2, 33, 8), {"doc": DOCS}, (), plain(
        causal(33) & (DOCS[0][:, None] == DOCS[0])))],
    "encoder_block": [({"x": (2, 5, C), **projections("attn", C), **norms(C, "norm1", "norm2"),
                        **LINEAR}, {"len": lengths(3, 0)}, wide, encoder_block)],
    "fnet": [({"x": (2, t, C), **norms(C, "norm1", "norm2"), **layer("mlp.up", C, 11),
               **layer("mlp.down", 11, C)}, {}, wide, fnet) for t in (1, 7, 64)],
    "fusion_in_decoder": [(fusion_shapes(9, C),
                           {"passages": tokens(2, 3, 5), "answer": tokens(2, 4),
                            "len": lengths(5, 3, 0, 0, 0, 0).reshape(2, 3)}, small, fusion)],
    "gpt2_attention": [(SELF, {}, small + extra, lambda g: attention_model(g, g["x"]))
                       for extra in ((), ("--fn", "SelfAttention.paper"))],
    "grouped_window_padding": [(qkv(2, 6, 270, 8, hkv=2), {"len": lengths(200, 0)}, (), grouped)],
    "layer_norm": [({"x": (2, 5, 13), "weight": (13,), "bias": (13,)}, {}, (), norm_and_gate)],
    "linear_attention": [(qkv(2, 3, t, 8), {}, (), linear_attention) for t in (1, 7, 150)],
    "longformer": [(qkv(2, 1, 300, 8), {"global": MARKED}, (), plain(
        ((abs(np.subtract(*indices(300))) <= 128) | MARKED[:, :, None] | MARKED[:, None])
        [:, None]))],
    "merged_attention": [({"q": (2, 3, t, 8), "k": (2, 3, t, 8), "v": (2, 3, t, 8),
                           "prompt_k": (2, 3, 21, 8), "prompt_v": (2, 3, 21, 8)}, {}, (), merged)
                         for t in (1, 40)],
    "multi_head": [({"x": (2, 9, 12), "w_qkv": (12, 36), "b_qkv": (36,), "w_out": (12, 12),
                     "b_out": (12,), "slopes": (3,)}, {}, (), multi_head)],
    "relative_positions": [({**qkv(2, 3, t, 8), "bias": (3, 9), "vectors": (9, 8)}, {}, (),
                            lambda g: relative(g, 9)) for t in (1, 20)],
    "rope": [(qkv(2, 6, 9, 8, hkv=2), {"start": np.int64(5)}, (), lambda g: attend(
        turn(g["q"], 5), turn(g["k"], 5), g["v"], causal(9)))],
    "retnet": [({"x": (2, 70, 8), **retnet_shapes(2, 8)}, {},
                ("--fix", "C=8,H=2,layers=2"), retnet(2, 2))],
    "scaled_dot_product": [(qkv(2, 2, 5, 7, s=9, dv=3), {}, (), plain()),
                           (qkv(1, 1, 1, 1), {}, (), plain())],
    "sigmoid_attention": [(qkv(2, 3, t, 8), {}, (), sigmoids) for t in (1, 50)],
    "sinusoidal_positions": [({"x": (2, 7, C)}, {}, (), sinusoidal)],
    "softcap": [({**qkv(1, 2, 9, 8), "cap": ()}, {}, (), lambda g: plain(
        causal(9), bias=lambda s: g["cap"] * np.tanh(s / g["cap"]))(g))],
    "transformer": [(translation_shapes(9, C), {"source": tokens(2, 7), "target": tokens(2, 5),
                                                "len": lengths(7, 2)}, small, translation)],
    "transformer_xl": [({**transformer_xl_shapes(9, C, n), "memory": (n, 2, m, C)},
                        {"tokens": tokens(2, t)}, ("--fix", f"C={C},layers={n}"), transformer_xl)
                       for t, m, n in ((5, 3, 3), (1, 4, 1), (4, 0, 2))],
    "vision_language": [({"text": (2, 5, C), "image": (2, 3, 8, 12), "place.weight": (64, C),
                          **layer("patch", 48, C), **norms(C, "norm"), **projections("attn", C),
                          "gate": ()}, {}, small, vision)],
}
examples = {path.stem for path in folder.glob("*.attn")} - {"gpt2"}
assert examples == set(cases), sorted(examples ^ set(cases))
for name, runs in cases.items():
    program = (folder / f"{name}.attn").read_text()
    for number, (drawn, given, options, formula) in enumerate(runs):
        # Matrices of the size that keeps sums of products at 1, as in a model.
        inputs = {key: np.asarray(array) / np.float32(
            math.sqrt(array.shape[-1]) if np.ndim(array) == 2 else 1)
            for key, array in oracle.random(number, **drawn).items()}

        def expected(g, dtype):
            result = formula(g)
            return result if isinstance(result, dict) else {
                "logits" if "logits" in program else "out": result}

        oracle.main("examples", {f"{name} {number}": (program, {**inputs, **given}, expected)},
                    *options)

# The 576 MB of scores of this length are never there.
subprocess.run(["attnc", "run", folder / "chunked_attention.attn", "--dim", "B=1,H=1,T=12000,D=8"],
               check=True, stdout=subprocess.DEVNULL)
# Nor are scores by distance, in four heads.
subprocess.run(["attnc", "run", folder / "transformer_xl.attn", "--dim", "B=1,T=5000,M=2000,V=9"],
               check=True, stdout=subprocess.DEVNULL)
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
assert most < 400e6, most
