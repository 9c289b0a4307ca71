/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stopping threads and reading what only a tracer sees. All functions must be
 * called from the thread that seized. 0 or -errno; -ESRCH: the thread is gone.
 */
#ifndef CRCTL_KAPI_PTRACE_H
#define CRCTL_KAPI_PTRACE_H

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct ptrace_rseq { uint64_t pointer; uint32_t size, signature; };

struct ptrace_sigqueue { siginfo_t *items; size_t nr, cap; };

/*
 * Waits in this module sleep until a tracee reports or until the deadline
 * (CLOCK_MONOTONIC, ns). SIGCHLD has to be blocked and not ignored meanwhile:
 * ptrace_wait_begin() sees to it, ptrace_wait_end() undoes it.
 */
struct ptrace_wait_state { sigset_t mask; struct sigaction action; };
int ptrace_wait_begin(struct ptrace_wait_state *ret);
void ptrace_wait_end(const struct ptrace_wait_state *st);
uint64_t ptrace_now_ns(void);

int ptrace_seize(pid_t tid);
int ptrace_interrupt(pid_t tid);
/*
 * Wait until an interrupted thread has trapped; signals that reach it first are
 * delivered. *ret_stop_signo: the signal whose group stop it is in, or 0.
 * -ESRCH: it ended. -ETIMEDOUT: it did not stop.
 */
int ptrace_wait_trap(pid_t tid, uint64_t deadline_ns, int *ret_stop_signo);
/* The next stop as waitpid(2) reports it; UINT64_MAX: however long it takes. */
int ptrace_wait_stop(pid_t tid, uint64_t deadline_ns, int *ret_status);
int ptrace_detach(pid_t tid, int signo);
int ptrace_suspend_seccomp(pid_t tid);

int ptrace_get_regs(pid_t tid, struct user_regs_struct *ret, size_t *ret_len);
int ptrace_set_regs(pid_t tid, const struct user_regs_struct *regs);
/* *len is the room on entry. */
int ptrace_get_xstate(pid_t tid, void *buf, size_t *len);
int ptrace_get_sigmask(pid_t tid, uint64_t *ret);
int ptrace_set_sigmask(pid_t tid, uint64_t mask);
int ptrace_cont(pid_t tid, int signo);
int ptrace_cont_to_syscall(pid_t tid);
int ptrace_get_siginfo(pid_t tid, siginfo_t *ret);
/* Pending signals, appended; @shared: those of the process. */
int ptrace_get_pending(pid_t tid, bool shared, struct ptrace_sigqueue *ret);
/* Whether system calls of the thread are sent to a handler (PR_SET_SYSCALL_USER_DISPATCH). */
int ptrace_get_dispatch(pid_t tid, bool *ret_on);
int ptrace_get_rseq(pid_t tid, struct ptrace_rseq *ret);
/* Number of instructions of filter @index (0: the first installed is the last index). */
int ptrace_get_filter(pid_t tid, unsigned int index, struct sock_filter *insns,
		      uint64_t *ret_flags);
/* struct user_desc of GDT entry @entry. */
int ptrace_get_thread_area(pid_t tid, int entry, void *ret_desc);
#endif
