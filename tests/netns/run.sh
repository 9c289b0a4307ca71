#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Trees in a network namespace of their own: one with devices, addresses, routes, settings
# and rules, all of which must come back; and one that somebody outside keeps and gives
# again (--external net, --inherit-fd, --join-ns). A client outside talks with the tree and
# must notice nothing but a pause.
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

# ---- a namespace of the tree's own ----

inside() { nsenter "--net=/proc/$pid/ns/net" "$@"; }

# A server, init of its own PID namespace, in a network namespace of its own.
own_start() # address...
{
	local parent

	setsid unshare --net --pid --fork sh -c 'exec setsid python3 "$@" > server.log' sh \
		"$talk" server "$@" < /dev/null > /dev/null 2>&1 &
	parent=$!
	disown
	until pid=$(cat "/proc/$parent/task/$parent/children") && pid=${pid% } && [ -n "$pid" ]; do sleep 0.02; done
}

# Devices, addresses, routes, settings and rules, in words that must come back.
own_set_up()
{
	ip link add out0 type veth peer name eth0 netns "$pid" || { echo "no veth"; exit 77; }
	ip link set out0 master bridge0 up
	inside sh -ec '
		ip link set lo up
		ip link set eth0 address 02:11:22:33:44:55 mtu 1400 txqueuelen 77 alias "the way out"
		ip addr add 198.51.100.1/24 dev eth0
		ip addr add 198.51.100.9/32 dev eth0 label eth0:nine
		ip -6 addr add 2001:db8:1::1/64 dev eth0 nodad
		ip link set eth0 up
		ip link add br0 type bridge ageing_time 12300 forward_delay 600
		ip link add p0 type veth peer name p1
		ip link set p0 master br0
		ip link set br0 up
		ip link set p0 up
		ip link set p1 up
		bridge link set dev p0 cost 33
		ip addr add 203.0.113.1/24 dev br0
		ip route add default via 198.51.100.2
		ip route add 203.0.113.128/25 nexthop via 198.51.100.3 weight 2 nexthop via 198.51.100.4
		ip route add 10.8.0.0/16 via 10.9.0.1 dev eth0 onlink table 77
		ip route add blackhole 10.66.0.0/16 metric 5
		ip -6 route add default via 2001:db8:1::2
		ip rule add from 10.9.0.0/16 lookup 77 priority 500
		ip rule del lookup default
		ip -6 rule add fwmark 5 lookup 78 priority 600
		ip neigh add 198.51.100.77 lladdr 02:00:00:00:00:77 nud permanent dev eth0
		ip neigh add proxy 198.51.100.78 dev eth0
		cd /proc/sys/net
		echo 1 > ipv4/ip_forward
		echo 2 > ipv4/conf/eth0/rp_filter
		echo 99 > unix/max_dgram_qlen
		echo 17 > ipv4/tcp_fin_timeout
		echo "20000 30000" > ipv4/ip_local_port_range
		echo 1234 > ipv6/neigh/eth0/retrans_time_ms
	' || exit 1
	if command -v nft > /dev/null; then
		inside nft -f - <<- END
			table inet keep {
				set ports { type inet_service; elements = { 99, 100 } }
				chain in { type filter hook input priority 0; tcp dport @ports drop; }
			}
		END
	fi
	# CRIU restores none of these
	[ -z "${DUMP_TOOL:-}${RESTORE_TOOL:-}" ] || return 0
	command -v iptables-legacy > /dev/null &&
		inside iptables-legacy -A INPUT -p tcp --dport 9 -j DROP 2> /dev/null
	inside ip link add mv0 link p1 type macvlan mode bridge
	inside bridge fdb add 02:00:00:00:00:99 dev p0 master static
	inside sh -ec '
		ip nexthop add id 5 via 198.51.100.5 dev eth0
		ip nexthop add id 6 via 198.51.100.6 dev eth0
		ip nexthop add id 7 group 5,3/6
		ip route add 10.70.0.0/16 nhid 5
		ip route add 10.71.0.0/16 nhid 7
	' || echo "     this kernel has no next hop objects"
	if command -v nft > /dev/null; then
		# a connection that is not known is not let in, one to the outside is translated
		inside nft -f - <<- END
			table ip track {
				chain in {
					type filter hook input priority 1;
					ct state established accept
					ct state new tcp flags & (fin | syn | rst | ack) != syn drop
				}
				chain out {
					type nat hook output priority -100;
					ip daddr 198.51.100.50 udp dport 53 dnat to 198.51.100.2:5353
				}
			}
		END
		inside python3 -c 'import socket; socket.socket(2, 2).sendto(b"x", ("198.51.100.50", 53))'
	fi
	for type in "type ifb" "type dummy" "link br0 type vlan id 5"; do
		# shellcheck disable=SC2086
		inside ip link add extra $type 2> /dev/null && inside ip link set extra name "x${RANDOM}" ||
			echo "     this kernel has no devices of $type"
	done
}

own_state()
{
	inside sh -c '
		ip -d link | sed "s/promiscuity.*//; s/link-netnsid [0-9]*//; s/_timer  *[0-9.]*//g"
		ip addr | sed "/link.netnsid/d"
		ip route show table all; ip -6 route show table all; ip rule; ip -6 rule
		ip neigh show nud permanent; ip neigh show proxy
		bridge link show dev p0
		bridge fdb | grep -v permanent; ip nexthop
		sed -n "s/^\(ipv4.*udp *17\) [0-9]* /\1 /; s/mark=.*//; /dport=53 /p" /proc/net/nf_conntrack
		grep -rs . /proc/sys/net | grep -v "stable_secret\|base_reachable_time:\|nf_conntrack_count\|netdev_rss_key"
		nft list ruleset 2> /dev/null
		iptables-legacy-save 2> /dev/null | grep ^-
	' | sed 's/ pref medium//; s/@if[0-9]*:/@outside:/; s/ expires [0-9]*sec//; s/ linkdown//' | sort
}

test_own()
{
	begin "a namespace of its own"
	ip link add bridge0 type bridge
	ip addr add 198.51.100.2/24 dev bridge0
	ip link set bridge0 up
	own_start 0.0.0.0
	own_set_up
	until grep -q ready server.log; do sleep 0.02; done
	sleep 1.5
	client_start 198.51.100.1 || return
	own_state > before
	for ((i = 1; i <= ${ROUNDS:-2}; i++)); do
		dump --external "veth[eth0]:out0" || return
		await_gone
		restore --external "veth[eth0]:out0@bridge0" || return
		await_steps || return
		[ -z "${DUMP_TOOL:-}${RESTORE_TOOL:-}" ] || break	# it leaves out tables, neighbours and more
		own_state > after
		cmp -s before after || { bad "$what: round $i: $(diff before after | head -n 20)"; return; }
	done
	client_end
	kill -KILL "$pid"
	end
}

# What would be lost is refused by its name, and stays as it is.
refused() # words, a command
{
	inside sh -c "$2" > /dev/null 2>&1 || { echo "     this kernel cannot: $2"; return; }
	"$CRCTL" dump -R -t "$pid" -D img --tcp-established > refused.log 2>&1 &&
		bad "$what: $2: was not refused"
	if grep -q "$1" refused.log; then ok "$what: $2"; else bad "$what: $2: $(cat refused.log)"; fi
	inside sh -c "$3"
}

test_refused()
{
	begin "refused"
	own_start 0.0.0.0
	until grep -q ready server.log; do sleep 0.02; done
	inside sh -c 'ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
		ip addr add 192.0.2.9/24 dev v0'
	refused 'v0 .*queueing discipline' 'tc qdisc add dev v0 root tbf rate 1mbit burst 10k latency 50ms' \
		'tc qdisc del dev v0 root'
	refused 'br7 .*filters VLANs' 'ip link add br7 type bridge vlan_filtering 1' 'ip link del br7'
	refused 'of IPsec' 'ip xfrm policy add dir out action allow' 'ip xfrm policy flush'
	refused 'next hop 7 .*resilient' 'ip nexthop add id 5 dev v0 && ip nexthop add id 7 group 5 type resilient buckets 4' \
		'ip nexthop flush'
	for kind in ipip sit gre vti; do
		refused "t0 ($kind).*not supported" "ip link add t0 type $kind local 192.0.2.9 remote 192.0.2.8 key 1 ||
			ip link add t0 type $kind local 192.0.2.9 remote 192.0.2.8" 'ip link del t0'
	done
	refused 't0 (vxlan).*not supported' 'ip link add t0 type vxlan id 42 dstport 4789' 'ip link del t0'
	for kind in 'ipvlan mode l2' macvtap macsec; do
		refused "t0 (${kind%% *}).*not supported" "ip link add link v0 name t0 type $kind" 'ip link del t0'
	done
	for kind in vrf:'table 9' bond team wireguard; do
		refused "t0 (${kind%%:*}).*not supported" "ip link add t0 type ${kind/:/ }" 'ip link del t0'
	done
	kill -KILL "$pid"
	end
}

# A device that lies on one of the machine, and on another one after the restore.
test_macvlan()
{
	begin "--external macvlan"
	ip link add low0 type veth peer name low1 && ip link set low0 up && ip link set low1 up
	ip link add low2 type veth peer name low3 && ip link set low2 up && ip link set low3 up
	own_start 0.0.0.0
	until grep -q ready server.log; do sleep 0.02; done
	if ip link add link low0 name mac0 netns "$pid" type macvlan mode bridge 2> /dev/null; then
		inside sh -c 'ip link set lo up; ip addr add 192.0.2.33/24 dev mac0; ip link set mac0 up'
		dump && await_gone && restore --external macvlan[mac0]:low2 &&
			inside ip -d link show dev mac0 | grep -q 'macvlan.*bridge' &&
			inside ip addr show dev mac0 | grep -q 192.0.2.33 && ok "$what" ||
			bad "$what: $(inside ip -d addr)"
	else
		echo "     this kernel has no macvlan"
	fi
	kill -KILL "$pid"
	ip link del low0; ip link del low2
	end
}

root=$PWD
outside_set_up
test_own
test_external
if [ -z "${DUMP_TOOL:-}${RESTORE_TOOL:-}" ]; then
	test_refused
	test_macvlan
fi
echo "netns: $passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
