#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# docker with crctl as criu, by a daemon of the test's own without a network: checkpoint
# create, start --checkpoint, on each storage driver. usage: docker.sh CRCTL WORK
set -u
work=$2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dockerd.sh"
engine_in_path "$1"
mkdir -p "$work/home"
export HOME=$work/home
mount -t tmpfs tmpfs /tmp || exit 1	# the daemon and its shims have their own there
options_of_engine tcp-established file-locks

output() { dock logs "$1"; }
is() { [ "$(dock inspect -f '{{.State.Status}}' "$1")" = "$2" ]; }

# cycle NAME THING...: checkpoint, start from it, twice.
cycle() {
	local name=$1 nr
	shift
	dock run -d --name "$name" --network none worker worker "$@" || return
	goes_on output "$name" || return
	for nr in 1 2; do
		dock checkpoint create "$name" "point$nr" || { logs "$work/$driver"; return 1; }
		until_true is "$name" exited || return
		dock start --checkpoint "point$nr" "$name" || { logs "$work/$driver"; return 1; }
		goes_on output "$name" || return
	done
	counts output "$name" && dock rm -f "$name"
}

leave_running() {
	dock run -d --name stays --network none worker worker watch=/watch file=/tmp/f || return
	goes_on output stays || return
	dock checkpoint create --leave-running stays point || return
	is stays running && goes_on output stays && counts output stays
}

# The point lies in a directory of the user's. (dockerd itself refuses to start from one.)
directory() {
	mkdir -p "$work/points/$driver"
	dock checkpoint create --leave-running --checkpoint-dir "$work/points/$driver" stays other || return
	find "$work/points/$driver" -name inventory.img | grep -q . || return
	dock checkpoint ls --checkpoint-dir "$work/points/$driver" stays | grep -q other && goes_on output stays
}

for driver in overlay2 vfs; do
	check "docker, $driver: begin" docker_begin
	check "docker, $driver: checkpoint create, start" cycle plain watch=/watch file=/tmp/f
	check "docker, $driver: connections and locks" cycle busy tcp lock=/tmp/lock
	check "docker, $driver: --leave-running" leave_running
	check "docker, $driver: --checkpoint-dir" directory
	docker_end
done
check "docker: nothing is left" nothing_left
summary docker
