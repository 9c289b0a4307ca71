#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs on terminals, used by a person (drive.py) before and after they were dumped
# and restored: vim, top and script with bash from a shell (-j), bash and vim in tmux.
set -u
cd "$(dirname "$0")/../.." || exit 1
crctl=$(realpath "${B:-build}/crctl")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
passed=0 failed=0 skipped=0

for case in ${TTY_CASES:-vim top script tmux}; do
	if ! command -v python3 >/dev/null || ! command -v "$case" >/dev/null; then
		echo "skip $case: not installed"
		skipped=$((skipped + 1))
		continue
	fi
	mkdir "$work/$case"
	# shellcheck disable=SC2016 # for the inner shell
	if (cd "$work/$case" && timeout -k 5 120 unshare --mount --pid --fork --kill-child \
		--mount-proc --propagation private sh -c \
		'mount -t devpts -o ptmxmode=666 devpts /dev/pts && "$@"; exit $?' box \
		python3 "$OLDPWD/tests/tty/drive.py" "$crctl" "$case") >"$work/log" 2>&1; then
		passed=$((passed + 1))
	else
		echo "FAIL $case:"
		sed 's/^/     /' "$work/log"
		failed=$((failed + 1))
	fi
done
echo "tty: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
