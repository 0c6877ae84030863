"""Every declaration of the library has a test that names it."""

import pathlib
import re
import sys

tests, library = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
text = "\n".join(path.read_text() for folder in (tests, tests.parent / "attention")
                 for path in (folder / "Inputs").glob("*.py") if path.name != "named.py")
words = set(re.findall(r"\w+", text))
declared = re.compile(r"^(?:mask|score|fn|layer|model) (\w+)", re.M)
names = {name for path in library.glob("*.attn") for name in declared.findall(path.read_text())}
assert len(names) > 50 and names <= words, sorted(names - words)
