#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cycle.sh SERVER OUT TOOL=COMMAND CYCLES: as init of a box, let a server work for its client
# undisturbed (unless OUT/reference is there), then with CYCLES dumps and restores of the server
# spread over its time. SERVER is a script, whose functions run in a folder of their own, $w:
#   needs="commands it cannot do without"   options="for dump and restore"
#   prepare() once before each run          serve() the server: what is dumped, execs it
#   ready() whether it answers              work() the client, elsewhere; prints its results
#   settled() whether the client has all its connections; or how many: connections=n
#   finish() ends the server and prints what else it left
# ready and work run in the network namespace `client`, with the server at $addr.
set -u

server=$1 out=$2 tool=${3%%=*} cycles=$4
read -ra command <<< "${3#*=}"
name=$(basename "$server" .sh)
root=$PWD dir=/run/crctl-servers
export w=$dir/w addr=192.0.2.1 client_addr=192.0.2.2 servers=$root/tests/servers
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C TZ=UTC WORK_SECONDS=$((cycles > 5 ? cycles : 5))

needs='' options=''
prepare() { :; }
ready() { :; }
settled() { [ "$(ss -Htn state established | wc -l)" -ge "${connections:-1}" ] && sleep 0.2; }
finish() { kill -TERM "$pid"; }
# shellcheck source=/dev/null
. "$server"

for word in $needs; do
	command -v "$word" > /dev/null || { printf 'skip  %-10s %s is not installed\n' "$name" "$word"; exit 77; }
done

now_us() { echo "${EPOCHREALTIME/./}"; }

failed()
{
	printf 'FAIL  %-10s %s: %s\n' "$name" "$tool" "$1"
	tail -n 5 "$dir/log" "$dir/client.log" "$dir"/img/*.log 2> /dev/null | cut -c 1-300 | sed 's/^/      /'
	mkdir -p "$out/failed"
	cp "$dir"/{log,client.log,output,tool.log} "$dir"/img/*.log "$out/failed/" 2> /dev/null
	exit 1
}

set_up_network()
{
	ip link set lo up
	ip netns add client
	ip link add veth0 type veth peer name veth1 netns client || { echo "no veth"; exit 77; }
	ip addr add $addr/24 dev veth0
	ip link set veth0 up
	ip -n client link set lo up
	ip -n client addr add $client_addr/24 dev veth1
	ip -n client link set veth1 up
}

await_gone() # pid, seconds
{
	local until=$((SECONDS + ${2:-60}))

	while [ -d "/proc/$1" ]; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.01
	done
}

# A function of the server's script where the client is.
elsewhere()
{
	# shellcheck disable=SC2016 # for the inner shell
	nsenter --net=/run/netns/client bash -c 'ready() { :; }; cd "$w/../client" && . "$1" && $2' \
		"$name" "$server" "$1" < /dev/null
}

start()
{
	local until=$((SECONDS + 60))

	rm -rf "$w" "$dir/client" "$dir/finished" "$dir/output"
	mkdir -p "$w" "$dir/client"
	cd "$w" || exit 1
	(prepare) > "$dir/log" 2>&1 || failed "prepare failed"
	# A session of its own, no terminal, output to a file.
	# shellcheck disable=SC2016 # for the inner shell
	setsid bash -c '. "$1"; serve' "$name" "$server" < /dev/null >> "$dir/log" 2>&1 &
	pid=$!
	disown
	until elsewhere ready > "$dir/client.log" 2>&1; do
		[ $SECONDS -lt $until ] && [ -d "/proc/$pid" ] || failed "the server does not start"
		sleep 0.1
	done
	{
		elsewhere work > "$dir/output" 2> "$dir/client.log"
		echo "status $?" >> "$dir/output"
		: > "$dir/finished"
	} &
	disown
}

await_end() # seconds
{
	local until=$((SECONDS + $1))

	until [ -e "$dir/finished" ]; do
		[ $SECONDS -lt $until ] || failed "the client does not end: $(tail -n 1 "$dir/output")"
		sleep 0.05
	done
	finish >> "$dir/output" 2>> "$dir/client.log"
	await_gone "$pid" || failed "the server does not end"
}

run() # command, options: in microseconds to $dir/us
{
	rm -f "$dir/us"
	# shellcheck disable=SC2086 # words on purpose
	timeout -k 5 120 "$out/../timed" "$dir/us" "${command[@]}" "$1" -D "$dir/img" -o "$1.log" \
		$options "-v${VERBOSE:-1}" "${@:2}" > "$dir/tool.log" 2>&1
}

# The last word of crctl says it; of CRIU the first one that ends its work.
reason()
{
	if [ "$tool" = crctl ]; then
		{ cat "$dir/tool.log"; cat "$dir/img/$1.log" 2> /dev/null; } | grep -a Error | tail -n 1
	else
		grep -a Error "$dir/img/$1.log" | grep -av 'for self' | head -n 1
	fi
}

# A client that is just about to connect: nobody can dump that; a moment later will do.
in_flight() { grep -qaiE 'in.flight|not accepted' "$dir/img/dump.log" "$dir/tool.log" 2> /dev/null; }

cycle()
{
	local nr=$((done_cycles + 1)) tries=0 dump_us

	while :; do
		rm -rf "$dir/img"
		mkdir -p "$dir/img"
		! run dump -t "$pid" || break
		in_flight && [ $tries -lt 20 ] || failed "dump $nr failed: $(reason dump)"
		tries=$((tries + 1))
		sleep 0.02
	done
	dump_us=$(cat "$dir/us")
	await_gone "$pid" || failed "dump $nr has not ended the server"
	run restore -d || failed "restore $nr failed: $(reason restore)"
	printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$tool" "$nr" "$dump_us" "$(cat "$dir/us")" >> "$out/raw.tsv"
	cp "$dir/img/stats-dump" "$out/stats-$tool-$nr" 2> /dev/null
}

mkdir -p "$dir" "$out"
rm -rf "$out/failed"
set_up_network
mount -t devpts -o ptmxmode=666 devpts /dev/pts || exit 1
if [ ! -e "$out/reference" ]; then
	tool=undisturbed
	start
	before=$(now_us)
	await_end 120
	echo $(($(now_us) - before)) > "$out/took"
	tail -n 20 "$dir/output" | grep -q '^status 0$' || failed "the undisturbed client ended badly"
	cp "$dir/output" "$out/reference"
	tool=${3%%=*}
fi
took=$(cat "$out/took")

done_cycles=0
start
# A connection that comes in the gap would find nobody that listens.
until=$((SECONDS + 60))
until settled 2> /dev/null; do [ $SECONDS -lt $until ] && sleep 0.05 || failed "the client does not start"; done
while [ $done_cycles -lt "$cycles" ]; do
	# On average a quarter of the time is spent when the cycles are over, or less of a slow day.
	most=$((took / 2 / (cycles + 1)))
	pause=$(((RANDOM * 32768 + RANDOM) % ((most < 300000 ? most : 300000) + 1)))
	sleep "$(printf '%d.%06d' $((pause / 1000000)) $((pause % 1000000)))"
	[ ! -e "$dir/finished" ] || failed "the client ended after $done_cycles cycles"
	cycle
	done_cycles=$((done_cycles + 1))
done
await_end $((took * 6 / 1000000 + 60))
cmp -s "$dir/output" "$out/reference" || {
	diff -a "$out/reference" "$dir/output" | head -n 5 | cut -c 1-200
	failed "the results differ after $done_cycles cycles"
}
locks=$(python3 "$root/tests/net/tables.py")
[ "$tool" != crctl ] || [ -z "$locks" ] || failed "the network is still locked: $locks"
left=$(ps -e -o pid=,comm= | grep -vE '^ *1 |(ps|grep|bash|cycle.sh)$')
[ -z "$left" ] || failed "processes are left: $left"
python3 "$servers/report.py" "$out/.." "$name" "$tool"
