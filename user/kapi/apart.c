// SPDX-License-Identifier: GPL-2.0
/*
 * Some things the kernel takes from who calls: the peer's PID and user of a socket,
 * the directory that a relative name starts at. As with vfork(2), the process runs on
 * the caller's stack while the caller waits.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kapi/apart.h"
#include "stub/syscall.h"

struct apart {
	int (*fn)(void *arg);
	void *arg;
	volatile int
		ret; /* written behind the compiler's back, before a call that returns nowhere */
};

static void __attribute__((noinline, noreturn)) apart_main(struct apart *a)
{
	a->ret = a->fn(a->arg);
	for (;;)
		sys1(__NR_exit_group, 0);
}

/* No call may come between the system call and apart_main(): its return would be lost. */
static long __attribute__((noinline)) apart_start(struct clone_args *ca, struct apart *a)
{
	long pid = sys2(__NR_clone3, ca, sizeof(*ca));

	if (!pid)
		apart_main(a);
	return pid;
}

int apart_run(pid_t pid, int (*fn)(void *arg), void *arg)
{
	struct apart a = { fn, arg, -ECHILD };
	struct clone_args ca = {
		.flags = CLONE_VM | CLONE_FILES | CLONE_VFORK,
		.set_tid = pid ? (uintptr_t)&pid : 0,
		.set_tid_size = pid ? 1 : 0,
	};
	long child = apart_start(&ca, &a);

	if (child < 0)
		return (int)child;
	while (waitpid((pid_t)child, NULL, __WALL) < 0 && errno == EINTR)
		;
	return a.ret;
}

int apart_user(uint32_t uid, uint32_t gid, const uint32_t *groups, size_t nr_groups)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (groups && syscall(SYS_setgroups, nr_groups, groups))
		return -errno;
	if (syscall(SYS_setresgid, -1, gid, -1) || syscall(SYS_setresuid, -1, uid, -1))
		return -errno;
	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int apart_user_back(void)
{
	return syscall(SYS_setresuid, -1, getuid(), -1) || syscall(SYS_setresgid, -1, getgid(), -1)
		       ? -errno
		       : 0;
}
