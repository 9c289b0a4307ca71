// SPDX-License-Identifier: GPL-2.0
/*
 * Working directory, root and umask (struct fs_struct). Seen in /proc/PID/cwd,
 * root and status. A deleted working directory is carried like a deleted file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "image/fs.pb-c.h"
#include "image/regfile.pb-c.h"
#include "kapi/proc.h"
#include "lib/cleanup.h"

/* ---- dump ---- */

int fs_collect(struct dump *d, struct dump_task *task);

int fs_collect(struct dump *d, struct dump_task *task)
{
	const struct dump_thread *live;
	int ret;

	task->fs = calloc(1, sizeof(*task->fs));
	if (!task->fs)
		return -ENOMEM;
	fs_entry__init(task->fs);
	if (task->fs_owner != task) {
		*task->fs = *task->fs_owner->fs;
		return 0;
	}
	task->fs->has_umask = true;
	/* a leader that has ended shows none */
	live = &task->threads.items[task->threads.items[0].ended ? 1 : 0];
	task->fs->umask = live->status->umask;
	ret = dump_linked_file(d, task, "cwd", 0, &task->fs->cwd_id);
	return ret ? ret : dump_linked_file(d, task, "root", 0, &task->fs->root_id);
}

/* ---- restore ---- */

static int fs_open(struct restore *r, const struct restore_task *t, uint32_t id, const char *what,
		   const RegFileEntry **ret_reg, int *ret_fd)
{
	const struct restore_file *f = restore_file_find(r, id);

	if (!f || !f->entry->reg)
		return fail(r->ctx.err, -EINVAL,
			    "fs-%u.img: its %s is open file %u, which files.img does not have",
			    t->pid, what, id);
	*ret_reg = f->entry->reg;
	return reg_open(r, f->entry->reg, O_RDONLY | O_DIRECTORY, ret_fd);
}

int fs_open_dirs(struct restore *r, const struct restore_task *t, int *ret_cwd, int *ret_root)
{
	const RegFileEntry *cwd, *root;
	int cwd_fd, root_fd, ret = fs_open(r, t, t->fs->cwd_id, "working directory", &cwd, &cwd_fd);

	if (ret)
		return ret;
	ret = fs_open(r, t, t->fs->root_id, "root directory", &root, &root_fd);
	if (ret) {
		close(cwd_fd);
		return ret;
	}
	if (!strcmp(root->name, "/")) {
		close(root_fd);
		root_fd = -1;
	}
	*ret_cwd = cwd_fd;
	*ret_root = root_fd;
	return 0;
}

int fs_restore(struct restore *r, struct restore_task *t)
{
	int cwd, root, ret = fs_open_dirs(r, t, &cwd, &root);

	if (ret)
		return ret;
	if (root >= 0 && (fchdir(root) || chroot(".")))
		ret = fail_errno(r->ctx.err, -errno, "pid %u: its root directory", t->pid);
	if (!ret && fchdir(cwd))
		ret = fail_errno(r->ctx.err, -errno, "pid %u: its working directory", t->pid);
	close(cwd);
	if (root >= 0)
		close(root);
	if (!ret && t->fs->has_umask)
		umask((mode_t)t->fs->umask);
	return ret;
}
