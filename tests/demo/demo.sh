#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make demo: a running program is frozen to disk, is gone, and comes back where it was.
# Runs in a PID and mount namespace of its own, so that the process IDs stay free.
set -u

if [ "$(id -u)" != 0 ]; then
	echo "Dumping and restoring needs root: sudo make demo" >&2
	exit 1
fi
if [ "${2:-}" != inside ]; then
	exec unshare --pid --mount --fork --mount-proc bash "$0" "$1" inside
fi

# What make and others left open is no part of the program.
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
done

build=$(realpath "$1")
crctl=$build/crctl
dir=$(mktemp -d /tmp/crctl-demo.XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
log=$dir/output
mkdir "$dir/images"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }
run() { printf '    $ %s\n' "${*//$dir/.}"; "$@"; }
# shellcheck disable=SC2009 # the columns are wanted
tree() { ps -o pid,ppid,nlwp,comm --forest -e | grep -E 'PID|demo' | grep -vE 'bash|grep' | show; }
show() { sed 's/^/    /'; }
lines() { wc -l <"$log"; }

stop() {
	echo
	echo "The demo failed: $*" >&2
	[ -f "$dir/images/log" ] && tail -n 20 "$dir/images/log" | show >&2
	exit 1
}

# Wait until the program has written its $1th line, at most 3 seconds.
await_line() {
	for _ in $(seq 60); do
		[ "$(lines)" -ge "$1" ] && return 0
		sleep 0.05
	done
	return 1
}

say "1. A program runs: a parent with a thread, two children, pipes between them."
cd "$dir" || exit 1
# Not a job of this shell, which would report how it ends.
pid=$(setsid "$build/tests/demo/demo" >"$log" 2>&1 </dev/null & echo $!)
await_line 5 || stop "the program does not count: $(cat "$log")"
tree
show <"$log"

say "2. It is written into a directory and ended."
before=${EPOCHREALTIME/./}
run "$crctl" dump -t "$pid" -D "$dir/images" -o log -v4 || stop "dump ended with exit code $?"
took=$((${EPOCHREALTIME/./} - before))
[ -d "/proc/$pid" ] && sleep 0.1
[ -d "/proc/$pid" ] && stop "process $pid is still there"
counted=$(lines)
echo "    $((took / 1000)) ms, $(find images -name '*.img' | wc -l) images," \
	"$(du -sh images | cut -f1). Its last line:"
tail -n 1 "$log" | show

say "3. It is gone. A second goes by and nothing is counted."
sleep 1
pgrep -l demo-square && stop "a process of it is still there"
[ "$(lines)" = "$counted" ] || stop "something still counts"
echo "    $(($(lines) - counted)) more lines."

say "4. It is made again from the directory, and counts on from where it was."
before=${EPOCHREALTIME/./}
run "$crctl" restore -D "$dir/images" -o log -v4 -d || stop "restore ended with exit code $?"
took=$((${EPOCHREALTIME/./} - before))
echo "    $((took / 1000)) ms."
await_line $((counted + 5)) || stop "it does not count on"
tree
tail -n 6 "$log" | show

# What it wrote must be what it would have written undisturbed.
awk -v pid="$pid" '
	{ total += $2 * $2 }
	$2 != NR || $6 < total - $2 * $2 || $6 > total || $8 != pid { bad = 1 }
	END { exit bad || !NR }' "$log" || stop "its output has a gap: $(cat "$log")"

kill "$pid"
say "5. The same process IDs, no count lost, none doubled. The demo ends here."
