//===- Statistic.h - LLVM's statistics as Debian builds them ----*- C++ -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Found before LLVM's header of this name. The size of a statistic, and with it
// of a pass, depends on NDEBUG, which Debian's libraries were built with and
// this project, for its assertions, is not: libMLIR would initialise less than
// our passes hold.
//
//===----------------------------------------------------------------------===//

#ifdef NDEBUG
#include_next "llvm/ADT/Statistic.h"
#else
#define NDEBUG
#include_next "llvm/ADT/Statistic.h"
#undef NDEBUG
#endif
