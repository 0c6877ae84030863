#!/bin/bash
# Runs a Python test with the system's Python: the toolchain may have another.
exec /usr/bin/python3 "$@"
