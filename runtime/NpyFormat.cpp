//===- NpyFormat.cpp - The header of an .npy file -------------------------===//
//
// Part of attnc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The header is a Python dictionary of three literals. What NumPy writes and
// what its own reader takes of it is understood; anything else is named in the
// error.
//
//===----------------------------------------------------------------------===//

#include "runtime/NpyFormat.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <optional>

using namespace attn::runtime;
using llvm::StringRef;
using llvm::Twine;

namespace {
constexpr StringRef kMagic("\x93NUMPY", 6);
/// Version 2 could declare 4 GiB. A header of 64 dimensions takes 2 KiB.
constexpr int64_t kMaxHeaderBytes = 1 << 20;
constexpr StringRef kExpectedTypes =
    "'<f2' (f16), '<V2' (bf16), '<f4' (f32), '<f8' (f64), '<i4' (i32), '<i8' "
    "(i64) or '|b1' (bool)";
} // namespace

/// Text of a file as it may be shown: control characters as `\0A`.
static std::string escape(StringRef text) {
  std::string shown;
  llvm::raw_string_ostream stream(shown);
  llvm::printEscapedString(text, stream);
  return shown;
}

static llvm::Error fileError(StringRef name, const Twine &message) {
  return llvm::createStringError("'" + name + "' " + message);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// What numpy calls the types that have no counterpart here.
static std::string describeType(StringRef code) {
  unsigned bytes = 0;
  StringRef size = code.drop_front();
  bool sized = !size.consumeInteger(10, bytes);
  std::string bits = sized ? std::to_string(8 * uint64_t(bytes)) : "";
  switch (code.front()) {
  case 'O':
    return "Python objects";
  case 'u':
    return "unsigned integers of " + bits + " bits";
  case 'i':
    return "integers of " + bits + " bits";
  case 'f':
    return "floats of " + bits + " bits";
  case 'c':
    return "complex numbers";
  case 'S':
  case 'a':
  case 'U':
    return "strings";
  case 'M':
  case 'm':
    return "dates or times";
  case 'V':
    return "raw bytes";
  default:
    return "";
  }
}

static llvm::Expected<DType> parseDescr(StringRef name, StringRef descr) {
  char order = descr.empty() ? '\0' : descr.front();
  StringRef code = descr;
  if (StringRef("<>=|").contains(order))
    code = code.drop_front();
  std::optional<DType> dtype = llvm::StringSwitch<std::optional<DType>>(code)
                                   .Case("f2", DType::F16)
                                   .Case("V2", DType::BF16)
                                   .Case("f4", DType::F32)
                                   .Case("f8", DType::F64)
                                   .Case("i4", DType::I32)
                                   .Case("i8", DType::I64)
                                   .Case("b1", DType::Bool)
                                   .Default(std::nullopt);
  std::string shown = "'" + escape(descr) + "'";
  if (!dtype) {
    std::string meaning = code.empty() ? "" : describeType(code);
    return fileError(name, "holds elements of type " + shown +
                               (meaning.empty() ? "" : " (" + meaning + ")") +
                               ", expected " + kExpectedTypes);
  }
  if (order == '>' && sizeInBytes(*dtype) > 1)
    return fileError(name, "is big-endian (" + shown +
                               "), expected little-endian ('<" + code + "')");
  return *dtype;
}

//===----------------------------------------------------------------------===//
// The dictionary
//===----------------------------------------------------------------------===//

namespace {
class HeaderParser {
public:
  HeaderParser(StringRef name, StringRef text) : name(name), text(text) {}

  llvm::Expected<ArrayInfo> parse();

private:
  llvm::Error malformed(const Twine &expected) {
    skipSpace();
    std::string got = text.empty()
                          ? "the end of the header"
                          : "'" + escape(text.take_front(16).rtrim()) + "'";
    return fileError(name, "has a malformed header: expected " + expected +
                               ", got " + got);
  }
  void skipSpace() { text = text.ltrim(" \t\n\r\f\v"); }
  bool consume(StringRef token) {
    skipSpace();
    return text.consume_front(token);
  }
  std::optional<StringRef> parseString();
  llvm::Error parseDType();
  llvm::Error parseOrder();
  llvm::Error parseShape();

  StringRef name;
  StringRef text;
  std::optional<DType> dtype;
  std::optional<bool> fortranOrder;
  std::optional<std::vector<int64_t>> shape;
};
} // namespace

/// A literal in single or double quotes. The keys and types there can be
/// contain no escapes.
std::optional<StringRef> HeaderParser::parseString() {
  skipSpace();
  StringRef rest = text;
  // Python 2 could mark strings.
  if (rest.size() > 1 && StringRef("bu").contains(rest[0]))
    rest = rest.drop_front();
  if (rest.empty() || !StringRef("'\"").contains(rest[0]))
    return std::nullopt;
  size_t end = rest.find(rest[0], 1);
  if (end == StringRef::npos)
    return std::nullopt;
  text = rest.drop_front(end + 1);
  return rest.slice(1, end);
}

llvm::Error HeaderParser::parseDType() {
  skipSpace();
  if (text.starts_with("[") || text.starts_with("("))
    return fileError(name, "holds records of several fields (a structured "
                           "type), expected " +
                               kExpectedTypes);
  std::optional<StringRef> descr = parseString();
  if (!descr)
    return malformed("an element type");
  llvm::Expected<DType> parsed = parseDescr(name, *descr);
  if (!parsed)
    return parsed.takeError();
  dtype = *parsed;
  return llvm::Error::success();
}

llvm::Error HeaderParser::parseOrder() {
  if (consume("True"))
    fortranOrder = true;
  else if (consume("False"))
    fortranOrder = false;
  else
    return malformed("True or False");
  return llvm::Error::success();
}

llvm::Error HeaderParser::parseShape() {
  if (!consume("("))
    return malformed("a shape in parentheses");
  shape.emplace();
  while (!consume(")")) {
    skipSpace();
    StringRef digits = text.take_while(
        [](char c) { return llvm::isDigit(c) || c == '-' || c == '+'; });
    int64_t size;
    StringRef number = digits;
    number.consume_front("+");
    if (digits.empty())
      return malformed("a dimension");
    if (number.getAsInteger(10, size)) {
      // All digits, and yet no int64_t.
      if (llvm::all_of(number, llvm::isDigit))
        return fileError(name, "has a dimension of " + digits +
                                   ", which overflows 64 bits");
      return malformed("a dimension");
    }
    if (size < 0)
      return fileError(name, "has a negative dimension, " + digits);
    text = text.drop_front(digits.size());
    text.consume_front("L");
    shape->push_back(size);
    if (shape->size() > kMaxRank)
      return fileError(name,
                       "has more than " + Twine(kMaxRank) + " dimensions");
    if (!consume(",")) {
      if (consume(")"))
        break;
      return malformed("',' or ')' in the shape");
    }
  }
  return llvm::Error::success();
}

llvm::Expected<ArrayInfo> HeaderParser::parse() {
  if (!consume("{"))
    return malformed("'{'");
  while (!consume("}")) {
    std::optional<StringRef> key = parseString();
    if (!key)
      return malformed("a key or '}'");
    if (!consume(":"))
      return malformed("':' after '" + escape(*key) + "'");
    bool known = *key == "descr" || *key == "fortran_order" || *key == "shape";
    if (!known)
      return fileError(name, "has the unknown key '" + escape(*key) +
                                 "' in its header, expected 'descr', "
                                 "'fortran_order' and 'shape'");
    bool twice = *key == "descr"           ? dtype.has_value()
                 : *key == "fortran_order" ? fortranOrder.has_value()
                                           : shape.has_value();
    if (twice)
      return fileError(name, "has '" + *key + "' twice in its header");
    if (llvm::Error error = *key == "descr"           ? parseDType()
                            : *key == "fortran_order" ? parseOrder()
                                                      : parseShape())
      return std::move(error);
    if (!consume(",")) {
      if (consume("}"))
        break;
      return malformed("',' or '}'");
    }
  }
  skipSpace();
  if (!text.empty())
    return malformed("nothing after '}'");
  StringRef missing = !dtype          ? "descr"
                      : !fortranOrder ? "fortran_order"
                      : !shape        ? "shape"
                                      : "";
  if (!missing.empty())
    return fileError(name, "has no '" + missing + "' in its header");
  if (*fortranOrder)
    return fileError(name, "is in Fortran order (columns first), expected C "
                           "order; np.ascontiguousarray converts it");
  return ArrayInfo{*dtype, std::move(*shape)};
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

llvm::Expected<NpyHeader> attn::runtime::readNpyHeader(StringRef name,
                                                       ReadBytes read) {
  auto truncated = [&](int64_t expected, int64_t got) {
    return fileError(name, "ends inside its header: expected " +
                               Twine(expected) + " bytes, got " + Twine(got));
  };

  // Magic, version, and the length in 2 or 4 bytes.
  char start[12];
  llvm::Expected<size_t> got = read(start, 10);
  if (!got)
    return got.takeError();
  if (*got == 0)
    return fileError(name, "is empty, expected an .npy file");
  StringRef seen(start, std::min<size_t>(*got, kMagic.size()));
  if (seen != kMagic.take_front(seen.size())) {
    return fileError(name,
                     "is not an .npy file: expected it to start with "
                     "\"\\93NUMPY\", got \"" +
                         escape(seen) + "\"" +
                         (seen.starts_with("PK") ? " (an .npz archive)" : ""));
  }
  if (*got < 10)
    return truncated(10, *got);

  unsigned major = static_cast<uint8_t>(start[6]);
  unsigned minor = static_cast<uint8_t>(start[7]);
  if (major < 1 || major > 3 || minor != 0)
    return fileError(name, "is of .npy version " + Twine(major) + "." +
                               Twine(minor) + ", expected 1.0, 2.0 or 3.0");
  int64_t prefix = 10;
  int64_t length = llvm::support::endian::read16le(start + 8);
  if (major > 1) {
    got = read(start + 10, 2);
    if (!got)
      return got.takeError();
    if (*got < 2)
      return truncated(12, 10 + *got);
    prefix = 12;
    length = llvm::support::endian::read32le(start + 8);
  }
  if (length > kMaxHeaderBytes)
    return fileError(name, "declares a header of " + Twine(length) +
                               " bytes, expected at most " +
                               Twine(kMaxHeaderBytes));

  std::string text(length, '\0');
  got = read(text.data(), text.size());
  if (!got)
    return got.takeError();
  if (*got < text.size())
    return truncated(prefix + length, prefix + *got);
  llvm::Expected<ArrayInfo> info = HeaderParser(name, text).parse();
  if (!info)
    return info.takeError();
  llvm::Expected<int64_t> elements = countElements(info->dtype, info->shape);
  if (!elements)
    return fileError(name,
                     "is too large: " + llvm::toString(elements.takeError()));
  return NpyHeader{std::move(*info), *elements, prefix + length};
}

llvm::Expected<Tensor> attn::runtime::readNpyData(StringRef name,
                                                  const NpyHeader &header,
                                                  int64_t available,
                                                  ReadBytes read) {
  const ArrayInfo &info = header.info;
  int64_t expected = header.numElements * sizeInBytes(info.dtype);
  std::string described = (" bytes of data for " + toString(info.dtype) + " " +
                           shapeToString(info.shape))
                              .str();
  auto truncated = [&](int64_t got) {
    return fileError(name, "is truncated: expected " + Twine(expected) +
                               described + ", got " + Twine(got));
  };
  auto tooLong = [&](const Twine &extra) {
    return fileError(name, "has " + extra + " after its data: expected " +
                               Twine(expected) + described);
  };
  // Before any memory is taken: a damaged header may declare anything.
  if (available >= 0 && available < expected)
    return truncated(available);
  if (available > expected)
    return tooLong(Twine(available - expected) +
                   (available - expected == 1 ? " byte" : " bytes"));

  llvm::Expected<Tensor> tensor = Tensor::create(info.dtype, info.shape);
  if (!tensor)
    return fileError(name,
                     "cannot be read: " + llvm::toString(tensor.takeError()));
  llvm::Expected<size_t> got = read(tensor->data(), expected);
  if (!got)
    return got.takeError();
  if (static_cast<int64_t>(*got) < expected)
    return truncated(*got);
  char extra;
  got = read(&extra, 1);
  if (!got)
    return got.takeError();
  if (*got != 0)
    return tooLong("more bytes");

  if (info.dtype == DType::Bool)
    for (uint8_t &value : tensor->values<uint8_t>())
      value = value != 0;
  return tensor;
}

std::string attn::runtime::formatNpyHeader(const Tensor &tensor) {
  StringRef descr;
  switch (tensor.dtype()) {
  case DType::F16:
    descr = "<f2";
    break;
  case DType::BF16:
    descr = "<V2";
    break;
  case DType::F32:
    descr = "<f4";
    break;
  case DType::F64:
    descr = "<f8";
    break;
  case DType::I32:
    descr = "<i4";
    break;
  case DType::I64:
    descr = "<i8";
    break;
  case DType::Bool:
    descr = "|b1";
    break;
  }
  std::string dictionary =
      "{'descr': '" + descr.str() + "', 'fortran_order': False, 'shape': (";
  llvm::raw_string_ostream stream(dictionary);
  llvm::interleaveComma(tensor.shape(), stream);
  stream << (tensor.rank() == 1 ? ",), }" : "), }");

  // The data starts at a multiple of 64; the header ends with a line break.
  // Arrays of kMaxRank dimensions stay far below the 64 KiB of version 1.
  constexpr size_t kPrefix = 10;
  size_t length = llvm::alignTo(kPrefix + dictionary.size() + 1, 64) - kPrefix;
  dictionary.resize(length - 1, ' ');
  dictionary += '\n';

  std::string header(kPrefix, '\0');
  std::copy(kMagic.begin(), kMagic.end(), header.begin());
  header[6] = 1;
  llvm::support::endian::write16le(header.data() + 8,
                                   static_cast<uint16_t>(length));
  return header + dictionary;
}
