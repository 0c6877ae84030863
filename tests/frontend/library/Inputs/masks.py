"""Every mask of the library as a tensor of 0 and 1."""

import numpy as np
import oracle


def last(q, k, i):
    """Whether k is q or one of its ancestors, by going up from q."""
    allowed = np.zeros((2, 7, 11), bool)
    for b, parents in enumerate(i["parents"]):
        for node in range(7):
            at = node
            while at >= 0:
                allowed[b, node, at] = True
                at = parents[at]
    return allowed


def near(i, j, r, size):
    """The r positions to either side of i in a row of `size`, moved inside."""
    first = np.clip(i - r, 0, max(size - 2 * r - 1, 0))
    return (first <= j) & (j < first + 2 * r + 1)


def chosen(q, k, size, n, seed):
    number = (q // size * 7919 + k // size * 104729 + seed * 1299709 + 12345) ** 2
    return number % 1000003 * -(-11 // size) < n * 1000003


masks = {
    "causal": ("causal", lambda b, q, k, i: k <= q),
    "causal_end": ("causal_end", lambda b, q, k, i: k <= q + (11 - 7)),
    "padding": ("padding(len)", lambda b, q, k, i: k < i["len"][b]),
    "window": ("window(3)", lambda b, q, k, i: q - k < 3),
    "local": ("local(2)", lambda b, q, k, i: abs(q - k) <= 2),
    "dilated": ("dilated(2, 3)", lambda b, q, k, i: (abs(q - k) <= 6) & ((q - k) % 3 == 0)),
    "global_tokens": ("global_tokens(2)", lambda b, q, k, i: (q < 2) | (k < 2)),
    "global_at": ("global_at(marked)", lambda b, q, k, i: i["marked"][b, q] | i["marked"][b, k]),
    "streaming": ("streaming(3, 2)", lambda b, q, k, i: (k <= q) & ((q - k < 3) | (k < 2))),
    "fixed_chunks": ("fixed_chunks(4, 1)", lambda b, q, k, i: (k // 4 == q // 4) | (k % 4 == 3)),
    "sinks": ("causal and (window(2) or sinks(1))",
              lambda b, q, k, i: (k <= q) & ((q - k < 2) | (k < 1))),
    "prefix_lm": ("prefix_lm(4)", lambda b, q, k, i: (k <= q) | (k < 4)),
    "prefixes": ("prefixes(len)", lambda b, q, k, i: (k <= q) | (k < i["len"][b])),
    "documents": ("documents(doc)",
                  lambda b, q, k, i: i["doc"][b, q] == i["doc"][b, np.minimum(k, 10)]),
    "block_causal": ("block_causal(3)", lambda b, q, k, i: k // 3 <= q // 3),
    "chunked": ("chunked(3)", lambda b, q, k, i: k // 3 == q // 3),
    "strided": ("strided(3)", lambda b, q, k, i: (q - k) % 3 == 0),
    "neighbourhood": ("neighbourhood(4, 1)",
                      lambda b, q, k, i: (abs(q // 4 - k // 4) <= 1) & (abs(q % 4 - k % 4) <= 1)),
    "full_neighbourhood": ("full_neighbourhood(3, 1)", lambda b, q, k, i: near(
        q // 3, k // 3, 1, 11 // 3) & near(q % 3, k % 3, 1, 3)),
    "grid_windows": ("grid_windows(4, 2)", lambda b, q, k, i: (
        q // 8 == k // 8) & (q % 4 // 2 == k % 4 // 2)),
    "longformer": ("longformer(2, 1)",
                   lambda b, q, k, i: (abs(q - k) <= 2) | (q < 1) | (k < 1)),
    "random_blocks": ("random_blocks(2, 2, 5)", lambda b, q, k, i: chosen(q, k, 2, 2, 5)),
    "big_bird": ("big_bird(1, 1, 3, 1, 8)",
                 lambda b, q, k, i: (abs(q - k) <= 1) | (q < 1) | (k < 1) | chosen(q, k, 3, 1, 8)),
    "tree": ("tree(last)", lambda b, q, k, i: last(q, k, i)),
    "from_table": ("from_table(table)", lambda b, q, k, i: i["table"][q, k]),
}

inputs = oracle.random(1, x=(2, 1, 7, 11))
inputs["len"] = np.array([0, 5], np.int32)
inputs["doc"] = np.array([[0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3], [4] * 6 + [1] * 5], np.int32)
inputs["table"] = np.random.default_rng(6).random((7, 11)) < 0.5

inputs["marked"] = np.arange(22).reshape(2, 11) % 5 == 3
# Depth first: each node's parent, and the last of its descendants.
parents = np.array([[-1, 0, 1, 1, 0, 4, 5] + [-1] * 4, [-1, 0, 0, 2, 2, -1, 5] + [-1] * 4])
inputs["last"] = np.array([[6, 3, 2, 3, 6, 6, 6] + list(range(7, 11)),
                           [4, 1, 4, 3, 4, 6, 6] + list(range(7, 11))], np.int32)

program = """import "std/masks"

fn all(
  x: f32[B, H, T, S],
  len: i32[B],
  doc: i32[B, S],
  marked: bool[B, S],
  last: i32[B, S],
  table: bool[T, S]
) -> (%s) =
  (%s)
""" % (", ".join(f"{name}: f32[B, H, T, S]" for name in masks),
       ", ".join(f"where({use}, x, 0)" for use, _ in masks.values()))


def formula(given, dtype):
    b, q, k = np.ogrid[:2, :7, :11]
    given = {**given, "parents": parents}
    return {
        name: np.where(np.broadcast_to(rule(b, q, k, given), (2, 7, 11))[:, None], given["x"], 0)
        for name, (_, rule) in masks.items()
    }


oracle.main("masks", {"all": (program, inputs, formula)})
