#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What dump does with the tree afterwards, and what it leaves behind when it fails.
# shellcheck source=tests/cli/namespace.bash
. "$(dirname "$0")/namespace.bash"
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"

# Ended, which is the default; silent when all is well.
start_sleeper; next_img
expect 0 '' dump -t "$pid" -D "$img"
check "a dump ends the tree" becomes "$pid" gone
check "there is an inventory" test -s "$img/inventory.img"
check "images are 0600" test -z "$(find "$img" -name '*.img' ! -perm 600)"

# -R, and a later --no-.
start_sleeper; next_img
expect 0 '' dump -t "$pid" -D "$img" -R
check "-R leaves it running" becomes "$pid" S
next_img
expect 0 '' dump --tree="$pid" --images-dir="$img" --leave-running
check "--leave-running leaves it running" becomes "$pid" S
next_img
expect 0 '' dump -t "$pid" -D "$img" -R --no-leave-running
check "--no-leave-running takes -R back" becomes "$pid" gone

# -s
start_sleeper; next_img
expect 0 '' dump -t "$pid" -D "$img" -s
check "-s leaves it stopped" becomes "$pid" T
kill -CONT "$pid"
check "and SIGCONT lets it go on" becomes "$pid" S

# The current directory is the default, log and statistics go to -W.
next_img; mkdir "$work/w"
cd "$img" || exit 1
expect 0 '^dump: 1 process stopped .* frozen for' dump -t "$pid" -R -W "$work/w" -o log -v4 \
	--display-stats --pidfile pid
check "dump writes no pidfile" test ! -e "$work/w/pid"
check "images are in the current directory" test -s inventory.img
check "the log is in -W" test -s "$work/w/log"
check "and not in -D" test ! -e log
check "statistics are in -W" test -s "$work/w/stats-dump"
cd / || exit 1

# The action script.
cat >"$work/script" <<-'END'
	#!/bin/sh
	echo "$CRTOOLS_SCRIPT_ACTION $CRTOOLS_IMAGE_DIR" >>"$SCRIPT_LOG"
	[ "$CRTOOLS_SCRIPT_ACTION" != "${SCRIPT_FAILS:-}" ]
END
chmod +x "$work/script"
export SCRIPT_LOG=$work/script-log
next_img
expect 0 '' dump -t "$pid" -D "$img" -R --action-script "$work/script"
check "the script saw pre-dump and post-dump" \
	test "$(cat "$SCRIPT_LOG")" = "pre-dump $img"$'\n'"post-dump $img"
next_img
SCRIPT_FAILS=pre-dump expect 1 'script .* pre-dump' dump -t "$pid" -D "$img" --action-script "$work/script"
check "a failed script leaves the tree running" becomes "$pid" S
check "and no checkpoint" test ! -e "$img/inventory.img"

# A tree in the caller's session wants -j.
start sleep 1000
shell_pid=$pid
next_img
expect 3 'shell-job' dump -t "$shell_pid" -D "$img"
check "and goes on" becomes "$shell_pid" S
expect 0 '' dump -t "$shell_pid" -D "$img" -R -j

# What is not supported is named, and nothing has happened.
start setsid python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.connect(s.getsockname())
time.sleep(1000)'
socket_pid=$pid
for _ in $(seq 250); do
	readlink "/proc/$socket_pid/fd/3" 2>/dev/null | grep -q socket && break
	sleep 0.02
done
next_img
expect 3 "pid $socket_pid fd 3: .*--tcp-established" dump -t "$socket_pid" -D "$img"
check "the refused tree goes on" becomes "$socket_pid" S
check "a refusal leaves no checkpoint" test ! -e "$img/inventory.img"
expect 3 "pid $socket_pid fd 3: .*--tcp-established" check "$socket_pid"
check "the checked tree goes on" becomes "$socket_pid" S

# A held lock is refused without --file-locks.
start setsid flock "$work/lock" sleep 1000
for _ in $(seq 250); do
	grep -q FLOCK /proc/locks && break
	sleep 0.02
done
next_img
expect 3 "pid $pid fd [0-9]+: .*file lock" dump -t "$pid" -D "$img"
check "the lock is still held" grep -q FLOCK /proc/locks
finish
