# Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attnc: `attnc run` on a program made for the rules asked for. The compiler
is the one that the variable ATTNC names, or the one that ./attnc builds."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import peer

PROGRAM = """
mask causal_at_end(q, k)       = k <= q + (Tk - Tq)
mask window(W: i64)(q, k)      = q + (Tk - Tq) - k < W
score alibi(s, h, q, k)        = s - exp2(-8 * (h + 1) / H) * (q + (Tk - Tq) - k)

fn attend(q: f32[B, H, Tq, D], k: f32[B, Hkv, Tk, D], v: f32[B, Hkv, Tk, D]) -> f32[B, H, Tq, D] =
  attention({arguments})
"""


def program(arguments):
    masks = []
    if arguments.mask == "causal":
        masks.append("causal_at_end")
    if arguments.window:
        masks.append(f"window({arguments.window})")
    parts = ["q", "k", "v"]
    if masks:
        parts.append("mask: " + " and ".join(masks))
    if arguments.alibi:
        parts.append("score: alibi")
    return PROGRAM.format(arguments=", ".join(parts))


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


arguments = peer.parse_arguments()
root = pathlib.Path(__file__).resolve().parents[2]
compiler = os.environ.get("ATTNC", str(root / "bazel-bin/tools/attnc"))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "peer.attn")
    with open(path, "w", encoding="utf-8") as file:
        file.write(program(arguments))
    command = [compiler, "run", path, "--json", "--threads",
               str(arguments.threads), "--out", "out=" + arguments.out]
    for name in "qkv":
        command += ["--in", f"{name}={os.path.join(arguments.dir, name)}.npy"]
    once = run(command + ["--repeat", "3"])["min_ms"] / 1e3
    repeat = max(2, int(arguments.seconds / max(once, 1e-7)))
    figures = run(command + ["--repeat", str(repeat)])
print("best_s %.9f" % (figures["min_ms"] / 1e3))
print("median_s %.9f" % (figures["median_ms"] / 1e3))
