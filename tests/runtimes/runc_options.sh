#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# runc's options with crctl as criu: consoles, connections through an external network
# namespace, locks, Unix sockets, shell jobs, cgroups. usage: runc_options.sh CRCTL WORK
set -u
work=$2
. "$(dirname "$0")/lib.sh"
here=$PWD
runc=(runc --root "$work/state" --criu "$1")
mkdir -p "$work/state"
mount --make-rprivate / || exit 1

# bundle NAME JSON THING...: a container of the worker; JSON is merged into its config.
bundle() {
	local name=$1 merge=$2 dir=$work/$1
	shift 2
	mkdir -p "$dir"/{lower,upper,work,rootfs,outside}
	root_tree "$dir/lower"
	mountpoint -q "$dir/rootfs" || mount -t overlay overlay \
		-o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$dir/rootfs" || return
	rm -f "$dir/config.json"
	: > "$dir/output"
	(cd "$dir" && runc spec) || return
	python3 - "$dir/config.json" "$merge" "$@" <<-'END'
		import json, sys
		conf = json.load(open(sys.argv[1]))
		merge = json.loads(sys.argv[2])
		conf["process"]["terminal"] = merge.get("terminal", False)
		conf["root"]["readonly"] = False
		conf["process"]["args"] = ["worker"] + sys.argv[3:]
		conf["mounts"] += merge.get("mounts", [])
		spaces = conf["linux"]["namespaces"]
		net = next(space for space in spaces if space["type"] == "network")
		if merge.get("net") == "host":
		    spaces.remove(net)
		elif "net" in merge:
		    net["path"] = merge["net"]
		json.dump(conf, open(sys.argv[1], "w"))
	END
}

output() { cat "$work/$1/output"; }
dump() {
	mkdir -p "$work/$1/images"
	timeout 60 "${runc[@]}" checkpoint --image-path "$work/$1/images" \
		--work-path "$work/$1/images" "${@:2}" "$1" </dev/null ||
		{ logs "$work/$1/images"; return 1; }
}
# in the bundle, with a pipe as output
begin() {
	(cd "$work/$1" && exec timeout 60 "${runc[@]}" "${@:2}" "$1" </dev/null 2>&1 |
		cat >> "$work/$1/output") &
}
restore() {
	begin "$1" restore -d --image-path "$work/$1/images" --work-path "$work/$1/images" "${@:2}"
}
end() {
	timeout 20 "${runc[@]}" delete -f "$1" 2>/dev/null
	umount -l "$work/$1/rootfs" 2>/dev/null
	return 0
}

# cycle NAME "OPTION..." JSON THING...: dump and restore, twice.
cycle() {
	local name=$1 options merge=$3
	read -ra options <<< "$2"
	shift 3
	bundle "$name" "$merge" "$@" || return
	begin "$name" run -d
	goes_on output "$name" || { output "$name"; return 1; }
	for _ in 1 2; do
		dump "$name" "${options[@]}" || return
		restore "$name" "${options[@]}"
		goes_on output "$name" || { logs "$work/$name/images"; return 1; }
	done
	counts output "$name"
}

console_says() { printf '%s\n' "$1" > "$work/console/in"; until_true grep -q "got 24x80 $1" "$work/console/output"; }

console() {
	mkdir -p "$work/console"
	python3 "$here/tests/runtimes/console.py" "$work/console" &
	helper=$!
	until_true test -S "$work/console/socket" || return
	bundle console '{"terminal": true}' tty watch=/watch || return
	(cd "$work/console" && timeout 20 "${runc[@]}" run -d --console-socket socket console </dev/null) || return
	goes_on output console && console_says before || return
	for cycle in first second; do
		dump console || return
		(cd "$work/console" && timeout 60 "${runc[@]}" restore -d --console-socket "$work/console/socket" \
			--image-path "$work/console/images" --work-path "$work/console/images" console </dev/null) ||
			{ logs "$work/console/images"; return 1; }
		goes_on output console && console_says $cycle || return
	done
	counts output console
	local status=$?
	kill $helper
	return $status
}

# The client keeps its connection, through a network namespace that runc was given.
net_client() {
	ip netns add inside && ip netns add outside || return
	ip -n inside link add eth0 type veth peer name eth0 netns outside || return
	ip -n inside addr add 10.9.8.1/24 dev eth0 && ip -n outside addr add 10.9.8.2/24 dev eth0
	ip -n inside link set lo up; ip -n inside link set eth0 up; ip -n outside link set eth0 up
	bundle net '{"net": "/run/netns/inside"}' serve=7000 || return
	begin net run -d
	goes_on output net || { output net; return 1; }
	ip netns exec outside python3 "$here/tests/runtimes/client.py" 10.9.8.1 7000 > "$work/net/client" 2>&1 &
	local client=$!
	goes_on cat "$work/net/client" || return
	for _ in 1 2; do
		dump net --tcp-established || return
		sleep 0.3
		restore net --tcp-established
		goes_on output net || { logs "$work/net/images"; return 1; }
		goes_on cat "$work/net/client" || return
	done
	counts output net && counts cat "$work/net/client"
	local status=$?
	kill $client
	return $status
}

# Somebody outside listens on a socket of a directory that the container has too, under
# the same name and in one network namespace: else nobody can tell whose the peer is.
unix_outside() {
	mkdir -p "$work/unix/outside"
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(100).decode().strip(), 0, flush=True)' "$work/unix/outside/socket" > "$work/unix/heard" &
	local listener=$!
	until_true test -S "$work/unix/outside/socket" || return
	cycle unix --ext-unix-sk '{"net": "host", "mounts": [{"destination": "'"$work/unix/outside"'",
		"type": "bind", "source": "'"$work/unix/outside"'", "options": ["bind", "rw"]}]}' \
		"outside=$work/unix/outside/socket" &&
		goes_on cat "$work/unix/heard" && counts cat "$work/unix/heard"
	local status=$?
	kill $listener
	return $status
}

# On the terminal of a shell, as `runc run` without -d has it.
shell_job() {
	bundle shell '{}' watch=/watch || return
	python3 "$here/tests/runtimes/shell.py" "$work/shell" "${runc[@]}" || { logs "$work/shell/images"; return 1; }
}

# Words of the name as the third argument choose a test.
only=${3:-}
if_wanted() { case $1 in *"$only"*) check "$@" ;; esac; }

finish() {
	local name
	for name in plain console net lock unix shell soft full strict ignore; do
		[ -d "$work/$name" ] && end "$name"
	done
	ip netns del inside 2>/dev/null
	ip netns del outside 2>/dev/null
}
trap finish EXIT

if_wanted "runc: overlay root, pipes, a watch, a deleted file" cycle plain "" '{}' watch=/watch file=/tmp/f
if_wanted "runc: console" console
if_wanted "runc: --tcp-established, external network namespace, a live client" net_client
if_wanted "runc: --file-locks" cycle lock --file-locks '{}' lock=/tmp/lock
if_wanted "runc: --ext-unix-sk" unix_outside
if_wanted "runc: --shell-job" shell_job
for mode in soft full strict; do
	if_wanted "runc: --manage-cgroups-mode $mode" cycle $mode "--manage-cgroups-mode $mode" '{}' watch=/watch
done
finish
if_wanted "runc: nothing is left" nothing_left
summary runc
