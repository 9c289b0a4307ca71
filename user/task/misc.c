// SPDX-License-Identifier: GPL-2.0
/*
 * Single values of a process or thread: name, personality, robust futex list,
 * parent-death signal, child subreaper, membarrier registration, login uid,
 * oom_score_adj, core dump filter.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "kapi/ask.h"
#include "stub/dump.h"
#include "task/task.h"

/* ---- dump ---- */

#define DEFAULT_COREDUMP_FILTER 0x33

static int thread_values(struct dump *d, const struct dump_task *task,
			 const struct dump_thread *thread, ThreadCoreEntry *e)
{
	uint64_t head, len;
	int ret = ask_robust_list(thread->told, thread->tid, &head, &len);

	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d thread %d: its robust futex list cannot "
				  "be read", task->pid, thread->tid);
	e->futex_rla = head;
	e->futex_rla_len = (uint32_t)len;
	e->comm = strdup(thread->status->comm);
	e->has_pdeath_sig = thread->facts->pdeath_signal != 0;
	e->pdeath_sig = (uint32_t)thread->facts->pdeath_signal;
	return e->comm ? 0 : -ENOMEM;
}

static int task_numbers(struct dump *d, struct dump_task *task, TaskCoreEntry *tc)
{
	const struct asked asked = dump_asked(d, task);
	struct task_numbers n;
	const char *name;
	int ret = ask_numbers(&asked, &n, &name);

	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d: its %s cannot be read", task->pid,
				  name);
	tc->personality = n.personality;
	tc->has_loginuid = n.has_loginuid;
	tc->loginuid = n.loginuid;
	tc->has_oom_score_adj = n.has_oom_score_adj;
	tc->oom_score_adj = n.oom_score_adj;
	task->extra->has_coredump_filter =
		n.has_coredump_filter && n.coredump_filter != DEFAULT_COREDUMP_FILTER;
	task->extra->coredump_filter = n.coredump_filter;
	task->extra->has_exit_signal = task->stat->exit_signal != SIGCHLD;
	task->extra->exit_signal = (uint32_t)task->stat->exit_signal;
	return 0;
}

static int misc_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		     CoreEntry *core, CrctlThreadEntry *extra)
{
	TaskCoreEntry *tc = core->tc;
	int ret = thread_values(d, task, thread, core->thread_core);

	if (ret || !thread_is_leader(task, thread))
		return ret;
	tc->task_state = task->state;
	tc->exit_code = 0;
	tc->flags = (uint32_t)task->stat->flags;
	tc->comm = strdup(thread->status->comm);
	if (!tc->comm)
		return -ENOMEM;
	tc->has_child_subreaper = true;
	tc->child_subreaper = task->facts->child_subreaper != 0;
	tc->has_membarrier_registration_mask = task->facts->membarrier > 0;
	tc->membarrier_registration_mask = (uint32_t)task->facts->membarrier;
	tc->has_stop_signo = task->stop_signo != 0;
	tc->stop_signo = (uint32_t)task->stop_signo;
	return task_numbers(d, task, tc);
}

/* ---- restore ---- */

static int misc_restore_task(struct restore *r, const TaskCoreEntry *tc, struct stub_task *t)
{
	t->child_subreaper = tc->has_child_subreaper && tc->child_subreaper;
	if (tc->has_membarrier_registration_mask)
		t->membarrier = tc->membarrier_registration_mask;
	if ((uint32_t)personality(0xffffffff) != tc->personality &&
	    personality(tc->personality) < 0)
		return fail_errno(r->ctx.err, -errno, "pid %u: personality %#x", t->pid,
				  tc->personality);
	return 0;
}

static int misc_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const ThreadCoreEntry *e = core->thread_core;
	const char *comm = e->comm ? e->comm : core->tc ? core->tc->comm : "";

	strncpy(thread->comm, comm, sizeof(thread->comm) - 1);
	thread->robust = e->futex_rla;
	thread->robust_len = e->futex_rla_len;
	if (e->has_pdeath_sig)
		thread->pdeath_sig = e->pdeath_sig;
	if (core->tc)
		return misc_restore_task(r, core->tc, stub_task_of(thread));
	return 0;
}

const struct task_kind misc_kind = {
	.name = "attributes",
	.dump = misc_dump,
	.restore = misc_restore,
};
