// SPDX-License-Identifier: GPL-2.0
/*
 * Files that no descriptor names but the process holds: mapped files, the
 * executable, cwd and root. One record for each file and way of opening it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "files/files.h"
#include "kapi/proc.h"
#include "lib/cleanup.h"

static struct linked_file **linked_find(struct file_table *t, const struct stat *st,
					uint32_t flags)
{
	struct linked_file **at = &t->linked[(st->st_ino * 31 + st->st_dev + flags) & 1023];

	while (*at && ((*at)->ino != st->st_ino || (*at)->dev != st->st_dev ||
		       (*at)->flags != flags))
		at = &(*at)->next;
	return at;
}

static int linked_new(struct dump *d, struct fd_info *fd, uint32_t *ret_id)
{
	FdTypes type = FD_TYPES__UND;
	int ret = proc_read_link(fd->task->proc_fd, fd->proc_name, fd->link, sizeof(fd->link));

	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d: the name of its %s cannot be read",
				  fd->task->pid, fd->proc_name);
	ret = file_dump(d, fd, ret_id, &type);
	if (!ret && *ret_id && type != FD_TYPES__REG && type != FD_TYPES__MEMFD) {
		*ret_id = 0;
		return dump_refuse(d, "pid %d %s: mapped %s is not supported yet", fd->task->pid,
				   fd->proc_name, fd->link);
	}
	return ret;
}

int dump_linked_file(struct dump *d, struct dump_task *task, const char *link, uint32_t flags,
		     uint32_t *ret_id)
{
	auto_free struct fd_info *fd = NULL;
	struct linked_file **at;
	struct stat st;
	int ret;

	ret = files_begin(d);
	if (ret)
		return ret;
	if (fstatat(task->proc_fd, link, &st, 0))
		return fail_errno(d->ctx.err, -errno, "pid %d: its %s cannot be looked at",
				  task->pid, link);
	at = linked_find(d->files, &st, flags);
	if (*at) {
		*ret_id = (*at)->id;
		return 0;
	}
	fd = calloc(1, sizeof(*fd));
	*at = calloc(1, sizeof(**at));
	if (!fd || !*at)
		return -ENOMEM;
	**at = (struct linked_file){ .dev = st.st_dev, .ino = st.st_ino, .flags = flags };
	*fd = (struct fd_info){ .task = task, .fd = -1, .proc_name = link, .st = st,
				.flags = flags, .local_fd = -1 };
	ret = linked_new(d, fd, &(*at)->id);
	*ret_id = (*at)->id;
	return ret;
}
