"""Masks and score rules put together at random, and worked out by brute force.

What blocks of keys a mask leaves empty, full or partial is decided from its formula; a
wrong decision shows as a wrong result. Each seed makes a program of several attentions
over shapes that no block divides.
"""

import random

import numpy as np
from harness import compare, softmax_parts, weigh
from harness import run as run_program

SEEDS = range(12)
COMPARISONS = {"==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal,
               ">": np.greater, ">=": np.greater_equal}
FUNCTIONS = {"tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "sin": np.sin,
             "exp": lambda x: np.exp(-np.abs(x)), "log": lambda x: np.log(1 + np.abs(x))}
SPELLINGS = {"exp": "exp(-abs({}))", "log": "log(1 + abs({}))"}


class Maker:
    """Every maker gives the text of a formula and its value for all indices; that of
    a float is a function of the type that it is worked out in."""

    def __init__(self, seed, sizes):
        self.random, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.sizes, self.inputs, self.types = sizes, {}, {}
        self.index = dict(zip("bhqk", np.ogrid[tuple(slice(sizes[d]) for d in ("B", "H", "T", "S"))]))

    def array(self, kind, dims, *index):
        """An element of a new input at the positions `index`."""
        name = f"a{len(self.inputs)}"
        shape = [self.sizes.get(d, d) for d in dims]
        make = {"bool": lambda: self.numbers.random(shape) < 0.5,
                "i32": lambda: np.sort(self.numbers.integers(-2, max(shape) + 3, shape) // 9, -1).astype(np.int32),
                "f32": lambda: self.numbers.standard_normal(shape)}
        self.inputs[name] = make[kind]()
        self.types[name] = f"{kind}[{', '.join(map(str, dims))}]"
        places = np.broadcast_arrays(*(np.clip(value, 0, size - 1) for (_, value), size in zip(index, shape)))
        return f"{name}[{', '.join(text for text, _ in index)}]", name, tuple(places)

    def at(self, letter):
        return letter, self.index[letter]

    def integer(self, depth):
        pick, choice = self.random.random(), self.random.choice
        if depth == 0 or pick < 0.3:
            return self.at(choice("qqqkkkhb"))
        (a, x), (c, y), n = self.integer(depth - 1), self.integer(depth - 1), choice((2, 3, 7, 16, 48, 64, 100))
        if pick < 0.6:
            return (f"({a} - {c})", x - y) if pick < 0.45 else (f"({a} + {c})", x + y)
        if pick < 0.68:
            return f"({a} div {n})", x // n
        if pick < 0.76:
            return f"({a} % {n})", x % n
        if pick < 0.84:
            return f"abs({a})", abs(x)
        if pick < 0.9:
            return f"min({a}, {c})", np.minimum(x, y)
        if pick < 0.94:
            return f"{a} div {c}", np.where(y == 0, 0, x // np.where(y == 0, 1, y))
        text, name, places = self.array("i32", ("B", "S"), self.at("b"), self.at("k"))
        return text, self.inputs[name][places].astype(np.int64)

    def comparison(self):
        pick, choice, (q, k) = self.random.random(), self.random.choice, (self.index["q"], self.index["k"])
        n = choice((1, 2, 7, 16, 31, 64, 65, 100, 129))
        if pick < 0.2:
            return "k <= q + (Tk - Tq)", k <= q + (self.sizes["S"] - self.sizes["T"])
        if pick < 0.3:
            return f"-{n} < q - k < {n}", (-n < q - k) & (q - k < n)
        if pick < 0.4:
            return f"k < {n}", k < n
        if pick < 0.5:
            text, name, places = self.array("i32", ("B",), self.at("b"))
            return f"9 * {text} > k", 9 * self.inputs[name][places] > k
        if pick < 0.6:
            q_text, q_name, q_places = self.array("i32", ("B", "T"), self.at("b"), self.at("q"))
            k_text, k_name, k_places = self.array("i32", ("B", "S"), self.at("b"), self.at("k"))
            return f"{q_text} == {k_text}", self.inputs[q_name][q_places] == self.inputs[k_name][k_places]
        if pick < 0.7:
            return f"k div {n} <= q div {n}", k // n <= q // n
        if pick < 0.75:
            text, name, places = self.array("bool", ("T", "S"), self.at("q"), self.at("k"))
            return text, self.inputs[name][places]
        (a, x), (c, y), sign = self.integer(2), self.integer(2), choice(list(COMPARISONS))
        return f"{a} {sign} {c}", COMPARISONS[sign](x, y)

    def mask(self, depth):
        pick = self.random.random()
        if depth == 0 or pick < 0.2:
            return self.comparison()
        (a, x), (c, y) = self.mask(depth - 1), self.mask(depth - 1)
        if pick < 0.3:
            return f"not ({a})", ~x
        if pick < 0.6:
            return f"({a}) and ({c})", x & y
        if pick < 0.9:
            return f"({a}) or ({c})", x | y
        b, z = self.comparison()
        return f"if {b} {{ {a} }} else {{ {c} }}", np.where(z, x, y)

    def float(self, depth):
        pick, choice = self.random.random(), self.random.choice
        if depth == 0 or pick < 0.4:
            kind = choice(range(4))
            if kind == 0:
                text, value = self.integer(1)
                return f"f32({text}) / 64", lambda dtype: value.astype(dtype) / dtype(64)
            text, name, places = (
                self.array("f32", ("H", 37), self.at("h"), self.integer(2)) if kind == 1 else
                self.array("f32", ("H", "T", "S"), self.at("h"), self.at("q"), self.at("k")) if kind == 2 else
                self.array("f32", ("S", "H"), self.at("k"), self.at("h")))
            return text, lambda dtype: self.given[name].astype(dtype)[places]
        a, f = self.float(depth - 1)
        if pick < 0.6:
            c, g = self.float(depth - 1)
            return f"({a} * {c})", lambda dtype: f(dtype) * g(dtype)
        if pick < 0.75:
            m, chosen = self.mask(1)
            return f"(if {m} {{ {a} }} else {{ 1 }})", lambda dtype: np.where(chosen, f(dtype), dtype(1))
        name = choice(list(FUNCTIONS))
        return SPELLINGS.get(name, name + "({})").format(a), lambda dtype: FUNCTIONS[name](f(dtype))


def run(seed):
    pick = random.Random(seed)
    groups = pick.choice((1, 2))
    sizes = {"B": 2, "H": groups * pick.choice((1, 3)), "T": pick.choice((1, 5, 73, 150)),
             "S": pick.choice((1, 64, 150, 301))}
    maker, rules, calls, formulas = Maker(seed, sizes), [], [], []
    for number in range(4):
        before = set(maker.inputs)
        mask, allowed = maker.mask(pick.choice((1, 2, 3)))
        text, term = maker.float(2)
        used = [name for name in maker.inputs if name not in before]
        types = ", ".join(f"{name}: {maker.types[name]}" for name in used)
        head, call = (f"({types})", f"({', '.join(used)})") if used else ("", "")
        rules += [f"mask m{number}{head}(b, h, q, k) = {mask}",
                  f"score s{number}{head}(s, b, h, q, k) = s + {text}"]
        calls.append(f"attention(q, k, v, mask: m{number}{call}, score: s{number}{call})")
        formulas.append((allowed, term))
    inputs = ["q: f32[B, H, T, D]", "k: f32[B, G, S, D]", "v: f32[B, G, S, E]"]
    inputs += [f"{name}: {kind}" for name, kind in maker.types.items()]
    program = "\n".join(rules) + f"\nfn f({', '.join(inputs)}) =\n  ({', '.join(calls)})\n"

    def formula(given, dtype):
        maker.given = given
        k, v = (np.repeat(given[x], sizes["H"] // groups, axis=1) for x in "kv")
        s = given["q"] @ k.swapaxes(-1, -2) / dtype(np.sqrt(given["q"].shape[-1]))
        results = {}
        for number, (allowed, term) in enumerate(formulas):
            scores = np.where(allowed, s + term(dtype), dtype(-np.inf)).astype(dtype)
            results[f"out{number}"] = weigh(softmax_parts(scores)[0], v)
        return results

    width = maker.numbers.standard_normal
    arrays = {"q": width((2, sizes["H"], sizes["T"], 24)), "k": width((2, groups, sizes["S"], 24)),
              "v": width((2, groups, sizes["S"], 9)), **maker.inputs}
    stored = {name: x.astype(np.float32) if x.dtype.kind == "f" else x for name, x in arrays.items()}
    with np.errstate(all="ignore"):
        exact, single = (formula({name: x.astype(dtype) if x.dtype.kind == "f" else x for name, x in stored.items()},
                                 dtype) for dtype in (np.float64, np.float32))
    compare(f"seed {seed}", run_program(program, stored), exact, single, {}, sizes["S"])
    print(f"seed {seed}: ok")


for seed in SEEDS:
    run(seed)
