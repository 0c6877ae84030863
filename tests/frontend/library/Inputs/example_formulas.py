"""The formulas of the programs of examples/, in NumPy, and the shapes of their
parameters. A formula takes the arrays by name and gives the result, or results
by name."""

import math

import numpy as np
import oracle


def attend(q, k, v, allowed=True, bias=0, scale=None):
    """Softmax over the allowed keys, 0 where there are none; heads repeat."""
    k, v = (np.repeat(x, q.shape[1] // k.shape[1], axis=1) for x in (k, v))
    scale = q.dtype.type(1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    scores = bias((q * scale) @ k.swapaxes(-1, -2)) if callable(bias) else (
        (q * scale) @ k.swapaxes(-1, -2) + bias)
    allowed = np.broadcast_to(allowed, scores.shape)
    top = np.where(allowed, scores, -np.inf).max(-1, keepdims=True, initial=-np.inf)
    weights = np.exp(np.where(allowed, scores, -np.inf) - np.where(np.isinf(top), 0, top))
    total = weights.sum(-1, keepdims=True)
    return np.where(total > 0, weights / np.where(total > 0, total, 1), 0).astype(q.dtype) @ v


def indices(t, s=None):
    return np.ogrid[:t, :t if s is None else s]


def causal(t):
    q, k = indices(t)
    return k <= q


def slopes(h, dtype=np.float64):
    return (2.0 ** (-8 * (np.arange(h) + 1) / h)).astype(dtype)[:, None, None]


def heads(x, n):
    return x.reshape(x.shape[0], x.shape[1], n, -1).swapaxes(1, 2)


def merge(x):
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def linear(g, path, x):
    return x @ g[path + ".weight"].T + g[path + ".bias"]


def norm(g, path, x):
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(1e-5))
    return x * g[path + ".weight"] + g[path + ".bias"]


def gelu(x):
    return (x * (1 + oracle.erf(x / math.sqrt(2)).astype(x.dtype)) / 2).astype(x.dtype)


def relu(x):
    return np.maximum(x, 0)


def feed(g, path, x, act):
    return linear(g, path + "down", act(linear(g, path + "up", x)))


def cross(g, path, x, memory, allowed=True, n=4):
    q = heads(linear(g, path + ".q_proj", x), n)
    k, v = (heads(linear(g, f"{path}.{name}_proj", memory), n) for name in "kv")
    return linear(g, path + ".out_proj", merge(attend(q, k, v, allowed)))


def padding(length, s):
    return (np.arange(s) < length[:, None])[:, None, None]


def wave(t, c, dtype, base=10000.0):
    position, column = np.ogrid[:t, :c]
    angle = position.astype(dtype) * (1 / base ** (2 * (column // 2) / c)).astype(dtype)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle))


def turn(x, start):
    t, d = x.shape[-2:]
    rate = (1 / 10000.0 ** (np.arange(0, d, 2) / d)).astype(x.dtype)
    angle = (np.arange(t) + start)[:, None].astype(x.dtype) * rate
    a, b = x[..., :d // 2], x[..., d // 2:]
    c, s = np.cos(angle), np.sin(angle)
    return np.concatenate([a * c - b * s, b * c + a * s], -1)


def layer(path, c, n):
    return {f"{path}.weight": (n, c), f"{path}.bias": (n,)}


def norms(c, *paths):
    return {f"{path}.{name}": (c,) for path in paths for name in ("weight", "bias")}


def projections(path, c):
    return {name: shape for part in ("q", "k", "v", "out")
            for name, shape in layer(f"{path}.{part}_proj", c, c).items()}


def qkv(b, h, t, d, hkv=None, s=None, dv=None):
    s, hkv = s or t, hkv or h
    return {"q": (b, h, t, d), "k": (b, hkv, s, d), "v": (b, hkv, s, dv or d)}


def plain(*extra, **options):
    """An example that is one attention."""
    return lambda g: attend(g["q"], g["k"], g["v"], *extra, **options)


def attention_model(g, x, paper=False):
    q, k, v = np.split(x @ g["c_attn.weight"] + g["c_attn.bias"], 3, axis=-1)
    y = merge(attend(heads(q, 4), heads(k, 4), heads(v, 4), causal(x.shape[1])))
    return y @ g["c_proj.weight"] + g["c_proj.bias"]


def encoder_block(g):
    x = g["x"]
    y = norm(g, "norm1", x + cross(g, "attn", x, x, padding(g["len"], x.shape[1])))
    return norm(g, "norm2", y + feed(g, "", y, relu))


def decoder_block(g):
    x, memory = g["x"], g["memory"]
    y = norm(g, "norm1", x + cross(g, "attn", x, x, causal(x.shape[1])))
    z = norm(g, "norm2", y + cross(g, "cross", y, memory, padding(g["len"], memory.shape[1])))
    return norm(g, "norm3", z + feed(g, "", z, relu))


def translation(g):
    table, path = g["words.embed.weight"], "words.transformer."
    c = table.shape[1]

    def embed(tokens):
        x = table[tokens] * table.dtype.type(math.sqrt(c))
        return x + wave(tokens.shape[1], c, table.dtype)

    def post(name, x, y):
        return norm(g, path + name, x + y)

    x, y = embed(g["source"]), embed(g["target"])
    seen = padding(g["len"], x.shape[1])
    for i in range(2):
        p = f"encoder.{i}."
        x = post(p + "norm1", x, cross(g, path + p + "attn", x, x, seen))
        x = post(p + "norm2", x, feed(g, path + p + "mlp.", x, relu))
    for i in range(2):
        p = f"decoder.{i}."
        y = post(p + "norm1", y, cross(g, path + p + "attn", y, y, causal(y.shape[1])))
        y = post(p + "norm2", y, cross(g, path + p + "cross", y, x, seen))
        y = post(p + "norm3", y, feed(g, path + p + "mlp.", y, relu))
    return y @ table.T


def translation_shapes(v, c):
    shapes = {"words.embed.weight": (v, c)}
    for side, parts in (("encoder", ("attn",)), ("decoder", ("attn", "cross"))):
        for i in range(2):
            path = f"words.transformer.{side}.{i}."
            for part in parts:
                shapes.update(projections(path + part, c))
            shapes.update(norms(c, *(f"{path}norm{n + 1}" for n in range(len(parts) + 1))))
            shapes.update({**layer(path + "mlp.up", c, 4 * c),
                           **layer(path + "mlp.down", 4 * c, c)})
    return shapes


def relative(g, distances):
    """s + terms[clip(k - q)], a term for each of `distances`."""
    t, n = g["q"].shape[2], distances
    q, k = indices(t)
    place = np.clip(k - q + n // 2, 0, n - 1)
    terms = g["q"] @ g["vectors"].T / g["q"].dtype.type(math.sqrt(g["q"].shape[-1]))
    keyed = np.take_along_axis(terms, np.broadcast_to(place, terms.shape[:2] + place.shape), -1)
    return {"biased": plain(bias=g["bias"][:, place])(g), "keyed": plain(bias=keyed)(g)}


def transformer_xl(g):
    x = g["words.weight"][g["tokens"]]
    kept = np.empty_like(g["memory"])
    for i, memory in enumerate(g["memory"]):
        whole = np.concatenate([memory, x], 1)
        kept[i] = whole[:, x.shape[1]:]
        x = transformer_xl_block(g, f"h.{i}", x, whole)
    return {"logits": x @ g["words.weight"].T, "kept": kept}


def transformer_xl_block(g, path, x, whole):
    c, (t, s) = x.shape[-1], (x.shape[1], whole.shape[1])
    w_q, w_k, w_v = np.split(g[path + ".attn.qkv_net.weight"], 3)
    q, k, v = (heads(y @ w.T, 4) for y, w in ((x, w_q), (whole, w_k), (whole, w_v)))
    rates = (1 / 10000.0 ** (np.arange(0, c, 2) / c)).astype(x.dtype)
    angle = np.arange(s)[:, None].astype(x.dtype) * rates
    r = np.concatenate([np.sin(angle), np.cos(angle)], -1)[None]
    r = heads(r @ g[path + ".attn.r_net.weight"].T, 4)
    terms = (q + g[path + ".attn.r_r_bias"][:, None]) @ r.swapaxes(-1, -2)
    i, j = indices(t, s)
    distance = np.broadcast_to(np.clip(i + s - t - j, 0, s - 1), terms.shape[:2] + (t, s))
    bias = np.take_along_axis(terms, distance, -1) / x.dtype.type(math.sqrt(c // 4))
    y = attend(q + g[path + ".attn.r_w_bias"][:, None], k, v, j <= i + s - t, bias)
    y = norm(g, path + ".norm1", x + merge(y) @ g[path + ".attn.o_net.weight"].T)
    return norm(g, path + ".norm2", y + feed(g, path + ".mlp.", y, relu))


def transformer_xl_shapes(v, c, layers):
    shapes = {"words.weight": (v, c)}
    for path in (f"h.{i}" for i in range(layers)):
        shapes.update({f"{path}.attn.{name}_net.weight": (n * c, c)
                       for name, n in (("qkv", 3), ("r", 1), ("o", 1))})
        shapes.update({f"{path}.attn.r_{name}_bias": (4, c // 4) for name in "wr"})
        shapes.update({**norms(c, path + ".norm1", path + ".norm2"),
                       **layer(path + ".mlp.up", c, 4 * c),
                       **layer(path + ".mlp.down", 4 * c, c)})
    return shapes


def big_bird(g):
    q, k = indices(g["q"].shape[2])
    q, k = q // 16, k // 16
    blocks = -(-g["q"].shape[2] // 16)
    drawn = (q * 7919 + k * 104729 + int(g["seed"]) * 1299709 + 12345) ** 2
    drawn = drawn % 1000003 * blocks < 3 * 1000003
    return plain((abs(q - k) <= 1) | (q < 1) | (k < 1) | drawn)(g)


def fusion(g):
    b, n, p = g["passages"].shape
    table = g["words.weight"]
    x = table[g["passages"].reshape(b * n, p)]
    y = norm(g, "encoder.norm1", x)
    x = x + cross(g, "encoder.attn", y, y, padding(g["len"].reshape(-1), p))
    x = x + feed(g, "encoder.mlp.", norm(g, "encoder.norm2", x), gelu)
    memory = x.reshape(b, n * p, -1)
    found = (np.arange(p) < g["len"][..., None]).reshape(b, 1, 1, n * p)
    x = table[g["answer"]]
    y = norm(g, "decoder.norm1", x)
    x = x + cross(g, "decoder.attn", y, y, causal(x.shape[1]))
    x = x + cross(g, "decoder.cross", norm(g, "decoder.norm2", x), memory, found)
    x = x + feed(g, "decoder.mlp.", norm(g, "decoder.norm3", x), gelu)
    return x @ table.T


def fusion_shapes(v, c):
    shapes = {"words.weight": (v, c)}
    for side, parts in (("encoder", ("attn",)), ("decoder", ("attn", "cross"))):
        for part in parts:
            shapes.update(projections(f"{side}.{part}", c))
        shapes.update(norms(c, *(f"{side}.norm{i + 1}" for i in range(len(parts) + 1))))
        shapes.update({**layer(f"{side}.mlp.up", c, 4 * c),
                       **layer(f"{side}.mlp.down", 4 * c, c)})
    return shapes


def vision(g):
    image, p = g["image"], 4
    rows, columns = image.shape[2] // p, image.shape[3] // p
    patches = np.stack([image[:, :, y * p:y * p + p, x * p:x * p + p].reshape(len(image), -1)
                        for y in range(rows) for x in range(columns)], axis=1)
    memory = linear(g, "patch", patches) + g["place.weight"][:rows * columns]
    seen = cross(g, "attn", norm(g, "norm", g["text"]), memory)
    return g["text"] + np.tanh(g["gate"]) * seen


def fourier(x):
    """The real part of the transform; in f32 by products, as one would without."""
    if x.dtype == np.float64:
        return np.fft.fft(np.fft.fft(x, axis=-1), axis=-2).real
    rows, columns = (np.outer(np.arange(n), np.arange(n)) % n * x.dtype.type(2 * math.pi / n)
                     for n in x.shape[1:])
    rows, columns = rows.astype(x.dtype), columns.astype(x.dtype)
    return np.cos(rows) @ x @ np.cos(columns) - np.sin(rows) @ x @ np.sin(columns)


def fnet(g):
    y = norm(g, "norm1", g["x"] + fourier(g["x"]))
    return norm(g, "norm2", y + feed(g, "mlp.", y, gelu))


def grouped(g):
    q, k = indices(g["q"].shape[2])
    allowed = (k <= q) & (q - k < 256) & padding(g["len"], g["q"].shape[2])
    return plain(allowed, bias=-(slopes(g["q"].shape[1]) * (q - k)).astype(g["q"].dtype))(g)


def multi_head(g):
    n = len(g["slopes"])
    q, k, v = (heads(y, n) for y in np.split(g["x"] @ g["w_qkv"] + g["b_qkv"], 3, axis=-1))
    i, j = indices(g["x"].shape[1])
    bias = -g["slopes"][:, None, None] * (i - j).astype(g["x"].dtype)
    return merge(attend(q, k, v, j <= i, bias)) @ g["w_out"] + g["b_out"]


def norm_and_gate(g):
    x = g["x"]
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred ** 2).mean(-1, keepdims=True) + x.dtype.type(1e-5))
    normed = centred / deviation * g["weight"] + g["bias"]
    size = np.sqrt((x ** 2).mean(-1, keepdims=True) + x.dtype.type(1e-6))
    return {"normed": normed, "gated": normed / (1 + np.exp(-x / size * g["weight"]))}


def differential(g):
    mask = causal(g["v"].shape[2])
    first, second = (attend(g[f"q{i}"], g[f"k{i}"], g["v"], mask) for i in (1, 2))
    return first - g["lambda"] * second


def sinusoidal(g):
    x = g["x"]
    w = wave(x.shape[1], x.shape[2], x.dtype)
    return {"moved": x + w, "scores": w @ w.T / x.dtype.type(x.shape[2])}


def elu1(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def linear_attention(g):
    weights = np.tril(elu1(g["q"]) @ elu1(g["k"]).swapaxes(-1, -2))
    result = weights @ g["v"] / weights.sum(-1, keepdims=True)
    return {"formula": result, "sums": result}


def rms(x, eps=1e-6):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(eps))


def silu(x):
    return x / (1 + np.exp(-x))


def turn_pairs(x):
    t, d = x.shape[-2:]
    angle = np.arange(t)[:, None] / 10000.0 ** (np.arange(0, d, 2) / d)
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)
    return np.stack([turned.real, turned.imag], -1).reshape(x.shape).astype(x.dtype)


def retnet(layers, n):
    def run(g):
        x = g["x"]
        for i in range(layers):
            path = f"h.{i}."

            def project(name, y):
                return y @ g[f"{path}{name}.weight"].T

            y = rms(x) * g[path + "mix_norm.weight"]
            q, k, v = (heads(project(f"mix.{name}_proj", y), n) for name in "qkv")
            t, d = q.shape[-2:]
            i_, j_ = indices(t)
            fade = (1 - 2.0 ** (-5 - np.arange(n)))[:, None, None]
            decay = np.where(j_ <= i_, fade ** np.maximum(i_ - j_, 0), 0).astype(x.dtype)
            weights = turn_pairs(q) @ turn_pairs(k).swapaxes(-1, -2) * decay
            kept = rms(weights @ v / x.dtype.type(math.sqrt(d)))
            x = x + project("mix.out_proj", silu(project("mix.g_proj", y)) * merge(kept))
            y = rms(x) * g[path + "mlp_norm.weight"]
            x = x + project("mlp.down", silu(project("mlp.gate", y)) * project("mlp.up", y))
        return rms(x) * g["norm.weight"]

    return run


def retnet_shapes(layers, c):
    shapes = {"norm.weight": (c,)}
    for i in range(layers):
        path = f"h.{i}."
        shapes.update({path + "mix_norm.weight": (c,), path + "mlp_norm.weight": (c,)})
        shapes.update({f"{path}mix.{name}_proj.weight": (c, c) for name in ("q", "k", "v", "g", "out")})
        shapes.update({f"{path}mlp.{name}.weight": (2 * c, c) for name in ("gate", "up")})
        shapes[path + "mlp.down.weight"] = (c, 2 * c)
    return shapes


def sink(window):
    def run(g):
        t = g["q"].shape[2]
        q, k = indices(t)
        # One more key, whose value is 0, with the sink as its score.
        bias = np.broadcast_to(g["sink"][:, None, None], (*g["q"].shape[:3], 1))

        def scores(s):
            return np.concatenate([s, bias], axis=-1)

        allowed = np.concatenate([(k <= q) & (q - k < window), np.ones((t, 1), bool)], axis=-1)
        v = np.concatenate([g["v"], np.zeros_like(g["v"][:, :, :1])], axis=2)
        return attend_to(g["q"], g["k"], v, allowed, scores)
    return run


def attend_to(q, k, v, allowed, scores):
    """`attend` where there are more values than keys."""
    k, v = (np.repeat(x, q.shape[1] // k.shape[1], axis=1) for x in (k, v))
    s = scores(q / q.dtype.type(math.sqrt(q.shape[-1])) @ k.swapaxes(-1, -2))
    s = np.where(allowed, s, -np.inf)
    e = np.exp(s - s.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype(q.dtype) @ v


def merged(g):
    t, s = g["q"].shape[2], g["prompt_k"].shape[2]
    k, v = (np.concatenate([g["prompt_" + name], g[name]], axis=2) for name in "kv")
    return attend(g["q"], k, v, np.concatenate([np.ones((t, s), bool), causal(t)], axis=1))


def sigmoids(g):
    q = g["q"]
    t, d = q.shape[2:]
    s = q @ g["k"].swapaxes(-1, -2) / q.dtype.type(math.sqrt(d)) - q.dtype.type(math.log(t))
    return np.where(causal(t), 1 / (1 + np.exp(-s)), 0).astype(q.dtype) @ g["v"]


def additive(g):
    """w tanh(U x[i] + W m[j]) over the words that there are."""
    pairs = (g["x"] @ g["u"])[:, :, None] + (g["memory"] @ g["w"])[:, None]
    scores = (np.tanh(pairs) * g["energy"]).sum(-1)
    allowed = padding(g["len"], scores.shape[-1])[:, 0]
    e = np.where(allowed, np.exp(scores), 0).astype(scores.dtype)
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total) @ g["memory"]
