//===- PagePoolTest.cpp - Memory kept from call to call -------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/PagePool.h"

#include "gtest/gtest.h"

#include <cstdlib>

using namespace attn::runtime;

namespace {

Pages makePages(int64_t bytes) {
  return {std::aligned_alloc(64, bytes), bytes};
}

TEST(PagePool, GivesWhatFitsBest) {
  PagePool pool;
  EXPECT_EQ(pool.take(64).memory, nullptr);
  Pages small = makePages(128), middle = makePages(256),
        large = makePages(1024);
  for (Pages pages : {large, middle, small})
    pool.give(pages);
  Pages taken = pool.take(192);
  EXPECT_EQ(taken.memory, middle.memory);
  EXPECT_EQ(taken.bytes, 256);
  // More than twice of what is asked for would be a waste.
  EXPECT_EQ(pool.take(192).memory, nullptr);
  EXPECT_EQ(pool.take(512).memory, large.memory);
  EXPECT_EQ(pool.take(2048).memory, nullptr);
  EXPECT_EQ(pool.take(128).memory, small.memory);
  for (Pages pages : {large, middle, small})
    pool.give(pages);
}

TEST(PagePool, KeepsNoMoreThanACallHasHeld) {
  PagePool pool;
  pool.makeRoom(1024);
  pool.give(makePages(512));
  Pages second = makePages(512);
  pool.give(second);
  // Now 512 are held, so that 512 may be kept: the older ones go.
  pool.makeRoom(512);
  Pages taken = pool.take(512);
  EXPECT_EQ(taken.memory, second.memory);
  EXPECT_EQ(pool.take(512).memory, nullptr);
  pool.give(taken);
  // A call that holds more than any before leaves no room.
  pool.makeRoom(4096);
  EXPECT_EQ(pool.take(512).memory, nullptr);
}

TEST(PagePool, IsEmptyAfterTrim) {
  PagePool pool;
  pool.give(makePages(512));
  pool.trim(512);
  Pages taken = pool.take(512);
  EXPECT_NE(taken.memory, nullptr);
  pool.give(taken);
  pool.trim(0);
  EXPECT_EQ(pool.take(512).memory, nullptr);
}

} // namespace
