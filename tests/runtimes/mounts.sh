#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mounts of a tree with a mount namespace of its own, and those that reach over its border:
# found by themselves, slaves, shared; --skip-mnt, --enable-fs. usage: mounts.sh CRCTL WORK
set -u
crctl=$1 work=$2
. "$(dirname "$0")/lib.sh"
images=$work/images root=$work/root src=$work/src
mkdir -p "$work"
: > "$work/names"

# Inside of the tree's mounts: busybox APPLET...
in_tree() { nsenter -t "$pid" -m -- /bin/busybox "$@"; }
gone() { [ ! -e "/proc/$pid" ]; }

# What the tree mounts, after "made": its root directory is the working directory.
start() {
	local made=$1
	rm -rf "$images"
	mkdir -p "$images"
	unshare --mount --pid --fork --propagation unchanged bash -c "
		mount --bind '$root' '$root' && cd '$root' || exit
		$made
		mount -t proc proc proc || exit
		pivot_root . old && exec /bin/busybox sh -c 'umount -l /old;
			exec busybox setsid sh -c \"while :; do sleep 1; done\" </dev/null >/dev/null 2>&1'" &
	outer=$!
	until_true pgrep -P $outer || return
	pid=$(pgrep -P $outer)
	until_true settled || { cat "/proc/$pid/mountinfo"; return 1; }
}
settled() { ! grep -q ' /old' "/proc/$pid/mountinfo" && [ "$(cat "/proc/$pid/comm")" = sh ] &&
	[ "$(readlink "/proc/$pid/fd/1")" = /dev/null ]; }

dump() { "$crctl" dump -o dump.log -v3 -t "$pid" -D "$images" "$@" && until_true gone; }
restore() {
	rm -f "$images/pid"
	"$crctl" restore -d -o restore.log -v3 -D "$images" --root "$root" --pidfile pid "$@" || return
	pid=$(cat "$images/pid")
}
stop() { kill -KILL "$pid"; until_true gone; }

# refused SENTENCE COMMAND...
refused() {
	local words=$1 said
	shift
	said=$("$@" 2>&1) && { echo "not refused: $*"; return 1; }
	echo "$said" | grep -q "$words" || { echo "it says: $said"; return 1; }
}

prepare() {
	local applet
	mkdir -p "$root"/{bin,proc,dev,old,data,rslave,shared,etc,a,b,c,d,more,left} \
		"$src"/{data,rslave,shared,rslave/sub,shared/sub} || return
	cp /bin/busybox "$root/bin/" && mknod "$root/dev/null" c 1 3 || return
	for applet in sh sleep; do ln -sf busybox "$root/bin/$applet"; done
	: > "$root/etc/hosts"
	echo outside > "$src/hosts"
	mount -t tmpfs src "$src/rslave" && mount --make-shared "$src/rslave" || return
	mount -t tmpfs src "$src/shared" && mount --make-shared "$src/shared" || return
	mkdir "$src/rslave/sub" "$src/shared/sub"
}

by_themselves() {
	start "mount --bind '$src/rslave/sub' data && mount --make-slave data; mount --bind '$src/hosts' etc/hosts" || return
	refused 'comes from outside' dump || return
	refused 'enable-external-masters' dump --external 'mnt[]' || return
	dump --ext-mount-map auto --enable-external-masters || return
	refused 'allow it with --external' restore || return
	restore --external 'mnt[]' || return
	[ "$(in_tree cat /etc/hosts)" = outside ] && in_tree touch /data/file && [ -e "$src/rslave/sub/file" ] || return
	# once more, the sources being named at the restore
	dump --external "mnt[/data]:one" --external "mnt[/etc/hosts]:two" || return
	restore --external "mnt[one]:$src/data" --external "mnt[two]:$src/hosts" || return
	[ "$(in_tree cat /etc/hosts)" = outside ] && stop
}

# What is mounted outside appears in the tree, not the other way round.
masters() {
	start "mount --bind '$src/rslave' rslave && mount --make-slave rslave" || return
	"$crctl" check --external 'mnt[]' "$pid" 2>&1 | grep -q 'restored, it does not' || return
	dump --external 'mnt[]:m' || return
	restore --external 'mnt[]:m' || return
	mount -t tmpfs outer "$src/rslave/sub" && touch "$src/rslave/sub/file" || return
	in_tree ls /rslave/sub | grep -q file || { echo "no mount comes in"; return 1; }
	umount "$src/rslave/sub"
	in_tree mount -t tmpfs inner /rslave/sub || return
	! mountpoint -q "$src/rslave/sub" || { echo "a mount comes out"; return 1; }
	stop
}

# Both ways; not where something is mounted below, which would come up outside.
sharing() {
	start "mount --bind '$src/shared' shared" || return
	dump --external 'mnt[]' --enable-external-sharing || return
	restore --external 'mnt[]:s' || return
	mount -t tmpfs outer "$src/shared/sub" && touch "$src/shared/sub/file" || return
	in_tree ls /shared/sub | grep -q file || { echo "no mount comes in"; return 1; }
	in_tree umount /shared/sub && until_true eval "! mountpoint -q '$src/shared/sub'" || return
	in_tree mount -t tmpfs inner /shared/sub || return
	mountpoint -q "$src/shared/sub" || { echo "no mount comes out"; return 1; }
	dump --external 'mnt[]:s' --skip-mnt /shared/sub || return
	umount "$src/shared/sub"
	restore --external 'mnt[]:s' || return
	! mountpoint -q "$src/shared/sub" && stop
}

# Peers, a slave, a private and an unbindable mount of the tree's own.
inside() {
	start 'mount -t tmpfs a a && mkdir a/sub && mount --make-shared a && mount --bind a b &&
		mount --bind a c && mount --make-slave c && mount -t tmpfs d d && mount --make-unbindable d' || return
	dump && restore || return
	in_tree mount -t tmpfs x /a/sub && in_tree touch /a/sub/file || return
	in_tree ls /b/sub | grep -q file || { echo "a peer misses a mount"; return 1; }
	in_tree ls /c/sub | grep -q file || { echo "a slave misses a mount"; return 1; }
	in_tree umount /c/sub && in_tree mount -t tmpfs y /c/sub && in_tree touch /c/sub/other || return
	! in_tree ls /a/sub | grep -q other || { echo "a slave gives a mount away"; return 1; }
	grep -q ' /d .*unbindable' "/proc/$pid/mountinfo" || { echo "/d can be bound"; return 1; }
	stop
}

skipped() {
	start "mount --bind '$src/data' left && mount -t ramfs more more && mkdir more/dir &&
		touch more/file" || return
	refused 'comes from outside' dump --skip-mnt /left || return
	dump --skip-mnt /left --enable-fs ramfs || return
	restore || return
	! grep -q ' /left ' "/proc/$pid/mountinfo" || return
	grep -q ' /more .* ramfs ' "/proc/$pid/mountinfo" || return
	dump --enable-fs all && restore --skip-mnt /more || return
	! grep -q ' /more ' "/proc/$pid/mountinfo" && stop
}

check "mounts: prepare" prepare
check "mounts: of outside, found by themselves" by_themselves
check "mounts: slaves of one outside" masters
check "mounts: shared with one outside" sharing
check "mounts: peers and slaves inside" inside
check "mounts: --skip-mnt, --enable-fs" skipped
umount "$src/rslave" "$src/shared"
check "mounts: nothing is left" nothing_left
summary mounts
