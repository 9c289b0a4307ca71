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
	{ "proc_children", FEATURE_MUST, probe_children, "the tree cannot be found" },
	{ "kcmp", FEATURE_MUST, probe_kcmp, "shared objects cannot be told apart" },
	{ "pidfd_open", FEATURE_MUST, probe_pidfd_open, "a PID used again may be mistaken" },
	{ "pidfd_getfd", FEATURE_MUST, probe_pidfd_getfd, "open files cannot be looked at" },
	{ "mnt_id", FEATURE_MUST, probe_mnt_id, "files cannot be told from each other" },
	{ "map_files", FEATURE_MUST, probe_map_files, "mapped files cannot be opened" },
	{ "pagemap", FEATURE_MUST, probe_pagemap, "pages in use cannot be found" },
	{ "process_vm", FEATURE_MUST, probe_process_vm, "memory cannot be copied" },
	{ "clone3_set_tid", FEATURE_MUST, probe_clone3_set_tid,
	  "restore cannot choose process IDs" },
	{ "set_mm_map", FEATURE_MUST, probe_set_mm_map, "restore cannot set memory bounds" },
	{ "close_range", FEATURE_MUST, probe_close_range, "restore leaves its own files open" },

	{ "get_rseq_conf", FEATURE_USED, probe_get_rseq_conf, "rseq registrations are not seen" },
	{ "seccomp_filters", FEATURE_USED, probe_seccomp_filters, "seccomp filters are refused" },
	{ "seccomp_suspend", FEATURE_USED, probe_seccomp_suspend, "seccomp filters are refused" },
	{ "timer_cr_ids", FEATURE_USED, probe_timer_cr_ids, "high timer ids are restored slowly" },
	{ "pagemap_scan", FEATURE_USED, probe_pagemap_scan, "pages in use are found more slowly" },
	{ "uffd", FEATURE_USED, probe_uffd, "large memory is filled more slowly" },
	{ "fdinfo_lock", FEATURE_USED, probe_fdinfo_lock, "held file locks are not seen" },
	{ "overlayfs_maps", FEATURE_USED, probe_overlayfs_maps,
	  "mapped overlay files may be refused" },
	{ "sys_resource", FEATURE_USED, probe_sys_resource, "restore cannot raise limits" },

	{ "loginuid", FEATURE_EXTRA, probe_loginuid, "the audit login user is not restored" },
	{ "guard_pages", FEATURE_EXTRA, probe_guard_install, "there are no guard regions" },
	{ "pagemap_scan_guard_pages", FEATURE_EXTRA, probe_pagemap_scan_guard,
	  "guard regions are not seen" },
	{ "memfd_hugetlb", FEATURE_EXTRA, probe_memfd_hugetlb, "no memfds of huge pages" },

	{ "breakpoints", FEATURE_LATER, probe_breakpoints, "nothing: crctl uses none" },
	{ "compat_cr", FEATURE_LATER, probe_compat_cr, "no 32-bit programs" },
	{ "can_map_vdso", FEATURE_LATER, probe_map_vdso, "nothing: crctl moves its own" },
	{ "openat2", FEATURE_LATER, probe_openat2, "no paths below another root" },
	{ "ns_pid", FEATURE_EXTRA, probe_ns_pid, "no PID namespaces" },
	{ "uffd-noncoop", FEATURE_LATER, probe_uffd_noncoop, "no memory on demand" },
	{ "mem_dirty_track", FEATURE_LATER, probe_mem_dirty_track, "no incremental dumps" },
	{ "aio_remap", FEATURE_EXTRA, probe_aio_remap, "no asynchronous I/O contexts" },
	{ "timerfd", FEATURE_EXTRA, probe_timerfd, "no timer descriptors" },
	{ "kcmp_epoll", FEATURE_EXTRA, probe_kcmp_epoll, "no epoll descriptors" },
	{ "userns", FEATURE_LATER, probe_userns, "no user namespaces" },
	{ "timens", FEATURE_EXTRA, probe_timens, "no time namespaces" },
	{ "cgroupns", FEATURE_EXTRA, probe_cgroupns, "no cgroup namespaces" },
	{ "move_mount_set_group", FEATURE_EXTRA, probe_move_mount_set_group,
	  "mount trees are built the older way" },
	{ "autofs", FEATURE_LATER, probe_autofs, "no automounts" },
	{ "apparmor_stacking", FEATURE_LATER, probe_apparmor_stacking, "no stacked profiles" },
	{ "nsid", FEATURE_LATER, probe_nsid, "no nested network namespaces" },
	{ "link_nsid", FEATURE_LATER, probe_link_nsid, "no nested network namespaces" },
	{ "newifindex", FEATURE_EXTRA, probe_newifindex, "no network devices" },
	{ "net_diag_raw", FEATURE_EXTRA, probe_net_diag_raw, "no raw sockets" },
	{ "sk_ns", FEATURE_LATER, probe_sk_ns, "no sockets of several namespaces" },
	{ "sk_unix_file", FEATURE_EXTRA, probe_sk_unix_file, "no Unix sockets with a moved file" },
	{ "sockopt_buf_lock", FEATURE_EXTRA, probe_sockopt_buf_lock,
	  "socket buffers change their size" },
	{ "tcp_half_closed", FEATURE_EXTRA, probe_tcp_half_closed, "no half-closed connections" },
	{ "ipv6_freebind", FEATURE_EXTRA, probe_ipv6_freebind,
	  "no sockets bound to absent addresses" },
	{ "nftables", FEATURE_EXTRA, probe_nftables, "no nftables rules" },
	{ "has_ipt_legacy", FEATURE_EXTRA, probe_ipt_legacy, "no iptables-legacy rules" },
	{ "tun", FEATURE_EXTRA, probe_tun, "no tun devices" },
	{ "tun_ns", FEATURE_LATER, probe_tun_ns, "no tun devices of several namespaces" },
	{ "external_net_ns", FEATURE_EXTRA, probe_net_ns, "no network namespace from outside" },
	{ "network_lock_nftables", FEATURE_EXTRA, probe_nftables,
	  "connections need --network-lock skip" },
	{ "pidfd_store", FEATURE_LATER, NULL, "crctl keeps no store of pidfds yet" },
	{ 0 },
};

int feature_probe(const struct feature *feature)
{
	return feature->probe ? probe_run(feature->probe) : -ENOSYS;
}
