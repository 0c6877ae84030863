#!/bin/bash
# Runs lit over one test folder inside Bazel's runfiles.
#   run_lit.sh FOLDER TOOL...
set -euo pipefail
folder=$1
shift
tools=
for tool in "$@"; do
  tools+="$(dirname "$PWD/$tool"):"
done
export ATTN_LIT_TOOLS="${tools}/usr/lib/llvm-22/bin"
export ATTN_LIT_EXEC_ROOT="${TEST_TMPDIR}/lit"
export FILECHECK_OPTS="--enable-var-scope --dump-input=fail"
export LIT_OPTS="-j2"
exec /usr/bin/python3 /usr/lib/llvm-22/bin/lit -v \
  ${TESTBRIDGE_TEST_ONLY:+"--filter=${TESTBRIDGE_TEST_ONLY}"} "$folder"
