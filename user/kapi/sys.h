/* SPDX-License-Identifier: GPL-2.0 */
/* System calls that libc does not wrap. All return 0 (or a value) or -errno. */
#ifndef CRCTL_KAPI_SYS_H
#define CRCTL_KAPI_SYS_H

#include <linux/kcmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sys_sched_attr {		/* struct sched_attr of linux/sched/types.h */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

/* 0 equal, 1 less, 2 greater, 3 different without order. */
int sys_kcmp(pid_t a, pid_t b, int type, unsigned long ia, unsigned long ib);
/* Of a thread, on kernels that can (6.9); else of the process whose leader it is. */
int sys_pidfd_open(pid_t tid);
int sys_pidfd_getfd(int pidfd, int fd);
/*
 * A packet of a Unix socket with a descriptor, -1 for none; the whole packet or -errno.
 * A received descriptor is close-on-exec and the caller's. -ECONNRESET: the peer is gone.
 */
/*
 * A child of the caller's parent with @beside, else of the caller. Inside of another PID
 * namespace the first is right for what outlives the caller: orphaned, the other becomes
 * a child of that namespace's init, which may never reap it. Returns as fork(2).
 */
pid_t sys_fork(bool beside);
int sys_send_fd(int sock, const void *buf, size_t len, int fd);
int sys_recv_fd(int sock, void *buf, size_t len, int *ret_fd);
int sys_sched_getattr(pid_t tid, struct sys_sched_attr *ret);
int sys_ioprio_get(pid_t tid);
int sys_robust_list(pid_t tid, uint64_t *ret_head, uint64_t *ret_len);
/* Bytes of the kernel's mask, or -errno. */
int sys_sched_getaffinity(pid_t tid, void *mask, size_t size);
int sys_tgkill(pid_t pid, pid_t tid, int signo);

/* Anonymous memory of another process, also where it has no access itself. */
int sys_mem_read(pid_t pid, uint64_t addr, void *buf, size_t len);
int sys_mem_write(pid_t pid, uint64_t addr, const void *buf, size_t len);

#endif
