# Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch's scaled_dot_product_attention on the CPU."""

import numpy as np
import torch

import peer

arguments = peer.parse_arguments()
torch.set_num_threads(arguments.threads)
torch.set_grad_enabled(False)
q, k, v = (torch.from_numpy(array) for array in peer.load(arguments.dir))
heads, queries, keys = q.shape[1], q.shape[2], k.shape[2]
group = heads // k.shape[1]
if group > 1:
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
# The built-in rule aligns the first query with the first key.
is_causal = (arguments.mask == "causal" and queries == keys and
             not arguments.window and not arguments.alibi)
added = None
if not is_causal:
    added = peer.bias(arguments.mask, arguments.window, arguments.alibi, heads,
                      queries, keys)
    if added is not None:
        added = torch.from_numpy(added.astype(np.float32))[None]


def call():
    return torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=added, is_causal=is_causal)


result = peer.measure(call, arguments.seconds)
np.save(arguments.out, result.contiguous().numpy())
