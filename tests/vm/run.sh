#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [all|SERIES...]: the module and crctl on Debian's kernels, each in a guest; a table of
# kernel by group of tests at the end. Without arguments, some minutes of it: the
# oldest and the newest kernel and some of the programs of tests/kinds. The first run fetches
# packages (300 MB for two kernels, 550 MB for all), later ones nothing. A skip counts as
# a failure unless tests/vm/skips has it.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/common.bash

# One of each sort of state, when there is no time for all.
some_kinds="nothing_else threads tree_children sigactions sigpending_queue sigaltstack itimer_real
	timer_ids timer_interval regs_avx regs_pkru rseq robust_list seccomp_filter creds_threads
	rlimits ioprio membarrier mem_zero_page mem_reserve mem_mprotect refuse_pkey
	mem_cow mem_file_private mem_file_shared mem_madvise mem_shared_anon mem_deleted
	file_regular file_dup file_ghost file_directory fd_owner fifo_data pipe_data pipe_shared
	sys_nanosleep sys_poll stopped zombie"

whole='' picked="5.10 7.3"
if [ "$*" = all ]; then
	whole=1 picked=$all_series
elif [ $# -gt 0 ]; then
	whole=1 picked=$*
fi

[ "$(id -u)" = 0 ] || skip "needs root"
bash tests/setup.sh vm || skip "qemu-system-x86 and the like cannot be installed"
# shellcheck disable=SC2086 # words on purpose
bash tests/vm/fetch.sh $picked > /dev/null || exit $?

declare -A cell
passed=0 failed=0 skipped=0

# cell_set SERIES GROUP PASSED FAILED SKIPPED
cell_set()
{
	local text=$3
	[ "$4" = 0 ] || text="$4 FAIL"
	[ "$4" != 0 ] || [ "$5" = 0 ] || text="$3 (-$5)"
	cell[$1,$2]=$text
	passed=$((passed + $3)) failed=$((failed + $4)) skipped=$((skipped + $5))
}

# Skips that nobody said are right: "skip NAME ..." in a log, "SERIES NAME REASON" in the list.
skips_unlisted()
{
	local series=$1 name rest
	sed -n 's/^skip //p' "$2" | while read -r name rest; do
		awk -v s="$series" -v n="${name%:}" '$1 !~ /^#/ && s ~ "^(" $1 ")$" && n ~ "^(" $2 ")$" \
			{ found = 1 } END { exit !found }' tests/vm/skips || echo "$name $rest"
	done
}

# boot_run SERIES LOG GUEST-OPTIONS GROUPS: run groups in a guest, fill their cells.
boot_run()
{
	local series=$1 log=$2 options=$3 groups=$4 status=0 unlisted group
	say "$series: $groups"
	# shellcheck disable=SC2086 # words on purpose
	bash tests/vm/guest.sh -c "${log%.log}.console" $options "$series" \
		"KINDS='${kinds:-}' MODES='$modes' sh tests/groups.sh $groups" > "$log" 2>&1 || status=$?
	while read -r _ group good bad left; do
		cell_set "$series" "$group" "$good" "$bad" "$left"
	done < <(grep -aE '^group [a-z]+( [0-9]+){3}$' "$log")
	for group in $groups; do
		[ -n "${cell[$series,$group]:-}" ] || cell_set "$series" "$group" 0 1 0
	done
	unlisted=$(skips_unlisted "$series" "$log")
	if [ -n "$unlisted" ]; then
		echo "$unlisted" | sed "s/^/$series: skipped, and tests\/vm\/skips has no word of it: /"
		failed=$((failed + $(wc -l <<< "$unlisted")))
	fi
	[ "$status" = 0 ] || cell[$series,log]=FAIL failed=$((failed + 1))
	[ -n "${cell[$series,log]:-}" ] || cell[$series,log]=clean
	grep -av '^group \|^skip ' "$log" | sed "s/^/$series: /"
}

series_run()
{
	local series=$1 dir=$out/$1
	mkdir -p "$dir"
	if bash tests/vm/build.sh "$series" W=1 > "$dir/build.log" 2>&1 &&
		! grep -v pahole "$dir/build.log" | grep -q 'warning:'; then
		cell_set "$series" build 1 0 0
	else
		cell_set "$series" build 0 1 0
		sed "s/^/$series: /" "$dir/build.log" | tail -n 50
	fi
	if [ -n "$whole" ]; then
		boot_run "$series" "$dir/kinds.log" "-t 7200 -m 2048" "bare load kinds parity quiet speed unload"
		boot_run "$series" "$dir/uapi.log" "-t 3600 -m 1024 -a slub_debug=FZPU" "load uapi leak storm unload"
	else
		boot_run "$series" "$dir/check.log" "-t 600 -m 1024" "bare load uapi kinds quiet unload"
	fi
}

table_print()
{
	local columns="build load uapi bare kinds parity quiet leak storm unload log" series column
	printf '\n%-28s' kernel
	printf '%-9s' $columns
	printf '\n'
	for series in $picked; do
		printf '%-28s' "$(release_of "$series")"
		for column in $columns; do
			printf '%-9s' "${cell[$series,$column]:--}"
		done
		printf '\n'
	done
}

# Twice begins with restored. What --no-module dumps is compared in parity.
kinds='' modes=leave-running,twice,refused
[ -n "$whole" ] || kinds=$(echo $some_kinds) modes=restored,refused
for series in $picked; do
	series_run "$series"
done
table_print
echo "vm: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
