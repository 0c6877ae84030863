"""The one lit configuration. Run through `bazel test //tests/...` or scripts/lit.sh."""

import os

import lit.formats

config.name = "attnc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".attn", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.environ["ATTN_LIT_EXEC_ROOT"]
config.environment["PATH"] = os.environ["ATTN_LIT_TOOLS"] + ":/usr/bin:/bin"
config.environment["FILECHECK_OPTS"] = os.environ.get("FILECHECK_OPTS", "")
config.substitutions.append(
    ("%examples", os.path.join(config.test_source_root, "..", "examples"))
)
