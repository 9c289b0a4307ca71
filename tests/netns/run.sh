#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Trees in a network namespace of their own: one that somebody outside keeps and gives
# again (--external net, --inherit-fd, --join-ns), while a client outside talks with the
# tree and must notice nothing but a pause.
# Environment: ROUNDS of dump and restore (2), CRCTL the tool, DUMP_TOOL and RESTORE_TOOL
# where they differ.
set -u
cd "$(dirname "$0")/../.." || exit 1

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v ip > /dev/null && command -v python3 > /dev/null ||
	{ echo "ip or python3 is not installed"; exit 77; }
if [ -z "${IN_BOX:-}" ]; then
	CRCTL=$(realpath "${CRCTL:-${B:-build}/crctl}") || exit 1
	export CRCTL IN_BOX=1
	exec unshare --net bash tests/box.sh bash tests/netns/run.sh
fi

talk=$PWD/tests/net/talk.py
passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok   $*"; }
bad()
{
	failed=$((failed + 1))
	echo "FAIL $*"
	tail -n 4 "$dir"/img/*.log 2> /dev/null | sed "s/^/      /"
}

await() # file, seconds
{
	local until=$((SECONDS + $2))

	until [ -e "$1" ]; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.02
	done
}

await_gone() { while [ -d "/proc/$pid" ]; do sleep 0.01; done; }

dump() # options
{
	rm -rf img; mkdir img
	"${DUMP_TOOL:-$CRCTL}" dump -t "$pid" -D img -o dump.log -v4 --tcp-established "$@" \
		> tool.log 2>&1 || { bad "$what: dump: $(tail -n 1 tool.log)"; return 1; }
}

restore() # options
{
	"${RESTORE_TOOL:-$CRCTL}" restore -d -D img -o restore.log -v4 --tcp-established \
		--pidfile "$dir/img/pid" "$@" > tool.log 2>&1 ||
		{ bad "$what: restore: $(tail -n 1 tool.log)"; return 1; }
	pid=$(cat img/pid)
}

# The client has come further.
await_steps()
{
	local before now until=$((SECONDS + 20))

	before=$(cat steps 2> /dev/null || echo 0)
	while now=$(cat steps 2> /dev/null || echo 0); [ "$now" -lt $((before + 3)) ]; do
		[ $SECONDS -lt $until ] && [ ! -e result ] ||
			{ bad "$what: the client is stuck: $(cat result 2>&1)"; return 1; }
		sleep 0.02
	done
}

begin() # what it is about
{
	what=$1
	dir=$(mktemp -d) && cd "$dir" || exit 1
	mkdir img
}

end() { cd / && rm -rf "$dir"; }

# A client in the namespace of crctl, a server at the address in $pid's.
client_start() # address...
{
	(python3 "$talk" client "$@" "$dir"; echo "exit $?") > client.log 2>&1 &
	disown
	await started 30 || { bad "$what: the client does not start: $(tail -n 1 client.log)"; return 1; }
}

client_end()
{
	: > stop
	await result 20
	if grep -q ^ok result; then ok "$what: the client: $(cat result)"; else bad "$what: $(cat result)"; fi
}

# ---- a namespace that stays ----

outside_set_up()
{
	ip link set lo up
	ip netns add server
	ip netns add other
	ip link add veth0 type veth peer name veth1 netns server || { echo "no veth"; exit 77; }
	ip addr add 192.0.2.2/24 dev veth0
	ip link set veth0 up
	ip -n server link set lo up
	ip -n server addr add 192.0.2.1/24 dev veth1
	ip -n server link set veth1 up
}

test_external()
{
	local inode

	begin "--external net"
	inode=$(stat -c %i /run/netns/server)
	nsenter --net=/run/netns/server setsid python3 "$talk" server 192.0.2.1 < /dev/null > server.log 2>&1 &
	pid=$!
	disown
	await server.log 5
	until grep -q ready server.log; do sleep 0.02; done
	client_start 192.0.2.1 || return
	# CRIU gives what it restores a time namespace
	for ((i = 1; i <= ${ROUNDS:-2}; i++)); do
		[ -z "${RESTORE_TOOL:-}" ] || [ "$i" = 1 ] || break
		dump --external "net[$inode]:outside" || return
		await_gone
		restore --inherit-fd "fd[9]:outside" 9< /run/netns/server || return
		[ "$(stat -Lc %i "/proc/$pid/ns/net")" = "$inode" ] ||
			{ bad "$what: another namespace after the restore"; return; }
		[ -z "$(ip netns exec server python3 "$root/tests/net/tables.py")" ] ||
			{ bad "$what: a lock stays"; return; }
		await_steps || return
	done
	if [ -z "${RESTORE_TOOL:-}" ]; then
		[ -e result ] || dump --external "net[$inode]:outside" || return
		await_gone
		"$CRCTL" restore -d -D img --tcp-established > refused.log 2>&1
		grep -q 'the tree.s network namespace is external (outside); open the one' refused.log ||
			bad "$what: not given, and not said: $(cat refused.log)"
		"$CRCTL" restore -d -D img --tcp-established --join-ns net:/dev/null > refused.log 2>&1
		grep -q '/dev/null is no net namespace' refused.log ||
			bad "--join-ns /dev/null: $(cat refused.log)"
		restore --join-ns net:/run/netns/server || return
		await_steps || return
	fi
	client_end
	kill -KILL "$pid"
	end
}

root=$PWD
outside_set_up
test_external
echo "netns: $passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
