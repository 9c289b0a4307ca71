// SPDX-License-Identifier: GPL-2.0
/*
 * Memfds: descriptors, and the file behind them with name, size, owner, mode and seals.
 * The content is written and made with the other shared memory (mm/shmem.c); a descriptor
 * is a new description of it, through /proc/self/fd. A memfd that is only mapped, or run,
 * is met by the mapping.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files/files.h"
#include "image/image.h"
#include "image/memfd.pb-c.h"
#include "lib/cleanup.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#define MFD_HUGE_AT 26		/* MFD_HUGE_SHIFT */

/* ---- dump ---- */

struct memfd_inode {
	uint64_t dev, ino;
	MemfdInodeEntry entry;
	struct memfd_inode *next;
	char name[PATH_MAX];
};

static bool memfd_match(const struct fd_info *fd)
{
	return !strncmp(fd->link, "/memfd:", 7) && S_ISREG(fd->st.st_mode);
}

static void memfd_name(const char *link, char *name, size_t size)
{
	static const char suffix[] = " (deleted)";
	size_t len = strlen(link + 7);

	if (len >= sizeof(suffix) - 1 && !strcmp(link + 7 + len - (sizeof(suffix) - 1), suffix))
		len -= sizeof(suffix) - 1;
	snprintf(name, size, "%.*s", (int)len, link + 7);
}

static int inode_fill(struct dump *d, const struct fd_info *fd, struct memfd_inode *inode)
{
	auto_close int file = openat(fd->task->proc_fd, fd->proc_name, O_RDONLY | O_CLOEXEC);
	MemfdInodeEntry *e = &inode->entry;
	struct statfs fs;
	uint64_t shmid = 0;
	int ret, seals = file < 0 ? -1 : fcntl(file, F_GET_SEALS);

	if (seals < 0 || fstatfs(file, &fs))
		return fail_errno(d->ctx.err, -errno, "pid %d %s: %s cannot be looked at",
				  fd->task->pid, fd->proc_name, fd->link);
	ret = dump_shared_file(d, fd->task, &fd->st, fd->proc_name, &shmid);
	if (ret)
		return ret;
	memfd_inode_entry__init(e);
	memfd_name(fd->link, inode->name, sizeof(inode->name));
	inode->dev = fd->st.st_dev;
	inode->ino = fd->st.st_ino;
	e->name = inode->name;
	e->uid = fd->st.st_uid;
	e->gid = fd->st.st_gid;
	e->size = (uint64_t)fd->st.st_size;
	e->shmid = (uint32_t)shmid;
	e->seals = (uint32_t)seals;
	e->inode_id = ++d->files->nr_memfds;
	e->has_mode = true;
	e->mode = fd->st.st_mode;
	e->has_hugetlb_flag = fs.f_type == HUGETLBFS_MAGIC;
	if (e->has_hugetlb_flag)
		e->hugetlb_flag = MFD_HUGETLB | (uint32_t)__builtin_ctzl((unsigned long)fs.f_bsize)
						<< MFD_HUGE_AT;
	return 0;
}

static int inode_get(struct dump *d, const struct fd_info *fd, const MemfdInodeEntry **ret)
{
	struct memfd_inode **head = &d->files->memfds[fd->st.st_ino % 256], *i;
	int ret_code;

	for (i = *head; i && (i->ino != fd->st.st_ino || i->dev != fd->st.st_dev); i = i->next)
		;
	if (!i) {
		i = calloc(1, sizeof(*i));
		ret_code = i ? inode_fill(d, fd, i) : -ENOMEM;
		if (ret_code) {
			free(i);
			return ret_code;
		}
		i->next = *head;
		*head = i;
	}
	*ret = &i->entry;
	return 0;
}

void memfd_inodes_free(struct file_table *t)
{
	for (size_t i = 0; i < sizeof(t->memfds) / sizeof(t->memfds[0]); i++) {
		while (t->memfds[i]) {
			struct memfd_inode *next = t->memfds[i]->next;

			free(t->memfds[i]);
			t->memfds[i] = next;
		}
	}
}

static int memfd_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	MemfdFileEntry *e = file_alloc(file, sizeof(*e));
	const MemfdInodeEntry *inode;
	int ret = e ? inode_get(d, fd, &inode) : -ENOMEM;

	if (ret)
		return ret;
	memfd_file_entry__init(e);
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->pos = fd->flags & O_PATH ? 0 : fd->pos;
	e->fown = &file->fown;
	e->inode_id = (uint32_t)inode->inode_id;
	file->entry.memfd = e;
	return 0;
}

static int memfd_write(struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret;

	if (!d->files->nr_memfds)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_MEMFD_INODE, 0, &w);
	for (size_t i = 0; i < sizeof(d->files->memfds) / sizeof(d->files->memfds[0]); i++)
		for (struct memfd_inode *m = d->files->memfds[i]; m && !ret; m = m->next)
			ret = image_write(w, &m->entry.base);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

/* ---- restore ---- */

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
	struct restore_shmem *s = restore_memfd_find(r, file->entry);
	char path[64];
	int fd, ret = restore_shmem_make(r, s);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = open(path, ((int)e->flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC);
	if (fd < 0 || (e->pos && lseek(fd, (off_t)e->pos, SEEK_SET) < 0)) {
		ret = fail_errno(r->ctx.err, -errno, "memfd %u", file->id);
		if (fd >= 0)
			close(fd);
		return ret;
	}
	*ret_fd = fd;
	return 0;
}

/* A seal that lets older mappings write must come after them; the last one sets all. */
static int memfd_settle(struct restore *r, const struct restore_file *file, int fd)
{
	const struct restore_shmem *s = restore_memfd_find(r, file->entry);
	auto_close int writer = -1;
	char path[64];

	if (!(s->memfd->seals & F_SEAL_FUTURE_WRITE))
		return 0;
	if (fd < 0)
		return fail(r->ctx.err, -EOPNOTSUPP, "memfd %s is sealed with F_SEAL_FUTURE_WRITE "
			    "and in flight, which is not supported", s->memfd->name);
	if (fcntl(fd, F_GET_SEALS) == (int)s->memfd->seals)
		return 0;
	snprintf(path, sizeof(path), "self/fd/%d", fd);
	writer = open(path, O_RDWR | O_CLOEXEC);
	if (writer < 0 || fcntl(writer, F_ADD_SEALS, s->memfd->seals))
		return fail_errno(r->ctx.err, -errno, "memfd %s: its seals %#x", s->memfd->name,
				  s->memfd->seals);
	return 0;
}

const struct file_kind memfd_kind = {
	.name = "memfd",
	.type = FD_TYPES__MEMFD,
	.match = memfd_match,
	.dump = memfd_dump,
	.write = memfd_write,
	.check = memfd_check,
	.restore = memfd_restore,
	.settle = memfd_settle,
};
