# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of the runtimes share. Each runs in namespaces of its own (tests/box.sh),
# so that nothing it starts or mounts can stay. $work: a directory of the test's own.
: "${work:=}"	# set by the test before
passed=0 failed=0 skipped=0
B=${B:-build}

# root_tree DIR: a root directory with busybox and the worker.
root_tree() {
	local applet
	mkdir -p "$1"/{bin,proc,sys,dev,etc,tmp,root,run,watch} || return
	cp /bin/busybox "$B/tests/runtimes/worker" "$1/bin/" || return
	chmod 1777 "$1/tmp" "$1/watch"
	for applet in sh sleep echo cat ls touch; do
		ln -sf busybox "$1/bin/$applet"
	done
}

# engine_in_path CRCTL: runtimes find crctl under the name criu.
engine_in_path() {
	mkdir -p "$work/bin"
	ln -sf "$1" "$work/bin/criu"
	export PATH=$work/bin:$PATH
}

# options_of_engine OPTION...: as an administrator gives them, for runtimes that have no
# options of their own for these; the machine's own file stays as it is.
options_of_engine() {
	mkdir -p "$work/criu"
	printf '%s\n' "$@" > "$work/criu/runc.conf"
	[ -d /etc/criu ] || mkdir /etc/criu
	mount --bind "$work/criu" /etc/criu
}

# cgroups_remove NAME: those of a container that was restored without its runtime.
cgroups_remove() { [ -n "$1" ] || return 1; find /sys/fs/cgroup -depth -type d -path "*$1*" -exec rmdir {} + 2>/dev/null; return 0; }

# check NAME COMMAND...: a line for it.
check() {
	local title=$1
	shift
	if "$@" > "$work/check.out" 2>&1; then
		echo "ok    $title"
		passed=$((passed + 1))
	else
		echo "FAIL  $title"
		sed 's/^/      /' "$work/check.out" | tail -n 40
		failed=$((failed + 1))
	fi
}

summary() {
	echo "$1: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}

# until_true COMMAND...: within ten seconds.
until_true() {
	for _ in $(seq 100); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "does not become true: $*"
	return 1
}

# Words of the engine's logs below directories, for a test that failed.
logs() {
	find "$@" \( -name '*dump.log' -o -name '*restore.log' \) -exec tail -n 4 {} + 2>/dev/null
}

# Runtimes have their say in the same output, and terminals their own line ends.
worker_last() { tr -d '\r' | grep -aE '^[0-9]+ [0-9]+$|^failed' | tail -n 1; }

# goes_on COMMAND...: its output is the worker's lines; wait for one that is new.
goes_on() {
	local before now
	before=$("$@" 2>/dev/null | worker_last)
	for _ in $(seq 100); do
		now=$("$@" 2>/dev/null | worker_last)
		[ -n "$now" ] && [ "$now" != "$before" ] && break
		sleep 0.05
	done
	case $now in
	""|"$before"|failed*) echo "the worker does not go on: $now"; return 1 ;;
	esac
}

# counts COMMAND...: no number of the worker's lines is missing or comes twice.
counts() {
	"$@" 2>/dev/null | tr -d '\r' | awk '
		/^failed/ { print; bad = 1 }
		/^[0-9]+ [0-9]+$/ { if (last && $1 != last + 1) { print "after " last ": " $0; bad = 1 } last = $1 }
		END { exit bad || !last }'
}

# nothing_left: no mount of the test, nothing frozen, no rule of packets.
nothing_left() {
	local left
	left=$(awk -v w="$work" 'index($5, w) == 1 && $5 != w "/criu" &&
		$5 !~ /\/root\/overlay$/ && $9 != "overlay" && !/nsfs/ { print $5 }' \
		/proc/self/mountinfo)
	[ -z "$left" ] || { echo "mounted: $left"; return 1; }
	left=$(find /sys/fs/cgroup/freezer -name freezer.state -exec grep -lE 'FROZEN|FREEZING' {} + 2>/dev/null)
	[ -z "$left" ] || { echo "frozen: $left"; return 1; }
}
