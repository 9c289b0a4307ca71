// SPDX-License-Identifier: GPL-2.0
/*
 * Who traces the tasks at the end of a restore, so that nothing kills half a tree.
 * A child of crctl in a session of its own traces them with PTRACE_O_EXITKILL.
 * Until it commits it dies with crctl, and the kernel ends all it traces. Once it
 * has committed it finishes by itself, whatever becomes of crctl; should it be
 * killed itself then, crctl ends what it had let go already.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/restore_internal.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "ns/ns.h"
#include "stub/restore_args.h"

#define TRACER_STACK (1UL << 20)

struct tracer {
	struct restore *r;
	const struct restore_options *opts;
	int ret;
	bool done;
};

static bool guard_needed(const struct restore *r)
{
	return (r->tasks.items[0]->watches || r->awaited) && r->ns->flags & CLONE_NEWPID;
}

/* The end of the pipe comes with that of crctl, however it ends. */
static void __attribute__((noreturn)) guard_run(const struct restore *r, int pipe_fd, int root)
{
	struct pollfd end = { .fd = pipe_fd, .events = POLLIN };

	if (dup2(pipe_fd, 0) < 0 || dup2(root, 1) < 0)
		_exit(1);
	/* a client waits for the end of crctl's socket, not of ours */
	syscall(SYS_close_range, 2, ~0U, 0);
	(void)setsid();
	end.fd = 0;
	__atomic_store_n(&r->shared->guarded, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &r->shared->guarded, FUTEX_WAKE, INT32_MAX, NULL);
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	if (!__atomic_load_n(r->awaited ? &r->shared->answered : &r->shared->over,
			     __ATOMIC_SEQ_CST))
		(void)syscall(SYS_pidfd_send_signal, 1, SIGKILL, NULL, 0);
	_exit(0);
}

int restore_guard_start(struct restore *r)
{
	auto_close int root = -1;
	int ends[2];

	if (!guard_needed(r))
		return 0;
	root = sys_pidfd_open(r->root_pid);
	if (root < 0 || pipe2(ends, O_CLOEXEC))
		return fail_errno(r->ctx.err, -errno, "a guard of the root task");
	r->guard = fork();
	if (!r->guard) {
		close(ends[1]);
		guard_run(r, ends[0], root);
	}
	close(ends[0]);
	r->guard_fd = ends[1];
	if (r->guard > 0)
		return 0;
	r->guard = 0;
	close(ends[1]);
	return fail_errno(r->ctx.err, -EAGAIN, "a guard of the root task");
}

void restore_guard_end(struct restore *r, bool failed)
{
	if (!r->guard)
		return;
	if (!failed) {
		__atomic_store_n(&r->shared->over, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&r->shared->answered, 1, __ATOMIC_SEQ_CST);
	}
	close(r->guard_fd);
	while (waitpid(r->guard, NULL, 0) < 0 && errno == EINTR)
		;
	r->guard = 0;
}

void restore_guard_wait(struct restore *r)
{
	const struct timespec moment = { .tv_nsec = 20000000 };

	if (!guard_needed(r))
		return;
	while (!__atomic_load_n(&r->shared->guarded, __ATOMIC_SEQ_CST)) {
		syscall(SYS_futex, &r->shared->guarded, FUTEX_WAIT, 0, &moment);
		if (restore_abandoned(r))
			_exit(1);
	}
}

void restore_commit(const struct restore *r)
{
	prctl(PR_SET_PDEATHSIG, 0);
	__atomic_store_n(&r->shared->over, 1, __ATOMIC_SEQ_CST);
	/* crctl is gone already: so is the restore */
	if (restore_abandoned(r))
		_exit(1);
}

static int tracer_main(void *arg)
{
	struct tracer *t = arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (restore_abandoned(t->r))
		_exit(1);
	setsid();
	t->ret = restore_trace(t->r, t->opts);
	t->done = true;
	_exit(0);
}

/* In the tree's PID namespace, where its PIDs are what the images say. */
static pid_t pid_ns_clone(const struct restore *r, int (*fn)(void *arg), char *stack, int flags,
			  void *arg)
{
	auto_close int own = -1, tree = -1;
	char path[64];
	pid_t pid;

	if (!(r->ns->flags & CLONE_NEWPID)) {
		pid = clone(fn, stack, flags, arg);
		return pid < 0 ? -errno : pid;
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", r->root_pid);
	own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	tree = open(path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || tree < 0 || setns(tree, CLONE_NEWPID))
		return -errno;
	pid = clone(fn, stack, flags, arg);
	pid = pid < 0 ? -errno : pid;
	(void)setns(own, CLONE_NEWPID);	/* it worked the other way */
	return pid;
}

struct proc_maker {
	int ret_fd;
};

/* A mount of /proc shows the PID namespace of who made it. */
static int proc_maker_main(void *arg)
{
	struct proc_maker *m = arg;
	auto_close int fs = (int)syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC);

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		m->ret_fd = -errno;
	else
		m->ret_fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (m->ret_fd == -1)
		m->ret_fd = -errno;
	return 0;
}

int restore_open_proc(struct restore *r)
{
	struct proc_maker m = { .ret_fd = -ECHILD };
	char stack[16384] __attribute__((aligned(16)));
	pid_t pid;

	if (!(r->ns->flags & CLONE_NEWPID))
		return 0;
	pid = pid_ns_clone(r, proc_maker_main, stack + sizeof(stack),
			   CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &m);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || m.ret_fd < 0)
		return fail_errno(r->ctx.err, pid < 0 ? pid : m.ret_fd,
				  "a /proc of the tree's PID namespace");
	close(r->proc_fd);
	r->proc_fd = m.ret_fd;
	return 0;
}

int restore_resume(struct restore *r, const struct restore_options *opts)
{
	struct tracer t = { .r = r, .opts = opts, .ret = -ECHILD };
	char *stack = mmap(NULL, TRACER_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		return fail_errno(r->ctx.err, -errno, "a stack for the tracing process");
	/* as vfork(2): no copy of all that was read, and the sentence comes back by itself */
	pid = pid_ns_clone(r, tracer_main, stack + TRACER_STACK,
			   CLONE_VM | CLONE_VFORK | SIGCHLD, &t);
	if (pid < 0)
		t.ret = fail_errno(r->ctx.err, pid, "making the tracing process");
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(stack, TRACER_STACK);
	if (pid > 0 && !t.done)
		return fail(r->ctx.err, -ECHILD,
			    "the tracing process was killed; nothing is restored");
	return t.ret;
}
