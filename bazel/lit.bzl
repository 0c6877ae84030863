"""One lit target per test folder: a run of lit costs more than most tests."""

def lit_suite(name, srcs, tools = [], data = [], size = "medium", tags = []):
    """Runs every file of a folder with lit.

    `bazel test --test_filter=REGEX` becomes lit's `--filter`.

    Args:
      name: of the test.
      srcs: the test files, usually glob(["*.mlir"]) or glob(["*.attn"]).
      tools: programs of ours that RUN lines call, beyond attn-opt and attnc.
      data: files that the tests read.
      size: Bazel's test size.
      tags: Bazel's tags.
    """
    if not srcs:
        fail("lit suite '%s' has no test files" % name)
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//bazel:run_lit.sh"],
        args = [native.package_name()] + ["$(location %s)" % t for t in tools],
        data = srcs + data + tools + [
            "//tests:lit.cfg.py",
            "@llvm//:bin/FileCheck",
            "@llvm//:bin/lit",
            "@llvm//:bin/not",
            "@llvm//:bin/split-file",
        ],
        tags = tags,
    )
