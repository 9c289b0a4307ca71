// SPDX-License-Identifier: GPL-2.0
/*
 * Cgroups. A restored task is in the cgroup that crctl was started in, which a
 * container's runtime makes and fills before; so a tree whose tasks are in several
 * cannot be kept, and is refused where the user asks for cgroups (--manage-cgroups).
 * Seen in /proc/PID/cgroup. A cgroup namespace of the tree's own is refused by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "ns/ns.h"

#define CGROUPS_MAX 8192	/* a line for each hierarchy */

static int cgroups_read(const struct dump_task *task, char *buf)
{
	auto_close int fd = openat(task->proc_fd, "cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, CGROUPS_MAX - 1);

	if (len < 0)
		return -errno;
	buf[len] = 0;
	return 0;
}

static int cgroup_collect(struct dump *d, const struct dump_task *task)
{
	auto_free char *theirs = malloc(CGROUPS_MAX), *roots = malloc(CGROUPS_MAX);
	const struct dump_task *root = d->tasks.items[0];
	int ret;

	if (!d->ctx.manage_cgroups || task == root)
		return 0;
	if (!theirs || !roots)
		return -ENOMEM;
	ret = cgroups_read(task, theirs);
	if (!ret)
		ret = cgroups_read(root, roots);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d: its cgroups cannot be read", task->pid);
	if (strcmp(theirs, roots))
		dump_refuse(d,
			    "pid %d is in another cgroup than the root of its tree, which is not "
			    "kept yet; use --manage-cgroups=ignore",
			    task->pid);
	return 0;
}

const struct ns_kind cgroup_ns_kind = {
	.type = NS_CGROUP,
	.name = "cgroup",
	.clone_flag = CLONE_NEWCGROUP,
	.collect = cgroup_collect,
};
