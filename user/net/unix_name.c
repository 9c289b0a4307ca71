// SPDX-License-Identifier: GPL-2.0
/*
 * Names of Unix sockets. A path is as the program gave it to bind(2): relative to a
 * directory that it has left since, below another root, or of a file that was deleted
 * or replaced. Where its file is says SIOCUNIXFILE. A deleted name is bound again in
 * a file system that nobody else sees, so nothing that has the name now is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kapi/apart.h"
#include "kapi/proc.h"
#include "lib/cleanup.h"
#include "net/unix.h"

#define GET_UNIX_FILE 0x89e0 /* SIOCUNIXFILE, Linux 4.15 */
#define DELETED " (deleted)"

/* ---- dump ---- */

static bool file_is(const struct stat *st, const struct unix_socket *s)
{
	/* unix_diag gives the device as the kernel has it inside, and half of the inode */
	uint32_t dev = major(st->st_dev) << 20 | minor(st->st_dev);

	return (uint32_t)st->st_ino == s->file_ino && dev == s->file_dev;
}

static int perms_fill(struct dump_file *file, UnixSkEntry *e, const struct stat *st)
{
	e->file_perms = file_alloc(file, sizeof(*e->file_perms));
	if (!e->file_perms)
		return -ENOMEM;
	file_perms_entry__init(e->file_perms);
	e->file_perms->mode = st->st_mode;
	e->file_perms->uid = st->st_uid;
	e->file_perms->gid = st->st_gid;
	return 0;
}

static int string_keep(struct dump_file *file, const char *text, size_t len, char **ret)
{
	*ret = file_alloc(file, len + 1);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, text, len);
	return 0;
}

/* The directory that @path without its tail @name is in; NULL: it has another tail. */
static bool tail_cut(const char *path, const char *name, size_t *ret_len)
{
	size_t len = strlen(path), tail = strlen(name);

	if (len < tail || strcmp(path + len - tail, name))
		return false;
	len -= tail;
	if (name[0] != '/' && (!len || path[len - 1] != '/'))
		return false;
	if (name[0] != '/' && len > 1)
		len--;
	*ret_len = len;
	return true;
}

static int name_hidden(struct dump *d, const struct fd_info *fd, const char *path)
{
	return dump_refuse(d,
			   "pid %d fd %d: the Unix socket is bound to %s, which is hidden by "
			   "another file or mount; crctl cannot reach it by name",
			   fd->task->pid, fd->fd, path);
}

/* A relative name whose file went, or that goes through links: from where the task is. */
static int dir_guess(const struct fd_info *fd, char *dir, size_t size)
{
	return proc_read_link(fd->task->proc_fd, "cwd", dir, size);
}

/* @path is where the kernel says that the file is. */
static int place_dump(struct dump *d, const struct fd_info *fd, struct unix_socket *s,
		      struct dump_file *file, char *path, const char *name)
{
	size_t len = strlen(path), tail = strlen(DELETED);
	UnixSkEntry *e = s->entry;
	char dir[PATH_MAX];
	struct stat st;

	if (len > tail && !strcmp(path + len - tail, DELETED)) {
		path[len - tail] = '\0';
		e->has_deleted = e->deleted = true;
	} else if (lstat(path, &st) || !file_is(&st, s)) {
		return name_hidden(d, fd, path);
	}
	if (!tail_cut(path, name, &len)) {
		if (name[0] == '/' && !e->deleted)
			return name_hidden(d, fd, path);
		if (name[0] == '/' || dir_guess(fd, dir, sizeof(dir)))
			return 0;
		path = dir;
		len = strlen(dir);
	}
	if (name[0] != '/')
		return string_keep(file, path, len, &e->name_dir);
	if (!len || e->deleted)
		return 0;
	if (socket_extra(d, s->id, &s->extra))
		return -ENOMEM;
	s->extra->root = strndup(path, len);
	return s->extra->root ? 0 : -ENOMEM;
}

/* The name is not where the root that crctl has would look for it. */
static int name_search(struct dump *d, const struct fd_info *fd, struct unix_socket *s,
		       struct dump_file *file, const char *name)
{
	auto_close int at = ioctl(fd->local_fd, GET_UNIX_FILE, 0);
	char path[PATH_MAX + 16], link[32];
	struct stat st;
	int ret;

	if (at < 0)
		return -errno;
	snprintf(link, sizeof(link), "%d", at);
	ret = proc_read_link(d->files->self_fd, link, path, sizeof(path));
	if (!ret && fstat(at, &st))
		ret = -errno;
	if (!ret)
		ret = perms_fill(file, s->entry, &st);
	return ret ? ret : place_dump(d, fd, s, file, path, name);
}

int unix_name_dump(struct dump *d, const struct fd_info *fd, struct unix_socket *s,
		   struct dump_file *file)
{
	const struct unix_socket *last = d->files->unix_sockets->last_named;
	char name[sizeof(s->name) + 1];
	struct stat st;
	int ret;

	if (!s->name_len || !s->name[0])
		return 0;
	/* what a server accepted has its name */
	if (last && last->file_ino == s->file_ino && last->file_dev == s->file_dev &&
	    last->file_ino && !last->extra && !last->entry->has_deleted &&
	    last->name_len == s->name_len && !memcmp(last->name, s->name, s->name_len)) {
		st = (struct stat){ .st_mode = last->entry->file_perms->mode,
				    .st_uid = last->entry->file_perms->uid,
				    .st_gid = last->entry->file_perms->gid };
		ret = perms_fill(file, s->entry, &st);
		if (!ret && last->entry->name_dir)
			ret = string_keep(file, last->entry->name_dir,
					  strlen(last->entry->name_dir), &s->entry->name_dir);
		return ret;
	}
	memcpy(name, s->name, s->name_len);
	name[s->name_len] = '\0';
	if (name[0] == '/' && !lstat(name, &st) && file_is(&st, s))
		ret = perms_fill(file, s->entry, &st);
	else
		ret = name_search(d, fd, s, file, name);
	if (!ret)
		d->files->unix_sockets->last_named = s;
	return ret ? fail_errno(d->ctx.err, ret, "pid %d fd %d: where the Unix socket %s is",
				fd->task->pid, fd->fd, name) :
		     0;
}

/* ---- restore ---- */

struct name_bind {
	int fd, root_fd;
	const char *root, *dir;
	char path[PATH_MAX];	/* from the root that the program had */
	char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	struct sockaddr_un addr;
	socklen_t len;
	bool deleted;
};

static int bind_addr(const struct name_bind *n)
{
	return bind(n->fd, (const struct sockaddr *)&n->addr, n->len) ? -errno : 0;
}

static int parents_make(const char *path)
{
	char part[PATH_MAX];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		memcpy(part, path, (size_t)(p - path));
		part[p - path] = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* In a process whose directories are its own. */
static int bind_apart(void *arg)
{
	const struct name_bind *n = arg;
	int ret = 0;

	if (n->deleted && (fchdir(n->root_fd) || chroot(".") || chdir("/")))
		return -errno;
	if (n->deleted)
		ret = parents_make(n->path);
	if (!ret && n->root && (chroot(n->root) || chdir("/")))
		ret = -errno;
	if (!ret && n->dir && chdir(n->dir))
		ret = -errno;
	if (!ret)
		ret = bind_addr(n);
	if (!ret && n->deleted && unlink(n->name))
		ret = -errno;
	return ret;
}

/* A file system of its own, which goes when the last socket in it goes. */
static int scratch_open(struct unix_build *b)
{
	auto_close int fs = -1;
	int fd;

	if (b->root_fd >= 0)
		return 0;
	fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	b->root_fd = restore_fd_lift(b->r, fd);
	return b->root_fd < 0 ? b->root_fd : 0;
}

/* A datagram socket connects to any that lives, or is told of its other type: no trace is left. */
static bool file_has_owner(const char *path)
{
	auto_close int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	auto_close int file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", file);
	return !connect(probe, (struct sockaddr *)&addr, sizeof(addr)) || errno != ECONNREFUSED;
}

/* The file that the dumped socket left behind goes; nothing else does. */
static int stale_remove(struct unix_build *b, uint32_t id, const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return fail(b->r->ctx.err, -EEXIST,
			    "%s, the name of a Unix socket (open file %u), is a file of another "
			    "type now; move it away",
			    path, id);
	if (file_has_owner(path))
		return fail(b->r->ctx.err, -EADDRINUSE,
			    "%s, the name of a Unix socket (open file %u), is in use by another "
			    "process; end that process",
			    path, id);
	return unlink(path) ? -errno : 0;
}

static int perms_set(const FilePermsEntry *p, const char *path)
{
	if (!p)
		return 0;
	return lchown(path, p->uid, p->gid) || chmod(path, p->mode & 07777) ? -errno : 0;
}

static int path_fail(struct unix_build *b, uint32_t id, int ret, const char *path)
{
	if (b->r->ctx.err->ret)
		return ret;
	if (ret == -ENOENT)
		return fail(b->r->ctx.err, ret,
			    "the directory of %s, the name of a Unix socket (open file %u), does "
			    "not exist; make it",
			    path, id);
	return fail_errno(b->r->ctx.err, ret, "binding a Unix socket (open file %u) to %s", id,
			  path);
}

static int path_bind(struct unix_build *b, const UnixSkEntry *e, uint32_t id, struct name_bind *n)
{
	const CrctlSocketEntry *x = socket_extra_find(b->r, id);
	const char *root = x && x->root && !e->deleted ? x->root : "";
	char real[PATH_MAX + 128];
	int ret;

	n->dir = n->name[0] == '/' ? NULL : e->name_dir ? e->name_dir : "/";
	n->root = *root ? root : NULL;
	n->deleted = e->deleted;
	if (snprintf(n->path, sizeof(n->path), "%s%s%s", n->dir ? n->dir : "", n->dir ? "/" : "",
		     n->name) >= (int)sizeof(n->path) ||
	    snprintf(real, sizeof(real), "%s%s", root, n->path) >= (int)sizeof(real))
		return path_fail(b, id, -ENAMETOOLONG, n->name);
	ret = n->deleted ? scratch_open(b) : stale_remove(b, id, real);
	n->root_fd = b->root_fd;
	if (!ret)
		ret = n->deleted || n->root || n->dir ? apart_run(0, bind_apart, n) : bind_addr(n);
	if (!ret && !n->deleted)
		ret = perms_set(e->file_perms, real);
	return ret ? path_fail(b, id, ret, real) : 0;
}

/* The address as bind(2) wants it: a path may fill it to the last byte, without a 0. */
static socklen_t addr_fill(const ProtobufCBinaryData *name, struct sockaddr_un *addr)
{
	size_t len = name->len < sizeof(addr->sun_path) ? name->len : sizeof(addr->sun_path);

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(addr->sun_path, name->data, len);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

int unix_name_bind(struct unix_build *b, const UnixSkEntry *e, uint32_t id, int fd)
{
	struct name_bind n = { .fd = fd, .root_fd = -1 };
	int ret;

	if (!e->name.len)
		return 0;
	n.len = addr_fill(&e->name, &n.addr);
	if (n.addr.sun_path[0]) {
		memcpy(n.name, n.addr.sun_path, sizeof(n.addr.sun_path));
		return path_bind(b, e, id, &n);
	}
	ret = bind_addr(&n);
	if (ret == -EADDRINUSE)
		return fail(b->r->ctx.err, ret,
			    "the abstract name @%.*s of a Unix socket (open file %u) is in use; "
			    "end the process that has it",
			    (int)e->name.len - 1, n.addr.sun_path + 1, id);
	return ret ? fail_errno(b->r->ctx.err, ret, "binding a Unix socket (open file %u)", id) :
		     0;
}

int unix_name_bind_gone(struct unix_build *b, const ProtobufCBinaryData *name, int fd)
{
	UnixSkEntry e = UNIX_SK_ENTRY__INIT;
	struct sockaddr_un addr;
	socklen_t len;

	if (name->len && name->data[0]) {
		e.name = *name;
		e.deleted = true;
		return unix_name_bind(b, &e, 0, fd);
	}
	len = addr_fill(name, &addr);
	return bind(fd, (struct sockaddr *)&addr, len) ? -errno : 0;
}

int unix_name_address(struct unix_build *b, const UnixSkEntry *e, int bound_fd,
		      struct unix_address *ret)
{
	*ret = (struct unix_address){ .path_fd = -1 };
	if (e && e->name.len && !e->name.data[0]) {
		ret->len = addr_fill(&e->name, &ret->addr);
		return 0;
	}
	/* whatever the path leads to now, this is its file */
	ret->path_fd = ioctl(bound_fd, GET_UNIX_FILE, 0);
	if (ret->path_fd < 0) {
		/* abstract, by a name that the kernel chose */
		ret->len = sizeof(ret->addr);
		return getsockname(bound_fd, (struct sockaddr *)&ret->addr, &ret->len) ? -errno : 0;
	}
	ret->addr.sun_family = AF_UNIX;
	snprintf(ret->addr.sun_path, sizeof(ret->addr.sun_path), "/proc/self/fd/%d", ret->path_fd);
	ret->len = sizeof(ret->addr);
	return 0;
}

void unix_address_close(struct unix_address *a)
{
	if (a->path_fd >= 0)
		close(a->path_fd);
	a->path_fd = -1;
}
