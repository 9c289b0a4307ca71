#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# podman with crctl as criu: checkpoint and restore of what a container uses, an archive
# that goes into another store under another name. usage: podman.sh CRCTL WORK
set -u
work=$2
. "$(dirname "$0")/lib.sh"
engine_in_path "$1"
mkdir -p "$work"

store() {
	podman --root "$work/$1/root" --runroot "$work/$1/run" --tmpdir "$work/$1/tmp" \
		--runtime runc --cgroup-manager cgroupfs --events-backend file "${@:2}" </dev/null
}
run() {
	store "$1" run -d --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --network none "${@:2}"
}
output() { store "$1" logs "$2"; }
is() { [ "$(store "$1" inspect -f '{{.State.Status}}' "$2")" = "$3" ]; }

cleanup() {
	local s
	for s in one two; do
		[ -d "$work/$s" ] || continue
		store $s rm -f -a -t 0 >/dev/null 2>&1
		while umount "$work/$s/root/overlay" 2>/dev/null; do :; done
	done
}
trap cleanup EXIT

prepare() {
	root_tree "$work/tree" && tar -C "$work/tree" -cf "$work/tree.tar" . || return
	store one import -c ENV=PATH=/bin "$work/tree.tar" worker:1 &&
		store two import -c ENV=PATH=/bin "$work/tree.tar" worker:1
}

# cycle NAME USER OPTION... -- THING...: checkpoint, restore, twice.
cycle() {
	local name=$1 user=$2 options=()
	shift 2
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	run one --name "$name" --user "$user" worker:1 worker "$@" || return
	goes_on output one "$name" || return
	for _ in 1 2; do
		store one container checkpoint "${options[@]}" --keep "$name" || { logs "$work/one/root"; return 1; }
		is one "$name" exited || return
		store one container restore "${options[@]}" --keep "$name" || { logs "$work/one/root"; return 1; }
		goes_on output one "$name" || return
	done
	counts output one "$name" && store one rm -f -t 0 "$name"
}

leave_running() {
	run one --name stays worker:1 worker watch=/watch file=/tmp/f || return
	goes_on output one stays || return
	store one container checkpoint --leave-running --keep stays || return
	is one stays running && goes_on output one stays && counts output one stays
}

# Into a second store, under another name, with what it wrote to its root directory.
migrate() {
	run one --name moves worker:1 sh -c 'echo kept > /root/file; exec worker watch=/watch' || return
	goes_on output one moves || return
	store one container checkpoint --export "$work/moved.tar.gz" moves || return
	store two container restore --import "$work/moved.tar.gz" --name moved || { logs "$work/two/root"; return 1; }
	goes_on output two moved && counts output two moved || return
	[ "$(store two exec moved cat /root/file)" = kept ]
}

check "podman: prepare" prepare
check "podman: checkpoint, restore" cycle plain 0 -- watch=/watch file=/tmp/f
check "podman: --tcp-established" cycle tcp 0 --tcp-established -- tcp serve=80
check "podman: --file-locks" cycle lock 0 --file-locks -- lock=/tmp/lock
check "podman: --user 1000" cycle user 1000:1000 -- user=1000 file=/tmp/g watch=/tmp
check "podman: --leave-running" leave_running
check "podman: --export, --import in another store" migrate
cleanup
check "podman: nothing is left" nothing_left
summary podman
