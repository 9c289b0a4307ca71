// SPDX-License-Identifier: GPL-2.0
/*
 * Regular files, directories, and the devices that keep no state of their own.
 * Seen in /proc/PID/fd and fdinfo; the path must still lead to the same file. Size
 * and build-id are kept so that a restore can tell whether it is the same content.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/files.h"
#include "image/regfile.pb-c.h"
#include "image/remap_file_path.pb-c.h"
#include "lib/cleanup.h"

/* ---- dump ---- */

#define ELF_HEAD_MAX 65536	/* program headers and notes lie at the start */

/*
 * Devices whose open descriptions remember nothing: null, zero, full, random, urandom,
 * and kmsg for one who only writes; of the misc devices hw_random, kvm (whose machines
 * are other files), btrfs-control, device-mapper and loop-control.
 */
static bool device_known(const struct fd_info *fd)
{
	unsigned int n = minor(fd->st.st_rdev);

	if (!S_ISCHR(fd->st.st_mode))
		return false;
	if (major(fd->st.st_rdev) == 1)
		return n == 3 || n == 5 || n == 7 || n == 8 || n == 9 ||
		       (n == 11 && (fd->flags & O_ACCMODE) == O_WRONLY);
	return major(fd->st.st_rdev) == 10 &&
	       (n == 183 || n == 232 || n == 234 || n == 236 || n == 237);
}

static bool reg_match(const struct fd_info *fd)
{
	if (fd->link[0] != '/' || fd_is_mq(fd) || !strncmp(fd->link, "/memfd:", 7) ||
	    !strncmp(fd->link, "/SYSV", 5) || !strncmp(fd->link, "/dev/zero (deleted)", 19))
		return false;
	if (S_ISREG(fd->st.st_mode) || S_ISDIR(fd->st.st_mode) || S_ISLNK(fd->st.st_mode))
		return true;
	return device_known(fd) || (fd->flags & O_PATH && !S_ISFIFO(fd->st.st_mode));
}

/* GNU build-id among the notes at @p. */
static const unsigned char *note_find_id(const char *p, size_t len, uint32_t *ret_len)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *n = (const void *)p;
		size_t name = (n->n_namesz + 3u) & ~3ul, desc = (n->n_descsz + 3u) & ~3ul;
		size_t all = sizeof(*n) + name + desc;

		if (all > len)
			return NULL;
		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
		    !memcmp(p + sizeof(*n), "GNU", 4)) {
			*ret_len = n->n_descsz;
			return (const unsigned char *)p + sizeof(*n) + name;
		}
		p += all;
		len -= all;
	}
	return NULL;
}

static const unsigned char *elf_find_id(const char *buf, size_t len, uint32_t *ret_len)
{
	const Elf64_Ehdr *eh = (const void *)buf;

	if (len < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_phentsize != sizeof(Elf64_Phdr) ||
	    eh->e_phoff > len || eh->e_phnum > (len - eh->e_phoff) / sizeof(Elf64_Phdr))
		return NULL;
	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		const Elf64_Phdr *ph = (const Elf64_Phdr *)(const void *)(buf + eh->e_phoff) + i;
		const unsigned char *id;

		if (ph->p_type != PT_NOTE || ph->p_offset > len ||
		    ph->p_filesz > len - ph->p_offset)
			continue;
		id = note_find_id(buf + ph->p_offset, ph->p_filesz, ret_len);
		if (id)
			return id;
	}
	return NULL;
}

/* Stored in 32-bit words of host byte order, the last one padded with zeros. */
static int build_id_store(const unsigned char *id, uint32_t len, RegFileEntry *reg)
{
	size_t nr = (len + 3u) / 4u;

	reg->build_id = calloc(nr, 4);
	if (!reg->build_id)
		return -ENOMEM;
	memcpy(reg->build_id, id, len);
	reg->n_build_id = nr;
	return 0;
}

/* For files that are mapped or run; others are told apart by their size. */
static int build_id_dump(const struct fd_info *fd, RegFileEntry *reg)
{
	auto_close int file = -1;
	const unsigned char *id;
	uint32_t id_len;
	char *map;
	size_t len = fd->st.st_size < ELF_HEAD_MAX ? (size_t)fd->st.st_size : ELF_HEAD_MAX;
	int ret = 0, flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

	if (!S_ISREG(fd->st.st_mode) || len < sizeof(Elf64_Ehdr) || fd->fd >= 0)
		return 0;
	file = openat(fd->task->proc_fd, fd->proc_name, flags | O_NOATIME);
	if (file < 0 && errno == EPERM)	/* of another's, without CAP_FOWNER */
		file = openat(fd->task->proc_fd, fd->proc_name, flags);
	if (file < 0)
		return 0;	/* not readable: go by the size */
	map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, file, 0);
	if (map == MAP_FAILED)
		return 0;
	id = elf_find_id(map, len, &id_len);
	if (id && id_len && id_len <= 64)
		ret = build_id_store(id, id_len, reg);
	munmap(map, len);
	return ret;
}

static bool link_is_deleted(const char *link, size_t *ret_len)
{
	static const char suffix[] = " (deleted)";
	size_t len = strlen(link);

	*ret_len = len;
	if (len <= sizeof(suffix) - 1 || strcmp(link + len - (sizeof(suffix) - 1), suffix))
		return false;
	*ret_len = len - (sizeof(suffix) - 1);
	return true;
}

/* Does the path lead to the file, as it is or through a last symbolic link? */
static bool path_leads_to(const char *path, const struct stat *want)
{
	struct stat st;

	return !fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) && st.st_ino == want->st_ino &&
	       st.st_dev == want->st_dev;
}

/* A file of /proc/PID whose process is gone: restore opens it through a stand-in. */
static bool path_is_dead_process(const struct dump *d, const struct fd_info *fd, pid_t *ret_pid)
{
	struct statfs fs;
	pid_t pid;

	if (strncmp(fd->link, "/proc/", 6) || fd->local_fd < 0 || fstatfs(fd->local_fd, &fs) ||
	    fs.f_type != PROC_SUPER_MAGIC)
		return false;
	pid = atoi(fd->link + 6);
	*ret_pid = pid;
	return pid > 0 && !dump_task_find(d, pid);
}

int reg_dump_entry(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	RegFileEntry *reg = &file->reg;
	size_t len = 0;
	bool deleted;
	pid_t dead;
	int ret;

	file->entry.type = FD_TYPES__REG;
	file->entry.reg = reg;
	reg->id = file->entry.id;
	reg->flags = fd->flags;
	/* The flags say how the file was made; opened again it is a plain file. */
	if ((fd->flags & O_TMPFILE) == O_TMPFILE)
		reg->flags &= ~(uint32_t)O_TMPFILE;
	reg->pos = fd->flags & O_PATH ? 0 : fd->pos;
	reg->fown = &file->fown;
	reg->has_mode = true;
	reg->mode = fd->st.st_mode;
	if (S_ISREG(fd->st.st_mode) &&
	    (fd->flags & (O_APPEND | O_ACCMODE)) != (O_APPEND | O_WRONLY)) {
		reg->has_size = true;
		reg->size = (uint64_t)fd->st.st_size;
	}
	if (path_leads_to(fd->link, &fd->st)) {
		reg->name = strdup(fd->link);
		return reg->name ? build_id_dump(fd, reg) : -ENOMEM;
	}
	if (path_is_dead_process(d, fd, &dead)) {
		link_is_deleted(fd->link, &len);
		reg->name = strndup(fd->link, len);
		return reg->name ? remap_add(d, file->entry.id, (uint32_t)dead, REMAP_TYPE__PROCFS)
				 : -ENOMEM;
	}
	deleted = link_is_deleted(fd->link, &len);
	reg->name = strndup(fd->link, len);
	if (!reg->name)
		return -ENOMEM;
	ret = build_id_dump(fd, reg);
	if (ret)
		return ret;
	if (deleted)
		return ghost_dump(d, fd, file);
	return dump_refuse(d,
			   "pid %d %s: %s is hidden by another file or mount; crctl cannot reach "
			   "it by name",
			   fd->task->pid, fd->proc_name, reg->name);
}

static int reg_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	return reg_dump_entry(d, fd, file);
}

static int reg_write(struct dump *d)
{
	return ghost_write_all(d);
}

/* ---- restore ---- */

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

/* The task whose directory in /proc the path leads into; NULL: none of the tree. */
static struct restore_task *path_task(const struct restore *r, const char *name)
{
	unsigned int pid;

	name += *name == '/';
	return sscanf(name, "proc/%u/", &pid) == 1 ? restore_task_find(r, pid) : NULL;
}

/* A file of another task in /proc can be opened when that task exists. */
static int reg_plan(struct restore *r)
{
	for (size_t i = 0; i < r->nr_files; i++) {
		const struct restore_file *f = &r->files[i];
		const struct restore_task *t;

		if (!f->owner || !f->entry->reg || restore_remap_find(r, f->id))
			continue;
		t = path_task(r, f->entry->reg->name);
		if (!t || t == f->owner)
			continue;
		if (f->nr_tasks > 1 && t->depth >= f->owner->depth)
			return fail(r->ctx.err, -EOPNOTSUPP,
				    "%s is open in several tasks, which is "
				    "not supported yet for a file of pid %u",
				    f->entry->reg->name, t->pid);
		r->all_first = true;
	}
	return 0;
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
			    "%s has mode %#o, but had %#o when it was dumped; put the mode back, "
			    "or use --skip-file-rwx-check",
			    reg->name, st.st_mode & 07777, reg->mode & 07777);
	if (reg->has_size && S_ISREG(st.st_mode) && (uint64_t)st.st_size != reg->size)
		return fail(r->ctx.err, -EINVAL,
			    "%s has %lu bytes, but had %lu when it was dumped; put the file back "
			    "as it was",
			    reg->name, (unsigned long)st.st_size, reg->size);
	return 0;
}

static int reg_open_path(struct restore *r, const RegFileEntry *reg, const char *path, int flags,
			 int *ret_fd)
{
	int fd = open(path, flags | r->cloexec);

	if (fd < 0 && errno == ENOENT)
		return fail(
			r->ctx.err, -ENOENT,
			"%s does not exist, but was there when it was dumped; put the file back",
			reg->name);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "opening %s", reg->name);
	*ret_fd = fd;
	return 0;
}

int reg_open(struct restore *r, const RegFileEntry *reg, int flags, int *ret_fd)
{
	const struct restore_remap *remap = restore_remap_find(r, reg->id);
	char path[4096 + 2];
	int fd = -1, ret;

	/* what made the file is not wanted again; a terminal must not become ours */
	flags = (flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC)) | O_NOCTTY;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		flags &= ~O_TMPFILE;
	if (remap && remap->fd >= 0)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", remap->fd);
	else
		snprintf(path, sizeof(path), "%s%s", *reg->name == '/' ? "" : "/", reg->name);
	/* a deleted file is reached through a link of /proc; the flag matters only to an open */
	if (remap && remap->fd >= 0)
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
	.match = reg_match,
	.dump = reg_dump,
	.write = reg_write,
	.check = reg_check,
	.plan = reg_plan,
	.restore = reg_restore,
};
