/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few facts that only a task itself can ask the kernel for (stub/dump.c),
 * learned through threads that already sit in a ptrace stop. When the call
 * returns every thread is as it was; when crctl is killed during the call the
 * task gets there by itself (see inject.c).
 */
#ifndef CRCTL_KAPI_INJECT_H
#define CRCTL_KAPI_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "kapi/proc.h"
#include "stub/dump.h"

/* Where the two instruction sequences were found, by file; for the whole dump. */
struct inject_gadget {
	dev_t dev;
	uint64_t ino;
	uint64_t sigreturn, syscall;	/* offsets in the file; 0: not there */
};
struct inject_cache { struct inject_gadget *items; size_t nr, cap; };

struct inject_thread {
	pid_t tid;
	const struct user_regs_struct *regs;
	const void *xstate;		/* as NT_X86_XSTATE */
	size_t xstate_len;
	uint64_t sigmask;
	uint64_t sig_pending;		/* its own, not the process's */
	struct stub_thread_facts *facts;	/* result */
};

struct inject {
	pid_t pid;
	pid_t live_tid;			/* a thread that has not ended: the process's memory */
	int proc_fd;			/* its /proc directory */
	struct proc_buf *buf;
	const struct proc_vma_list *vmas;
	struct inject_cache *cache;
	struct inject_thread *threads;	/* the first one is the runner */
	size_t nr_threads;
	uint64_t sig_caught, sig_ignored;
	uint64_t locked_kb;		/* VmLck of before */
	const int *timer_ids;
	size_t nr_timers;
	uint64_t deadline_ns;
	uint64_t syscall;		/* out: address of a "syscall; ret", or bare "syscall" */
	uint32_t mlock_future;		/* out: MCL_ flags that new mappings get */
	bool resend_stop;		/* out: a SIGSTOP came meanwhile and is to be sent again */
	const char *what;		/* out: the step that failed */
};

/*
 * Only in->syscall: an instruction of the process that makes a system call. Needs
 * live_tid, vmas and cache; runs nothing.
 */
int inject_find_syscall(struct inject *in);

/* *ret_task is malloc'ed. 0 or -errno. */
int inject_run(struct inject *in, struct stub_task_facts **ret_task);

#endif
