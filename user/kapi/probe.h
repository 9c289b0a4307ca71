/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this kernel can do, found out by doing it. Each probe returns 0 when the
 * facility is there and -errno when not. They change signal handlers, namespaces
 * and soft-dirty bits of the process that runs them: call them through probe_run().
 */
#ifndef CRCTL_KAPI_PROBE_H
#define CRCTL_KAPI_PROBE_H

/* Run @probe in a child of its own. Its result; -ETIMEDOUT after ten seconds. */
int probe_run(int (*probe)(void));

/* probe_task.c */
int probe_ptrace(void);
int probe_children(void);
int probe_get_rseq_conf(void);
int probe_peek_siginfo(void);
int probe_sigmask(void);
int probe_seccomp_filters(void);
int probe_seccomp_suspend(void);
int probe_breakpoints(void);
int probe_clone3_set_tid(void);
int probe_kcmp(void);
int probe_pidfd_open(void);
int probe_pidfd_getfd(void);
int probe_timer_cr_ids(void);
int probe_loginuid(void);
int probe_ns_pid(void);
int probe_compat_cr(void);
int probe_sys_resource(void);

/* probe_mem.c */
int probe_set_mm_map(void);
int probe_map_files(void);
int probe_process_vm(void);
int probe_pagemap(void);
int probe_pagemap_scan(void);
int probe_pagemap_scan_guard(void);
int probe_guard_install(void);
int probe_mem_dirty_track(void);
int probe_memfd_hugetlb(void);
int probe_uffd(void);
int probe_uffd_noncoop(void);
int probe_map_vdso(void);
int probe_aio_remap(void);

/* probe_file.c */
int probe_mnt_id(void);
int probe_fdinfo_lock(void);
int probe_openat2(void);
int probe_close_range(void);
int probe_kcmp_epoll(void);
int probe_timerfd(void);
int probe_overlayfs_maps(void);
int probe_autofs(void);
int probe_tun(void);
int probe_tun_ns(void);

/* probe_net.c */
int probe_nsid(void);
int probe_link_nsid(void);
int probe_newifindex(void);
int probe_net_diag_raw(void);
int probe_nftables(void);
int probe_net_ns(void);
int probe_ipt_legacy(void);
int probe_ipv6_freebind(void);
int probe_sk_ns(void);
int probe_sk_unix_file(void);
int probe_sockopt_buf_lock(void);
int probe_tcp_half_closed(void);

/* probe_ns.c */
int probe_cgroupns(void);
int probe_timens(void);
int probe_userns(void);
int probe_move_mount_set_group(void);
int probe_apparmor_stacking(void);

#endif
