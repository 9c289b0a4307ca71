#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# crctl is killed at random moments of dumps and restores under runc: the container goes
# on, or is wholly dumped; what a restore began is gone, and another restore works.
# usage: kill.sh CRCTL WORK; environment: KILLS (100) of each
set -u
work=$2 kills=${KILLS:-100} longest=${LONGEST:-400000}
. "$(dirname "$0")/lib.sh"
mkdir -p "$work/state"
mount --make-rprivate / || exit 1
name=killed
runc=(runc --root "$work/state" --criu "$work/criu")
images=(--image-path "$work/images" --work-path "$work/images")

# The engine, which is killed after as many seconds as the file "delay" says. runc starts it
# once for its version and once more.
cat > "$work/criu" <<END
#!/bin/bash
if [ -e "$work/armed" ] && [ -s "$work/delay" ]; then
	read -r delay < "$work/delay"
	rm "$work/delay"
	(sleep "\$delay"; kill -KILL \$\$) </dev/null >/dev/null 2>&1 &
elif [ -s "$work/delay" ]; then
	touch "$work/armed"
fi
exec "$1" "\$@"
END
chmod +x "$work/criu"

prepare() {
	mkdir -p "$work"/{lower,upper,work,rootfs}
	root_tree "$work/lower" || return
	mount -t overlay overlay -o "lowerdir=$work/lower,upperdir=$work/upper,workdir=$work/work" \
		"$work/rootfs" || return
	(cd "$work" && runc spec) || return
	python3 - "$work/config.json" <<-'END'
		import json, sys
		conf = json.load(open(sys.argv[1]))
		conf["process"]["terminal"] = False
		conf["root"]["readonly"] = False
		conf["process"]["args"] = ["worker", "tcp", "watch=/watch", "file=/tmp/f"]
		json.dump(conf, open(sys.argv[1], "w"))
	END
	begin run -d
	goes_on output
}
output() { cat "$work/output"; }
begin() { (cd "$work" && exec timeout 60 "${runc[@]}" "$@" "$name" </dev/null 2>&1 | cat >> "$work/output") & }
# The same, until runc is done.
begin_wait() {
	local out
	exec {out}> >(cat >> "$work/output")
	(cd "$work" && exec timeout 60 "${runc[@]}" "$@" "$name" </dev/null >&$out 2>&1)
	exec {out}>&-
}
status() { "${runc[@]}" list -f json | python3 -c 'import json, sys
print(next((c["status"] for c in json.load(sys.stdin) or [] if c["id"] == sys.argv[1]), "none"))' "$name"; }

# arm MICROSECONDS: how long the next engine but one may live.
arm() {
	rm -f "$work/armed"
	printf '0.%06d\n' "$1" > "$work/delay"
}

kill_dump() {
	rm -rf "$work/images"
	mkdir "$work/images"
	arm $((RANDOM * 32 % longest))
	timeout 60 "${runc[@]}" checkpoint --tcp-established "${images[@]}" "$name" </dev/null >/dev/null 2>&1
	rm -f "$work/delay"
	nothing_left || return
	# a task that is being ended may still be seen for a moment
	sleep 0.1
	case $(status) in
	running) went_on=$((went_on + 1)); goes_on output; return ;;
	paused)	echo "the container is left paused"; return 1 ;;
	esac
	[ -s "$work/images/inventory.img" ] || { echo "gone, and no checkpoint"; return 1; }
	dumped=$((dumped + 1))
	restore
}

restore() {
	timeout 20 "${runc[@]}" delete -f "$name" 2>/dev/null
	begin restore -d --tcp-established "${images[@]}"
	goes_on output || { logs "$work/images"; grep -av '^[0-9]' "$work/output" | tail -n 5; return 1; }
}

kill_restore() {
	rm -rf "$work/images"
	mkdir "$work/images"
	timeout 60 "${runc[@]}" checkpoint --tcp-established "${images[@]}" "$name" </dev/null || { logs "$work/images"; return 1; }
	arm $((RANDOM * 32 % longest))
	begin_wait restore -d --tcp-established "${images[@]}"
	rm -f "$work/delay"
	nothing_left || return
	if [ "$(status)" = running ]; then
		restored=$((restored + 1))
		goes_on output
		return
	fi
	undone=$((undone + 1))
	no_process || return
	restore
}

no_process() {
	local p
	sleep 0.1
	for p in /proc/[0-9]*; do
		[ "$(cat "$p/comm" 2>/dev/null)" = worker ] && grep -q '^State:	[^Z]' "$p/status" &&
			{ echo "process ${p#/proc/} is left"; grep -E '^(State|PPid|NSpid)' "$p/status"; status; logs "$work/images"; return 1; }
	done
	return 0
}

many() {
	local nr
	for nr in $(seq "$kills"); do
		"$1" || { echo "at number $nr"; return 1; }
	done
}

finish() {
	timeout 20 "${runc[@]}" delete -f "$name" 2>/dev/null
	umount -l "$work/rootfs" 2>/dev/null
}
trap finish EXIT

went_on=0 dumped=0 restored=0 undone=0
check "kill: prepare" prepare
check "kill: $kills dumps" many kill_dump
check "kill: $kills restores" many kill_restore
check "kill: no number is missing or comes twice" counts output
echo "      dumps: $went_on went on, $dumped wholly dumped; restores: $restored went on, $undone undone"
summary kill
