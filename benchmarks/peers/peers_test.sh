#!/usr/bin/env bash
# peers_test.sh COMPARE ATTNC: the comparison at small sizes; looks at results,
# not at times.
set -euo pipefail
compare=$1 attnc=$2
run() {
  /usr/bin/python3 "$compare" --attnc "$attnc" --rounds 1 --seconds 0.01 "$@"
}
check() {
  run "$@" >"$TEST_TMPDIR/table"
  cat "$TEST_TMPDIR/table"
  grep -q '^| attnc | [0-9.]* | [0-9.]* | 1.00 |' "$TEST_TMPDIR/table"
  grep -q '^| numpy |' "$TEST_TMPDIR/table"
  ! grep -q DIFFERENT "$TEST_TMPDIR/table"
}
check --dim H=2,T=33,D=24
check --dim B=2,H=6,Hkv=2,Tq=5,Tk=70,D=40 --mask causal --window 9 --alibi --threads 2

# A peer that fails is named, and the others are reported all the same.
if run --dim T=8 --peer wrong=false 2>"$TEST_TMPDIR/error"; then
  echo "a failing peer was not noticed"
  exit 1
fi
grep -q 'error: wrong: status 1' "$TEST_TMPDIR/error"
if run --dim H=3,Hkv=2 2>"$TEST_TMPDIR/error"; then exit 1; fi
grep -q 'expected H to be a multiple of Hkv' "$TEST_TMPDIR/error"
