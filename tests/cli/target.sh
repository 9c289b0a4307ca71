#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# -t and `check PID`: what is no process to dump gets a sentence that says why.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"
need_root

img="-D $work/img"
# shellcheck disable=SC2086 # words on purpose
bad() { expect "$1" "$2" dump $img -t "$3"; expect "$1" "$2" check "$3"; }

bad 2 '"abc" is no process ID' abc
bad 2 '"0" is no process ID' 0
bad 2 '"99999999999" is no process ID' 99999999999
bad 1 'no process 99999999' 99999999
bad 2 "crctl itself runs below process $$" $$
kernel_thread=$(awk '$4 == 2 { print $1; exit }' /proc/[0-9]*/stat 2>/dev/null)
[ -z "$kernel_thread" ] || bad 3 "$kernel_thread is a kernel thread" "$kernel_thread"

# A thread that is not its process.
start python3 -c 'import threading, time
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
time.sleep(1000)'
for _ in $(seq 100); do
	thread=$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 ! -name "$pid" -printf '%f' 2>/dev/null)
	[ -n "$thread" ] && break
	sleep 0.02
done
bad 2 "$thread is a thread of process $pid" "$thread"

# One that has just ended.
true & wait $!
bad 1 "no process $!" $!
finish
