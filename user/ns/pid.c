// SPDX-License-Identifier: GPL-2.0
/*
 * PID namespace: the root task is its init, or a process in it. It has no state but the
 * PIDs themselves, which the tree's images carry as they are inside.
 */
#include <sched.h>

#include "ns/ns.h"

static int pid_ns_dump(struct dump *d, uint32_t id)
{
	return 0;	/* an image of its own is only for one from outside */
}

static int pid_ns_read(struct restore *r, uint32_t id)
{
	uint32_t root = r->tasks.items[0]->pid;

	if (root != 1)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "pid %u is the root of the tree, but not the init of its PID "
			    "namespace, which would be missing; dump the whole namespace", root);
	return 0;
}

static int pid_ns_restore(struct restore *r)
{
	return 0;	/* it was made with the root task */
}

const struct ns_kind pid_ns_kind = {
	.type = NS_PID,
	.name = "pid",
	.clone_flag = CLONE_NEWPID,
	.dump = pid_ns_dump,
	.read = pid_ns_read,
	.restore = pid_ns_restore,
};
