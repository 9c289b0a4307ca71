#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# box.sh COMMAND ARG...: run a command as init of its own PID and mount
# namespace with a tmpfs on /run, so that a test can neither meet nor leave
# processes and mounts. PIDs restart at 1: every restore finds its PIDs free.
[ $# -gt 0 ] || { echo "usage: box.sh COMMAND [ARG...]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "box.sh: needs root" >&2; exit 77; }
# A descriptor of the outer mount namespace would make a tree undumpable.
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || eval "exec $fd>&-"
done
exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
	sh -c 'mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"' box "$@"
