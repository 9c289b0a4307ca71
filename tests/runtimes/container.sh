#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# crctl container: containers of each runtime are checkpointed from outside of it by their
# names, and restored without it. usage: container.sh CRCTL WORK
set -u
crctl=$1 work=$2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dockerd.sh"
mkdir -p "$work/home"
export HOME=$work/home
mount -t tmpfs tmpfs /tmp || exit 1	# the daemon and its shims have their own there
images=$work/images

store() {
	podman --root "$work/one/root" --runroot "$work/one/run" --tmpdir "$work/one/tmp" \
		--runtime runc --cgroup-manager cgroupfs --events-backend file "$@" </dev/null
}

# What the worker writes: in its own root directory, and to its standard output.
output() { cat "/proc/$pid/root/root/log" 2>/dev/null; }
streamed() { cat "$work/stream"; }
gone() { [ ! -e "/proc/$1" ]; }
command=(sh -c "worker watch=/watch file=/tmp/f | tee /root/log")

# cycle RUNTIME NAME, of a container that runs as $pid.
cycle() {
	goes_on output || return
	rm -rf "$images"
	mkdir -p "$images"
	"$crctl" container checkpoint "$2" --runtime "$1" -D "$images" -o dump.log -v3 -R ||
		{ logs "$images"; return 1; }
	goes_on output || return
	"$crctl" container checkpoint "$2" --runtime "$1" -D "$images" -o dump.log -v3 ||
		{ logs "$images"; return 1; }
	until_true gone "$pid" || return
}
back() {
	: > "$work/stream"
	"$crctl" container restore -D "$images" -o restore.log -v3 --pidfile pid > "$work/stream" </dev/null ||
		{ logs "$images"; return 1; }
	pid=$(cat "$images/pid")
	goes_on output && counts output && goes_on streamed || return
	kill -KILL "$pid"
	until_true gone "$pid"
	cgroups_remove "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["id"])' "$images/container.json")"
}

in_docker() {
	dock run -d --name one --network none worker "${command[@]}" || return
	pid=$(dock inspect -f '{{.State.Pid}}' one)
	cycle "/usr/bin/docker -H unix://$work/$driver.sock" one && back && dock rm -f one
}

in_podman() {
	root_tree "$work/tree" && tee_too && tar -C "$work/tree" -cf "$work/tree.tar" . &&
		store import -c ENV=PATH=/bin "$work/tree.tar" worker:1 || return
	store run -d --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --network none \
		--name one worker:1 "${command[@]}" || return
	pid=$(store inspect -f '{{.State.Pid}}' one)
	cycle "podman --root $work/one/root --runroot $work/one/run --tmpdir $work/one/tmp --runtime runc --cgroup-manager cgroupfs" one &&
		back && store rm -f -t 0 one
}
tee_too() { ln -sf busybox "$work/tree/bin/tee"; }

in_runc() {
	local dir=$work/bundle
	mkdir -p "$dir"/{upper,work,rootfs} &&
		mount -t overlay overlay -o "lowerdir=$work/tree,upperdir=$dir/upper,workdir=$dir/work" "$dir/rootfs" || return
	(cd "$dir" && "$1" spec) || return
	python3 - "$dir/config.json" "${command[@]}" <<-'END'
		import json, sys
		conf = json.load(open(sys.argv[1]))
		conf["process"]["terminal"] = False
		conf["root"]["readonly"] = False
		conf["process"]["args"] = sys.argv[2:]
		json.dump(conf, open(sys.argv[1], "w"))
	END
	(cd "$dir" && "$1" --root "$work/$1" run -d one </dev/null 2>&1 | cat > /dev/null) &
	until_true eval "'$1' --root '$work/$1' state one | grep -q running" || return
	pid=$("$1" --root "$work/$1" state one | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	cycle "$1 --root $work/$1" one && "$1" --root "$work/$1" delete -f one && umount "$dir/rootfs" && back &&
		rm -rf "$dir"
}

refuses() {
	local said
	said=$("$crctl" container checkpoint nobody --runtime "runc --root $work/runc" -D "$images" 2>&1)
	[ $? = 1 ] && echo "$said" | grep -q 'has no running container nobody' || { echo "$said"; return 1; }
	mkdir -p "$work/empty"
	said=$("$crctl" container restore -D "$work/empty" 2>&1)
	[ $? = 1 ] && echo "$said" | grep -q 'has no container.json' || { echo "$said"; return 1; }
}

finish() {
	for name in runc crun; do
		timeout 20 "$name" --root "$work/$name" delete -f one 2>/dev/null
	done
	store rm -f -a -t 0 >/dev/null 2>&1
	while umount "$work/one/root/overlay" 2>/dev/null; do :; done
	umount "$work/bundle/rootfs" 2>/dev/null
	docker_end
}
trap finish EXIT

root_tree "$work/tree" && tee_too
for driver in overlay2 vfs; do
	check "container: docker begins, $driver" docker_begin
	check "container: of docker, $driver" in_docker
	docker_end
done
check "container: of podman" in_podman
check "container: of runc" in_runc runc
# crun runs nothing where both versions of cgroups are mounted; Debian's has no checkpoints
# of its own
umount /sys/fs/cgroup/unified 2>/dev/null
check "container: of crun" in_runc crun
check "container: one that is not there" refuses
finish
check "container: nothing is left" nothing_left
summary container
