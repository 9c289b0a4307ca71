#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# speed.sh: how long collecting takes with the module and without it, in a guest where it is
# loaded: 20,000 memory areas, 5,000 descriptors, 300 processes. A line a case: milliseconds
# of collecting (from the last stop to the last answer) and of the whole frozen time, the best
# of RUNS (3) each, and the ratios. CRCTL, LOAD: the programs.
set -u

# What make and others left open would be part of what is dumped.
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
done

crctl=${CRCTL:-build/crctl}
load=${LOAD:-build/tests/vm/load}
runs=${RUNS:-3}
work=$(mktemp -d /tmp/speed.XXXXXX)
trap 'rm -rf "$work"' EXIT
crctl=$(realpath "$crctl") load=$(realpath "$load")

# stamp LOG WORDS: microseconds at which the log says so.
stamp() { sed -n "s/^(\([0-9]*\)\.\([0-9]*\)) $2.*/\1\2/p" "$1" | head -n 1; }

# measure PID OPTION: "COLLECTING FROZEN" in microseconds.
measure()
{
	local log=$work/img/dump.log froze asked
	rm -rf "$work/img"
	mkdir "$work/img"
	# shellcheck disable=SC2086 # no option or one
	"$crctl" dump -R -t "$1" -D "$work/img" -W "$work/img" -v3 -o dump.log $2 \
		> "$work/out" 2>&1 || { cat "$work/out" >&2; return 1; }
	froze=$(stamp "$log" froze)
	asked=$(stamp "$log" 'ran code')
	echo $((10#$asked - 10#$froze)) $((10#$(stamp "$log" wrote) - 10#$froze))
}

# best PID OPTION: the least of each over the runs.
best()
{
	local i collecting frozen least=999999999 least_frozen=999999999
	for ((i = 0; i < runs; i++)); do
		read -r collecting frozen < <(measure "$1" "$2")
		[ -n "$frozen" ] || return 1
		[ "$collecting" -ge $least ] || least=$collecting
		[ "$frozen" -ge $least_frozen ] || least_frozen=$frozen
	done
	echo $least $least_frozen
}

ratio() { echo "$(($1 * 10 / $2 / 10)).$(($1 * 10 / $2 % 10))"; }

ulimit -n "$(ulimit -Hn)"
printf '%-10s %6s %26s %26s %7s\n' case count 'collecting ms (user/module)' 'frozen ms (user/module)' ratio
status=0
for pair in ${CASES:-vmas:20000 files:5000 processes:300}; do
	case=${pair%:*} count=${pair#*:}
	mkdir -p "$work/$case"
	(cd "$work/$case" && exec setsid "$load" "$case" "$count") < /dev/null > /dev/null 2>&1 &
	pid=$!
	disown
	for ((i = 0; i < 600; i++)); do
		[ ! -e "$work/$case/ready" ] || break
		sleep 0.1
	done
	read -r user user_frozen < <(best $pid --no-module)
	read -r module module_frozen < <(best $pid '')
	kill -KILL $pid
	if [ -z "${user:-}" ] || [ -z "${module:-}" ]; then
		status=1
		continue
	fi
	printf '%-10s %6s %13s / %-10s %13s / %-10s %7s\n' "$case" "$count" \
		"$((user / 1000)).$((user / 100 % 10))" "$((module / 1000)).$((module / 100 % 10))" \
		"$((user_frozen / 1000))" "$((module_frozen / 1000))" "$(ratio "$user" "$module")"
done
exit $status
