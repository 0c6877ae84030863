"""Writes docs/library.md from the comments of the library's files.

    python3 frontend/lib/document.py frontend/lib/*.attn > docs/library.md

The comment at the top of a file introduces it; one right above a declaration
documents it. A test compares docs/library.md with what this prints.
"""

import pathlib
import re
import sys


def paragraphs(lines):
    """Blocks of lines that blank lines at the outermost level separate."""
    block = []
    for line in lines:
        if line.strip() or block and not block[-1].startswith(("}", "//")) and depth(block) > 0:
            block.append(line)
            continue
        if block:
            yield block
        block = []
    if block:
        yield block


def depth(block):
    text = re.sub(r"//.*", "", "\n".join(block))
    return sum(text.count(c) for c in "({[") - sum(text.count(c) for c in ")}]")


def signature(code):
    """A declaration without bodies: of a layer, its fields and functions."""
    text = "\n".join(code)
    if not text.startswith(("layer", "model")):
        return cut(text)
    header, body = text.split(" {\n", 1)
    parts, member = [], []
    for line in body.rsplit("\n}", 1)[0].split("\n"):
        if re.match(r"  \S", line) and not line.startswith(("  }", "  )")):
            parts.append([])
        if line.strip():
            parts[-1].append(line)
    for part in parts:
        joined = "\n".join(part)
        member.append(cut(joined) if joined.lstrip().startswith("fn") else joined)
    return header + "\n" + "\n".join(member)


def cut(text):
    """Up to the '=' or '{' of the body, outside of all brackets."""
    open_brackets = 0
    for i, char in enumerate(text):
        if char in "([":
            open_brackets += 1
        elif char in ")]":
            open_brackets -= 1
        elif open_brackets == 0 and char in "={":
            return text[:i].rstrip()
    return text


def prose(comments):
    return " ".join(line.removeprefix("//").strip() for line in comments)


def document(path):
    blocks = list(paragraphs(path.read_text().split("\n")))
    title, *intro = prose([line for line in blocks[0] if line.startswith("//")]).split(". ")
    print(f"## std/{path.stem}\n")
    print(f"{title.rstrip('.')}. {'. '.join(intro)}".strip() + "\n")
    for block in blocks[1:]:
        comments = [line for line in block if line.startswith("//")]
        code = [line for line in block if not line.startswith("//")]
        assert comments and code, f"{path}: expected a comment and a declaration: {block}"
        name = re.match(r"(?:layer|model|mask|score|fn) +(\w+)", code[0]).group(1)
        print(f"### {name}\n\n{prose(comments)}\n\n```\n{signature(code)}\n```\n")


if __name__ == "__main__":
    print("# The standard library\n")
    print("Written in the language; this page is made from its comments by "
          "`frontend/lib/document.py`. `attnc library std/layers` prints a file.\n")
    for name in sorted(sys.argv[1:]):
        document(pathlib.Path(name))
