#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Container runtimes with crctl in the place of criu. Environment: CYCLES, CRCTL.
set -u
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build}
crctl=$(realpath "${CRCTL:-$B/crctl}") || exit 1
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v runc >/dev/null || { echo "runc is not installed"; exit 77; }
bash tests/box.sh bash "$PWD/tests/runtimes/runc.sh" "$crctl" /run/crctl-runtimes < /dev/null
