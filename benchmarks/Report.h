//===- Report.h - Tables of outcomes ----------------------------*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_BENCHMARKS_REPORT_H
#define ATTN_BENCHMARKS_REPORT_H

#include "benchmarks/Outcome.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace attn::benchmarks {

/// A Markdown table, a row for each outcome, and a line that counts the bars.
void printMarkdown(llvm::raw_ostream &os, const std::vector<Outcome> &outcomes);

/// The same in full precision; seconds, bytes, and multiply-adds a second.
llvm::json::Value toJSON(const std::vector<Outcome> &outcomes);

/// The figure with its unit: "0.71", "1.07 x", "12.3 MB", "180 ms".
std::string formatFigure(Figure figure, double value);

/// "Intel Xeon …, AVX-512 kernels, OpenBLAS 0.3.21 …".
std::string describeMachine();

} // namespace attn::benchmarks

#endif // ATTN_BENCHMARKS_REPORT_H
