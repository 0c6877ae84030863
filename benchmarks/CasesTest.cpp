//===- CasesTest.cpp - Every case against the oracle ----------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// No timing decides a test: these ask whether what the benchmark times is
// right.
//
//===----------------------------------------------------------------------===//

#include "benchmarks/Cases.h"
#include "benchmarks/Workload.h"
#include "runtime/Tensor.h"

#include "gtest/gtest.h"

#include <cmath>
#include <set>

using namespace attn::benchmarks;
using attn::runtime::DType;
using attn::runtime::Executable;

namespace {

Programs &programs() {
  static Programs all("benchmarks/programs");
  return all;
}

double tolerance(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return 2e-3;
  case DType::BF16:
    return 2e-2;
  default:
    return 2e-5;
  }
}

std::vector<Case> casesOfAllSets() {
  std::vector<Case> cases = allCases();
  for (auto get : {variantCases, linearCases})
    for (const Case &c : get())
      cases.push_back(c);
  return cases;
}

void checkWork(const Work &work, bool checkUnfused) {
  std::vector<Mode> modes = {Mode::Fused};
  if (checkUnfused)
    modes.insert(modes.end(), {Mode::Unfused, Mode::Reference});
  for (Mode mode : modes) {
    SCOPED_TRACE(work.program + ", mode " + std::to_string(int(mode)));
    llvm::Expected<Executable *> executable =
        programs().get(work.program, mode);
    ASSERT_TRUE(bool(executable)) << toString(executable.takeError());
    auto workload = Workload::create((*executable)->signature(), work.problem);
    ASSERT_TRUE(bool(workload)) << toString(workload.takeError());
    std::vector<double> expected = (*workload)->expected();
    for (int threads : {1, 2}) {
      llvm::Error error = (*workload)->run(**executable, threads);
      ASSERT_FALSE(bool(error)) << toString(std::move(error));
      const attn::runtime::Tensor &result = (*workload)->result();
      ASSERT_EQ(result.numElements(), int64_t(expected.size()));
      for (int64_t i = 0; i < result.numElements(); ++i)
        ASSERT_NEAR(result.at(i), expected[i],
                    tolerance(work.problem.dtype) *
                        std::max(1.0, std::fabs(expected[i])));
    }
    if (work.problem.dtype != DType::F32 || work.problem.mask)
      continue;
    for (int threads : {1, 2}) {
      std::vector<float> result(expected.size());
      Baseline baseline(work.problem, threads);
      baseline.run((*workload)->baselineArrays(result.data()), threads);
      for (size_t i = 0; i < result.size(); ++i)
        ASSERT_NEAR(result[i], expected[i], 2e-5) << "baseline";
    }
  }
}

TEST(Cases, NamesAreUnique) {
  std::set<std::string> names;
  for (const Case &c : casesOfAllSets())
    EXPECT_TRUE(names.insert(c.name).second) << c.name;
}

TEST(Cases, ProgramsComputeTheirProblems) {
  for (const Case &c : casesOfAllSets()) {
    if (!c.work.isProblem)
      continue;
    SCOPED_TRACE(c.name);
    Case small = shrunk(c);
    checkWork(small.work, small.figure == Figure::Unfused);
    if (small.hasOther())
      checkWork(small.other, false);
  }
}

/// More than one block of queries, so that the last one is shorter.
TEST(Cases, BaselineOverSeveralBlocks) {
  for (const Case &c : allCases()) {
    Work work = c.work;
    if (work.problem.sizes.queries == 1 || work.problem.dtype != DType::F32 ||
        c.figure == Figure::Unfused)
      continue;
    SCOPED_TRACE(c.name);
    work.problem = work.problem.shrunk();
    work.problem.sizes.heads = work.problem.sizes.kvHeads = 1;
    work.problem.sizes.queries = work.problem.sizes.keys = 300;
    checkWork(work, false);
  }
}

} // namespace
