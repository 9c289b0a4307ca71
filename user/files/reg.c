// SPDX-License-Identifier: GPL-2.0
/*
 * Regular files, directories, device nodes: all that is opened by a path. Deleted
 * ones are reached through what ghost.c made of them. A file that changed since
 * the dump is refused: the task would go on from wrong data.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "image/regfile.pb-c.h"
#include "image/remap_file_path.pb-c.h"

static int reg_check(struct restore *r, const struct restore_file *file)
{
	const RegFileEntry *reg = file->entry->reg;

	if (!reg)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u has no path", file->id);
	if (!*reg->name)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u has an empty path",
			    file->id);
	if (reg->ext)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "%s is external to the checkpoint (--external file): not supported yet",
			    reg->name);
	return 0;
}

static struct restore_remap *remap_find(struct restore *r, uint32_t id)
{
	size_t lo = 0, hi = r->remaps.nr;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (r->remaps.items[mid].orig_id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->remaps.nr && r->remaps.items[lo].orig_id == id ? &r->remaps.items[lo] : NULL;
}

static int reg_validate(struct restore *r, const RegFileEntry *reg, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail_errno(r->ctx.err, -errno, "%s", reg->name);
	if (reg->has_mode && (st.st_mode & S_IFMT) != (reg->mode & S_IFMT))
		return fail(r->ctx.err, -EINVAL, "%s is of another type than when it was dumped",
			    reg->name);
	if (reg->has_mode && !r->ctx.skip_file_rwx_check &&
	    (st.st_mode & 07777) != (reg->mode & 07777))
		return fail(r->ctx.err, -EINVAL,
			    "%s has mode %#o, but had %#o when it was dumped; put the mode back, or use --skip-file-rwx-check",
			    reg->name, st.st_mode & 07777, reg->mode & 07777);
	if (reg->has_size && S_ISREG(st.st_mode) && (uint64_t)st.st_size != reg->size)
		return fail(r->ctx.err, -EINVAL,
			    "%s has %lu bytes, but had %lu when it was dumped; put the file back as it was",
			    reg->name, (unsigned long)st.st_size, reg->size);
	return 0;
}

static int reg_open_path(struct restore *r, const RegFileEntry *reg, const char *path, int flags,
			 int *ret_fd)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return fail(r->ctx.err, -ENOENT,
			    "%s does not exist, but was there when it was dumped; put the file back",
			    reg->name);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "opening %s", reg->name);
	*ret_fd = fd;
	return 0;
}

int reg_open(struct restore *r, const RegFileEntry *reg, int flags, int *ret_fd)
{
	const struct restore_remap *remap = remap_find(r, reg->id);
	char path[4096 + 2];
	int fd = -1, ret;

	/* what made the file is not wanted again; a terminal must not become ours */
	flags = (flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_NOCTTY;
	if (remap && remap->fd >= 0)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", remap->fd);
	else
		snprintf(path, sizeof(path), "%s%s", *reg->name == '/' ? "" : "/", reg->name);
	if (remap && flags & O_PATH)
		flags &= ~O_NOFOLLOW;
	ret = reg_open_path(r, reg, path, flags, &fd);
	if (!ret && !remap)
		ret = reg_validate(r, reg, fd);
	if (ret) {
		if (fd >= 0)
			close(fd);
		return ret;
	}
	*ret_fd = fd;
	return 0;
}

static int reg_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const RegFileEntry *reg = file->entry->reg;
	int fd, ret = reg_open(r, reg, (int)reg->flags, &fd);

	if (ret)
		return ret;
	if (reg->pos && !(reg->flags & O_PATH) && reg->pos != (uint64_t)-1 &&
	    lseek(fd, (off_t)reg->pos, SEEK_SET) < 0) {
		ret = fail_errno(r->ctx.err, -errno, "%s: seeking to %lu", reg->name, reg->pos);
		close(fd);
		return ret;
	}
	*ret_fd = fd;
	return 0;
}

const struct file_kind reg_kind = {
	.name = "file",
	.type = FD_TYPES__REG,
	.check = reg_check,
	.restore = reg_restore,
};
