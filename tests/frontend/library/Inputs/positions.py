"""Sinusoidal and rotary positions."""

import numpy as np
import oracle

B, H, T, D = 2, 3, 9, 8


def angles(start, base, stretch, dtype):
    i = np.arange(D // 2)
    rate = 1.0 / base ** (2 * i / D)
    return ((np.arange(T)[:, None] + start) / stretch * rate).astype(dtype)


def formula(given, dtype):
    x = given["x"]
    position, column = np.ogrid[:T, :H * D]
    angle = (position / 10000.0 ** (2 * (column // 2) / (H * D))).astype(dtype)
    wave = np.where(column % 2 == 0, np.sin(angle), np.cos(angle))

    a = angles(5, 500.0, 4, dtype)
    left, right = x[..., :D // 2], x[..., D // 2:]
    half = np.concatenate([left * np.cos(a) - right * np.sin(a),
                           right * np.cos(a) + left * np.sin(a)], axis=-1)
    a = angles(0, 10000.0, 1, dtype)
    pairs = np.empty_like(x)
    pairs[..., 0::2] = x[..., 0::2] * np.cos(a) - x[..., 1::2] * np.sin(a)
    pairs[..., 1::2] = x[..., 1::2] * np.cos(a) + x[..., 0::2] * np.sin(a)
    return {"wave": wave, "half": half, "pairs": pairs}


program = """import "std/positions"

fn all(x: f32[B, H, T, D]) -> (wave: f32[T, H * D], half: f32[B, H, T, D], pairs: f32[B, H, T, D]) =
  (sinusoidal(merge(x)), rope(x, start: 5, base: 500, stretch: 4), rope_interleaved(x))
"""
oracle.main("positions", {"all": (program, oracle.random(3, x=(B, H, T, D)), formula)})
