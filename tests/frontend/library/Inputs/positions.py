"""Sinusoidal, learned and rotary positions, and the rates of the latter."""

import math

import numpy as np
import oracle

B, H, T, D, R = 2, 3, 9, 8, 3


def rates(base, width=D):
    return 1.0 / base ** (np.arange(0, width, 2) / width)


def turn(x, rates, positions, amplitude=1.0):
    """The first 2 * len(rates) channels, in the layout with halves."""
    dtype, n = x.dtype, len(rates)
    angle = np.asarray(positions)[..., None] * rates
    c, s = ((f(angle) * amplitude).astype(dtype) for f in (np.cos, np.sin))
    a, b = x[..., :n], x[..., n:2 * n]
    return np.concatenate([a * c - b * s, b * c + a * s, x[..., 2 * n:]], axis=-1)


def turn_pairs(x, rates, positions, amplitude=1.0):
    """The same for neighbouring channels, through the other layout."""
    n = len(rates)
    pairs = list(range(0, 2 * n, 2)) + list(range(1, 2 * n, 2))
    order = pairs + list(range(2 * n, x.shape[-1]))
    y = np.empty_like(x)
    y[..., order] = turn(x[..., order], rates, positions, amplitude)
    return y


def llama3(base, factor, low, high, trained):
    """As Hugging Face's transformers define it."""
    r = rates(base)
    wavelength = 2 * math.pi / r
    smooth = (trained / wavelength - low) / (high - low)
    between = (1 - smooth) * r / factor + smooth * r
    scaled = np.where(wavelength > trained / low, r / factor, r)
    middle = (wavelength >= trained / high) & (wavelength <= trained / low)
    return np.where(middle, between, scaled)


def yarn(base, factor, trained, fast=32, slow=1):
    """As Hugging Face's transformers define it."""
    def dim(turns):
        return D * math.log(trained / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = max(math.floor(dim(fast)), 0), min(math.ceil(dim(slow)), D - 1)
    if low == high:
        high += 0.001
    ramp = np.clip((np.arange(D // 2) - low) / (high - low), 0, 1)
    return rates(base) / factor * ramp + rates(base) * (1 - ramp)


def formula(given, dtype):
    x, t = given["x"], np.arange(T)
    position, column = np.ogrid[:T, :H * D]
    angle = position / 10000.0 ** (2 * (column // 2) / (H * D))
    wave = np.where(column % 2 == 0, np.sin(angle), np.cos(angle)).astype(dtype)
    table = given["table"][np.minimum(t + 4, 5)]
    longer = 3.0 * max(T, 4) / 4 - (3.0 - 1)
    expected = {
        "a_wave": wave,
        "b_half": turn(x, rates(500.0) / 4, t + 5),
        "c_pairs": turn_pairs(x, rates(10000.0), t),
        "d_partial": turn(x, rates(10000.0, 2 * R), t + 2),
        "e_pairs": turn_pairs(x, rates(100.0, 2 * R), t),
        "f_at": turn(x, rates(10000.0), given["at"][:, None, :], 0.5),
        "g_learned": x[:, 0] + table,
        "h_ntk": rates(10000.0 * 8.0 ** (D / (D - 2))),
        "i_dynamic": rates(10000.0 * longer ** (D / (D - 2))),
        "j_dynamic": rates(500.0),
        "k_llama3": llama3(500.0, 8, 1, 4, 80),
        "l_yarn": yarn(10000.0, 16, 4096),
        "m_yarn": yarn(100.0, 4, 7),
        "n_yarn": turn(x, yarn(10000.0, 16, 256, 4, 2), t, 0.1 * math.log(16) + 1),
        "o_yarn": turn_pairs(x, yarn(10000.0, 16, 256, 4, 2), t + 1, 0.1 * math.log(16) + 1),
        "p_all": turn(x, rates(10000.0), t),
    }
    return {name: value.astype(dtype) for name, value in expected.items()}


uses = {
    "a_wave": ("[T, H * D]", "sinusoidal(merge(x))"),
    "b_half": ("[B, H, T, D]", "rope(x, start: 5, base: 500, stretch: 4)"),
    "c_pairs": ("[B, H, T, D]", "rope_interleaved(x)"),
    "d_partial": ("[B, H, T, D]", "some(x, start: 2)"),
    "e_pairs": ("[B, H, T, D]", "few.interleaved(x)"),
    "f_at": ("[B, H, T, D]", "rotate_at(x, rope_rates(x), at, amplitude: 0.5)"),
    "g_learned": ("[B, T, D]", "learned(first, start: 4)"),
    "h_ntk": ("[D / 2]", "ntk_rates(x, 8)"),
    "i_dynamic": ("[D / 2]", "dynamic_ntk_rates(x, T, 4, factor: 3)"),
    "j_dynamic": ("[D / 2]", "dynamic_ntk_rates(x, T, 64, factor: 3, base: 500)"),
    "k_llama3": ("[D / 2]", "llama3_rates(x, trained: 80, base: 500)"),
    "l_yarn": ("[D / 2]", "yarn_rates(x, 16, 4096)"),
    "m_yarn": ("[D / 2]", "yarn_rates(x, 4, 7, base: 100)"),
    "n_yarn": ("[B, H, T, D]", "rotate(x, slowed, amplitude: yarn_amplitude(16))"),
    "o_yarn": ("[B, H, T, D]",
               "rotate_interleaved(x, slowed, start: 1, amplitude: yarn_amplitude(16))"),
    "p_all": ("[B, H, T, D]", "all(x)"),
}
program = """import "std/positions"

model Case(D = %d) {
  some: PartialRope(%d)
  few: PartialRope(%d, base: 100)
  all: PartialRope(D)
  learned: LearnedPositions(6, D)

  fn forward(x: f32[B, H, T, D], at: i64[B, T]) -> (%s) {
    let first, rest = split(x, (1, H - 1), axis: 1)
    let slowed = yarn_rates(x, 16, 256, fast: 4, slow: 2)
    (%s)
  }
}
""" % (D, 2 * R, 2 * R, ", ".join(f"{name}: f32{shape}" for name, (shape, _) in uses.items()),
       ", ".join(use.replace("first,", "reshape(first, B, T, D),") for _, use in uses.values()))


def make(count):
    inputs = oracle.random(3, x=(B, H, count, D))
    inputs["learned.weight"] = oracle.random(4, table=(6, D))["table"]
    inputs["at"] = np.arange(B * count).reshape(B, count) * 7 % 11
    return program, inputs, expected


def expected(given, dtype):
    return formula({**given, "table": given["learned.weight"]}, dtype)


for options in ((), ("--opt", "0")):
    oracle.main("positions", {"all": make(T)}, *options)
for T in (1, 37):
    oracle.main("positions", {f"T={T}": make(T)})
