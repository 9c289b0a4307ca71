/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For how long a thread has slept in a call with a time-out. The kernel keeps the
 * rest of it in the thread's restart block, which only the kernel sees; when the
 * thread last ran is in /proc/PID/task/TID/sched (CONFIG_SCHED_DEBUG).
 */
#ifndef CRCTL_KAPI_SLEEP_H
#define CRCTL_KAPI_SLEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kapi/proc.h"

/* Zeroed to begin with. While it is in use the caller runs on one CPU at a time. */
struct sleep_clock {
	bool pinned;
	int cpu;
	long mask_len;
	unsigned char mask[1024];	/* the caller's own CPUs */
};

/*
 * Nanoseconds since thread @tid of the process behind @proc_fd last ran, if it waits
 * in nanosleep, clock_nanosleep, poll, epoll_wait or futex with a relative time-out; else 0. To be
 * asked before the thread is stopped. *ret_switches counts the times it gave up its
 * CPU: one more (for the stop) is there afterwards unless it woke up in between.
 */
uint64_t sleep_elapsed_ns(struct sleep_clock *clock, int proc_fd, pid_t tid, struct proc_buf *buf,
			  uint64_t *ret_switches);

/* Give the caller its CPUs back. */
void sleep_clock_end(struct sleep_clock *clock);

#endif
