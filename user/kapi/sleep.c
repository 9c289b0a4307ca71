// SPDX-License-Identifier: GPL-2.0
/*
 * se.exec_start is the clock of the CPU's run queue when the thread last ran. The
 * caller moves to that CPU and takes the difference to its own, which is fresh.
 */
#include "kapi/sleep.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define FUTEX_OP_MASK 127 /* FUTEX_CMD_MASK */
#define FUTEX_WAIT_OP 0
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static bool call_counts_down(const char *text)
{
	unsigned long arg[6];
	long nr;

	/* "running", or the number, six arguments, stack pointer and instruction pointer */
	if (sscanf(text, "%ld %lx %lx %lx %lx %lx %lx", &nr, &arg[0], &arg[1], &arg[2], &arg[3],
		   &arg[4], &arg[5]) != 7)
		return false;
	switch (nr) {
	case SYS_nanosleep:
	case SYS_restart_syscall:
		return true;
	case SYS_clock_nanosleep:
		return !(arg[1] & 1); /* TIMER_ABSTIME */
	case SYS_poll:
		return (int)arg[2] > 0;
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		return (int)arg[3] > 0;
	case SYS_epoll_pwait2:
		return arg[3];
	case SYS_futex:
		return (arg[1] & FUTEX_OP_MASK) == FUTEX_WAIT_OP && arg[3];
	default:
		return false;
	}
}

/* "se.exec_start   :   6930319.139551", milliseconds; 0 when it is not told. */
static uint64_t exec_start_ns(int dir_fd, const char *name, struct proc_buf *buf)
{
	unsigned long ms, ns;
	const char *p;

	if (proc_read(dir_fd, name, buf))
		return 0;
	p = strstr(buf->data, "se.exec_start");
	p = p ? strchr(p, ':') : NULL;
	if (!p || sscanf(p + 1, "%lu.%6lu", &ms, &ns) != 2)
		return 0;
	return ms * 1000000 + ns;
}

static bool clock_pin(struct sleep_clock *c, int cpu)
{
	unsigned char mask[sizeof(c->mask)] = { 0 };

	if (c->pinned && c->cpu == cpu)
		return true;
	if (cpu < 0 || cpu / 8 >= (int)sizeof(mask))
		return false;
	if (!c->mask_len)
		c->mask_len = syscall(SYS_sched_getaffinity, 0, sizeof(c->mask), c->mask);
	mask[cpu / 8] |= (unsigned char)(1 << cpu % 8);
	if (c->mask_len <= 0 || syscall(SYS_sched_setaffinity, 0, c->mask_len, mask))
		return false;
	c->pinned = true;
	c->cpu = cpu;
	return true;
}

void sleep_clock_end(struct sleep_clock *c)
{
	if (c->pinned)
		(void)syscall(SYS_sched_setaffinity, 0, c->mask_len, c->mask);
	c->pinned = false;
}

/* "nr_voluntary_switches   :   12"; of the text read last. */
static uint64_t switches(const struct proc_buf *buf)
{
	const char *p = strstr(buf->data, "nr_voluntary_switches");

	p = p ? strchr(p, ':') : NULL;
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

uint64_t sleep_elapsed_ns(struct sleep_clock *c, int proc_fd, pid_t tid, struct proc_buf *buf,
			  uint64_t *ret_switches)
{
	uint64_t theirs, ours;
	struct proc_stat st;
	char name[64];

	snprintf(name, sizeof(name), "task/%d/syscall", tid);
	if (proc_read(proc_fd, name, buf) || !call_counts_down(buf->data))
		return 0;
	snprintf(name, sizeof(name), "task/%d/sched", tid);
	theirs = exec_start_ns(proc_fd, name, buf);
	*ret_switches = theirs ? switches(buf) : 0;
	if (!theirs || proc_read_stat(proc_fd, proc_thread_prefix(tid, name), buf, &st) ||
	    !clock_pin(c, st.last_cpu))
		return 0;
	ours = exec_start_ns(AT_FDCWD, "/proc/thread-self/sched", buf);
	return ours > theirs ? ours - theirs : 0;
}
