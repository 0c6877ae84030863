"""Parts of score rules that depend on the distance of query and key: T5's
buckets, decay by batch and head, clipped biases, a bucket into an array of the
queries, a factor; for more queries than keys, fewer, one and none."""

import numpy as np
import oracle

program = """import "std/scores"
import "std/masks"

score fading(r: f32[B, H])(s, b, h, q, k) = s * exp(-r[b, h] * abs(q - k))
score clipped(t: f32[N, H])(s, h, q, k) = s + t[min(max(k - q, -2), N - 3) + 2, h]
score rows(t: f32[T, N])(s, q, k) = s + t[q, min(i64(log(f32(abs(k - q) + 1))), N - 1)]
score hashed(s, q, k) = s + sin(3.7 * (q - k)) + 0.01 * (q + k)

fn all(
  q: f32[B, H, T, D], k: f32[B, G, S, D], v: f32[B, G, S, D], t: f32[N, H], r: f32[B, H], w: f32[T, N]
) = (
  attention(q, k, v, score: t5_bias(t, 100)),
  attention(q, k, v, mask: causal, score: t5_causal_bias(t, 30)),
  attention(q, k, v, score: fading(r)),
  attention(q, k, v, mask: window(5), score: clipped(t)),
  attention(q, k, v, score: rows(w)),
  attention(q, k, v, score: hashed)
)
"""


def bucket(distance, count, farthest, dtype):
    half = count // 2
    far = np.log(np.maximum(distance, 1).astype(dtype) / half) / np.log(dtype(farthest) / half)
    far = half + np.floor(far * (count - half)).astype(np.int64)
    return np.where(distance < half, distance, np.minimum(far, count - 1))


def formula(given, dtype):
    q, k, v, t, r, w = (given[name] for name in "qkvtrw")
    group = q.shape[1] // k.shape[1]
    k, v = (np.repeat(x, group, axis=1) for x in (k, v))
    s = q @ k.swapaxes(-1, -2) / dtype(np.sqrt(q.shape[-1]))
    i, j = np.ogrid[:q.shape[2], :k.shape[2]]
    n = t.shape[0]
    bias = lambda places: np.moveaxis(t[places], -1, 0)
    both = np.where(j > i, n // 2, 0) + bucket(abs(j - i), n // 2, 100, dtype)
    before = bucket(np.maximum(i - j, 0), n, 30, dtype)

    def attend(scores, mask=None):
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        some = np.isfinite(scores).any(-1, keepdims=True)
        return np.where(some, oracle.softmax(np.where(some, scores, 0)), 0).astype(dtype) @ v

    log = np.log((abs(j - i) + 1).astype(dtype)).astype(np.int64)
    results = (
        attend(s + bias(both)),
        attend(s + bias(before), j <= i),
        attend(s * np.exp(-r[:, :, None, None] * abs(i - j).astype(dtype))),
        attend(s + bias(np.clip(j - i, -2, n - 3) + 2), i - j < 5),
        attend(s + w[i, np.minimum(log, n - 1)]),
        attend(s + np.sin(dtype(3.7) * (i - j).astype(dtype)) + dtype(0.01) * (i + j).astype(dtype)),
    )
    return {f"out{i}": x for i, x in enumerate(results)}


def make(b, h, g, t, s, d):
    inputs = oracle.random(9, q=(b, h, t, d), k=(b, g, s, d), v=(b, g, s, d), t=(16, h), r=(b, h),
                           w=(t, 16))
    inputs["r"] = np.abs(inputs["r"])
    return program, inputs, formula


cases = {f"{shape}": make(*shape) for shape in (
    (2, 6, 2, 37, 53, 16), (1, 3, 1, 70, 21, 20), (2, 8, 1, 1, 100, 32), (1, 1, 1, 1, 1, 5))}
oracle.main("distances", cases, "--opt", "0")
oracle.main("distances", cases)
