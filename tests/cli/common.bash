# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of the command line share. A test runs `expect` and `check`, then `finish`.
set -u

# What make and others left open would be part of what is dumped.
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
done

crctl=$(realpath "${B:-build}/crctl")
[ -x "$crctl" ] || { echo "$crctl is not built"; exit 1; }
work=$(mktemp -d /tmp/crctl-cli.XXXXXX) || exit 1
# Nothing of the machine's own configuration may count.
export HOME=$work/home
unset CRIU_CONFIG_FILE CRCTL_CONFIG_FILE
if [ -e /etc/criu/default.conf ] || [ -e /etc/crctl/default.conf ]; then
	echo "/etc/criu or /etc/crctl has a default.conf"
	exit 77
fi
mkdir "$HOME" "$work/img"
out=$work/out
passed=0 failed=0
started=()

need_root() {
	[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
}

clean_up() {
	for pid in "${started[@]}"; do
		kill -KILL "$pid"
	done 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

verdict() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not so: ${*:2}"
	fi
}

# expect CODE PATTERN ARGS...: crctl ARGS exits with CODE and says PATTERN (an extended
# regular expression) in what it prints; PATTERN '' wants it silent.
expect() {
	local code=$1 pattern=$2 status
	shift 2
	"$crctl" "$@" >"$out" 2>&1 </dev/null
	status=$?
	if [ "$status" != "$code" ]; then
		verdict 1 "crctl $* exits with $code, but it exits with $status: $(head -c 400 "$out")"
	elif [ -z "$pattern" ] && [ -s "$out" ]; then
		verdict 1 "crctl $* prints nothing, but it prints: $(head -c 400 "$out")"
	elif ! grep -qE -e "$pattern" "$out" && [ -n "$pattern" ]; then
		verdict 1 "crctl $* prints \"$pattern\", but it prints: $(head -c 400 "$out")"
	else
		verdict 0
	fi
}

# check WHAT COMMAND...: the command succeeds.
check() {
	local what=$1
	shift
	"$@" >/dev/null 2>&1
	verdict $? "$what"
}

# Start a command in the background, no job of this shell; its PID in $pid.
start() {
	pid=$("$@" </dev/null >/dev/null 2>&1 & echo $!)
	started+=("$pid")
}

# A process of its own session that sleeps; its PID in $pid.
start_sleeper() {
	start setsid sleep 1000
	for _ in $(seq 100); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sleep ] && return
		sleep 0.02
	done
	echo "cannot start sleep"
	exit 1
}

finish() {
	echo "$passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ]
	exit
}
