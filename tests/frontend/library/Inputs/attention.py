"""The layers of std/attention, with weights by their paths."""

import math

import numpy as np
import oracle

B, T, M, H, D = 2, 5, 3, 3, 4
C = H * D
R, L, N, P, V = 5, 6, 3, 4, 2
ROTARY = 100.0


def heads(x, n=H):
    return x.reshape(B, x.shape[1], n, -1).swapaxes(1, 2)


def merge(x):
    return x.swapaxes(1, 2).reshape(B, x.shape[2], -1)


def linear(g, name, x):
    y = x @ g[f"a.{name}.weight"].T
    return y + g[f"a.{name}.bias"] if f"a.{name}.bias" in g else y


def rms(g, name, x, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(eps)) * g[f"a.{name}.weight"]


def layer_norm(g, name, x):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(1e-5))
    return x * g[f"a.{name}.weight"] + g[f"a.{name}.bias"]


def weights(scores, causal):
    if causal:
        t, s = scores.shape[-2:]
        scores = np.where(np.tri(t, s, s - t, dtype=bool), scores, -np.inf)
    return oracle.softmax(scores)


def root(x, n):
    return x.dtype.type(math.sqrt(n))


def relative(g, x, path=""):
    """Transformer-XL's, pair by pair."""
    whole = np.concatenate([g["memory"], x], axis=1)
    w_q, w_k, w_v = np.split(g[f"a.{path}qkv_net.weight"], 3)
    q, k, v = heads(x @ w_q.T), heads(whole @ w_k.T), heads(whole @ w_v.T)
    scores = np.zeros((B, H, T, M + T), x.dtype)
    for i in range(T):
        for j in range(M + i + 1):
            rates = 1 / 10000.0 ** (np.arange(0, C, 2) / C)
            angle = x.dtype.type(M + i - j) * rates.astype(x.dtype)
            r = np.concatenate([np.sin(angle), np.cos(angle)])
            r = (g[f"a.{path}r_net.weight"] @ r).reshape(H, D)
            content = ((q[:, :, i] + g[f"a.{path}r_w_bias"]) * k[:, :, j]).sum(-1)
            position = ((q[:, :, i] + g[f"a.{path}r_r_bias"]) * r).sum(-1)
            scores[:, :, i, j] = (content + position) / root(x, D)
    return merge(weights(scores, True) @ v) @ g[f"a.{path}o_net.weight"].T


def block(g, x):
    y = layer_norm(g, "norm1", x + relative(g, x, "attn."))
    hidden = np.maximum(linear(g, "mlp.up", y), 0)
    y = layer_norm(g, "norm2", y + linear(g, "mlp.down", hidden))
    return {"y": y, "memory": np.concatenate([g["memory"], x], axis=1)[:, T:]}


def clipped(g, x, causal):
    q, k, v = (heads(linear(g, name + "_proj", x)) for name in "qkv")
    i, j = np.ogrid[:T, :T]
    vectors = g["a.relative_keys"][np.clip(j - i, -2, 2) + 2]
    scores = (q @ k.swapaxes(-1, -2) + np.einsum("bhid,ijd->bhij", q, vectors)) / root(x, D)
    return linear(g, "out_proj", merge(weights(scores, causal) @ v))


def differential(g, x, depth, causal):
    q, k = (linear(g, name + "_proj", x).reshape(B, T, 2 * H, D // 2).swapaxes(1, 2)
            for name in "qk")
    maps = weights(q @ k.swapaxes(-1, -2) / root(x, D // 2), causal).reshape(B, H, 2, T, T)
    initial = 0.8 - 0.6 * math.exp(-0.3 * (depth - 1))
    first, second = (np.exp((g[f"a.lambda_q{i}"] * g[f"a.lambda_k{i}"]).sum()) for i in (1, 2))
    mix = x.dtype.type(first - second + initial)
    y = (maps[:, :, 0] - mix * maps[:, :, 1]) @ heads(linear(g, "v_proj", x))
    return linear(g, "out_proj", merge(rms(g, "subln", y, 1e-5) * x.dtype.type(1 - initial)))


def rotate(x, start):
    """Neighbouring channels as complex numbers."""
    angle = np.arange(start, start + T)[:, None] / ROTARY ** (np.arange(0, P, 2) / P)
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)
    return np.stack([turned.real, turned.imag], -1).reshape(x.shape).astype(x.dtype)


def latent(g, x, start, causal):
    q = heads(linear(g, "q_b_proj", rms(g, "q_a_layernorm", linear(g, "q_a_proj", x), 1e-6)))
    low = linear(g, "kv_a_proj_with_mqa", x)
    kv = heads(linear(g, "kv_b_proj", rms(g, "kv_a_layernorm", low[..., :R], 1e-6)))
    shared = rotate(low[..., R:], start)
    scores = q[..., :N] @ kv[..., :N].swapaxes(-1, -2)
    scores = scores + rotate(q[..., N:], start) @ shared[:, None].swapaxes(-1, -2)
    y = weights(scores / root(x, N + P), causal) @ kv[..., N:]
    return linear(g, "o_proj", merge(y))


def talking(g, x, causal):
    q, k, v = (heads(linear(g, name + "_proj", x)) for name in "qkv")
    scores = q @ k.swapaxes(-1, -2) / root(x, D)
    scores = np.einsum("gh,bhij->bgij", g["a.mix_scores"], scores)
    mixed = np.einsum("gh,bhij->bgij", g["a.mix_weights"], weights(scores, causal))
    return linear(g, "out_proj", merge(mixed @ v))


def bilinear(g, x, causal):
    memory = g["memory"]
    scores = np.einsum("bic,cn,bjn->bij", x, g["a.weight"], memory)
    return weights(scores, causal) @ memory


def additive(g, x, causal):
    memory = g["memory"]
    pairs = linear(g, "query_proj", x)[:, :, None] + linear(g, "key_proj", memory)[:, None]
    return weights((np.tanh(pairs) * g["a.weight"]).sum(-1), causal) @ memory


def linears(*names, **wide):
    for name in names:
        wide[name] = (C, C)
    for name, (n, c) in wide.items():
        yield f"a.{name}.weight", (n, c)
        yield f"a.{name}.bias", (n,)


def projections(**wide):
    for name, shape in wide.items():
        yield f"a.{name}.weight", shape


four = ("q_proj", "k_proj", "v_proj", "out_proj")
xl = dict(qkv_net=(3 * C, C), r_net=(C, C), o_net=(C, C))
biases = {"r_w_bias": (H, D), "r_r_bias": (H, D)}
vectors = {f"a.lambda_{x}{i}": (D // 2,) for x in "qk" for i in (1, 2)}
latents = dict(q_a_proj=(L, C), q_a_layernorm=(L,), q_b_proj=(H * (N + P), L),
               kv_a_proj_with_mqa=(R + P, C), kv_a_layernorm=(R,),
               kv_b_proj=(H * (N + V), R), o_proj=(C, H * V))
relative_keys = {**dict(linears(*four)), "a.relative_keys": (5, D)}
differ = {**dict(projections(**{name: (C, C) for name in four}, subln=(D,))), **vectors}
talk = {**dict(linears(*four)), "a.mix_scores": (H, H), "a.mix_weights": (H, H)}
luong = {"a.weight": (C, 7), "a.out_proj.weight": (C, 7 + C)}
bahdanau = {**dict(projections(query_proj=(5, C), key_proj=(5, 7))), "a.weight": (5,)}
field = {
    "relative": f"RelativeAttention(C, {H})",
    "clipped": f"ClippedRelativeAttention(C, {H}, 2)",
    "differential": f"DifferentialAttention(C, {H}, depth: 3)",
    "latent": f"LatentAttention(C, {H}, {R}, {L}, {N}, {P}, {V}, base: {ROTARY:.0f})",
    "talking": f"TalkingHeadsAttention(C, {H})",
    "bilinear": "BilinearAttention(C, 7)",
    "additive": "AdditiveAttention(C, 7, 5)",
    "block": f"TransformerXLBlock(C, {H}, hidden: 7)",
}
block_shapes = {
    **{name.replace("a.", "a.attn.", 1): shape for name, shape in projections(**xl)},
    **{"a.attn." + name: shape for name, shape in biases.items()},
    **dict(linears(**{"mlp.up": (7, C), "mlp.down": (C, 7)})),
    **{f"a.norm{i}.{name}": (C,) for i in (1, 2) for name in ("weight", "bias")},
}
relative_shapes = {**dict(projections(**xl)), **{"a." + n: s for n, s in biases.items()}}
cases = {
    "RelativeAttention": ("relative", relative_shapes, "a(x, memory)", relative),
    "ClippedRelativeAttention": ("clipped", relative_keys, "a(x)",
                                 lambda g, x: clipped(g, x, False)),
    "clipped, causal": ("clipped", relative_keys, "a(x, mask: causal)",
                        lambda g, x: clipped(g, x, True)),
    "DifferentialAttention": ("differential", differ, "a(x, mask: causal)",
                              lambda g, x: differential(g, x, 3, True)),
    "differential, full": ("differential", differ, "a(x)",
                           lambda g, x: differential(g, x, 3, False)),
    "LatentAttention": ("latent", dict(projections(**latents)), "a(x, mask: causal, start: 2)",
                        lambda g, x: latent(g, x, 2, True)),
    "absorbed": ("latent", dict(projections(**latents)), "a.absorbed(x, mask: causal, start: 2)",
                 lambda g, x: latent(g, x, 2, True)),
    "TalkingHeadsAttention": ("talking", talk, "a(x, mask: causal)",
                              lambda g, x: talking(g, x, True)),
    "talking, full": ("talking", talk, "a(x)", lambda g, x: talking(g, x, False)),
    "context": ("bilinear", luong, "a.context(x, memory)",
                lambda g, x: bilinear(g, x, False)),
    "BilinearAttention": ("bilinear", luong, "a(x, memory)", lambda g, x: np.tanh(
        linear(g, "out_proj", np.concatenate([bilinear(g, x, False), x], -1)))),
    "AdditiveAttention": ("additive", bahdanau, "a(x, memory)",
                          lambda g, x: additive(g, x, False)),
    "TransformerXLBlock": ("block", block_shapes, "a(x, memory)", block),
}


def make(kind, shapes, value, formula):
    width, size = (7, "7") if kind in ("additive", "bilinear") else (C, "C")
    declared, given = "x: f32[B, T, C]", {"x": (B, T, C), **shapes}
    if "memory" in value:
        declared += f", memory: f32[B, M, {size}]"
        given["memory"] = (B, M, width)
    results = " -> (y: f32[B, T, C], memory: f32[B, M, C])" if kind == "block" else ""
    program = f"""import "std/attention"

model Case(C = {C}) {{
  a: {field[kind]}

  fn forward({declared}){results} = {value}
}}
"""

    def expected(g, dtype):
        result = formula(g, g["x"])
        return result if isinstance(result, dict) else {"out": result}

    # Weights as models have them: sums of C products are of the order of 1.
    inputs = {name: array / np.float32(math.sqrt(C)) if name.startswith("a.") else array
              for name, array in oracle.random(8, **given).items()}
    return program, inputs, expected


for options in ((), ("--opt", "0")):
    oracle.main("attention", {name: make(*case) for name, case in cases.items()}, *options)
# Nothing remembered, more remembered than new, one position.
for T, M in ((5, 0), (1, 6), (1, 0)):
    oracle.main("attention", {f"{name}, T={T}, M={M}": make(*cases[name])
                              for name in ("RelativeAttention", "TransformerXLBlock")})
