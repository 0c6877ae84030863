# Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention in NumPy, written out."""

import os

import peer

arguments = peer.parse_arguments()
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[library + "_NUM_THREADS"] = str(arguments.threads)

import numpy as np  # after the number of threads

q, k, v = peer.load(arguments.dir)
added = peer.bias(arguments.mask, arguments.window, arguments.alibi, q.shape[1],
                  q.shape[2], k.shape[2])
result = peer.measure(lambda: peer.attention(q, k, v, added), arguments.seconds)
np.save(arguments.out, result)
