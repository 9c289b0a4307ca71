// SPDX-License-Identifier: GPL-2.0
/* The table of kernel facilities; see features.h. Names are the interface's. */
#include "engine/features.h"

#include <errno.h>
#include <stddef.h>

#include "kapi/probe.h"

const struct feature features[] = {
	{ "ptrace", FEATURE_MUST, probe_ptrace, "processes cannot be stopped" },
	{ "ptrace_sigmask", FEATURE_MUST, probe_sigmask, "signal masks cannot be read" },
	{ "ptrace_peek_siginfo", FEATURE_MUST, probe_peek_siginfo,
	  "pending signals cannot be read" },
	{ "kcmp", FEATURE_MUST, probe_kcmp, "shared objects cannot be told apart" },
	{ "process_vm", FEATURE_MUST, probe_process_vm, "memory cannot be read" },
	{ "pagemap", FEATURE_MUST, probe_pagemap, "pages in use cannot be found" },
	{ "map_files", FEATURE_MUST, probe_map_files, "mapped files cannot be opened" },
	{ "ns_pid", FEATURE_MUST, probe_ns_pid, "IDs in PID namespaces stay unknown" },
	{ "mnt_id", FEATURE_MUST, probe_mnt_id, "files cannot be told from each other" },
	{ "openat2", FEATURE_MUST, probe_openat2, "paths cannot be kept inside a directory" },
	{ "clone3_set_tid", FEATURE_MUST, probe_clone3_set_tid,
	  "restore cannot choose process IDs" },
	{ "set_mm_map", FEATURE_MUST, probe_set_mm_map, "restore cannot set memory bounds" },

	{ "pidfd_open", FEATURE_USED, probe_pidfd_open, "a PID used again may be mistaken" },
	{ "pidfd_getfd", FEATURE_USED, probe_pidfd_getfd, "pipes with data are refused" },
	{ "close_range", FEATURE_USED, probe_close_range, "restore closes files one by one" },
	{ "get_rseq_conf", FEATURE_USED, probe_get_rseq_conf, "programs using rseq are refused" },
	{ "pagemap_scan", FEATURE_USED, probe_pagemap_scan, "memory is searched more slowly" },
	{ "procmap_query", FEATURE_USED, probe_procmap_query, "mappings are read as text" },
	{ "populate_write", FEATURE_USED, probe_populate_write, "memory is filled more slowly" },
	{ "timer_cr_ids", FEATURE_USED, probe_timer_cr_ids, "timers with high ids restore slowly" },
	{ "can_map_vdso", FEATURE_USED, probe_map_vdso, "a vdso of another kernel is refused" },
	{ "seccomp_filters", FEATURE_USED, probe_seccomp_filters, "seccomp filters are refused" },
	{ "seccomp_suspend", FEATURE_USED, probe_seccomp_suspend, "seccomp filters are refused" },
	{ "fdinfo_lock", FEATURE_USED, probe_fdinfo_lock, "held file locks are not seen" },
	{ "overlayfs_maps", FEATURE_USED, probe_overlayfs_maps, "files on overlayfs are refused" },
	{ "sys_resource", FEATURE_USED, probe_sys_resource, "limits cannot be raised on restore" },

	{ "loginuid", FEATURE_EXTRA, probe_loginuid, "the audit login user is not restored" },
	{ "guard_pages", FEATURE_EXTRA, probe_guard_install, "guard regions are refused" },
	{ "pagemap_scan_guard_pages", FEATURE_EXTRA, probe_pagemap_scan_guard,
	  "guard regions are refused" },
	{ "memfd_hugetlb", FEATURE_EXTRA, probe_memfd_hugetlb, "huge pages are refused" },
	{ "breakpoints", FEATURE_EXTRA, probe_breakpoints, "injected code is single-stepped" },
	{ "compat_cr", FEATURE_EXTRA, probe_compat_cr, "32-bit programs are refused" },

	{ "uffd", FEATURE_LATER, probe_uffd, "no memory on demand" },
	{ "uffd-noncoop", FEATURE_LATER, probe_uffd_noncoop, "no memory on demand" },
	{ "mem_dirty_track", FEATURE_LATER, probe_mem_dirty_track, "no incremental dumps" },
	{ "aio_remap", FEATURE_LATER, probe_aio_remap, "no asynchronous I/O contexts" },
	{ "timerfd", FEATURE_LATER, probe_timerfd, "no timer descriptors" },
	{ "kcmp_epoll", FEATURE_LATER, probe_kcmp_epoll, "no epoll descriptors" },
	{ "userns", FEATURE_LATER, probe_userns, "no user namespaces" },
	{ "timens", FEATURE_LATER, probe_timens, "no time namespaces" },
	{ "cgroupns", FEATURE_LATER, probe_cgroupns, "no cgroup namespaces" },
	{ "move_mount_set_group", FEATURE_LATER, probe_move_mount_set_group,
	  "mount trees are built the older way" },
	{ "autofs", FEATURE_LATER, probe_autofs, "no automounts" },
	{ "apparmor_stacking", FEATURE_LATER, probe_apparmor_stacking, "no stacked profiles" },
	{ "nsid", FEATURE_LATER, probe_nsid, "no nested network namespaces" },
	{ "link_nsid", FEATURE_LATER, probe_link_nsid, "no nested network namespaces" },
	{ "newifindex", FEATURE_LATER, probe_newifindex, "no network devices" },
	{ "net_diag_raw", FEATURE_LATER, probe_net_diag_raw, "no raw sockets" },
	{ "sk_ns", FEATURE_LATER, probe_sk_ns, "no sockets of several namespaces" },
	{ "sk_unix_file", FEATURE_LATER, probe_sk_unix_file, "no Unix sockets with a moved file" },
	{ "sockopt_buf_lock", FEATURE_LATER, probe_sockopt_buf_lock,
	  "socket buffers change their size" },
	{ "tcp_half_closed", FEATURE_LATER, probe_tcp_half_closed, "no half-closed connections" },
	{ "ipv6_freebind", FEATURE_LATER, probe_ipv6_freebind,
	  "no sockets bound to absent addresses" },
	{ "nftables", FEATURE_LATER, probe_nftables, "no nftables rules" },
	{ "has_ipt_legacy", FEATURE_LATER, probe_ipt_legacy, "no iptables-legacy rules" },
	{ "tun", FEATURE_LATER, probe_tun, "no tun devices" },
	{ "tun_ns", FEATURE_LATER, probe_tun_ns, "no tun devices of several namespaces" },
	{ "external_net_ns", FEATURE_LATER, NULL, "crctl restores no namespaces yet" },
	{ "network_lock_nftables", FEATURE_LATER, NULL, "crctl restores no connections yet" },
	{ "pidfd_store", FEATURE_LATER, NULL, "crctl keeps no store of pidfds yet" },
	{ 0 },
};

int feature_probe(const struct feature *feature)
{
	return feature->probe ? probe_run(feature->probe) : -ENOSYS;
}
