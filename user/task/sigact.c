// SPDX-License-Identifier: GPL-2.0
/*
 * What a process does on each signal (rt_sigaction). Only the process itself can
 * ask for it; /proc/PID/status shows no more than which are caught or ignored.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "image/sa.pb-c.h"
#include "stub/dump.h"
#include "task/task.h"

/* ---- dump ---- */

static int sigact_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		       CoreEntry *core, CrctlThreadEntry *extra)
{
	TaskCoreEntry *tc = core->tc;

	if (!thread_is_leader(task, thread))
		return 0;
	tc->sigactions = calloc(64, sizeof(*tc->sigactions));
	if (!tc->sigactions)
		return -ENOMEM;
	for (int signo = 1; signo <= 64; signo++) {
		const struct stub_fact_action *a = &task->facts->actions[signo - 1];
		SaEntry *e;

		if (signo == SIGKILL || signo == SIGSTOP)
			continue;
		e = message_new(SaEntry, sa_entry__init);
		if (!e)
			return -ENOMEM;
		e->sigaction = a->handler;
		e->flags = a->flags;
		e->restorer = a->restorer;
		e->mask = a->mask;
		e->has_compat_sigaction = true;
		tc->sigactions[tc->n_sigactions++] = e;
	}
	return 0;
}

/* ---- restore ---- */

static void sigact_restore_actions(const TaskCoreEntry *tc, struct stub_task *t)
{
	size_t n = 0;

	/* the image leaves out SIGKILL and SIGSTOP */
	for (int sig = 1; sig <= STUB_NR_SIGNALS && n < tc->n_sigactions; sig++) {
		const SaEntry *e;

		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		e = tc->sigactions[n++];
		t->sigactions[sig - 1] = (struct stub_sigaction){
			.handler = e->sigaction,
			.flags = e->flags,
			.restorer = e->restorer,
			.mask = e->mask,
		};
	}
}

static int sigact_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			  const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const ThreadSasEntry *sas = core->thread_core->sas;

	if (core->tc)
		sigact_restore_actions(core->tc, stub_task_of(thread));
	if (sas && sas->ss_size) {
		thread->sas_sp = sas->ss_sp;
		thread->sas_size = sas->ss_size;
		/* being on it follows from the stack pointer */
		thread->sas_flags = sas->ss_flags & ~(uint32_t)SS_ONSTACK;
	}
	return 0;
}

const struct task_kind sigact_kind = {
	.name = "signal actions",
	.dump = sigact_dump,
	.restore = sigact_restore,
};
