#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# containerd with crctl as criu: ctr checkpoints a container into an image and restores
# another from it. usage: containerd.sh CRCTL WORK
set -u
crctl=$1 work=$2
. "$(dirname "$0")/lib.sh"
engine_in_path "$1"
mkdir -p "$work/home"
export HOME=$work/home
mount -t tmpfs tmpfs /tmp || exit 1
options_of_engine tcp-established file-locks

client() { ctr -a "$work/sock" "$@" </dev/null; }
output() { cat "$work/output" 2>/dev/null; client task exec --exec-id "look$RANDOM" "$name" cat /tmp/log; }

# An image as `docker save` writes them, of one layer.
image_make() {
	root_tree "$work/tree" && tar -C "$work/tree" -cf "$work/layer.tar" . || return
	python3 - "$work" <<-'END'
		import hashlib, io, json, sys, tarfile
		work = sys.argv[1]
		layer = open(work + "/layer.tar", "rb").read()
		name = hashlib.sha256(layer).hexdigest()
		conf = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
			"rootfs": {"type": "layers", "diff_ids": ["sha256:" + name]}}).encode()
		conf_name = hashlib.sha256(conf).hexdigest() + ".json"
		index = json.dumps([{"Config": conf_name, "RepoTags": ["worker:latest"],
			"Layers": [name + ".tar"]}]).encode()
		with tarfile.open(work + "/image.tar", "w") as tar:
		    for file, data in (conf_name, conf), (name + ".tar", layer), ("manifest.json", index):
		        info = tarfile.TarInfo(file)
		        info.size = len(data)
		        tar.addfile(info, io.BytesIO(data))
	END
}

begin() {
	cat > "$work/config.toml" <<-END
		version = 2
		root = "$work/root"
		state = "$work/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$work/sock"
	END
	containerd -c "$work/config.toml" > "$work/log" 2>&1 &
	daemon=$!
	until_true client version || { tail -n 5 "$work/log"; return 1; }
	image_make && client image import "$work/image.tar" && image=$(client image ls -q)
}

remove() {
	client task kill -s KILL "$1" >/dev/null 2>&1
	until_true client task rm "$1"
	client container rm "$1"
}

cleanup() {
	[ -n "${daemon:-}" ] || return 0
	for name in one two; do
		client container info $name >/dev/null 2>&1 && remove $name >/dev/null 2>&1
	done
	kill "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}
trap cleanup EXIT

start() {
	name=one
	client run --env PATH=/bin -d "$image" one sh -c 'exec worker watch=/watch file=/tmp/f lock=/tmp/lock > /tmp/log' || return
	goes_on output
}

leave_running() {
	name=one
	client task checkpoint --image-path "$work/images" one || { logs "$work"; return 1; }
	[ -s "$work/images/inventory.img" ] && goes_on output && counts output
}

# By its name alone, from outside of containerd.
from_outside() {
	mkdir -p "$work/outside"
	"$crctl" container checkpoint one --runtime "ctr -a $work/sock" -D "$work/outside" -R \
		--tcp-established --file-locks || return
	[ -s "$work/outside/inventory.img" ] && goes_on output && counts output
}

# One container's task becomes another's; what the root directory got goes along.
checkpoint_restore() {
	client container checkpoint --image --rw --task one checkpoint:1 || { logs "$work"; return 1; }
	remove one || return
	name=two
	client container restore --live --rw two checkpoint:1 || { logs "$work"; return 1; }
	goes_on output && counts output
}

check "containerd: begin" begin
check "containerd: run" start
check "containerd: ctr task checkpoint" leave_running
check "containerd: crctl container checkpoint" from_outside
check "containerd: ctr container checkpoint, restore under another name" checkpoint_restore
cleanup
check "containerd: nothing is left" nothing_left
summary containerd
