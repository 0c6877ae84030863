"""Every layer of the library by itself, with weights by their paths."""

import numpy as np
import oracle

B, T, S, C, HEADS = 2, 5, 7, 24, 4
HIDDEN = 20


def linear(g, path, x):
    y = x @ g[path + ".weight"].T
    return y + g[path + ".bias"] if path + ".bias" in g else y


def gelu(x):
    return (x * (1 + oracle.erf(x / np.sqrt(2)).astype(x.dtype)) / 2).astype(x.dtype)


def silu(x):
    return x / (1 + np.exp(-x))


def layer_norm(g, path, x):
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + x.dtype.type(1e-5))
    return centred / scale * g[path + ".weight"] + g[path + ".bias"]


def attend(q, k, v, heads, groups, causal=False, length=None):
    def split(x, n):
        return x.reshape(B, x.shape[1], n, -1).transpose(0, 2, 1, 3)

    q = split(q, heads)
    k, v = (np.repeat(split(x, groups), heads // groups, axis=1) for x in (k, v))
    scores = q @ k.swapaxes(-1, -2) / x_type(q, np.sqrt(q.shape[-1]))
    if causal:
        allowed = np.tril(np.ones(scores.shape[-2:], bool))
        scores = np.where(allowed, scores, -np.inf)
    weights = oracle.softmax(scores)
    if length is not None:
        allowed = (np.arange(k.shape[2]) < length[:, None])[:, None, None]
        weights = np.where(allowed, weights, 0)
        total = weights.sum(axis=-1, keepdims=True)
        weights = weights / np.where(total > 0, total, 1)
    y = weights @ v
    return y.transpose(0, 2, 1, 3).reshape(B, q.shape[2], -1)


def x_type(like, value):
    return like.dtype.type(value)


def multi_head(g, path, x, memory, groups, causal=False, heads=HEADS, length=None):
    q, k, v = (linear(g, f"{path}.{n}_proj", y)
               for n, y in (("q", x), ("k", memory), ("v", memory)))
    return linear(g, path + ".out_proj", attend(q, k, v, heads, groups, causal, length))


def rope(x, heads, start, base):
    """LLaMA's, on [B, T, C] with the heads side by side."""
    width = x.shape[-1] // heads
    rate = 1.0 / base ** (np.arange(0, width, 2) / width)
    angle = (np.arange(start, start + x.shape[1])[:, None] * rate).astype(x.dtype)
    y = x.reshape(B, x.shape[1], heads, width)
    a, b = y[..., :width // 2], y[..., width // 2:]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1).reshape(x.shape)


def rotary(g, path, x):
    q, k, v = (linear(g, f"{path}.{name}_proj", x) for name in "qkv")
    y = attend(rope(q, HEADS, 3, 500.0), rope(k, 2, 3, 500.0), v, HEADS, 2, True)
    return linear(g, path + ".o_proj", y)


def llama_mlp(g, path, x):
    gate = silu(linear(g, path + ".gate_proj", x))
    return linear(g, path + ".down_proj", gate * linear(g, path + ".up_proj", x))


def llama(g, x):
    y = x + rotary(g, "a.self_attn", rms(g, "a.input_layernorm", x))
    return y + llama_mlp(g, "a.mlp", rms(g, "a.post_attention_layernorm", y))


def encoder(g, path, x):
    y = layer_norm(g, path + ".norm1", x + multi_head(g, path + ".attn", x, x, HEADS))
    return layer_norm(g, path + ".norm2", y + relu_mlp(g, path + ".mlp", y))


def decoder(g, path, x, memory):
    y = layer_norm(g, path + ".norm1", x + multi_head(g, path + ".attn", x, x, HEADS, True))
    z = layer_norm(g, path + ".norm2", y + multi_head(g, path + ".cross", y, memory, HEADS))
    return layer_norm(g, path + ".norm3", z + relu_mlp(g, path + ".mlp", z))


def pre_norm_decoder(g, path, x, memory):
    n = layer_norm(g, path + ".norm1", x)
    y = x + multi_head(g, path + ".attn", n, n, HEADS, True)
    n = layer_norm(g, path + ".norm2", y)
    z = y + multi_head(g, path + ".cross", n, memory, HEADS)
    return z + mlp(g, path + ".mlp", layer_norm(g, path + ".norm3", z))


def transformer(g, path, x, memory):
    for i in range(2):
        memory = encoder(g, f"{path}.encoder.{i}", memory)
    for i in range(2):
        x = decoder(g, f"{path}.decoder.{i}", x, memory)
    return x


def translate(g, source, target):
    def embed(tokens):
        x = g["a.embed.weight"][tokens]
        position, column = np.ogrid[:tokens.shape[1], :C]
        angle = position / 10000.0 ** (2 * (column // 2) / C)
        wave = np.where(column % 2 == 0, np.sin(angle), np.cos(angle)).astype(x.dtype)
        return x * x_type(x, np.sqrt(C)) + wave

    y = transformer(g, "a.transformer", embed(target), embed(source))
    return y @ g["a.embed.weight"].T


def fused(g, x, groups=HEADS):
    narrow = C // HEADS * groups
    q, k, v = np.split(linear(g, "a.qkv_proj", x), [C, C + narrow], axis=-1)
    return linear(g, "a.out_proj", attend(q, k, v, HEADS, groups, True))


def relu_mlp(g, path, x):
    return linear(g, path + ".down", np.maximum(linear(g, path + ".up", x), 0))


def mlp(g, path, x):
    return linear(g, path + ".down", gelu(linear(g, path + ".up", x)))


def pre_norm(g, path, x):
    n = layer_norm(g, path + ".norm1", x)
    y = x + multi_head(g, path + ".attn", n, n, HEADS, True)
    return y + mlp(g, path + ".mlp", layer_norm(g, path + ".norm2", y))


def shapes(kind, path="a"):
    """The parameters of a layer with C channels."""
    def linears(**sizes):
        for name, (n, c) in sizes.items():
            yield f"{path}.{name}.weight", (n, c)
            yield f"{path}.{name}.bias", (n,)

    def glu():
        for name in ("gate", "up"):
            yield f"{path}.{name}.weight", (HIDDEN, C)
        yield f"{path}.down.weight", (C, HIDDEN)

    def heads(groups, count=HEADS):
        narrow = (C // count * groups, C)
        return linears(q_proj=(C, C), k_proj=narrow, v_proj=narrow, out_proj=(C, C))

    def block(norms=2, attentions=("attn",)):
        for norm in range(norms):
            yield from shapes("norm", f"{path}.norm{norm + 1}").items()
        for attention in attentions:
            yield from shapes("heads", f"{path}.{attention}").items()
        yield from shapes("mlp", path + ".mlp").items()

    def rotary_block():
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{path}.{norm}.weight", (C,)
        for name, n in {"q": C, "k": C // 2, "v": C // 2, "o": C}.items():
            yield f"{path}.self_attn.{name}_proj.weight", (n, C)
        for name, size in {"gate": (HIDDEN, C), "up": (HIDDEN, C), "down": (C, HIDDEN)}.items():
            yield f"{path}.mlp.{name}_proj.weight", size

    def both_sides():
        for i in range(2):
            yield from shapes("block", f"{path}.encoder.{i}").items()
            yield from shapes("decoder", f"{path}.decoder.{i}").items()

    def words():
        yield f"{path}.embed.weight", (9, C)
        yield from shapes("transformer", path + ".transformer").items()

    def list_of_blocks():
        for i in range(2):
            yield from shapes("block", f"h.{i}").items()

    def part_of(layer, name):
        """The shapes of a sub-layer, as a layer by itself."""
        for whole, shape in layer():
            if whole.startswith(f"{path}.{name}."):
                yield whole.replace(f".{name}.", ".", 1), shape

    return dict({
        "linear": lambda: {f"{path}.weight": (HIDDEN, C), f"{path}.bias": (HIDDEN,)}.items(),
        "projection": lambda: {f"{path}.weight": (HIDDEN, C)}.items(),
        "norm": lambda: {f"{path}.weight": (C,), f"{path}.bias": (C,)}.items(),
        "rms": lambda: {f"{path}.weight": (C,)}.items(),
        "mlp": lambda: linears(up=(HIDDEN, C), down=(C, HIDDEN)),
        "glu": glu,
        "heads": lambda: heads(HEADS),
        "grouped": lambda: heads(2),
        "single": lambda: heads(1),
        "thirds": lambda: heads(2, 6),
        "eighths": lambda: heads(1, 8),
        "fused": lambda: linears(qkv_proj=(3 * C, C), out_proj=(C, C)),
        "narrow": lambda: linears(qkv_proj=(C + C // 2, C), out_proj=(C, C)),
        "block": block,
        "decoder": lambda: block(3, ("attn", "cross")),
        "transformer": both_sides,
        "words": words,
        "llama": rotary_block,
        "rotary": lambda: part_of(rotary_block, "self_attn"),
        "llama_mlp": lambda: part_of(rotary_block, "mlp"),
        "list": list_of_blocks,
        "table": lambda: {f"{path}.weight": (9, C)}.items(),
        "none": lambda: (),
    }[kind]())


def rms(g, path, x):
    scale = np.sqrt((x * x).mean(axis=-1, keepdims=True) + x.dtype.type(1e-6))
    return x / scale * g[path + ".weight"]


def gelu_tanh(x):
    inner = x_type(x, np.sqrt(2 / np.pi)) * (x + x_type(x, 0.044715) * x ** 3)
    return x * (1 + np.tanh(inner)) / 2


mask = 'import "std/masks"\n'
cases = {
    "Linear": ("", "linear", "a: Linear(C, 20)", "a(x)", lambda g, x: linear(g, "a", x)),
    "Projection": ("", "projection", "a: Projection(C, 20)", "a(x)",
                   lambda g, x: linear(g, "a", x)),
    "LayerNorm": ("", "norm", "a: LayerNorm(C)", "a(x)", lambda g, x: layer_norm(g, "a", x)),
    "RMSNorm": ("", "rms", "a: RMSNorm(C)", "a(x)",
                lambda g, x: rms(g, "a", x)),
    "relu": ("", "none", "", "relu(x)", lambda g, x: np.maximum(x, 0)),
    "gelu": ("", "none", "", "gelu(x)", lambda g, x: gelu(x)),
    "gelu_tanh": ("", "none", "", "gelu_tanh(x)", lambda g, x: gelu_tanh(x)),
    "silu": ("", "none", "", "silu(x)", lambda g, x: silu(x)),
    "FeedForward": ("", "mlp", "a: FeedForward(C, hidden: 20)", "a(x)",
                    lambda g, x: mlp(g, "a", x)),
    "ReluFeedForward": ("", "mlp", "a: ReluFeedForward(C, hidden: 20)", "a(x)",
                        lambda g, x: relu_mlp(g, "a", x)),
    "SwiGLU": ("", "glu", "a: SwiGLU(C, 20)", "a(x)", lambda g, x: linear(
        g, "a.down", silu(linear(g, "a.gate", x)) * linear(g, "a.up", x))),
    "GeGLU": ("", "glu", "a: GeGLU(C, 20)", "a(x)", lambda g, x: linear(
        g, "a.down", gelu(linear(g, "a.gate", x)) * linear(g, "a.up", x))),
    "MultiHeadAttention": ("", "heads", "a: MultiHeadAttention(C, 4)", "a(x)",
                           lambda g, x: multi_head(g, "a", x, x, HEADS)),
    "causal": (mask, "grouped", "a: MultiHeadAttention(C, 4, G: 2)", "a(x, mask: causal)",
               lambda g, x: multi_head(g, "a", x, x, 2, True)),
    "cross": ("", "single", "a: MultiHeadAttention(C, 4, G: 1)", "a.cross(x, memory)",
              lambda g, x: multi_head(g, "a", x, g["memory"], 1)),
    "ratio 3": (mask, "thirds", "a: MultiHeadAttention(C, 6, G: 2)", "a(x, mask: causal)",
                lambda g, x: multi_head(g, "a", x, x, 2, True, 6)),
    "ratio 8": (mask, "eighths", "a: MultiHeadAttention(C, 8, G: 1)", "a.cross(x, memory)",
                lambda g, x: multi_head(g, "a", x, g["memory"], 1, heads=8)),
    "padding": (mask, "grouped", "a: MultiHeadAttention(C, 4, G: 2)",
                "a.cross(x, memory, mask: padding(len))",
                lambda g, x: multi_head(g, "a", x, g["memory"], 2, length=g["len"])),
    "FusedMultiHeadAttention": (mask, "fused", "a: FusedMultiHeadAttention(C, 4)",
                                "a(x, mask: causal)", fused),
    "grouped and fused": (mask, "narrow", "a: FusedMultiHeadAttention(C, 4, G: 1)",
                          "a(x, mask: causal)", lambda g, x: fused(g, x, 1)),
    "PreNormBlock": (mask, "block", "a: PreNormBlock(C, 4, hidden: 20)", "a(x, mask: causal)",
                     lambda g, x: pre_norm(g, "a", x)),
    "PostNormBlock": ("", "block", "a: PostNormBlock(C, 4, hidden: 20)", "a(x)", lambda g, x: encoder(g, "a", x)),
    "DecoderBlock": (mask, "decoder", "a: DecoderBlock(C, 4, hidden: 20)",
                     "a(x, memory, mask: causal)", lambda g, x: decoder(g, "a", x, g["memory"])),
    "Transformer": (mask, "transformer", "a: Transformer(C, 4, layers: 2, hidden: 20)",
                    "a(memory, x, mask: causal)",
                    lambda g, x: transformer(g, "a", x, g["memory"])),
    "PreNormDecoderBlock": (mask, "decoder", "a: PreNormDecoderBlock(C, 4, hidden: 20)",
                            "a(x, memory, mask: causal)",
                            lambda g, x: pre_norm_decoder(g, "a", x, g["memory"])),
    "EncoderDecoder": (mask, "words", "a: EncoderDecoder(9, C, 4, layers: 2, hidden: 20)",
                       "a(words, tokens, mask: causal)",
                       lambda g, x: translate(g, g["words"], g["tokens"])),
    "LlamaBlock": (mask, "llama", "a: LlamaBlock(C, H: 4, G: 2, hidden: 20, base: 500)",
                   "a(x, mask: causal, start: 3)", llama),
    "RotaryAttention": (mask, "rotary", "a: RotaryAttention(C, 4, G: 2, base: 500)",
                        "a(x, mask: causal, start: 3)", lambda g, x: rotary(g, "a", x)),
    "LlamaMLP": ("", "llama_mlp", "a: LlamaMLP(C, 20)", "a(x)",
                 lambda g, x: llama_mlp(g, "a", x)),
    "list": (mask, "list", "h: repeat 2 PreNormBlock(C, 4, hidden: 20)", "h(x, mask: causal)",
             lambda g, x: pre_norm(g, "h.1", pre_norm(g, "h.0", x))),
    "Embedding": ("", "table", "a: Embedding(9, C)", "a.scores(x + a(tokens))",
                  lambda g, x: (x + g["a.weight"][g["tokens"]]) @ g["a.weight"].T),
}


def make(imports, kind, field, value, formula):
    params = {"x": "f32[B, T, C]"}
    given = {"x": (B, T, C)}
    given.update(shapes(kind))
    if "memory" in value:
        params["memory"] = "f32[B, S, C]"
        given["memory"] = (B, S, C)
    inputs = oracle.random(4, **given)
    if "tokens" in value:
        params["tokens"] = "i64[B, T]"
        inputs["tokens"] = np.arange(B * T).reshape(B, T) % 9
    if "len" in value:
        params["len"] = "i32[B]"
        inputs["len"] = np.array([0, S], np.int32)
    if "words" in value:
        params["words"] = "i64[B, S]"
        inputs["words"] = np.arange(B * S).reshape(B, S) * 5 % 9
    declared = ", ".join(f"{name}: {type}" for name, type in params.items())
    program = f"""import "std/blocks"
{imports}
model Case(C = {C}) {{
  {field}
  fn forward({declared}) = {value}
}}
"""
    return program, inputs, lambda g, dtype: {"out": formula(g, g["x"])}


oracle.main("layers", {name: make(*case) for name, case in cases.items()})
# One position, more than a vector of them, memories of another length.
some = ("causal", "ratio 3", "ratio 8", "padding", "DecoderBlock", "EncoderDecoder", "LlamaBlock")
for T, S in ((1, 7), (37, 1), (19, 41)):
    oracle.main("layers", {f"{name}, T={T}, S={S}": make(*cases[name]) for name in some})
