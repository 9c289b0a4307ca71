// SPDX-License-Identifier: GPL-2.0
/*
 * Who traces the tasks at the end of a restore, so that nothing kills half a tree.
 * A child of crctl in a session of its own traces them with PTRACE_O_EXITKILL.
 * Until it commits it dies with crctl, and the kernel ends all it traces. Once it
 * has committed it finishes by itself, whatever becomes of crctl; should it be
 * killed itself then, crctl ends what it had let go already.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/restore_internal.h"

#define TRACER_STACK (1UL << 20)

struct tracer {
	struct restore *r;
	const struct restore_options *opts;
	pid_t crctl;
	int ret;
	bool done;
};

void restore_commit(const struct restore *r)
{
	prctl(PR_SET_PDEATHSIG, 0);
	/* crctl is gone already: so is the restore */
	if (getppid() != r->master_pid)
		_exit(1);
}

static int tracer_main(void *arg)
{
	struct tracer *t = arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != t->r->master_pid)
		_exit(1);
	setsid();
	t->ret = restore_trace(t->r, t->opts);
	t->done = true;
	_exit(0);
}

int restore_resume(struct restore *r, const struct restore_options *opts)
{
	struct tracer t = { .r = r, .opts = opts, .ret = -ECHILD };
	char *stack = mmap(NULL, TRACER_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		return fail_errno(r->ctx.err, -errno, "a stack for the tracing process");
	r->master_pid = getpid();
	/* as vfork(2): no copy of all that was read, and the sentence comes back by itself */
	pid = clone(tracer_main, stack + TRACER_STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, &t);
	if (pid < 0)
		t.ret = fail_errno(r->ctx.err, -errno, "making the tracing process");
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(stack, TRACER_STACK);
	if (pid > 0 && !t.done)
		return fail(r->ctx.err, -ECHILD,
			    "the tracing process was killed; nothing is restored");
	return t.ret;
}
