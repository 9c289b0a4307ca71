# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A docker daemon of the test's own, without a network: $driver is its storage driver.
: "${work:=}"
driver=none

dock() { /usr/bin/docker -H "unix://$work/$driver.sock" "$@" </dev/null; }

docker_begin() {
	dockerd --experimental --data-root "$work/$driver/data" --exec-root "$work/$driver/exec" \
		-H "unix://$work/$driver.sock" --pidfile "$work/$driver.pid" --iptables=false \
		--ip6tables=false --ip-forward=false --ip-masq=false --bridge=none \
		--oom-score-adjust 0 --storage-driver "$driver" > "$work/$driver.log" 2>&1 &
	until_true dock info || { tail -n 5 "$work/$driver.log"; return 1; }
	root_tree "$work/tree" && tar -C "$work/tree" -c . | /usr/bin/docker -H "unix://$work/$driver.sock" import - worker
}

docker_end() {
	local pid
	pid=$(cat "$work/$driver.pid" 2>/dev/null) || return 0
	# shellcheck disable=SC2046 # one word each
	dock rm -f $(dock ps -aq) >/dev/null 2>&1
	kill "$pid"
	wait "$pid" 2>/dev/null
	driver=none
}
trap docker_end EXIT
