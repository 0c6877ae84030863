#!/usr/bin/env bash
# smoke_test.sh BENCHMARK: all cases at small sizes; looks at the shape of what
# is printed, not at the numbers.
set -euo pipefail
benchmark=$1
report=$TEST_TMPDIR/report.md
figures=$TEST_TMPDIR/figures.json
"$benchmark" --set all --tiny --rounds 1 --json "$figures" >"$report"

names=$("$benchmark" --set all --list)
[ "$(wc -l <<<"$names")" -ge 120 ]
while read -r name; do
  grep -qF "| $name |" "$report" || { echo "no row for $name"; exit 1; }
done <<<"$names"
grep -qE '^[0-9]+ of [0-9]+ bars met' "$report"

/usr/bin/python3 - "$figures" <<'PYTHON'
import json, sys
with open(sys.argv[1]) as file:
    report = json.load(file)
for outcome in report["outcomes"]:
    ours = outcome["ours"]
    assert 0 < ours["best"] <= ours["median"], outcome["case"]
    assert outcome["figure"] > 0, outcome["case"]
PYTHON

[ "$("$benchmark" --list --case '^decode$')" = decode ]
for wrong in '--set no-such-set' '--case no-such-case' '--case (' '--rounds 0' '--threads 0'; do
  # shellcheck disable=SC2086 # an option and its value
  if "$benchmark" $wrong 2>"$TEST_TMPDIR/error"; then
    echo "$wrong was accepted"
    exit 1
  fi
  grep -q "error: ${wrong%% *}: " "$TEST_TMPDIR/error"
done
