"""The external repositories, each one a view of what a Debian package installed.

Bazel 4.2.3 asks for the rule repositories and the coverage tools by name and
would download them; declaring them here keeps the build off the network.
"""

_RULES = "/usr/share/bazel/rules"

def _rules_cc_impl(ctx):
    ctx.execute(["cp", "-rL", _RULES + "/cc/.", "."])

    # Debian's rules_cc expects a newer @bazel_tools than Bazel 4.2.3 has: the
    # toolchain function it loads does not exist there.
    for name in ["cc_flags_supplier", "compiler_flag"]:
        path = "cc/private/rules_impl/%s.bzl" % name
        ctx.execute([
            "sed",
            "-i",
            "-e",
            's/, "use_cpp_toolchain")/)/',
            "-e",
            's/use_cpp_toolchain()/["@bazel_tools\\/\\/tools\\/cpp:toolchain_type"]/',
            path,
        ])

rules_cc_debian = repository_rule(implementation = _rules_cc_impl, local = True)

def _coverage_stub_impl(ctx):
    ctx.file("BUILD", """
filegroup(name = "coverage_report_generator", srcs = [], visibility = ["//visibility:public"])
filegroup(name = "lcov_merger", srcs = [], visibility = ["//visibility:public"])
""")

coverage_stub = repository_rule(implementation = _coverage_stub_impl)

def debian_repositories():
    """Declares every external repository of the build."""
    rules_cc_debian(name = "rules_cc")
    native.local_repository(name = "rules_java", path = _RULES + "/java")
    native.local_repository(name = "rules_proto", path = _RULES + "/proto")
    coverage_stub(name = "remote_coverage_tools")
    native.new_local_repository(
        name = "llvm",
        build_file = "//third_party:llvm.BUILD",
        path = "/usr/lib/llvm-22",
    )
    native.new_local_repository(
        name = "googletest",
        build_file = "//third_party:googletest.BUILD",
        path = "/usr/src/googletest",
    )
    native.new_local_repository(
        name = "antlr4",
        build_file = "//third_party:antlr4.BUILD",
        path = "/usr/share/java",
    )
