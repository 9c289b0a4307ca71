// SPDX-License-Identifier: GPL-2.0
/*
 * Signal actions (shared by the threads of a task) and alternate signal stacks
 * (one a thread). Only the task itself can tell them: the stub, or the module.
 */
#include <signal.h>

#include "image/sa.pb-c.h"
#include "task/task.h"

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
	.restore = sigact_restore,
};
