#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A docker container is dumped from outside of docker and restored without it, with the
# command line of the first demonstration of this. usage: outside.sh CRCTL WORK
set -u
crctl=$1 work=$2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dockerd.sh"
mkdir -p "$work/home"
export HOME=$work/home
mount -t tmpfs tmpfs /tmp || exit 1	# the daemon and its shims have their own there

field() { dock inspect -f "{{$1}}" demo; }
is_gone() { [ "$(field .State.Status)" = exited ] && [ ! -e "/proc/$pid" ]; }
output() { cat "$root/root/log" 2>/dev/null; }

# What docker had for its root directory, mounted by ourselves; $root is its place.
root_find() {
	root=$work/$driver/newroot
	mkdir -p "$root" || return
	if [ "$driver" = vfs ]; then
		cp -a "$old/." "$root"
		return
	fi
	mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$workdir" "$root"
}

start() {
	dock run -d --name demo --network none worker sh -c \
		'exec worker watch=/watch file=/tmp/f > /root/log' || return
	pid=$(field .State.Pid)
	root=/proc/$pid/root
	old=/run$(awk '$5 == "/" { print $4 }' "/proc/$pid/mountinfo")	# of a tmpfs on /run
	if [ "$driver" = overlay2 ]; then
		lower=$(field .GraphDriver.Data.LowerDir)
		upper=$(field .GraphDriver.Data.UpperDir)
		workdir=$(field .GraphDriver.Data.WorkDir)
		old=$(field .GraphDriver.Data.MergedDir)
	fi
	files=$work/$driver/data/containers/$(field .Id)
	goes_on output
}

dump() {
	local images=$work/$driver/images
	mkdir -p "$images"
	"$crctl" dump -o dump.log -v4 -t "$pid" -D "$images" --root "$old" \
		--ext-mount-map /etc/resolv.conf:/etc/resolv.conf \
		--ext-mount-map /etc/hosts:/etc/hosts \
		--ext-mount-map /etc/hostname:/etc/hostname \
		--ext-mount-map /.dockerinit:/.dockerinit \
		--manage-cgroups --evasive-devices || { logs "$images"; return 1; }
	until_true is_gone
}

restore() {
	local images=$work/$driver/images
	root_find || return
	"$crctl" restore -d -o restore.log -v4 -D "$images" --root "$root" \
		--ext-mount-map "/etc/resolv.conf:$files/resolv.conf" \
		--ext-mount-map "/etc/hosts:$files/hosts" \
		--ext-mount-map "/etc/hostname:$files/hostname" \
		--ext-mount-map /.dockerinit:/dev/null \
		--pidfile "$images/pid" \
		--manage-cgroups --evasive-devices || { logs "$images"; return 1; }
	new=$(cat "$images/pid")
	goes_on output && counts output || return
	[ "$(grep -c / "/proc/$new/mountinfo")" -gt 5 ]
}

stop() {
	kill -KILL "$new"
	until_true [ ! -e "/proc/$new" ]
	cgroups_remove "$(field .Id)"
	[ "$driver" = vfs ] || umount "$root"
}

for driver in overlay2 vfs; do
	check "docker, $driver: begin" docker_begin
	check "docker, $driver: a container" start
	check "docker, $driver: dump from outside" dump
	check "docker, $driver: restore without docker" restore
	check "docker, $driver: the restored container ends" stop
	docker_end
done
check "outside: nothing is left" nothing_left
summary outside
