#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# case.sh BIN WORK CASE COUNT REPEAT TOOL...: one case of the benchmark, run by run.sh as
# init of a box. A TOOL is NAME=COMMAND. The tools take turns. Prints a line a run:
# case, count, tool, run, dump and restore in microseconds, and the copy of stats-dump.
set -u

bin=$1 work=$2 case=$3 count=$4 repeat=$5
tools=("${@:6}")
options=
# CRIU's other way takes a second for ten connections.
[ "$case" = tcp ] && options="--tcp-established --network-lock nftables"

give_up() { echo "bench $case $count $name: $*" >&2; exit 1; }

await() # file, seconds
{
	local until=$((SECONDS + $2))

	until [ -e "$1" ]; do
		[ $SECONDS -lt $until ] || return 1
		[ ! -e bad ] || return 1
		sleep 0.02
	done
}

# Until the tree is gone: its PIDs must be free for the restore.
await_gone() { while [ -d "/proc/$1" ]; do sleep 0.01; done; }

run()
{
	local name=${1%%=*} run=$2 command pid log
	read -ra command <<< "${1#*=}"

	rm -rf "$work/dir" "$work/img"
	mkdir -p "$work/dir" "$work/img"
	cd "$work/dir" || exit 1
	setsid "$bin/load" "$case" "$count" < /dev/null > /dev/null 2>&1 &
	pid=$!
	disown # or the shell would tell of its end
	await ready 60 || give_up "the program does not start"
	sync -f . # its files are not to be written while we measure

	rm -f "$work/dump" "$work/restore"
	log=$work/$name-dump.log
	"$bin/timed" "$work/dump" "${command[@]}" dump -t "$pid" -D "$work/img" $options -v1 -o "$log" ||
		give_up "dump failed: $(tail -n 2 "$log")"
	await_gone "$pid"
	log=$work/$name-restore.log
	"$bin/timed" "$work/restore" "${command[@]}" restore -d -D "$work/img" $options -v1 -o "$log" ||
		give_up "restore failed: $(tail -n 2 "$log")"
	kill -USR1 "$pid" || give_up "the restored program is gone"
	await ok 60 || give_up "the restored program is wrong: $(cat bad 2> /dev/null || echo no answer)"
	await_gone "$pid"
	cp "$work/img/stats-dump" "$work/stats/$case-$count-$name-$run" 2> /dev/null ||
		cp /dev/null "$work/stats/$case-$count-$name-$run"
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$case" "$count" "$name" "$run" \
		"$(cat "$work/dump")" "$(cat "$work/restore")"
}

ulimit -n "$(ulimit -Hn)"
mkdir -p "$work/stats"
status=0
for ((i = 1; i <= repeat; i++)); do
	for tool in "${tools[@]}"; do
		(run "$tool" "$i") || status=1
	done
done
cd /
rm -rf "$work/dir" "$work/img"
exit $status
