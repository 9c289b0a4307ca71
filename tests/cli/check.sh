#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# crctl check: the table, single features for scripts, and a tree of processes.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"
need_root

expect 0 '^Looks good\.$' check
check "the table names kcmp" grep -qE '^  kcmp +yes' "$out"
check "the table fits 80 columns" test "$(wc -L <"$out")" -le 80
lines=$(wc -l <"$out")
expect 0 '^Looks good\.$' check --all
check "--all shows more" test "$(wc -l <"$out")" -gt "$lines"
check "--all fits 80 columns" test "$(wc -L <"$out")" -le 80
expect 0 'memfd_hugetlb' check --extra
expect 0 'uffd-noncoop' check --experimental

names='aio_remap apparmor_stacking autofs breakpoints can_map_vdso cgroupns clone3_set_tid
compat_cr external_net_ns fdinfo_lock get_rseq_conf has_ipt_legacy ipv6_freebind kcmp_epoll
link_nsid loginuid mem_dirty_track memfd_hugetlb mnt_id move_mount_set_group net_diag_raw
network_lock_nftables newifindex nftables ns_pid nsid openat2 overlayfs_maps pagemap_scan
pagemap_scan_guard_pages pidfd_store seccomp_filters seccomp_suspend sk_ns sk_unix_file
sockopt_buf_lock tcp_half_closed timens timer_cr_ids timerfd tun tun_ns uffd uffd-noncoop userns'
expect 0 '^uffd$' check --feature list
for name in $names; do
	check "--feature list has $name" grep -qx "$name" "$out"
done
for name in mnt_id ns_pid clone3_set_tid; do
	expect 0 "^$name: yes$" check --feature $name
done
expect 1 '^pidfd_store: no ' check --feature pidfd_store
# Names and exit codes agree with what the table says.
"$crctl" check --all >"$work/table" 2>&1
for name in $names; do
	code=1
	grep -qE "^  $name +yes " "$work/table" && code=0
	expect $code "^$name: " check --feature "$name"
done

start_sleeper
expect 0 "^The tree of $pid can be dumped\.$" check "$pid"
check "check leaves the tree running" grep -q '^State:.S' "/proc/$pid/status"
finish
