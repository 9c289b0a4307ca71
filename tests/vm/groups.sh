#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# groups.sh GROUP...: groups of tests, run inside a guest in this order. Each ends in a line
# "group NAME PASSED FAILED SKIPPED"; what failed or was skipped is shown before it. KINDS
# are the programs of tests/kinds to run (all), MODES how (those of make check).
cd /crctl || exit 1
modes=${MODES:-leave-running,twice,refused}
log=/tmp/log
device=/dev/crctl
# A guest is slow, and slower on a busy machine: what must come may take its time. Numbers for
# which it is too slow are those of speed.
export KIND_SECONDS=300 KIND_FDS=1000 KIND_VMAS=4000

# Programs that end with 0, 1 or 77 and have something to say then.
count() {
	passed=0 failed=0 skipped=0
	for program; do
		[ -e "$program" ] || continue
		timeout 300 "$program" >$log 2>&1 </dev/null
		status=$?
		case $status in
		0)	passed=$((passed + 1)) ;;
		77)	skipped=$((skipped + 1))
			echo "skip ${program##*/}: $(tail -n 1 $log)" ;;
		*)	failed=$((failed + 1))
			echo "FAIL ${program##*/}: exit code $status"
			tail -n 30 $log ;;
		esac
	done
	echo "group $group $passed $failed $skipped"
}

# kinds OPTIONS: the programs, with these options for dump and restore.
kinds() {
	programs=
	for name in ${KINDS:-$(ls build/tests/kinds)}; do
		[ "$name" = run ] || programs="$programs build/tests/kinds/$name"
	done
	# shellcheck disable=SC2086 # words on purpose
	KIND_OPTIONS=$1 build/tests/kinds/run ${VERBOSE:+-v} -j 4 -m "$modes" $programs 2>&1 | tee $log |
		grep -v '^kinds: '
	totals=$(sed -n 's/^kinds: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' $log)
	echo "group $group ${totals:-0 1 0}"
}

loaded() { grep -q '^crctl ' /proc/modules; }

step() {
	if "$@" >$log 2>&1; then
		return 0
	fi
	echo "FAIL $*"
	cat $log
	bad=1
}

verdict() { [ -z "$bad" ] && echo "group $group 1 0 0" || echo "group $group 0 1 0"; }

# A kernel without the module, then one with it.
load() {
	bad=
	step test ! -e $device
	step insmod crctl.ko
	step test -c $device
	step loaded
	allocated >/tmp/allocated
	verdict
}

# No user is left, so that it must go, and come and go again.
unload() {
	bad=
	for _ in 1 2 3; do
		step rmmod crctl
		step test ! -e $device
		step insmod crctl.ko
	done
	step rmmod crctl
	verdict
}

# How many there are of every sort of object, when what nobody uses has gone. Until a slab
# is shrunk all of those that a CPU has at hand count as used.
slabs() {
	for _ in 1 2; do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		sleep 2
		for slab in /sys/kernel/slab/*/shrink; do
			echo 1 >$slab
		done
	done 2>/dev/null
	awk 'NR > 2 { print $1, $2 }' /proc/slabinfo
}

# A million calls with random arguments, and users of the module that comes and goes.
storm() {
	bad=
	step build/tests/uapi/storm 1000000
	cat $log
	build/tests/uapi/races 20 >/dev/null &
	pid=$!
	sleep 1
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmmod crctl 2>/dev/null && [ -d /proc/$pid ] && break
		sleep 1
	done
	step loaded
	step wait $pid
	verdict
}

# Memory that the module has allocated, by the kernel's own books (boot with slub_debug=U).
allocated() {
	for traces in /sys/kernel/debug/slab/*/alloc_traces /sys/kernel/slab/*/alloc_calls; do
		[ ! -f "$traces" ] || sed -n 's|^ *\([0-9][0-9]*\) \(.*\[crctl\]\).*|\1 \2|p' "$traces"
	done 2>/dev/null
	sed -n 's|^[^ ]* *\([0-9]*\) \([^ ]* \[crctl\]\).*|\1 \2|p' /proc/vmallocinfo | grep -v load_module
}

# Cloud kernels have no kmemleak. A reference that is not dropped keeps an object of each
# of the targets: no sort of object may have grown by half as many. vmap_area is left out:
# stacks of ended tasks are unmapped many at a time; what the module has there is seen below.
leak() {
	bad=
	targets=1000
	step build/tests/uapi/calls 50
	slabs >/tmp/slabs
	step build/tests/uapi/calls $targets
	slabs | awk -v limit=$((targets / 2)) '
		FNR == NR { before[$1] = $2; next }
		$1 != "vmap_area" && $2 > before[$1] + limit {
			print "FAIL leak: " $1 ": " before[$1] " before, " $2 " after"
			bad = 1
		}
		END { exit bad }' /tmp/slabs - || bad=1
	allocated >/tmp/allocated.now
	if ! cmp -s /tmp/allocated /tmp/allocated.now; then
		echo "FAIL leak: memory that the module holds when nobody uses it (objects, function):"
		cat /tmp/allocated.now
		bad=1
	fi
	verdict
}

# Dumps of the same stopped tree, with and without the module, field by field.
parity() {
	modes=parity COMPARE=build/tests/vm/compare DIFFERENCES=tests/parity/differences
	export COMPARE DIFFERENCES
	kinds ''
	unset COMPARE DIFFERENCES
	modes=${MODES:-leave-running,twice,refused}
}

# A dump that the module answers runs no code in a process and changes none.
quiet() {
	bad=
	for kind in threads tree_children timer_ids sigaltstack fd_many sys_nanosleep pipe_data \
			seccomp_filter zombie_leader_thread rseq; do
		[ -x build/tests/kinds/$kind ] || continue
		mkdir -p /tmp/quiet/img
		KIND_DIR=/tmp/quiet setsid build/tests/kinds/$kind </dev/null >/dev/null 2>&1 &
		pid=$!
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ -e /tmp/quiet/ready ] && break
			sleep 1
		done
		# one that this kernel has not what it needs for has ended
		[ -d /proc/$pid ] || continue
		step build/tests/vm/quiet build/crctl dump -R -t $pid -D /tmp/quiet/img
		# Without the module it must be noticed, or this proves nothing.
		build/tests/vm/quiet build/crctl dump -R --no-module -t $pid -D /tmp/quiet/img \
			>/dev/null 2>&1
		step test $? = 1
		kill -KILL $pid
		rm -rf /tmp/quiet
	done
	verdict
}

# The figures are for people: what must hold on a busy machine is only that it runs.
speed() {
	bad=
	CRCTL=build/crctl LOAD=build/tests/vm/load bash tests/speed.sh || bad=1
	verdict
}

for group; do
	case $group in
	kinds)		kinds '' ;;
	fallback)	kinds --no-module ;;
	bare)		kinds '' ;;
	uapi)		count build/tests/uapi/* ;;
	load|leak|storm|unload)	$group ;;
	parity|quiet|speed)	$group ;;
	*)		echo "groups.sh: there is no group $group"; exit 2 ;;
	esac
done
exit 0
