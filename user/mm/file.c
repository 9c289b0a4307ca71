// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped files, private and shared. The file is an entry of files.img that
 * vma_entry.shmid names; pages written to a private mapping are in the pages
 * file, those of a shared one in the file itself.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files/files.h"
#include "image/regfile.pb-c.h"
#include "mm/mm.h"

static int file_check(struct restore *r, const struct restore_task *task,
		      const struct restore_vma *vma)
{
	const struct restore_file *f = NULL;

	if (vma->entry->shmid <= UINT32_MAX)
		f = restore_file_find(r, (uint32_t)vma->entry->shmid);
	if (!f || !f->entry->reg)
		return fail(r->ctx.err, -EINVAL,
			    "mm-%u.img: the area %#lx-%#lx maps open file %lu, which files.img does not have as a regular file",
			    task->pid, vma->start, vma->end, vma->entry->shmid);
	return 0;
}

static int file_open_flags(const struct restore_vma *vma)
{
	if (vma->entry->has_fdflags)
		return (int)vma->entry->fdflags & O_ACCMODE;
	if (vma->entry->status & VMA_FILE_SHARED && vma->entry->prot & PROT_WRITE)
		return O_RDWR;
	return O_RDONLY;
}

static int file_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			uint64_t *ret_at)
{
	struct restore_file *f = restore_file_find(r, (uint32_t)vma->entry->shmid);
	bool shared = vma->entry->status & VMA_FILE_SHARED;
	int flags = file_open_flags(vma), ret;

	/* Areas of one file follow each other: keep it open for the next. */
	if (r->map_fd >= 0 && (r->map_id != f->id || r->map_flags != flags)) {
		close(r->map_fd);
		r->map_fd = -1;
	}
	if (r->map_fd < 0) {
		ret = reg_open(r, f->entry->reg, flags, &r->map_fd);
		if (ret)
			return ret;
		r->map_id = f->id;
		r->map_flags = flags;
	}
	return vma_map(r, vma, at, prot,
		       (shared ? MAP_SHARED : MAP_PRIVATE) |
			       ((int)vma->entry->flags & MAP_NORESERVE),
		       r->map_fd, ret_at);
}

const struct vma_kind vma_file_private_kind = {
	.name = "file, private",
	.status = VMA_FILE_PRIVATE,
	.check = file_check,
	.restore = file_restore,
	.has_pages = true,
};

const struct vma_kind vma_file_shared_kind = {
	.name = "file, shared",
	.status = VMA_FILE_SHARED,
	.check = file_check,
	.restore = file_restore,
};
