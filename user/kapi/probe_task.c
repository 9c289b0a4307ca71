// SPDX-License-Identifier: GPL-2.0
/* Probes for tasks: ptrace and its requests, process IDs, timers, credentials. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kapi/probe.h"
#include "lib/cleanup.h"

/* linux/prctl.h of 6.16 and asm/prctl.h. */
#define TIMER_RESTORE_IDS     77
#define TIMER_RESTORE_IDS_GET 2
#define MAP_VDSO_32	      0x2002
#define CAP_RESOURCE_BIT      24

static void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, __WALL);
}

/* A child that this process has seized and stopped. */
static int child_stopped(unsigned long options, pid_t *ret_pid)
{
	int ret = 0, status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, options) < 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) < 0)
		ret = -errno;
	if (ret < 0) {
		child_end(pid);
		return ret;
	}
	*ret_pid = pid;
	return 0;
}

/* One ptrace request on a stopped child. */
static int request_probe(int request, void *addr, void *data)
{
	pid_t pid;
	int ret;

	ret = child_stopped(0, &pid);
	if (ret < 0)
		return ret;
	if (ptrace(request, pid, addr, data) < 0)
		ret = -errno;
	child_end(pid);
	return ret;
}

static int seize_probe(unsigned long options)
{
	pid_t pid;
	int ret = child_stopped(options, &pid);

	if (!ret)
		child_end(pid);
	return ret;
}

int probe_ptrace(void)
{
	return seize_probe(PTRACE_O_EXITKILL);
}

int probe_seccomp_suspend(void)
{
	return seize_probe(PTRACE_O_SUSPEND_SECCOMP);
}

int probe_get_rseq_conf(void)
{
	char conf[24];

	return request_probe(PTRACE_GET_RSEQ_CONFIGURATION, (void *)sizeof(conf), conf);
}

int probe_peek_siginfo(void)
{
	struct __ptrace_peeksiginfo_args args = { .nr = 1 };
	siginfo_t info;

	return request_probe(PTRACE_PEEKSIGINFO, &args, &info);
}

int probe_sigmask(void)
{
	uint64_t mask;

	return request_probe(PTRACE_GETSIGMASK, (void *)sizeof(mask), &mask);
}

/* A filter that lets everything through, so that there is one to be shown. */
static int filter_install(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { .len = 1, .filter = &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		return -errno;
	return 0;
}

int probe_seccomp_filters(void)
{
	int ret = 0, status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (filter_install() < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return -EOPNOTSUPP;
	if (ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 0L, NULL) < 0)
		ret = -errno;
	child_end(pid);
	return ret;
}

static __attribute__((noinline)) void breakpoint_target(void)
{
	asm volatile("nop");
}

/* Some virtual machines take the request and never stop: see whether it stops. */
static int breakpoint_works(pid_t pid)
{
	const size_t regs = offsetof(struct user, u_debugreg);
	int status;

	if (ptrace(PTRACE_POKEUSER, pid, regs, breakpoint_target) < 0 ||
	    ptrace(PTRACE_POKEUSER, pid, regs + 7 * sizeof(long), 1L) < 0 ||
	    ptrace(PTRACE_CONT, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP ? 0 : -EOPNOTSUPP;
}

int probe_breakpoints(void)
{
	int ret, status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		breakpoint_target();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	ret = breakpoint_works(pid);
	child_end(pid);
	return ret;
}

int probe_clone3_set_tid(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid_size = 1 };
	pid_t want = fork(), pid;

	if (want < 0)
		return -errno;
	if (!want)
		_exit(0);
	/* Its number is free once it is reaped. */
	if (waitpid(want, NULL, 0) < 0)
		return -errno;
	args.set_tid = (uintptr_t)&want;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(0);
	if (pid < 0)
		return errno == EEXIST ? 0 : -errno;
	(void)waitpid(pid, NULL, 0);
	return pid == want ? 0 : -EOPNOTSUPP;
}

int probe_children(void)
{
	return access("/proc/thread-self/children", R_OK) < 0 ? -errno : 0;
}

int probe_kcmp(void)
{
	pid_t pid = getpid();

	return syscall(SYS_kcmp, pid, pid, KCMP_VM, 0, 0) < 0 ? -errno : 0;
}

int probe_pidfd_open(void)
{
	auto_close int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return fd < 0 ? -errno : 0;
}

int probe_pidfd_getfd(void)
{
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	auto_close int dir_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = -1;

	if (pidfd < 0 || dir_fd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, dir_fd, 0);
	return fd < 0 ? -errno : 0;
}

int probe_timer_cr_ids(void)
{
	return prctl(TIMER_RESTORE_IDS, TIMER_RESTORE_IDS_GET, 0, 0, 0) < 0 ? -errno : 0;
}

int probe_loginuid(void)
{
	auto_close int fd = open("/proc/self/loginuid", O_RDWR | O_CLOEXEC);
	char text[32];
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text));
	if (len < 0 || pwrite(fd, text, (size_t)len, 0) < 0)
		return -errno;
	return 0;
}

int probe_ns_pid(void)
{
	auto_fclose FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "NSpid:", 6))
			return 0;
	return -EOPNOTSUPP;
}

int probe_compat_cr(void)
{
	long ret = syscall(SYS_arch_prctl, MAP_VDSO_32, 0);

	/* There is a vdso already, which is looked at only where the call is known. */
	return ret < 0 && errno != EEXIST ? -errno : 0;
}

int probe_sys_resource(void)
{
	auto_fclose FILE *file = fopen("/proc/self/status", "re");
	unsigned long long caps = 0;
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		(void)!sscanf(line, "CapEff: %llx", &caps);
	return caps >> CAP_RESOURCE_BIT & 1 ? 0 : -EPERM;
}
