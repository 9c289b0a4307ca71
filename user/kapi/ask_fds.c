// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptors of a process: one list from the module, or /proc/PID/fd and a read
 * of fdinfo each. Whether a lock is held through a descriptor only fdinfo tells; the
 * module tells which files have locks at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kapi/ask.h"

static int fd_read(int proc_fd, struct proc_buf *buf, int fd, struct proc_fdinfo *ret)
{
	char name[32];

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	return proc_read_fdinfo(proc_fd, name, buf, ret);
}

static int fds_of_proc(int proc_fd, struct proc_buf *buf, struct fd_list *ret, int *ret_fd)
{
	struct pid_array numbers = { 0 };
	int ret_code = proc_list_numbers(proc_fd, "fd", &numbers);

	for (size_t i = 0; i < numbers.nr && !ret_code; i++) {
		struct fd_facts *f = array_add(ret);
		struct proc_fdinfo info;

		*ret_fd = numbers.items[i];
		ret_code = f ? fd_read(proc_fd, buf, *ret_fd, &info) : -ENOMEM;
		if (!ret_code)
			*f = (struct fd_facts){
				.fd = *ret_fd, .flags = info.flags, .pos = info.pos,
				.ino = info.ino, .mnt_id = info.mnt_id, .has_lock = info.has_lock,
				.object = info.object,
				.text = info.rest ? strdup(info.rest) : NULL,
			};
	}
	array_free(&numbers);
	return ret_code;
}

static int fds_of_module(int proc_fd, struct proc_buf *buf, struct fd_list *ret, int *ret_fd)
{
	array_for_each(&ret->files, file) {
		const struct crctl_file *c = &file->facts;
		struct fd_facts *f = array_add(ret);
		struct proc_fdinfo info;
		int ret_code;

		if (!f)
			return -ENOMEM;
		*f = (struct fd_facts){
			.fd = c->fd, .flags = c->f_flags, .pos = c->pos, .ino = c->inode_ino,
			.mnt_id = c->mnt_id, .id = c->id,
			.file = c->has & CRCTL_FILE_HAS_STAT ? c : NULL, .link = file->path,
		};
		if (!c->nr_locks)
			continue;
		*ret_fd = c->fd;
		ret_code = fd_read(proc_fd, buf, c->fd, &info);
		if (ret_code)
			return ret_code;
		f->has_lock = info.has_lock;
	}
	return 0;
}

int ask_fds(struct dev *dev, pid_t pid, int proc_fd, struct proc_buf *buf, struct fd_list *ret,
	    int *ret_fd)
{
	struct fd_list list = { 0 };
	int ret_code = dev_read_files(dev, pid, CRCTL_FILES_STAT, &list.files);

	*ret_fd = -1;
	if (ret_code == -EOPNOTSUPP)
		ret_code = fds_of_proc(proc_fd, buf, &list, ret_fd);
	else if (!ret_code)
		ret_code = fds_of_module(proc_fd, buf, &list, ret_fd);
	if (ret_code)
		fds_free(&list);
	else
		*ret = list;
	return ret_code;
}

void fds_free(struct fd_list *list)
{
	array_for_each(list, f)
		free(f->text);
	dev_files_free(&list->files);
	array_free(list);
}
