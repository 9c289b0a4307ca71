// SPDX-License-Identifier: GPL-2.0
/* ptrace(2) and waitpid(2); see ptrace.h. */
#include "kapi/ptrace.h"

#include <elf.h>
#include <errno.h>
#include <linux/ptrace.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/array.h"

#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA 25	/* asm/ptrace-abi.h */
#endif

/* glibc's sys/ptrace.h clashes with linux/ptrace.h, so the system call itself. */
static long ptrace_call(long request, pid_t tid, unsigned long addr, void *data)
{
	long ret = syscall(SYS_ptrace, request, (long)tid, addr, data);

	return ret < 0 ? -errno : ret;
}

uint64_t ptrace_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int ptrace_wait_begin(struct ptrace_wait_state *ret)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	if (sigaction(SIGCHLD, &action, &ret->action))
		return -errno;
	if (sigprocmask(SIG_BLOCK, &chld, &ret->mask))
		return -errno;
	return 0;
}

void ptrace_wait_end(const struct ptrace_wait_state *st)
{
	struct timespec zero = { 0, 0 };
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	while (sigtimedwait(&chld, NULL, &zero) > 0)
		;
	sigaction(SIGCHLD, &st->action, NULL);
	sigprocmask(SIG_SETMASK, &st->mask, NULL);
}

int ptrace_seize(pid_t tid)
{
	return (int)ptrace_call(PTRACE_SEIZE, tid, 0, (void *)(long)PTRACE_O_TRACESYSGOOD);
}

int ptrace_interrupt(pid_t tid)
{
	return (int)ptrace_call(PTRACE_INTERRUPT, tid, 0, NULL);
}

static int wait_for_report(uint64_t deadline_ns)
{
	uint64_t now = ptrace_now_ns();
	struct timespec left;
	sigset_t chld;

	if (now >= deadline_ns)
		return -ETIMEDOUT;
	left.tv_sec = (time_t)((deadline_ns - now) / 1000000000u);
	left.tv_nsec = (long)((deadline_ns - now) % 1000000000u);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	(void)sigtimedwait(&chld, NULL, &left); /* a time-out shows in the next round */
	return 0;
}

int ptrace_wait_stop(pid_t tid, uint64_t deadline_ns, int *ret_status)
{
	for (;;) {
		int status, ret;
		int flags = deadline_ns == UINT64_MAX ? __WALL : __WALL | WNOHANG;
		pid_t pid = waitpid(tid, &status, flags);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return errno == ECHILD ? -ESRCH : -errno;
		if (pid == tid) {
			if (!WIFSTOPPED(status))
				return -ESRCH;
			*ret_status = status;
			return 0;
		}
		ret = wait_for_report(deadline_ns);
		if (ret)
			return ret;
	}
}

int ptrace_wait_trap(pid_t tid, uint64_t deadline_ns, int *ret_stop_signo)
{
	for (;;) {
		int status, signo, ret = ptrace_wait_stop(tid, deadline_ns, &status);

		if (ret)
			return ret;
		signo = WSTOPSIG(status);
		if (status >> 16 == PTRACE_EVENT_STOP) {
			*ret_stop_signo = signo == SIGTRAP ? 0 : signo;
			return 0;
		}
		/* A signal came first: let it be delivered. A trap clears the request. */
		ret = ptrace_cont(tid, status >> 16 ? 0 : signo);
		if (!ret)
			ret = ptrace_interrupt(tid);
		if (ret && ret != -ESRCH)
			return ret;
	}
}

int ptrace_detach(pid_t tid, int signo)
{
	return (int)ptrace_call(PTRACE_DETACH, tid, 0, (void *)(long)signo);
}

int ptrace_suspend_seccomp(pid_t tid)
{
	return (int)ptrace_call(PTRACE_SETOPTIONS, tid, 0,
				(void *)(long)(PTRACE_O_SUSPEND_SECCOMP | PTRACE_O_TRACESYSGOOD));
}

int ptrace_get_regs(pid_t tid, struct user_regs_struct *ret, size_t *ret_len)
{
	struct iovec iov = { ret, sizeof(*ret) };
	long code = ptrace_call(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov);

	if (!code)
		*ret_len = iov.iov_len;
	return (int)code;
}

int ptrace_set_regs(pid_t tid, const struct user_regs_struct *regs)
{
	struct iovec iov = { (void *)regs, sizeof(*regs) };

	return (int)ptrace_call(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov);
}

int ptrace_get_xstate(pid_t tid, void *buf, size_t *len)
{
	struct iovec iov = { buf, *len };
	long code = ptrace_call(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov);

	if (!code)
		*len = iov.iov_len;
	return (int)code;
}

int ptrace_get_sigmask(pid_t tid, uint64_t *ret)
{
	return (int)ptrace_call(PTRACE_GETSIGMASK, tid, sizeof(*ret), ret);
}

int ptrace_set_sigmask(pid_t tid, uint64_t mask)
{
	return (int)ptrace_call(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask);
}

int ptrace_cont(pid_t tid, int signo)
{
	return (int)ptrace_call(PTRACE_CONT, tid, 0, (void *)(long)signo);
}

int ptrace_cont_to_syscall(pid_t tid)
{
	return (int)ptrace_call(PTRACE_SYSCALL, tid, 0, NULL);
}

int ptrace_get_siginfo(pid_t tid, siginfo_t *ret)
{
	return (int)ptrace_call(PTRACE_GETSIGINFO, tid, 0, ret);
}

int ptrace_get_pending(pid_t tid, bool shared, struct ptrace_sigqueue *ret)
{
	siginfo_t infos[32];
	struct ptrace_peeksiginfo_args args = {
		.flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0, .nr = 32,
	};

	for (;;) {
		long n = ptrace_call(PTRACE_PEEKSIGINFO, tid, (unsigned long)&args, infos);

		if (n <= 0)
			return (int)n;
		if (array_grow(&ret->items, &ret->cap, ret->nr + (size_t)n, sizeof(siginfo_t)))
			return -ENOMEM;
		memcpy(ret->items + ret->nr, infos, (size_t)n * sizeof(siginfo_t));
		ret->nr += (size_t)n;
		args.off += (uint64_t)n;
	}
}

int ptrace_get_dispatch(pid_t tid, bool *ret_on)
{
	struct { uint64_t mode, selector, offset, len; } conf = { 0 };
	long n = ptrace_call(0x4211 /* PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, Linux 6.4 */, tid,
			     sizeof(conf), &conf);

	if (n == -EIO || n == -EINVAL)
		n = 0;	/* an older kernel does not tell */
	*ret_on = !n && conf.mode != 0;
	return (int)n;
}

int ptrace_get_rseq(pid_t tid, struct ptrace_rseq *ret)
{
	struct ptrace_rseq_configuration conf;
	long n = ptrace_call(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(conf), &conf);

	if (n < 0)
		return (int)n;
	*ret = (struct ptrace_rseq){ conf.rseq_abi_pointer, conf.rseq_abi_size, conf.signature };
	return 0;
}

int ptrace_get_filter(pid_t tid, unsigned int index, struct sock_filter *insns,
		      uint64_t *ret_flags)
{
	struct seccomp_metadata meta = { .filter_off = index };
	long n = ptrace_call(PTRACE_SECCOMP_GET_FILTER, tid, index, insns);

	if (n < 0)
		return (int)n;
	if (ret_flags) {
		/* Older kernels do not tell: no flags then. */
		if (ptrace_call(PTRACE_SECCOMP_GET_METADATA, tid, sizeof(meta), &meta) < 0)
			meta.flags = 0;
		*ret_flags = meta.flags;
	}
	return (int)n;
}

int ptrace_get_thread_area(pid_t tid, int entry, void *ret_desc)
{
	return (int)ptrace_call(PTRACE_GET_THREAD_AREA, tid, (unsigned long)entry, ret_desc);
}
