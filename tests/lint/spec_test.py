"""docs/spec.md, dialect/*.td, the verifiers and tests/dialect tell the same story.

Run from the repository's root, by `bazel test //tests/lint/...`.
"""

import pathlib
import re
import unittest

ROOT = pathlib.Path(".")
PARTS = ["Semantics", "Inputs", "Constraints", "Edge rules", "Example"]


def snake(name):
    """LayerNorm -> layer_norm."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def labels(letter, text):
    return sorted({int(n) for n in re.findall(r"\(%s(\d+)\)" % letter, text)})


def spec_sections():
    text = (ROOT / "docs/spec.md").read_text()
    parts = re.split(r"^### attn\.(\w+)$", text, flags=re.M)
    return {op: re.split(r"^##? ", body, flags=re.M)[0]
            for op, body in zip(parts[1::2], parts[2::2])}


def ods_records():
    text = "\n".join(path.read_text() for path in sorted((ROOT / "dialect").glob("*.td")))
    parts = re.split(r'^def Attn_\w+Op : Attn_\w+<"(\w+)"', text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def verifier_labels():
    """Maps an op to the labels tagged in its verifiers and type inference."""
    found = {}
    for path in sorted((ROOT / "dialect").glob("*.cpp")):
        op = None
        for line in path.read_text().splitlines():
            start = re.search(r"\b(\w+)Op::(?:verify|infer)\w*\(", line)
            if start and not line.startswith(" "):
                op = snake(start.group(1))
            elif line == "}":
                op = None
            elif op and line.lstrip().startswith("//"):
                found.setdefault(op, set()).update(labels("C", line))
    return found


def tested_labels():
    """Maps an op to the labels that functions `<op>_c<n>…` break."""
    found = {}
    for path in sorted((ROOT / "tests/dialect").glob("invalid*.mlir")):
        for op, number in re.findall(r"@(\w+?)_c(\d+)\w*\(", path.read_text()):
            found.setdefault(op, set()).add(int(number))
    return found


def example(text):
    code = re.search(r"```mlir\n(.*?)```", text, flags=re.S)
    return code.group(1).split() if code else None


class SpecTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spec = spec_sections()
        cls.ods = ods_records()

    def test_every_op_has_a_section(self):
        self.assertTrue(self.ods)
        self.assertEqual(sorted(self.spec), sorted(self.ods))

    def test_sections_are_complete(self):
        for op, text in self.spec.items():
            with self.subTest(op=op):
                found = re.findall(r"^\*\*([A-Z][\w ]+)\.\*\*", text, flags=re.M)
                self.assertEqual(found, PARTS)

    def test_inputs_are_those_of_ods(self):
        for op, text in self.spec.items():
            with self.subTest(op=op):
                found = labels("I", text)
                self.assertEqual(found, list(range(1, len(found) + 1)))
                self.assertEqual(found, labels("I", self.ods[op]))

    def test_constraints_are_verified(self):
        verified = verifier_labels()
        for op, text in self.spec.items():
            with self.subTest(op=op):
                found = labels("C", text)
                self.assertEqual(found, list(range(1, len(found) + 1)))
                tags = verified.get(op, set()) | set(labels("C", self.ods[op]))
                self.assertEqual(found, sorted(tags))

    def test_constraints_are_tested(self):
        tested = tested_labels()
        self.assertEqual(sorted(set(tested) - set(self.spec)), [])
        for op, text in self.spec.items():
            with self.subTest(op=op):
                self.assertEqual(labels("C", text), sorted(tested.get(op, [])))

    def test_examples_are_those_of_ods(self):
        for op, text in self.spec.items():
            with self.subTest(op=op):
                self.assertIsNotNone(example(text))
                self.assertEqual(example(text), example(self.ods[op]))


if __name__ == "__main__":
    unittest.main()
