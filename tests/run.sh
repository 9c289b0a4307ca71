#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs each argument, a test command, and prints a line for it: ok, FAIL or skip.
# A test ends with 0 (pass), 1 (fail) or 77 (skip, its last line is the reason). One whose
# last line reads "N passed, N failed, N skipped" counts for that many. The output of a
# test is shown when it fails. TEST_TIMEOUT is the longest a test may take, in seconds.
set -u

# What make and others left open is no business of a test, least of all of one that is dumped.
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
done

passed=0 failed=0 skipped=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
summary='^([a-z-]+: )?([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$'

count() {
	if [[ $2 =~ $summary ]]; then
		passed=$((passed + BASH_REMATCH[2]))
		failed=$((failed + BASH_REMATCH[3]))
		skipped=$((skipped + BASH_REMATCH[4]))
		# A test that counts no failure but ends badly has failed itself.
		[[ $1 = FAIL && ${BASH_REMATCH[3]} = 0 ]] && failed=$((failed + 1))
		return 0
	fi
	case $1 in
	ok)	passed=$((passed + 1)) ;;
	skip)	skipped=$((skipped + 1)) ;;
	*)	failed=$((failed + 1)) ;;
	esac
}

# Words without the path of the build, so that lines stay short.
name_of() {
	local name=${1##*build/tests/}
	name=${name#bash tests/}
	name=${name#make -s check-}
	echo "${name%.sh}"
}

for test; do
	began=${EPOCHREALTIME/./}
	timeout -k 10 "${TEST_TIMEOUT:-900}" bash -c "$test" >"$out" 2>&1 </dev/null
	status=$?
	took=$(((${EPOCHREALTIME/./} - began) / 10000))
	took=$(printf '%d.%02d s' $((took / 100)) $((took % 100)))
	# make may have a word after the test's own last one.
	last=$(tail -n 5 "$out" | grep -E "$summary" | tail -n 1)
	last=${last:-$(tail -n 1 "$out")}
	note=
	case $status in
	0)	verdict=ok; [[ $last =~ $summary ]] && note=": $last" ;;
	77)	verdict=skip note=": $last" ;;
	124)	verdict=FAIL note=": still running after ${TEST_TIMEOUT:-900} s" ;;
	*)	verdict=FAIL note=": exit code $status" ;;
	esac
	count "$verdict" "$last"
	printf '%-5s %s (%s)%s\n' "$verdict" "$(name_of "$test")" "$took" "$note"
	if [ "$verdict" = FAIL ]; then
		tail -n 200 "$out" | sed 's/^/      /'
	fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
