// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of memfds. The object itself is made with the other shared memory
 * (mm/shmem.c); a descriptor is a new description of it, through /proc/self/fd.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "files/files.h"
#include "image/memfd.pb-c.h"

static int memfd_check(struct restore *r, const struct restore_file *file)
{
	if (!file->entry->memfd || !restore_memfd_find(r, file->entry))
		return fail(r->ctx.err, -EINVAL,
			    "files.img: open file %u is a memfd that memfd.img does not have",
			    file->id);
	return 0;
}

static int memfd_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const MemfdFileEntry *e = file->entry->memfd;
	const struct restore_shmem *s = restore_memfd_find(r, file->entry);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = open(path, (int)e->flags | O_CLOEXEC);
	if (fd < 0 || (e->pos && lseek(fd, (off_t)e->pos, SEEK_SET) < 0)) {
		int ret = fail_errno(r->ctx.err, -errno, "memfd %u", file->id);

		if (fd >= 0)
			close(fd);
		return ret;
	}
	*ret_fd = fd;
	return 0;
}

const struct file_kind memfd_kind = {
	.name = "memfd",
	.type = FD_TYPES__MEMFD,
	.check = memfd_check,
	.restore = memfd_restore,
};
