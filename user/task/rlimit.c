// SPDX-License-Identifier: GPL-2.0
/* Resource limits of a task. */
#include <sys/resource.h>

#include "image/rlimit.pb-c.h"
#include "task/task.h"

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
	.restore = rlimit_restore,
};
