// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped files, private and shared. The file itself is a record of files.img
 * (shmid is its id); pages that were written to in a private mapping are in the
 * pages file, the others are read from the file again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/fdinfo.pb-c.h"
#include "image/regfile.pb-c.h"
#include "mm/mm.h"

/* ---- dump ---- */

static bool file_match(const struct proc_vma *vma)
{
	return vma->ino && vma->name[0] == '/' && !vma_is_anon_huge(vma) &&
	       strcmp(vma->name, "/dev/zero") &&
	       strncmp(vma->name, "/dev/zero (deleted)", 19);
}

static bool private_match(const struct proc_vma *vma)
{
	return !(vma->flags & VMF_SHARED) && file_match(vma);
}

static bool shared_match(const struct proc_vma *vma)
{
	return vma->flags & VMF_SHARED && file_match(vma);
}

/* The files mapped last: libraries come again and again, in every task. */
static struct mapped_file *mapped_slot(struct dump *d, const struct proc_vma *vma, uint32_t flags)
{
	return &d->mapped[(vma->ino * 31 + vma->dev * 7 + flags) % DUMP_NR_MAPPED];
}

static bool mapped_id(struct dump *d, const struct proc_vma *vma, uint32_t flags,
		      uint32_t *ret_id)
{
	const struct mapped_file *m = mapped_slot(d, vma, flags);

	if (!m->known || m->ino != vma->ino || m->dev != vma->dev || m->flags != flags)
		return false;
	*ret_id = m->id;
	return true;
}

static void mapped_note(struct dump *d, const struct proc_vma *vma, uint32_t flags, uint32_t id)
{
	*mapped_slot(d, vma, flags) = (struct mapped_file){
		.known = true, .dev = vma->dev, .ino = vma->ino, .flags = flags, .id = id,
	};
}

static int mapping_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		     VmaEntry *entry, uint32_t status, uint32_t open_flags)
{
	char link[64];
	uint32_t id = 0;
	int ret;

	snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long)vma->start,
		 (unsigned long long)vma->end);
	if (!mapped_id(d, vma, open_flags, &id)) {
		ret = dump_linked_file(d, task, link, open_flags, &id);
		if (ret)
			return ret;
		mapped_note(d, vma, open_flags, id);
	}
	entry->status |= status;
	if (!strncmp(vma->name, "/memfd:", 7))
		entry->status |= VMA_MEMFD;
	entry->shmid = id;
	entry->pgoff = vma->pgoff;
	entry->has_fdflags = true;
	entry->fdflags = open_flags;
	return 0;
}

static int private_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
			VmaEntry *entry)
{
	return mapping_dump(d, task, vma, entry, VMA_FILE_PRIVATE, O_RDONLY);
}

static int shared_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		       VmaEntry *entry)
{
	return mapping_dump(d, task, vma, entry, VMA_FILE_SHARED,
			 vma->flags & VMF_MAYWRITE ? O_RDWR : O_RDONLY);
}

/* ---- restore ---- */

static int file_check(struct restore *r, const struct restore_task *task,
		      const struct restore_vma *vma)
{
	const struct restore_file *f = NULL;

	if (vma->entry->shmid <= UINT32_MAX)
		f = restore_file_find(r, (uint32_t)vma->entry->shmid);
	if (!f || !f->entry->reg)
		return fail(r->ctx.err, -EINVAL,
			    "mm-%u.img: the area %#lx-%#lx maps open file %lu, which files.img "
			    "does not have as a regular file",
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
	.match = private_match,
	.dump = private_dump,
	.check = file_check,
	.restore = file_restore,
	.has_pages = true,
};

const struct vma_kind vma_file_shared_kind = {
	.name = "file, shared",
	.status = VMA_FILE_SHARED,
	.match = shared_match,
	.dump = shared_dump,
	.check = file_check,
	.restore = file_restore,
};
