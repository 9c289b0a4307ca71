#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# docker with crctl as criu, by a daemon of the test's own without a network: checkpoint
# create, start --checkpoint, on each storage driver. usage: docker.sh CRCTL WORK
set -u
work=$2
. "$(dirname "$0")/lib.sh"
engine_in_path "$1"
mkdir -p "$work/home"
export HOME=$work/home
mount -t tmpfs tmpfs /tmp || exit 1	# the daemon and its shims have their own there
options_of_engine tcp-established file-locks

dock() { /usr/bin/docker -H "unix://$work/$driver.sock" "$@" </dev/null; }
output() { dock logs "$1"; }
is() { [ "$(dock inspect -f '{{.State.Status}}' "$1")" = "$2" ]; }

begin() {
	dockerd --experimental --data-root "$work/$driver/data" --exec-root "$work/$driver/exec" \
		-H "unix://$work/$driver.sock" --pidfile "$work/$driver.pid" --iptables=false \
		--ip6tables=false --ip-forward=false --ip-masq=false --bridge=none \
		--oom-score-adjust 0 --storage-driver "$driver" > "$work/$driver.log" 2>&1 &
	until_true dock info || { tail -n 5 "$work/$driver.log"; return 1; }
	root_tree "$work/tree" && tar -C "$work/tree" -c . | /usr/bin/docker -H "unix://$work/$driver.sock" import - worker
}

end() {
	local pid
	pid=$(cat "$work/$driver.pid" 2>/dev/null) || return 0
	# shellcheck disable=SC2046 # one word each
	dock rm -f $(dock ps -aq) >/dev/null 2>&1
	kill "$pid"
	wait "$pid" 2>/dev/null
	driver=none
}
driver=none
trap end EXIT

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
	check "docker, $driver: begin" begin
	check "docker, $driver: checkpoint create, start" cycle plain watch=/watch file=/tmp/f
	check "docker, $driver: connections and locks" cycle busy tcp lock=/tmp/lock
	check "docker, $driver: --leave-running" leave_running
	check "docker, $driver: --checkpoint-dir" directory
	end
done
check "docker: nothing is left" nothing_left
summary docker
