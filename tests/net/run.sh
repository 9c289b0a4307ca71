#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A server is dumped and restored while a client in another network namespace talks with
# it over a pair of veth devices and must notice nothing but a pause; dumps that are killed
# at any moment leave no lock behind; connections in the states that take a silent peer.
# Environment: ROUNDS of dump and restore (3), STRIKES that kill a dump (6), CRCTL the tool.
set -u
cd "$(dirname "$0")/../.." || exit 1

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v ip > /dev/null && command -v python3 > /dev/null ||
	{ echo "ip or python3 is not installed"; exit 77; }
if [ -z "${IN_BOX:-}" ]; then
	CRCTL=$(realpath "${CRCTL:-${B:-build}/crctl}") || exit 1
	export CRCTL IN_BOX=1
	exec unshare --net bash tests/box.sh bash tests/net/run.sh
fi

talk=$PWD/tests/net/talk.py
server4=192.0.2.1 server6=2001:db8::1 client4=192.0.2.2 client6=2001:db8::2
passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok   $*"; }
bad()
{
	failed=$((failed + 1))
	echo "FAIL $*"
	tail -n 4 img/*.log 2> /dev/null | sed "s/^/      /"
	ss -tnoi 2> /dev/null
	ip netns exec client ss -tnoi 2> /dev/null
}

set_up_network()
{
	ip link set lo up
	ip netns add client
	ip link add veth0 type veth peer name veth1 netns client || { echo "no veth"; exit 77; }
	ip addr add $server4/24 dev veth0
	ip -6 addr add $server6/64 dev veth0 nodad
	ip link set veth0 up
	ip -n client link set lo up
	ip -n client addr add $client4/24 dev veth1
	ip -n client -6 addr add $client6/64 dev veth1 nodad
	ip -n client link set veth1 up
	sleep 0.1
}

await() # file, seconds
{
	local until=$((SECONDS + $2))

	until [ -e "$1" ]; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.02
	done
}

await_gone() { while [ -d "/proc/$1" ]; do sleep 0.01; done; }

crctl() # command, options
{
	"$CRCTL" "$1" -D "$dir/img" -o "$1.log" -v4 --tcp-established "${@:2}" > tool.log 2>&1
}

dump() { rm -rf "$dir/img"; mkdir "$dir/img"; crctl dump -t "$pid" "$@"; }

# The client has come further.
await_steps()
{
	local before now until=$((SECONDS + 40))

	before=$(cat steps 2> /dev/null || echo 0)
	while now=$(cat steps 2> /dev/null || echo 0); [ "$now" -lt $((before + 3)) ]; do
		[ $SECONDS -lt $until ] && [ ! -e result ] || return 1
		sleep 0.02
	done
}

start() # what of talk.py
{
	setsid python3 "$talk" "$@" < /dev/null > server.log 2>&1 &
	pid=$!
	disown
}

pause() { sleep "0.$(printf "%03d" $((RANDOM % 300)))"; }

test_rounds()
{
	for ((i = 1; i <= ${ROUNDS:-3}; i++)); do
		pause
		dump || { bad "dump $i: $(tail -n 1 tool.log)"; return; }
		await_gone "$pid"
		[ -n "$(tables)" ] || { bad "dump $i left no lock"; return; }
		pause
		crctl restore -d || { bad "restore $i: $(tail -n 1 tool.log)"; return; }
		[ -z "$(tables)" ] || { bad "restore $i left the lock $(tables)"; return; }
		await_steps || { bad "round $i: the client is stuck: $(cat result 2>&1)"; return; }
		dump -R || { bad "dump -R $i: $(tail -n 1 tool.log)"; return; }
		[ -z "$(tables)" ] || { bad "dump -R $i left the lock $(tables)"; return; }
		await_steps || { bad "dump -R $i: the client is stuck: $(cat result 2>&1)"; return; }
	done
	ok "$((i - 1)) rounds of dump and restore"
}

# A dump, killed at some moment: the tree goes on without a lock, or is gone with a whole dump.
test_strikes()
{
	local took began gone=0

	began=${EPOCHREALTIME/./}
	dump -R
	took=$((${EPOCHREALTIME/./} - began))
	for ((i = 1; i <= ${STRIKES:-6}; i++)); do
		rm -rf img; mkdir img
		"$CRCTL" dump -t "$pid" -D img -o dump.log -v4 --tcp-established > tool.log 2>&1 &
		sleep "$(printf '0.%06d' $(((RANDOM * 32768 + RANDOM) % (took * 3 / 4))))"
		kill -KILL $! 2> /dev/null
		wait $! 2> /dev/null
		sleep 0.05
		if [ -d "/proc/$pid" ]; then
			[ -z "$(tables)" ] || { bad "strike $i left the lock $(tables)"; return; }
		else
			gone=$((gone + 1))
			crctl restore -d || { bad "restore after strike $i: $(tail -n 1 tool.log)"; return; }
		fi
		[ -z "$(tables)" ] || { bad "after strike $i there is the lock $(tables)"; return; }
		await_steps || { bad "strike $i: the client is stuck: $(cat result 2>&1)"; return; }
	done
	ok "$((i - 1)) dumps killed, $gone of them with the tree"
}

test_talk()
{
	dir=$(mktemp -d) && cd "$dir" || exit 1
	mkdir img
	start server $server4 $server6
	until grep -q ready server.log; do sleep 0.02; done
	( ip netns exec client python3 "$talk" client $server4 $server6 "$dir"; echo "exit $?" ) > client.log 2>&1 &
	disown
	await started 30 || { bad "the client does not start: $(tail -n 1 client.log)"; return; }
	test_rounds
	[ -e result ] || test_strikes
	: > stop
	await result 20
	if grep -q ^ok result; then ok "the client: $(cat result)"; else bad "the client: $(cat result)"; fi
	kill -KILL "$pid" 2> /dev/null
	cd / && rm -rf "$dir"
}

# Nothing gets to the client while its neighbour entry is a false one.
cut_line() { ip neigh replace $client4 lladdr 02:00:00:00:00:99 nud permanent dev veth0; }
mend_line() { ip neigh del $client4 dev veth0; }

test_closing()
{
	dir=$(mktemp -d) && cd "$dir" || exit 1
	mkdir img
	ip netns exec client python3 "$talk" peer $client4 "$dir" > peer.log 2>&1 &
	disown
	until grep -q ready peer.log; do sleep 0.02; done
	start closing $client4 "$dir"
	await cut 30 && cut_line && : > is_cut
	await ready 30 || { bad "closing: $(tail -n 1 server.log)"; return; }
	dump || { bad "closing: $(tail -n 1 tool.log)"; return; }
	await_gone "$pid"
	crctl restore -d || { bad "closing: $(tail -n 1 tool.log)"; return; }
	: > go
	await whole 30 || { bad "closing: $(tail -n 1 server.log)"; return; }
	mend_line
	: > is_whole
	if await verdict 60 && await peer_ok 60; then
		ok "FIN_WAIT1, LAST_ACK and CLOSING"
	else
		bad "closing: $(tail -n 1 server.log) $(tail -n 1 peer.log)"
	fi
	cd / && rm -rf "$dir"
}

set_up_network
root=$PWD
# Names of the tables of nf_tables.
tables() { python3 "$root/tests/net/tables.py"; }
test_talk
test_closing
echo "net: $passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
