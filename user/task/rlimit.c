// SPDX-License-Identifier: GPL-2.0
/* Resource limits of a process, seen in /proc/PID/limits. */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "image/rlimit.pb-c.h"
#include "kapi/ask.h"
#include "task/task.h"

/* ---- dump ---- */

static int rlimit_dump(struct dump *d, struct dump_task *task, struct dump_thread *thread,
		       CoreEntry *core, CrctlThreadEntry *extra)
{
	const struct asked asked = dump_asked(d, task);
	uint64_t limits[RLIM_NLIMITS][2];
	TaskRlimitsEntry *all;
	int ret;

	if (!thread_is_leader(task, thread))
		return 0;
	/* One file instead of 16 calls, which need CAP_SYS_RESOURCE for another user's. */
	ret = ask_limits(&asked, limits);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d: its limits cannot be read", task->pid);
	all = message_new(TaskRlimitsEntry, task_rlimits_entry__init);
	if (!all)
		return -ENOMEM;
	core->tc->rlimits = all;
	all->rlimits = calloc(RLIM_NLIMITS, sizeof(*all->rlimits));
	if (!all->rlimits)
		return -ENOMEM;
	for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
		RlimitEntry *e = message_new(RlimitEntry, rlimit_entry__init);

		if (!e)
			return -ENOMEM;
		e->cur = limits[i][0];
		e->max = limits[i][1];
		all->rlimits[all->n_rlimits++] = e;
	}
	return 0;
}

/* ---- restore ---- */

static int rlimit_restore(struct restore *r, struct restore_task *task, const CoreEntry *core,
			  const CrctlThreadEntry *extra, struct stub_thread *thread)
{
	const TaskRlimitsEntry *e = core->tc ? core->tc->rlimits : NULL;
	struct stub_task *t = stub_task_of(thread);

	for (size_t i = 0; e && i < e->n_rlimits && i < STUB_NR_RLIMITS; i++) {
		t->rlimits[i][0] = e->rlimits[i]->cur;
		t->rlimits[i][1] = e->rlimits[i]->max;
		t->nr_rlimits = (uint32_t)i + 1;
	}
	return 0;
}

const struct task_kind rlimit_kind = {
	.name = "resource limits",
	.dump = rlimit_dump,
	.restore = rlimit_restore,
};
