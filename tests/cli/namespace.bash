# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests that dump and restore: a PID and mount namespace of the test's own, where process
# IDs are free again and nothing outlives the test. Source it before common.bash.

if [ "$(id -u)" != 0 ]; then
	echo "needs root"
	exit 77
fi
if [ "${INSIDE_NAMESPACE:-}" != "$0" ]; then
	INSIDE_NAMESPACE=$0 exec unshare --pid --mount --fork --kill-child --mount-proc bash "$0"
fi

# The next image directory: $img.
nr_img=0
next_img() {
	nr_img=$((nr_img + 1))
	img=$work/img$nr_img
	mkdir "$img"
}

# Process $1 is in state $2 (R, S, T) or, with 'gone', does not exist; waits up to 5 seconds.
becomes() {
	local state
	for _ in $(seq 250); do
		state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
		[ "${state:-gone}" = "$2" ] && return 0
		sleep 0.02
	done
	echo "process $1 is ${state:-gone}, not $2"
	return 1
}
