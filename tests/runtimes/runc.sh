#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A runc container is checkpointed and restored by crctl in the place of criu: what it
# counts goes on without a gap, its files are there. Runs in namespaces of its own.
# usage: runc.sh CRCTL WORK; environment: CYCLES (3)
set -u
. "$(dirname "$0")/bundle.sh"
crctl=$1 work=$2 cycles=${CYCLES:-3}
name=crctl-test-$$
runc=(runc --root "$work/state" --criu "$crctl")

fail() {
	echo "FAIL  runc: $*"
	tail -n 3 "$work"/images/*.log 2>/dev/null
	exit 1
}

cleanup() {
	timeout 20 "${runc[@]}" delete -f "$name" 2>/dev/null
	umount -l "$work/bundle/rootfs" 2>/dev/null
	rm -rf "$work/state" "$work/images"
	rmdir "$work/bundle/rootfs" 2>/dev/null && rm -rf "$work/bundle"
	find /sys/fs/cgroup -depth -type d -name "$name" -exec rmdir {} \; 2>/dev/null
}
trap cleanup EXIT

# Standard output of the container: a pipe, as containers have it.
start() {
	"$@" </dev/null 2>&1 | cat >> "$work/output" &
}

# Wait until the last line of the output is another than $1; it goes to $last.
await() {
	for _ in $(seq 200); do
		last=$(tail -n 1 "$work/output")
		[ -n "$last" ] && [ "$last" != "$1" ] && return
		sleep 0.05
	done
	fail "nothing more comes after \"$1\""
}

mkdir -p "$work"
rm -f "$work/output"
bundle "$work/bundle" || { echo "skip  runc: no overlay mount here"; exit 77; }
cd "$work/bundle" || exit 1
start "${runc[@]}" run -d "$name"
await ""
for cycle in $(seq "$cycles"); do
	rm -rf "$work/images"
	mkdir "$work/images"
	leave=
	[ "$cycle" = 1 ] && leave=--leave-running
	timeout 60 "${runc[@]}" checkpoint $leave --image-path "$work/images" \
		--work-path "$work/images" "$name" </dev/null || fail "checkpoint $cycle"
	await "$(tail -n 1 "$work/output")x"
	if [ -z "$leave" ]; then
		start timeout 60 "${runc[@]}" restore -d --image-path "$work/images" \
			--work-path "$work/images" "$name"
	fi
	await "$last"
done
timeout 20 "${runc[@]}" kill "$name" KILL
# every line but the first is one more than the line before, with both files' content
awk '{ if ($1 != NR || $2 != "kept" || $3 != "shared") { print "line " NR ": " $0; exit 1 } }' \
	"$work/output" || fail "the container did not go on where it was"
left=$(awk '$5 ~ /crctl-test/' /proc/self/mountinfo)
[ -z "$left" ] || fail "mounts are left: $left"
echo "ok    runc: $cycles cycles, $(wc -l < "$work/output") lines without a gap"
