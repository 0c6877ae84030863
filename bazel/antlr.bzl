"""A C++ parser from an ANTLR grammar, made by Debian's antlr4."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def antlr_cc_library(name, grammar, package, visibility = None):
    """The lexer, parser and visitor of a combined grammar, with warnings off.

    Headers are <FOLDER/StemParser.h> and so on. Whatever includes them needs
    ANTLR_COPTS, and exceptions.

    Args:
      name: of the library.
      grammar: the .g4 file, named Stem.g4.
      package: the C++ namespace of the generated code.
      visibility: of the library.
    """
    stem = grammar[:-len(".g4")]
    parts = ["Lexer", "Parser", "Visitor", "BaseVisitor"]
    hdrs = [stem + part + ".h" for part in parts]
    srcs = [stem + part + ".cpp" for part in parts]

    # The tool writes beside the grammar it is given, and intermediate files too.
    native.genrule(
        name = name + "_gen",
        srcs = [grammar],
        outs = hdrs + srcs,
        cmd = " && ".join([
            "dir=$$(mktemp -d)",
            "cp $(location %s) $$dir/" % grammar,
            "(cd $$dir && /usr/bin/antlr4 -Dlanguage=Cpp -visitor -no-listener " +
            "-Werror -package %s %s)" % (package, grammar),
            "cp " + " ".join(["$$dir/" + f for f in hdrs + srcs]) + " $(@D)/",
            "rm -r $$dir",
        ]),
    )
    cc_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs,
        copts = ANTLR_COPTS + ["-w"],
        visibility = visibility,
        deps = ["@antlr4//:runtime"],
    )

ANTLR_COPTS = ["-isystem/usr/include/antlr4-runtime"]
