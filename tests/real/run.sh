#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs nobody here wrote are dumped and restored at random moments while they work;
# what they make must equal what an undisturbed run makes. Environment: CYCLES=n dumps and
# restores of each tree in a row (3), ONLY=gcc,java some programs, CRCTL the tool,
# CYCLE_OPTIONS more options of both commands.
set -u
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build}
CRCTL=$(realpath "${CRCTL:-$B/crctl}") || exit 1
work=$PWD/$B/tests/real
export CRCTL CYCLES=${CYCLES:-3}

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
passed=0 failed=0 skipped=0
for program in tests/real/programs/*.sh; do
	name=$(basename "$program" .sh)
	[ -z "${ONLY:-}" ] || [[ ,$ONLY, == *,$name,* ]] || continue
	mkdir -p "$work/$name"
	bash tests/box.sh bash "$PWD/tests/real/cycle.sh" "$PWD/$program" "$work/$name" < /dev/null
	case $? in
	0)	passed=$((passed + 1)) ;;
	77)	skipped=$((skipped + 1)) ;;
	*)	failed=$((failed + 1)) ;;
	esac
done
echo "real: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
