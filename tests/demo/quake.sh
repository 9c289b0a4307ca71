#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo-quake: a match of OpenArena moves between two "machines" while clients ask the
# server for its status. Its container is checkpointed by runc in network namespace A and
# restored in B, which has the same address on the same bridge, from images on disk and a
# copy of the overlay's upper directory; then back with CRIU for comparison, MOVES times each
# (3), as the machine is now and then busy with something else. Needs no network: everything
# is in namespaces of its own. usage: quake.sh BUILD
set -uo pipefail
here=$(realpath "$(dirname "$0")/../..")
build=$(realpath "$1")
[ "$(id -u)" = 0 ] || { echo "Dumping and restoring needs root: sudo make demo-quake" >&2; exit 1; }
if [ "${2:-}" != inside ]; then
	# before the box: it is fetched into a cache that the box does not see
	criu=$(bash "$here/tests/criu.sh" 2>/dev/null) || criu=
	exec bash "$here/tests/box.sh" bash "$0" "$1" inside "$criu"
fi
criu=${3:+$3/criu}
address=10.77.0.2 password=at-3-am
clients=(10.77.0.100 10.77.0.101 10.77.0.102 10.77.0.103 10.77.0.104 10.77.0.105)
work=$(mktemp -d /var/tmp/crctl-quake.XXXXXX) || exit 1
poller='' current='' side=''

say() { printf '\n%s\n' "$*"; }
now() { python3 -c 'import time; print(time.monotonic())'; }
runc_of() { runc --root "$work/state" --criu "$1" --log "$work/runc.log" "${@:2}"; }
outside() { ip netns exec outside python3 "$here/tests/demo/quake_poll.py" "$@"; }
rcon() { outside rcon "$address" "$password" "$1"; }
cvar() { rcon "$1" | sed -n 's/.* is:"\([^"^]*\).*/\1/p'; }

cleanup() {
	[ -z "$current" ] || timeout 20 runc --root "$work/state" delete -f "$current" 2>/dev/null
	[ -z "$poller" ] || kill "$poller" 2>/dev/null
	find /sys/fs/cgroup -depth -type d -name "quake-$$-*" -exec rmdir {} \; 2>/dev/null
	umount "$work"/*/rootfs 2>/dev/null
	# what is still mounted must not be emptied
	grep -q " $work/" /proc/self/mountinfo || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

stop() {
	echo "The demo failed: $*" >&2
	tail -n 5 "$work"/images*/*.log "$work/runc.log" >&2 2>/dev/null
	exit 1
}

# A bridge with the players' machine and two machines for the server. Both have one address,
# and one MAC address, as a container that moves does; A's port is the one that is up.
network() {
	ip netns add outside && ip -n outside link add bridge type bridge || return
	ip -n outside link set bridge up && ip -n outside link set lo up || return
	ip -n outside addr add 10.77.0.1/24 dev bridge || return
	for client in "${clients[@]}"; do
		ip -n outside addr add "$client/24" dev bridge || return
	done
	for side in A B; do
		ip netns add "$side" || return
		ip -n "$side" link add eth0 address 02:00:00:77:00:02 type veth \
			peer name "port$side" netns outside || return
		ip -n outside link set "port$side" master bridge || return
		ip -n "$side" addr add "$address/24" dev eth0 || return
		ip -n "$side" link set lo up && ip -n "$side" link set eth0 up || return
	done
	ip -n outside link set portA up
}

# root_mount SIDE: the container's root; this Debian is its lower layer.
root_mount() {
	mount -t overlay overlay "$work/$1/rootfs" \
		-o "lowerdir=/,upperdir=$work/$1/upper,workdir=$work/$1/work"
}

# bundle SIDE: a container in that network namespace.
bundle() {
	local dir=$work/$1
	mkdir -p "$dir"/{upper,work,rootfs} && (cd "$dir" && runc spec) || return
	python3 - "$dir/config.json" "/run/netns/$1" "$password" <<-'END'
		import json, sys
		path, netns, password = sys.argv[1:]
		conf = json.load(open(path))
		conf["process"]["terminal"] = False
		conf["process"]["env"].append("HOME=/tmp")
		conf["process"]["cwd"] = "/tmp"
		conf["process"]["args"] = ["/usr/lib/ioquake3/ioq3ded",
		    "+set", "com_basegame", "baseoa", "+set", "fs_basepath", "/usr/lib/openarena-server",
		    "+set", "com_homepath", "oa", "+set", "com_legacyprotocol", "71",
		    "+set", "com_protocol", "71", "+set", "dedicated", "1", "+set", "sv_pure", "0",
		    "+set", "rconPassword", password, "+set", "g_gametype", "0",
		    "+set", "bot_minplayers", "4", "+set", "sv_maxclients", "8", "+map", "oa_dm1"]
		conf["root"]["readonly"] = False
		for space in conf["linux"]["namespaces"]:
		    if space["type"] == "network":
		        space["path"] = netns
		json.dump(conf, open(path, "w"))
	END
}

# The container's output is a pipe, as runtimes have it.
output() { cat >> "$work/output" <&0 & }

# CRIU's dump leaves its lock in the namespace that it moved away from: nothing would get in again.
unlock() {
	ip netns exec "$1" nft flush ruleset 2>/dev/null
	for table in iptables-legacy ip6tables-legacy; do
		ip netns exec "$1" $table -F 2>/dev/null && ip netns exec "$1" $table -X
	done
}

# move TOOL: from $side to the other one. The time of the silence goes to $silence.
move() {
	local tool=$1 from=$side to=B images=$work/images-$side began
	[ "$side" = B ] && to=A
	mkdir "$images" || return
	began=$(now)
	runc_of "$tool" checkpoint --image-path "$images" --work-path "$images" "$current" \
		< /dev/null || stop "checkpoint with $tool"
	ip -n outside link set "port$side" down
	cp -a "$work/$side/upper/." "$work/$to/upper/" && root_mount "$to" || stop "the new root"
	ip -n outside link set "port$to" up
	(cd "$work/$to" && runc_of "$tool" restore -d --image-path "$images" --work-path "$images" \
		"quake-$$-$to" < /dev/null 2>&1 | output) || stop "restore with $tool"
	runc --root "$work/state" delete -f "$current" 2>/dev/null
	current=quake-$$-$to side=$to
	unlock "$from"
	umount "$work/$from/rootfs" && rm -rf "$work/$from"/{upper,work}/* || return
	sleep 2
	silence=$(outside gap "$work/answers" "$began" "$(now)") || stop "no answer after the move"
	rm -rf "$images"
}

# Players with their scores, as qstat shows them.
players() { ip netns exec outside quakestat -q3s "$address" -P -nh 2>/dev/null | sed 's/^/    /'; }

# What must not change by a move.
as_before() {
	[ "$(cvar crctl_match)" = 4711 ] || stop "the variable that was set is gone"
	[ -n "$began" ] && [ "$(cvar sv_serverid)" = "$began" ] || stop "another match has begun"
}

median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

network || stop "network namespaces and a bridge cannot be made"
bundle A && bundle B && root_mount A || stop "no overlay mount, or no runc"
cd "$work/A" || exit 1
side=A current=quake-$$-A
runc_of "$build/crctl" run -d "$current" < /dev/null 2>&1 | output || stop "runc run"
outside poll "$address" "${clients[@]}" > "$work/answers" &
poller=$!
rcon "sets crctl_match 4711" > /dev/null || stop "$(tail -n 3 "$work/output")"
for bot in Gargoyle Sarge; do rcon "addbot $bot 3" > /dev/null; done
sleep 3
began=$(cvar sv_serverid)
say "An OpenArena match in a runc container, machine A ($address):"
players

say "It moves to machine B with crctl."
move "$build/crctl"
ours=("$silence") theirs=()
say "On machine B:"
players
as_before
say "The match (number $began) and the variable set over rcon (4711) are as they were."
if [ -z "$criu" ]; then
	echo "CRIU cannot be had here; no comparison."
	say "The longest silence that a client saw: ${ours[0]} ms."
	exit 0
fi
say "Back to machine A with CRIU for comparison, and so on in turn."
while :; do
	move "$criu"
	theirs+=("$silence")
	as_before
	[ ${#theirs[@]} -lt "${MOVES:-3}" ] || break
	move "$build/crctl"
	ours+=("$silence")
	as_before
done
say "The longest silence that a client saw: ${ours[*]} ms with crctl, ${theirs[*]} ms with CRIU."
echo "Medians: $(median "${ours[@]}") and $(median "${theirs[@]}") ms."
