//===- AttnEnums.td - Kinds of elementwise ops and reductions *- tablegen -*-===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNENUMS_TD
#define ATTN_DIALECT_ATTNENUMS_TD

include "mlir/IR/EnumAttr.td"

class Attn_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::attn";
}

def Attn_UnaryKind : Attn_Enum<"UnaryKind", "elementwise function of one value", [
  I32EnumAttrCase<"Neg", 0, "neg">,
  I32EnumAttrCase<"Not", 1, "not">,
  I32EnumAttrCase<"Abs", 2, "abs">,
  I32EnumAttrCase<"Exp", 3, "exp">,
  I32EnumAttrCase<"Exp2", 4, "exp2">,
  I32EnumAttrCase<"Log", 5, "log">,
  I32EnumAttrCase<"Log2", 6, "log2">,
  I32EnumAttrCase<"Tanh", 7, "tanh">,
  I32EnumAttrCase<"Sigmoid", 8, "sigmoid">,
  I32EnumAttrCase<"Erf", 9, "erf">,
  I32EnumAttrCase<"Sqrt", 10, "sqrt">,
  I32EnumAttrCase<"Rsqrt", 11, "rsqrt">,
  I32EnumAttrCase<"Sin", 12, "sin">,
  I32EnumAttrCase<"Cos", 13, "cos">,
  I32EnumAttrCase<"Floor", 14, "floor">,
  I32EnumAttrCase<"Ceil", 15, "ceil">
]>;

def Attn_BinaryKind : Attn_Enum<"BinaryKind", "elementwise function of two values", [
  I32EnumAttrCase<"Add", 0, "add">,
  I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"FloorDiv", 4, "floordiv">,
  I32EnumAttrCase<"Mod", 5, "mod">,
  I32EnumAttrCase<"Pow", 6, "pow">,
  I32EnumAttrCase<"Max", 7, "max">,
  I32EnumAttrCase<"Min", 8, "min">,
  I32EnumAttrCase<"And", 9, "and">,
  I32EnumAttrCase<"Or", 10, "or">,
  I32EnumAttrCase<"Eq", 11, "eq">,
  I32EnumAttrCase<"Ne", 12, "ne">,
  I32EnumAttrCase<"Lt", 13, "lt">,
  I32EnumAttrCase<"Le", 14, "le">,
  I32EnumAttrCase<"Gt", 15, "gt">,
  I32EnumAttrCase<"Ge", 16, "ge">
]>;

def Attn_ReduceKind : Attn_Enum<"ReduceKind", "what a reduction computes", [
  I32EnumAttrCase<"Sum", 0, "sum">,
  I32EnumAttrCase<"Max", 1, "max">,
  I32EnumAttrCase<"Min", 2, "min">,
  I32EnumAttrCase<"Mean", 3, "mean">
]>;

def Attn_Normalizer : Attn_Enum<"Normalizer", "what makes weights of scores", [
  I32EnumAttrCase<"Softmax", 0, "softmax">,
  I32EnumAttrCase<"None", 1, "none">
]>;

#endif // ATTN_DIALECT_ATTNENUMS_TD
