"""Rules that run mlir-tblgen, and the one-line forms that the rooms use."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def _mlir_tblgen_impl(ctx):
    args = ctx.actions.args()
    args.add_all(ctx.attr.opts)
    args.add(ctx.file.td_file)

    args.add("-I", ctx.file.td_file.dirname)
    args.add("-I", ctx.file.mlir_anchor.dirname[:-len("/mlir/IR")])
    args.add("-o", ctx.outputs.out)
    ctx.actions.run(
        outputs = [ctx.outputs.out],
        inputs = ctx.files.td_srcs + ctx.files._mlir_td + [ctx.file.td_file],
        executable = ctx.executable._tblgen,
        arguments = [args],
        mnemonic = "MlirTblgen",
    )
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

mlir_tblgen = rule(
    implementation = _mlir_tblgen_impl,
    doc = "Runs mlir-tblgen with one set of options on one .td file.",
    attrs = {
        "td_file": attr.label(allow_single_file = [".td"], mandatory = True),
        "td_srcs": attr.label_list(allow_files = [".td"]),
        "opts": attr.string_list(mandatory = True),
        "out": attr.output(mandatory = True),
        "mlir_anchor": attr.label(
            default = "@llvm//:include/mlir/IR/OpBase.td",
            allow_single_file = True,
        ),
        "_mlir_td": attr.label(default = "@llvm//:mlir_td_files"),
        "_tblgen": attr.label(
            default = "@llvm//:bin/mlir-tblgen",
            executable = True,
            allow_single_file = True,
            cfg = "exec",
        ),
    },
)

def _tblgen_all(name, td_file, td_srcs, outs):
    for opts, out in outs:
        mlir_tblgen(
            name = name + "_" + out.replace(".", "_"),
            opts = opts,
            out = out,
            td_file = td_file,
            td_srcs = td_srcs,
        )

def attn_dialect(name, td_file, td_srcs, doc, visibility = None):
    """The generated declarations and definitions of a dialect, and its page.

    Args:
      name: the cc_library that holds the .inc files.
      td_file: the .td file with the ops; it includes the others.
      td_srcs: the other .td files.
      doc: the name of the generated Markdown file.
      visibility: of the library.
    """
    stem = td_file[:-len("Ops.td")]
    outs = [
        (["-gen-dialect-decls"], stem + "Dialect.h.inc"),
        (["-gen-dialect-defs"], stem + "Dialect.cpp.inc"),
        (["-gen-op-decls"], stem + "Ops.h.inc"),
        (["-gen-op-defs"], stem + "Ops.cpp.inc"),
        (["-gen-enum-decls"], stem + "Enums.h.inc"),
        (["-gen-enum-defs"], stem + "Enums.cpp.inc"),
    ]
    _tblgen_all(name, td_file, td_srcs, outs)
    cc_library(
        name = name,
        textual_hdrs = [out for _, out in outs],
        visibility = visibility,
    )
    mlir_tblgen(
        name = name + "_doc",
        opts = ["-gen-dialect-doc", "-dialect=attn"],
        out = doc,
        td_file = td_file,
        td_srcs = td_srcs,
    )

def attn_passes(name, td_file, td_srcs, group, doc, visibility = None):
    """The generated declarations of passes, and their page; `td_file` includes `td_srcs`."""
    stem = td_file[:-len(".td")]
    outs = [(["-gen-pass-decls", "-name=" + group], stem + ".h.inc")]
    _tblgen_all(name, td_file, td_srcs, outs)
    cc_library(
        name = name,
        textual_hdrs = [out for _, out in outs],
        visibility = visibility,
    )
    mlir_tblgen(
        name = name + "_doc",
        opts = ["-gen-pass-doc"],
        out = doc,
        td_file = td_file,
        td_srcs = td_srcs,
    )
