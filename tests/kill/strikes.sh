#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# strikes.sh DIR: what run.sh says, as init of a box; DIR holds the programs.
set -u
out=$1
w=$out/w img=$out/img
mount -t tmpfs tmpfs /dev/shm || exit 1
RANDOM=$SEED
passed=0 failed=0 went_on=0 completed=0

fail()
{
	failed=$((failed + 1))
	echo "FAIL $what: $*"
}

random() { echo $(((RANDOM * 32768 + RANDOM) % $1)); }
now_us() { echo "${EPOCHREALTIME/./}"; }

# PIDs of the tree, busy and its child.
tree() { ps -e -o pid=,comm=,stat= | awk '$2 ~ /^busy/ && $3 !~ /^Z/ { print $1 }'; }
others() { ps -e -o pid=,comm=,stat= | awk '$2 !~ /^(busy|bash|ps|awk|sh)/ && $3 !~ /^Z/'; }

start()
{
	rm -rf "$w" "$img"
	mkdir -p "$w" "$img"
	setsid "$out/busy" "$w" < /dev/null > /dev/null 2>&1 &
	root=$!
	disown
	for _ in $(seq 500); do
		[ -e "$w/ready" ] && return
		sleep 0.02
	done
	echo "the program does not start: $(cat "$w/bad" 2> /dev/null)"
	exit 1
}

stop() # all of the tree, at once
{
	for pid in $(tree); do kill -9 "$pid" 2> /dev/null; done
	for _ in $(seq 500); do
		[ -z "$(tree)" ] && return
		sleep 0.01
	done
}

# All that a program could notice of itself from outside, thread by thread.
snapshot()
{
	local pid

	for pid in $(tree); do
		cat "/proc/$pid/maps"
		(cd "/proc/$pid/fd" && stat -c %N ./*)
		grep -E '^(Name|TracerPid|Sig[BIC]|NoNewPrivs|Seccomp|Cap|Uid|Threads)' \
			"/proc/$pid/task/"*/status
	done
}

# The tracer's death is noticed a little later; until no thread is stopped.
await_running()
{
	for _ in $(seq 300); do
		cat /proc/[0-9]*/task/*/status 2> /dev/null | grep -qE '^State:.*[tT] \(' || return 0
		sleep 0.01
	done
	return 1
}

counts() { od -An -v -tu8 -w8 -N64 "$w/progress" | tr -d ' '; }

# Every worker counts on within some seconds.
goes_on()
{
	local before after behind

	mapfile -t before < <(counts)
	for _ in $(seq 400); do
		sleep 0.01
		[ ! -e "$w/bad" ] || { fail "the program found: $(cat "$w/bad")"; return 1; }
		mapfile -t after < <(counts)
		behind=
		for i in "${!before[@]}"; do
			[ "${after[$i]}" -gt "${before[$i]}" ] || behind="$behind $i"
		done
		[ -n "$behind" ] || return 0
	done
	fail "workers$behind do not go on"
	return 1
}

# After a kill of a dump: 0 all is well and the tree runs, 1 it must be started anew.
judge_dump()
{
	local pids

	await_running || { fail "threads stay stopped: $(grep -lE '^State:.*[tT] \(' \
		/proc/[0-9]*/task/*/status)"; return 1; }
	pids=$(tree | wc -l)
	# A tool killed while it ends the tree: the rest must follow at once.
	for _ in $(seq 200); do
		[ "$pids" = 1 ] || break
		sleep 0.01
		pids=$(tree | wc -l)
	done
	if [ "$pids" = 2 ]; then
		snapshot > "$out/after"
		cmp -s "$out/before" "$out/after" || {
			fail "it has changed: $(diff "$out/before" "$out/after" | head -n 6)"
			return 1
		}
		went_on=$((went_on + 1))
		goes_on
		return
	fi
	[ "$pids" = 0 ] || { fail "$pids of 2 processes are left"; return 1; }
	[ -e "$w/bad" ] && { fail "the program found: $(cat "$w/bad")"; return 1; }
	[ -e "$img/inventory.img" ] || { fail "the program is gone and not dumped"; return 1; }
	"$CRCTL" restore -d -D "$img" -o restore.log || { fail "it was dumped, but" \
		"restore fails: $(tail -n 1 "$img/restore.log")"; return 1; }
	completed=$((completed + 1))
	goes_on
}

took_us() # command...: the time of a whole one, at most 2 s
{
	local before took

	before=$(now_us)
	"$@" > /dev/null 2>&1 || fail "undisturbed: exit code $?"
	took=$(($(now_us) - before))
	echo $((took > 2000000 ? 2000000 : took))
}

strike_dumps() # number, options...
{
	local took us

	what="dump ${*:2}"
	start
	took=$(took_us "$CRCTL" dump -t "$root" -R -D "$img")
	for _ in $(seq "$1"); do
		rm -rf "$img"
		mkdir "$img"
		snapshot > "$out/before"
		us=$(random $((took * 6 / 5)))
		what="dump ${*:2} killed after $us us"
		"$out/strike" "$us" "$CRCTL" dump -t "$root" -D "$img" -v4 -o dump.log "${@:2}" \
			> /dev/null 2>&1
		if judge_dump; then
			passed=$((passed + 1))
		else
			[ -z "${KEEP:-}" ] || exit 1
			stop
			start
		fi
		[ -z "$(others)" ] || fail "left behind: $(others)"
	done
	what="dump ${*:2}, in the end"
	kill -TERM "$root"
	for _ in $(seq 500); do
		[ -e "$w/ok" ] && break
		sleep 0.02
	done
	[ -e "$w/ok" ] || fail "the program does not end well: $(cat "$w/bad" 2> /dev/null)"
	stop
}

# What a restore could leave behind.
world()
{
	cat /proc/self/mountinfo
	find "$w" /dev/shm /run -xdev 2> /dev/null | sort
	find "$img" ! -name restore.log ! -name stats-restore | sort
}

judge_restore()
{
	local pids

	for _ in $(seq 200); do
		[ -z "$(others)" ] && break
		sleep 0.01
	done
	sleep 0.05
	pids=$(tree | wc -l)
	if [ "$pids" = 2 ] && await_running; then
		completed=$((completed + 1))
		goes_on || return 1
		stop
	fi
	stop_left=$(tree; others)
	[ -z "$stop_left" ] || { fail "processes are left:" $stop_left; stop; return 1; }
	world > "$out/after"
	cmp -s "$out/before" "$out/after" || {
		fail "left behind: $(diff "$out/before" "$out/after" | head -n 5)"
		return 1
	}
}

dumped_once()
{
	start
	"$CRCTL" dump -t "$root" -D "$img" -o dump.log || { fail "$(tail -n 1 "$img/dump.log")"; exit 1; }
	for _ in $(seq 200); do
		[ -d "/proc/$root" ] || break
		sleep 0.01
	done
}

strike_restores() # number
{
	local took us

	what=restore
	dumped_once
	# Restored from a copy: the shared progress file goes on, its size stays.
	world > "$out/before"
	took=$(took_us "$CRCTL" restore -d -D "$img")
	stop
	for _ in $(seq "$1"); do
		us=$(random $((took * 6 / 5)))
		what="restore killed after $us us"
		"$out/strike" "$us" "$CRCTL" restore -d -D "$img" -v4 -o restore.log > /dev/null 2>&1
		judge_restore && passed=$((passed + 1))
	done
}

# A restore that cannot be: nothing is left, and the sentence says what it is about.
refused() # words...
{
	local text

	world > "$out/before"
	text=$("$CRCTL" restore -d -D "$img" 2>&1 < /dev/null) && fail "it was restored"
	for word; do
		[[ $text == *"$word"* ]] || fail "no word of '$word' in: $text"
	done
	judge_restore && passed=$((passed + 1))
}

failing_restores()
{
	local child

	what="restore, a PID in use"
	dumped_once
	child=$(find "$img" -name 'core-*.img' | sed -E 's/.*-([0-9]+)\.img$/\1/' | sort -n | tail -n 1)
	echo $((child - 1)) > /proc/sys/kernel/ns_last_pid
	sleep 60 &
	local holder=$!
	disown
	if [ "$holder" = "$child" ]; then
		others() { ps -e -o pid=,comm=,stat= |
			awk '$2 !~ /^(busy|bash|ps|awk|sh|sleep)/ && $3 !~ /^Z/'; }
		refused "$child" sleep
	else
		fail "the test could not take PID $child, it got $holder"
	fi
	kill -9 "$holder"
	sleep 0.1

	what="restore, a file gone"
	mv "$w/progress" "$w/elsewhere"
	refused "$w/progress"
	what="restore, a file changed"
	cp "$w/elsewhere" "$w/progress"
	echo more >> "$w/progress"
	refused "$w/progress"
	rm "$w/progress"
	mv "$w/elsewhere" "$w/progress"
	what="restore, all well again"
	"$CRCTL" restore -d -D "$img" || fail "exit code $?"
	goes_on && passed=$((passed + 1))
	stop
}

strike_dumps $((COUNT / 3)) -R
strike_dumps $((COUNT / 3))
strike_restores $((COUNT - COUNT / 3 * 2))
failing_restores
rm -rf "$w" "$img"
echo "killed $COUNT times (SEED=$SEED): $went_on times the program went on, $completed times the work was complete"
echo "kill: $passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
