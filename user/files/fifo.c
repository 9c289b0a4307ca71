// SPDX-License-Identifier: GPL-2.0
/*
 * Fifos: pipes with a name. The record points at a second one of type REG for
 * the name and the flags; data and size are kept as for pipes.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "files/files.h"
#include "files/pipe.h"
#include "image/fifo.pb-c.h"
#include "image/regfile.pb-c.h"

/* ---- dump ---- */

static bool fifo_match(const struct fd_info *fd)
{
	return S_ISFIFO(fd->st.st_mode) && fd->link[0] == '/' && !(fd->flags & O_PATH);
}

static int fifo_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	struct dump_file *name;
	int ret = file_add(d, &name);

	if (ret)
		return ret;
	name->fown = file->fown;
	ret = reg_dump_entry(d, fd, name);
	if (ret)
		return ret;
	file->entry.fifo = &file->fifo;
	file->fifo.id = file->entry.id;
	file->fifo.pipe_id = (uint32_t)fd->st.st_ino;
	file->fifo.has_regf_id = true;
	file->fifo.regf_id = name->entry.id;
	return pipe_note(d, fd, file->fifo.pipe_id, true);
}

static int fifo_collect_end(struct dump *d)
{
	return pipe_check_ends(d, true);
}

static int fifo_write(struct dump *d)
{
	return pipe_write_data(d, true);
}

/* ---- restore ---- */

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
	.match = fifo_match,
	.dump = fifo_dump,
	.collect_end = fifo_collect_end,
	.write = fifo_write,
	.check = fifo_check,
	.group = fifo_group,
	.restore = fifo_restore,
};
