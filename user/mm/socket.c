// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of packet sockets, mapped by who reads or fills them. The socket makes them and
 * brings what is in them (net/packet_ring.c); a mapping always is of all of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/mm.h"

/* ---- dump ---- */

static bool socket_match(const struct proc_vma *vma)
{
	return vma->flags & VMF_SHARED && !strncmp(vma->name, "socket:", 7);
}

static int socket_dump(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		       VmaEntry *entry)
{
	struct dump_socket_vma *noted = array_add(&d->socket_vmas);

	if (!noted)
		return -ENOMEM;
	*noted = (struct dump_socket_vma){ .task = task, .entry = entry };
	entry->status |= VMA_SOCKET;
	entry->shmid = vma->ino;
	entry->pgoff = vma->pgoff;
	entry->has_fdflags = true;
	entry->fdflags = O_RDWR;
	return 0;
}

/* ---- restore ---- */

static int socket_check(struct restore *r, const struct restore_task *task,
			const struct restore_vma *vma)
{
	const struct restore_file *f = NULL;

	if (vma->entry->shmid <= UINT32_MAX)
		f = restore_file_find(r, (uint32_t)vma->entry->shmid);
	if (f && restore_ring_len(f) == vma->end - vma->start && !vma->entry->pgoff)
		return 0;
	return fail(r->ctx.err, -EINVAL, "mm-%u.img: the area %#lx-%#lx maps open file %lu, which "
		    "files.img does not have as a packet socket with rings of that length",
		    task->pid, vma->start, vma->end, vma->entry->shmid);
}

static int socket_restore(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
			  uint64_t *ret_at)
{
	int fd, ret = restore_file_open(r, restore_file_find(r, (uint32_t)vma->entry->shmid), &fd);

	return ret ? ret : vma_map(r, vma, at, prot, MAP_SHARED, fd, ret_at);
}

const struct vma_kind vma_socket_kind = {
	.name = "ring of a packet socket",
	.status = VMA_SOCKET,
	.match = socket_match,
	.dump = socket_dump,
	.check = socket_check,
	.restore = socket_restore,
};
