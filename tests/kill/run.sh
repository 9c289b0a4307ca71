#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# crctl is killed at random moments. A dump: the program goes on as if nothing had been,
# or it was dumped completely. A restore: nothing is left of it, or it is complete. Then
# restores that have to fail: nothing may be left. Environment: COUNT=n kills (40), a
# third each of dump -R, dump, and restore; CRCTL the tool; SEED of the moments.
set -u
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build}
CRCTL=$(realpath "${CRCTL:-$B/crctl}") || exit 1
out=$PWD/$B/tests/kill
export CRCTL COUNT=${COUNT:-40} SEED=${SEED:-$RANDOM}

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
mkdir -p "$out"
for program in busy strike; do
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wno-unused-parameter \
		-o "$out/$program" "tests/kill/$program.c" -lpthread || exit 1
done
bash tests/box.sh bash "$PWD/tests/kill/strikes.sh" "$out" < /dev/null
