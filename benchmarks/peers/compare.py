#!/usr/bin/python3
# Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times attnc and other implementations of attention on the same arrays, in
turns, and prints a Markdown table. See README.md."""

import argparse
import importlib.util
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile

import numpy as np

import peer

HERE = pathlib.Path(__file__).resolve().parent
DIMS = {"B": 1, "H": 1, "Hkv": None, "T": None, "Tq": None, "Tk": None, "D": 64}


def fail(message):
    sys.exit(f"compare.py: error: {message}")


def parse_dims(text):
    dims = dict(DIMS)
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in dims:
            fail(f"--dim: expected one of {', '.join(DIMS)}, got '{name}'")
        if not value.isdigit() or int(value) < 1:
            fail(f"--dim: expected {name} to be 1 or more, got '{value}'")
        dims[name] = int(value)
    length = dims["T"] or 1024
    dims["Tq"] = dims["Tq"] or length
    dims["Tk"] = dims["Tk"] or length
    dims["Hkv"] = dims["Hkv"] or dims["H"]
    if dims["H"] % dims["Hkv"]:
        fail(f"--dim: expected H to be a multiple of Hkv, got H={dims['H']}, "
             f"Hkv={dims['Hkv']}")
    return dims


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dim", default="T=1024", metavar="NAME=N,…",
                        help="sizes: B, H, Hkv, T (or Tq and Tk), D")
    parser.add_argument("--mask", choices=["none", "causal"], default="none")
    parser.add_argument("--window", type=int, default=0)
    parser.add_argument("--alibi", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5,
                        help="length of a turn")
    parser.add_argument("--attnc", help="the compiler")
    parser.add_argument("--peer", action="append", default=[],
                        metavar="NAME=COMMAND")
    return parser.parse_args()


def peer_commands(arguments):
    """Commands by name; attnc's is the first."""
    commands = {"attnc": [sys.executable, str(HERE / "attnc_peer.py")],
                "numpy": [sys.executable, str(HERE / "numpy_peer.py")]}
    if importlib.util.find_spec("torch"):
        commands["torch-sdpa"] = [sys.executable, str(HERE / "torch_peer.py")]
    for text in arguments.peer:
        name, separator, command = text.partition("=")
        if not separator or not name or not command:
            fail(f"--peer: expected NAME=COMMAND, got '{text}'")
        commands[name] = shlex.split(command)
    return commands


def take_turn(command, environment):
    """The seconds of all calls, or of the best and the median one."""
    done = subprocess.run(command, capture_output=True, text=True,
                          env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"status {done.returncode}")
    seconds = []
    for line in done.stdout.splitlines():
        word, *values = line.split()
        if word in ("times", "best_s", "median_s"):
            seconds += [float(value) for value in values]
    if not seconds:
        raise RuntimeError("printed no times")
    return seconds


def main():
    arguments = parse_arguments()
    dims = parse_dims(arguments.dim)
    commands = peer_commands(arguments)
    environment = dict(os.environ)
    if arguments.attnc:
        environment["ATTNC"] = str(pathlib.Path(arguments.attnc).resolve())
    seconds = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        generator = np.random.default_rng(0)
        arrays = {}
        for name, heads, length in (("q", "H", "Tq"), ("k", "Hkv", "Tk"),
                                    ("v", "Hkv", "Tk")):
            shape = (dims["B"], dims[heads], dims[length], dims["D"])
            arrays[name] = generator.standard_normal(shape, dtype=np.float32)
            np.save(os.path.join(folder, name + ".npy"), arrays[name])

        def out(name):
            return os.path.join(folder, f"out-{name}.npy")

        common = ["--dir", folder, "--threads", str(arguments.threads),
                  "--mask", arguments.mask, "--window", str(arguments.window),
                  "--alibi", str(int(arguments.alibi)),
                  "--seconds", str(arguments.seconds)]
        failed = {}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                if name in failed:
                    continue
                try:
                    seconds[name] += take_turn(
                        command + common + ["--out", out(name)], environment)
                except (OSError, RuntimeError) as error:
                    failed[name] = error
        expected = peer.attention(
            *(array.astype(np.float64) for array in arrays.values()),
            peer.bias(arguments.mask, arguments.window, arguments.alibi,
                      dims["H"], dims["Tq"], dims["Tk"]))
        print("| peer | best ms | median ms | times attnc's best | difference |\n"
              "|---|---|---|---|---|")
        for name in commands:
            if name in failed:
                continue
            best = min(seconds[name])
            ratio = (best / min(seconds["attnc"])
                     if seconds["attnc"] else float("nan"))
            difference = np.abs(np.load(out(name)) - expected).max()
            verdict = "" if difference <= 1e-3 else " DIFFERENT"
            print(f"| {name} | {best * 1e3:.3f} | "
                  f"{statistics.median(seconds[name]) * 1e3:.3f} | {ratio:.2f} | "
                  f"{difference:.1e}{verdict} |")
    for name, error in failed.items():
        print(f"compare.py: error: {name}: {error}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
