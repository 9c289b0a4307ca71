// SPDX-License-Identifier: GPL-2.0
/*
 * Named pipes. An entry names the path (a REG entry) and the pipe behind it;
 * descriptions of one fifo are opened together, while an extra read-write one
 * keeps the opens from blocking.
 */
#include <fcntl.h>
#include <unistd.h>

#include "files/pipe.h"
#include "image/fifo.pb-c.h"
#include "image/regfile.pb-c.h"

static const RegFileEntry *fifo_reg(const struct restore *r, const struct restore_file *file)
{
	const FifoEntry *e = file->entry->fifo;
	struct restore_file *reg = restore_file_find(r, e->has_regf_id ? e->regf_id : e->id);

	return reg ? reg->entry->reg : NULL;
}

static int fifo_check(struct restore *r, const struct restore_file *file)
{
	if (!file->entry->fifo || !fifo_reg(r, file))
		return fail(r->ctx.err, -EINVAL, "files.img: fifo %u has no path", file->id);
	return 0;
}

static int fifo_open(struct restore *r, const RegFileEntry *reg, int *ret_fd)
{
	int flags = (int)reg->flags, ret = reg_open(r, reg, flags | O_NONBLOCK, ret_fd);

	if (!ret && !(flags & O_NONBLOCK) && !(flags & O_PATH) &&
	    fcntl(*ret_fd, F_SETFL, flags & ~(O_ACCMODE | O_NONBLOCK)))
		ret = fail_errno(r->ctx.err, -errno, "fifo %s", reg->name);
	return ret;
}

static int fifo_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	struct restore_file *f = file;
	int keep, ret = reg_open(r, fifo_reg(r, file), O_RDWR | O_NONBLOCK, &keep), fd;

	if (ret)
		return ret;
	ret = pipe_data_restore(r, true, file->entry->fifo->pipe_id, keep);
	while (!ret) {
		if (f->owner)
			ret = fifo_open(r, fifo_reg(r, f), &fd);
		if (f->owner && !ret && f == file)
			*ret_fd = fd;
		else if (f->owner && !ret)
			ret = pipe_keep(r, f, fd);
		f = f->group;
		if (f == file)
			break;
	}
	close(keep);
	return ret;
}

static uint32_t fifo_group(const struct restore_file *file)
{
	return file->entry->fifo->pipe_id;
}

const struct file_kind fifo_kind = {
	.name = "fifo",
	.type = FD_TYPES__FIFO,
	.check = fifo_check,
	.group = fifo_group,
	.restore = fifo_restore,
};
