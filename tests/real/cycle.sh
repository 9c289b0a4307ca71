#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cycle.sh PROGRAM DIR: as init of a box, run one of the programs twice in DIR: undisturbed,
# then with CYCLES dumps and restores spread over its time. The program is a script with
#   needs="commands it cannot do without"   options="for dump and restore"
#   prepare() once, not dumped   work() what is dumped; it leaves the file `output`
set -u

program=$1 dir=$2
name=$(basename "$program" .sh)
needs='' options=''
prepare() { :; }
# shellcheck source=/dev/null
. "$program"

say() { printf '%-5s %s: %s\n' "$1" "$name" "$2"; }

for command in $needs; do
	command -v "$command" > /dev/null || { say skip "$command is not installed"; exit 77; }
done

now_us() { echo "${EPOCHREALTIME/./}"; }

# What is frozen: a session of its own, no terminal, output to files.
start()
{
	rm -rf "$dir/w"
	mkdir -p "$dir/w"
	cd "$dir/w" || exit 1
	# Errors are the program's own affair; its status counts.
	setsid bash -c '. "$1"; work; echo "status $?" >> output; : > finished' \
		"$name" "$program" < /dev/null > ../log 2>&1 &
	pid=$!
	disown
}

await_gone() { while [ -d "/proc/$1" ]; do sleep 0.01; done; }

failed()
{
	say FAIL "$1"
	tail -n 5 "$dir/log" "$dir"/img/*.log 2> /dev/null | sed 's/^/      /'
	exit 1
}

tool() # command, options
{
	# shellcheck disable=SC2086 # words on purpose
	timeout -k 5 120 "$CRCTL" "$1" -D "$dir/img" -o "$1.log" -v4 $options ${CYCLE_OPTIONS:-} "${@:2}"
}

cycle()
{
	rm -rf "$dir/img"
	mkdir -p "$dir/img"
	if ! tool dump -t "$pid" > "$dir/tool.log" 2>&1; then
		# It may have ended a moment before.
		[ -e finished ] && return 1
		failed "dump $((done_cycles + 1)) failed: $(tail -n 1 "$dir/tool.log")"
	fi
	await_gone "$pid"
	tool restore -d > "$dir/tool.log" 2>&1 ||
		failed "restore $((done_cycles + 1)) failed: $(tail -n 1 "$dir/tool.log")"
}

mkdir -p "$dir"
mkdir -p "$dir/w" && cd "$dir/w" && prepare || exit 1
before=$(now_us)
start
await_gone "$pid"
took=$(($(now_us) - before))
[ -s output ] || failed "the undisturbed run made no output"
mv output ../reference

done_cycles=0
start
sleep 0.2
while [ $done_cycles -lt "$CYCLES" ]; do
	# On average a quarter of the time is spent when the cycles are over.
	pause=$(((RANDOM * 32768 + RANDOM) % (took / 2 / (CYCLES + 1) + 1)))
	sleep "$(printf '%d.%06d' $((pause / 1000000)) $((pause % 1000000)))"
	[ ! -e finished ] || break
	cycle || break
	done_cycles=$((done_cycles + 1))
done
until=$((SECONDS + took * 6 / 1000000 + 60))
while [ -d "/proc/$pid" ] && [ $SECONDS -lt $until ]; do sleep 0.05; done
[ -e finished ] || failed "it does not end after $done_cycles cycles"
cmp -s output ../reference || {
	diff -a ../reference output | head -n 5 | cut -c 1-200
	failed "the output differs after $done_cycles cycles"
}
left=$(ps -e -o pid=,comm= | grep -vE '^ *1 |(ps|grep|bash|cycle.sh)$')
[ -z "$left" ] || failed "processes are left: $left"
[ $done_cycles -gt 0 ] || failed "it ended before the first dump"
cd /
rm -rf "$dir/w" "$dir/img"
say ok "$done_cycles cycles in $((took / 1000)) ms of work"
