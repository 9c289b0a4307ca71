#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Trees in cgroups of their own, of version 1 and 2: where each process is, what the
# cgroups allow, in all modes of --manage-cgroups; a cgroup namespace; and that a restore
# which fails leaves none behind, and none is left mounted.
# Environment: CRCTL the tool, DUMP_TOOL and RESTORE_TOOL where they differ.
set -u
cd "$(dirname "$0")/../.." || exit 1

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
if [ -z "${IN_BOX:-}" ]; then
	CRCTL=$(realpath "${CRCTL:-${B:-build}/crctl}") || exit 1
	export CRCTL IN_BOX=1
	exec bash tests/box.sh bash tests/cgroups/run.sh
fi

passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok   $*"; }
bad()
{
	failed=$((failed + 1))
	echo "FAIL $*"
	tail -n 3 "$dir"/img/*.log 2> /dev/null | sed "s/^/      /"
}

dir=$(mktemp -d) && cd "$dir" || exit 1
name=crctl-test-$(stat -Lc %i /proc/self/ns/mnt)
hiers=()

# Each hierarchy of this machine that can be had, mounted for the test alone.
set_up()
{
	local names

	while IFS=: read -r _ names _; do
		mkdir -p "h/${names:-v2}"
		if [ -z "$names" ]; then
			mount -t cgroup2 none h/v2
		else
			mount -t cgroup -o "${names/#name=/none,name=}" none "h/$names"
		fi 2> /dev/null && hiers+=("${names:-v2}")
	done < /proc/self/cgroup
	[ ${#hiers[@]} -gt 0 ] || { echo "no cgroups here"; exit 77; }
	mkdir -p y
}

has() { [ -d "h/$1/$name" ] || mkdir "h/$1/$name" 2> /dev/null; }

empty()
{
	find h/* -depth -type d -path "*/$name*" -exec rmdir {} + 2> /dev/null
	[ -z "$(show)" ] || bad "the test leaves cgroups: $(show)"
}

# Every one that is there, the names of others left out.
show() { (cd h && find ./*/ -type d -path "*/$name*" 2> /dev/null | sort); }

# A root process in NAME and a child in NAME/sub of each.
# shellcheck disable=SC2120 # words are for one case only
# start [COMMAND WORD...]: by that.
start()
{
	local h

	empty
	mkdir -p img
	"$@" setsid sh -c 'sleep 1001 & echo $! > child; exec sleep 1000' < /dev/null > /dev/null 2>&1 &
	pid=$!
	disown
	until [ -s child ] && grep -qs sleep "/proc/$(cat child)/comm" "/proc/$pid/comm"; do sleep 0.02; done
	child=$(cat child)
	for h in "${hiers[@]}"; do
		mkdir -p "h/$h/$name/sub"
		cp_cpuset "h/$h" "h/$h/$name" "h/$h/$name/sub"
		echo "$pid" > "h/$h/$name/cgroup.procs"
		echo "$child" > "h/$h/$name/sub/cgroup.procs"
	done
	where=$(cat "/proc/$pid/cgroup" "/proc/$child/cgroup")
}

cp_cpuset() # from, to...
{
	local to

	[ -e "$1/cpuset.cpus" ] || return
	for to in "${@:2}"; do
		cat "$1/cpuset.cpus" > "$to/cpuset.cpus"
		cat "$1/cpuset.mems" > "$to/cpuset.mems"
	done
}

end()
{
	kill -KILL "$pid" "$child" 2> /dev/null
	while [ -d "/proc/$pid" ] || [ -d "/proc/$child" ]; do sleep 0.01; done
	empty
	rm -rf img child
}

dump() # options
{
	"${DUMP_TOOL:-$CRCTL}" dump -t "$pid" -D img -o dump.log -v4 "$@" > tool.log 2>&1 ||
		{ bad "$what: dump: $(tail -n 1 tool.log)"; return 1; }
	while [ -d "/proc/$pid" ] || [ -d "/proc/$child" ]; do sleep 0.01; done
}

restore() # options
{
	local mounts

	mounts=$(cat /proc/mounts)
	"${RESTORE_TOOL:-$CRCTL}" restore -d -D img -o restore.log -v4 "$@" > tool.log 2>&1 ||
		{ bad "$what: restore: $(tail -n 1 tool.log)"; return 1; }
	[ "$mounts" = "$(cat /proc/mounts)" ] || bad "$what: a mount is left behind"
}

# It must say so and leave nothing; what is there already stays.
refuse() # words, options
{
	local before

	before=$(show)
	"$CRCTL" restore -d -D img -o restore.log -v4 "${@:2}" > tool.log 2>&1 &&
		{ bad "$what: was not refused"; return 1; }
	grep -q "$1" tool.log || { bad "$what: $(tail -n 1 tool.log)"; return 1; }
	[ "$before" = "$(show)" ] || { bad "$what: these are left: $(show)"; return 1; }
}

in_place()
{
	[ "$where" = "$(cat "/proc/$pid/cgroup" "/proc/$child/cgroup")" ] ||
		{ bad "$what: is in $(cat "/proc/$pid/cgroup")"; return 1; }
}

value() # hierarchy, file, value: set it where the kernel has it
{
	[ ! -e "h/$1/$name/$2" ] || echo "$3" > "h/$1/$name/$2"
}

value_is()
{
	[ ! -e "h/$1/$name/$2" ] || [ "$(cat "h/$1/$name/$2")" = "$3" ] ||
		{ bad "$what: $2 is $(cat "h/$1/$name/$2"), not $3"; return 1; }
}

values() # value or value_is; all that can be set without anybody noticing
{
	"$1" cpu cpu.shares 512 && "$1" pids pids.max "${2:-30}" &&
		"$1" memory memory.limit_in_bytes 134217728 &&
		"$1" v2 cgroup.max.depth 7 && "$1" v2 cgroup.max.descendants "${2:-30}"
}

test_made()
{
	local before

	what="--manage-cgroups, the cgroups are gone"
	start
	values value
	chown 1234:1234 "h/${hiers[0]}/$name/sub"
	before=$(show)
	dump --manage-cgroups || return
	empty
	restore --manage-cgroups || return
	in_place && values value_is || return
	[ "$before" = "$(show)" ] || { bad "$what: there are $(show)"; return; }
	[ "$(stat -c %u "h/${hiers[0]}/$name/sub")" = 1234 ] || { bad "$what: owner"; return; }
	ok "$what"
	end
}

test_modes()
{
	what="--manage-cgroups=none"
	start
	values value
	dump --manage-cgroups=full || return
	values value 40
	restore --manage-cgroups=none && in_place && values value_is 40 && ok "$what" || return
	what="--manage-cgroups=soft"
	dump --manage-cgroups=full || return
	values value 50
	restore --manage-cgroups=soft && in_place && values value_is 50 && ok "$what" || return
	for what in --manage-cgroups=props --manage-cgroups=full; do
		values value
		dump --manage-cgroups=full || return
		values value 60
		restore "$what" && in_place && values value_is && ok "$what" || return
	done
	what="--manage-cgroups=strict"
	dump --manage-cgroups=strict || return
	[ -n "${RESTORE_TOOL:-}" ] || refuse 'exists already' $what || return
	empty
	restore $what && in_place && values value_is && ok "$what" || return
	what="--manage-cgroups=ignore"
	dump --manage-cgroups || return
	where=$(cat /proc/self/cgroup /proc/self/cgroup)
	restore $what && in_place && ok "$what" || return
	end
}

test_missing()
{
	what="--manage-cgroups=props, the cgroups are gone"
	start
	dump --manage-cgroups || return
	empty
	refuse 'does not exist; make it' --manage-cgroups=props &&
		refuse 'does not exist; make it' --manage-cgroups=none && ok "$what"
	end
}

test_fails()
{
	what="a restore that fails"
	start
	values value
	dump --manage-cgroups || return
	values value 40
	mkdir "h/${hiers[0]}/$name/other"
	rm img/pages-1.img
	refuse . --manage-cgroups=full && values value_is 40 && ok "$what" || return
	rm -rf img
	empty
	start
	dump --manage-cgroups || return
	empty
	sleep 1002 &
	echo no > img/pid
	refuse 'exists already' --manage-cgroups --pidfile "$dir/img/pid" || return
	# one that comes to its tasks: a file is gone
	printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-restore ]\n' > no.sh
	chmod +x no.sh
	refuse post-restore --manage-cgroups --action-script "$dir/no.sh" || return
	ok "$what, later"
	kill %% 2> /dev/null
	end
}

test_root()
{
	local h

	what="--cgroup-root"
	start
	values value
	dump --manage-cgroups || return
	empty
	for h in "${hiers[@]}"; do
		mkdir -p "h/$h/$name-new"
		cp_cpuset "h/$h" "h/$h/$name-new"
	done
	restore --manage-cgroups --cgroup-root "/$name-new/a" || return
	where=${where//$name/$name-new/a}
	in_place && name=$name-new/a values value_is && ok "$what" || return
	end
	find h/* -depth -type d -path "*/$name-new*" -exec rmdir {} + 2> /dev/null
}

test_namespace()
{
	what="a cgroup namespace"
	start
	# the root process makes it when it is in place
	kill -KILL "$pid" "$child"
	sh -c 'for h in "$@"; do echo $$ > "h/$h/$0/cgroup.procs"; done
		exec unshare --cgroup setsid sh -c "sleep 1001 & echo \$! > child; exec sleep 1000"' \
		"$name" "${hiers[@]}" < /dev/null > /dev/null 2>&1 &
	pid=$!
	disown
	sleep 0.3
	child=$(cat child)
	for h in "${hiers[@]}"; do echo "$child" > "h/$h/$name/sub/cgroup.procs"; done
	where=$(cat "/proc/$pid/cgroup" "/proc/$child/cgroup")
	inside=$(nsenter -t "$pid" --cgroup cat "/proc/$child/cgroup")
	for ((i = 1; i <= 2; i++)); do
		dump --manage-cgroups || return
		empty
		restore --manage-cgroups && in_place || return
		[ "$inside" = "$(nsenter -t "$pid" --cgroup cat "/proc/$child/cgroup")" ] ||
			{ bad "$what: inside it is $(nsenter -t "$pid" --cgroup cat "/proc/$child/cgroup")"; return; }
	done
	ok "$what"
	end
}

test_frozen()
{
	local h=freezer file=freezer.state frozen=FROZEN

	[ -e "h/freezer/" ] || h=v2 file=cgroup.freeze frozen=1
	has "$h" || return
	what="a frozen cgroup"
	start
	[ -e "h/$h/$name/$file" ] || return
	echo "$child" > "h/$h/$name/cgroup.procs"
	where=$(cat "/proc/$pid/cgroup" "/proc/$child/cgroup")
	echo $frozen > "h/$h/$name/$file"
	dump --manage-cgroups --freeze-cgroup "$dir/h/$h/$name" || return
	empty
	restore --manage-cgroups && in_place || return
	[ "$(cat "h/$h/$name/$file")" = $frozen ] ||
		{ bad "$what: is $(cat "h/$h/$name/$file")"; return; }
	if [ $h = freezer ]; then echo THAWED; else echo 0; fi > "h/$h/$name/$file"
	ok "$what"
	end
}

test_options()
{
	what="--cgroup-props, --cgroup-dump-controller, --cgroup-yard"
	[ -e h/cpu ] && [ -e h/pids ] || return
	start
	values value
	"$CRCTL" dump -R -t "$pid" -D img -o dump.log --manage-cgroups --cgroup-dump-controller cpu \
		> tool.log 2>&1 || { bad "$what: $(tail -n 1 tool.log)"; return; }
	"$CRCTL" show img/cgroup.img | grep -q cpu.shares || bad "$what: no cpu.shares"
	"$CRCTL" show img/cgroup.img | grep -q pids.max && bad "$what: pids.max though not asked for"
	printf '"cpu":\n - "strategy": "replace"\n - "properties": [ "cpu.cfs_quota_us" ]\n' > props
	"$CRCTL" dump -R -t "$pid" -D img -o dump.log --manage-cgroups --cgroup-props-file props \
		> tool.log 2>&1 || { bad "$what: $(tail -n 1 tool.log)"; return; }
	"$CRCTL" show img/cgroup.img | grep -q cpu.shares && bad "$what: cpu.shares was replaced"
	"$CRCTL" show img/cgroup.img | grep -q cfs_quota || bad "$what: no cpu.cfs_quota_us"
	"$CRCTL" dump -R -t "$pid" -D img --cgroup-props '"cpu" [' > tool.log 2>&1 &&
		bad "$what: nonsense was taken"
	ln -s "$dir/h/"* y/
	ln -sfn "$dir/h/name=systemd" y/systemd
	ln -sfn "$dir/h/v2" y/unified
	dump --manage-cgroups --cgroup-yard "$dir/y" || return
	empty
	restore --manage-cgroups --cgroup-yard "$dir/y" && in_place && values value_is && ok "$what"
	end
}

set_up
test_made
test_modes
test_root
if [ -z "${DUMP_TOOL:-}${RESTORE_TOOL:-}" ]; then
	test_frozen
	test_missing
	test_fails
	test_options
fi
test_namespace
cd / && umount "$dir"/h/* && rm -rf "$dir"
echo "cgroups: $passed passed, $failed failed"
[ $failed = 0 ]
