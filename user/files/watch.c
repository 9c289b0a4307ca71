// SPDX-License-Identifier: GPL-2.0
/*
 * The file that an inotify or fanotify mark is on. fdinfo tells its file system, inode
 * and handle, but no name. The handle opens it (open_by_handle_at(2)) through any mount
 * of the file system, and the descriptor tells the name; both go into the images, and
 * a restore goes by the name. Where handles cannot be opened, as on overlayfs, the module
 * tells the name in its file system; without it directories are searched for the inode:
 * those of --irmap-scan-path, where programs usually watch, then the whole file system.
 */
#include "files/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/regfile.pb-c.h"
#include "lib/cleanup.h"

#define HANDLE_MAX 128		/* MAX_HANDLE_SZ */
#define HANDLE_WORDS 16		/* the format pads to these */

uint64_t watch_field(const char *line, const char *key, int base)
{
	const char *end = strchr(line, '\n'), *p = strstr(line, key);

	return p && (!end || p < end) ? strtoull(p + strlen(key), NULL, base) : 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int watch_parse_handle(struct dump_file *file, const char *line, FhEntry **ret_handle)
{
	FhEntry *fh = file_alloc(file, sizeof(*fh));
	uint64_t *words = file_alloc(file, HANDLE_WORDS * sizeof(*words));
	uint64_t len = watch_field(line, "fhandle-bytes:", 16);
	const char *end = strchr(line, '\n'), *p = strstr(line, "f_handle:");
	unsigned char *bytes = (unsigned char *)words;

	if (!fh || !words)
		return -ENOMEM;
	fh_entry__init(fh);
	fh->handle = words;
	fh->n_handle = HANDLE_WORDS;
	*ret_handle = fh;
	if (!p || (end && p > end) || len > HANDLE_MAX)
		return 0;
	p += strlen("f_handle:");
	for (uint64_t i = 0; i < len; i++, p += 2) {
		int high = hex_digit(p[0]), low = high < 0 ? -1 : hex_digit(p[1]);

		if (low < 0)
			return 0;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	fh->bytes = (uint32_t)len;
	fh->type = (uint32_t)watch_field(line, "fhandle-type:", 16);
	return 0;
}

/* ---- mounts of a file system ---- */

/* "\040" and its like, in place */
static void mount_unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

struct mount {
	uint32_t id, dev;
	char *root;	/* what of the file system is mounted */
	char *point;	/* where */
};

/* "ID PARENT MAJOR:MINOR ROOT POINT ..." of /proc/self/mountinfo. */
static bool mount_parse(char *line, struct mount *ret)
{
	unsigned int major_nr, minor_nr;
	int at = 0;
	char *save;

	if (sscanf(line, "%u %*u %u:%u %n", &ret->id, &major_nr, &minor_nr, &at) != 3 || !at)
		return false;
	ret->dev = major_nr << 20 | minor_nr;
	ret->root = strtok_r(line + at, " ", &save);
	ret->point = strtok_r(NULL, " ", &save);
	if (!ret->root || !ret->point)
		return false;
	mount_unescape(ret->root);
	mount_unescape(ret->point);
	return true;
}

int watch_mount_path(uint32_t mnt_id, uint32_t dev, char *path, size_t size)
{
	auto_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	size_t line_size = 0;
	struct mount m;

	while (f && getline(&line, &line_size, f) > 0) {
		if (!mount_parse(line, &m) || (mnt_id ? m.id != mnt_id : m.dev != dev))
			continue;
		snprintf(path, size, "%s", m.point);
		return 0;
	}
	return -ENOENT;
}

/*
 * Call @each for every mount of the file system until it gives something else than
 * -ENOENT. One that is covered by another gives nothing: its name leads elsewhere.
 */
static int mounts_each(uint32_t dev, int (*each)(void *arg, const struct mount *m), void *arg)
{
	auto_fclose FILE *f = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	size_t size = 0;
	int ret = -ENOENT;

	while (f && ret == -ENOENT && getline(&line, &size, f) > 0) {
		struct mount m;

		if (mount_parse(line, &m) && m.dev == dev)
			ret = each(arg, &m);
	}
	return ret;
}

struct opening {
	const FhEntry *fh;
	int fd;
};

static int handle_open(void *arg, const struct mount *m)
{
	auto_close int mount_fd = open(m->point, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct opening *o = arg;
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + HANDLE_MAX];
	} u;

	if (mount_fd < 0)
		return -ENOENT;
	u.head.handle_bytes = o->fh->bytes;
	u.head.handle_type = (int)o->fh->type;
	memcpy(u.head.f_handle, o->fh->handle, o->fh->bytes);
	o->fd = open_by_handle_at(mount_fd, &u.head, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return o->fd < 0 ? -ENOENT : 0;
}

static int handle_open_any(const FhEntry *fh, uint32_t dev, int *ret_fd)
{
	struct opening o = { fh, -1 };
	int ret = fh->bytes ? mounts_each(dev, handle_open, &o) : -ENOENT;

	if (!ret)
		*ret_fd = o.fd;
	return ret;
}

/* ---- dump ---- */

/* The name of @fd if it leads there. */
static int fd_name(int fd, char *path, size_t size)
{
	struct stat st, named;
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, size - 1);
	if (len < 0 || fstat(fd, &st))
		return -errno;
	path[len] = '\0';
	if (*path != '/' || fstatat(AT_FDCWD, path, &named, AT_SYMLINK_NOFOLLOW) ||
	    named.st_ino != st.st_ino || named.st_dev != st.st_dev)
		return -ENOENT;
	return 0;
}

struct naming {
	const FhEntry *fh;
	char path[PATH_MAX];
};

/* A file may be in reach of one mount and not of another (bind mounts). */
static int handle_name(void *arg, const struct mount *m)
{
	struct naming *n = arg;
	struct opening o = { n->fh, -1 };
	int ret = handle_open(&o, m);

	if (ret)
		return ret;
	ret = fd_name(o.fd, n->path, sizeof(n->path));
	close(o.fd);
	return ret ? -ENOENT : 0;
}

/* A record of the tree's files with that inode; the device is that of its stat(2). */
static uint32_t file_of_inode(const struct dump *d, const struct watch_target *t)
{
	array_for_each(&d->files->files, it) {
		const struct dump_file *f = *it;

		if (f->entry.reg && f->has_fd && f->ino == t->ino &&
		    major(f->dev) == t->dev >> 20 &&
		    minor(f->dev) == (t->dev & 0xfffff))
			return f->entry.id;
	}
	return 0;
}

/*
 * An inode as a mark names it, asked of the kernel through a mark of our own: stat(2)
 * gives other numbers on overlayfs and btrfs.
 */
static bool path_is_target(int notify_fd, const char *path, const struct watch_target *t)
{
	char name[64], text[1024], want[64];
	ssize_t len = -1;
	int fd, wd = inotify_add_watch(notify_fd, path, IN_DELETE_SELF | IN_DONT_FOLLOW);

	if (wd < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", notify_fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	(void)inotify_rm_watch(notify_fd, wd);
	text[len > 0 ? len : 0] = '\0';
	snprintf(want, sizeof(want), " ino:%lx sdev:%x ", t->ino, t->dev);
	return strstr(text, want) != NULL;
}

struct search {
	int notify_fd;
	const struct watch_target *target;
	char *path;
	size_t size, left;
	dev_t dev;		/* to stay in, as stat(2) calls it; 0: in all */
};

static bool search_is_outside(const struct search *s)
{
	struct stat st;

	return s->dev && (lstat(*s->path ? s->path : "/", &st) || st.st_dev != s->dev);
}

/* Depth first below s->path, whose length is @len; not through links, nor into /proc. */
static int search_below(struct search *s, size_t len, int depth)
{
	auto_closedir DIR *dir = NULL;
	struct dirent *de;

	if (!s->left || depth > 64 || search_is_outside(s))
		return -ENOENT;
	s->left--;
	if (path_is_target(s->notify_fd, *s->path ? s->path : "/", s->target)) {
		if (!*s->path)
			strcpy(s->path, "/");
		return 0;
	}
	dir = opendir(*s->path ? s->path : "/");
	while (dir && (de = readdir(dir))) {
		size_t name_len = strlen(de->d_name);

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, "..") ||
		    len + name_len + 2 > s->size)
			continue;
		snprintf(s->path + len, s->size - len, "/%s", de->d_name);
		if (de->d_type == DT_DIR && strcmp(s->path, "/proc") && strcmp(s->path, "/sys")) {
			if (!search_below(s, len + 1 + name_len, depth + 1))
				return 0;
		} else if (de->d_ino == s->target->ino &&
			   path_is_target(s->notify_fd, s->path, s->target)) {
			return 0;
		}
		s->path[len] = '\0';
	}
	return -ENOENT;
}

#define SEARCH_MAX 200000	/* directories */

/* Everything below one mount of the file system. */
static int mount_search(void *arg, const struct mount *m)
{
	struct search *s = arg;
	struct stat st;

	if (strlen(m->point) >= s->size || lstat(m->point, &st) || !S_ISDIR(st.st_mode))
		return -ENOENT;
	s->dev = st.st_dev;
	/* the root directory is "", as what is in it is "/NAME" */
	strcpy(s->path, strcmp(m->point, "/") ? m->point : "");
	return search_below(s, strlen(s->path), 0);
}

/* Where programs watch, for want of anything better. */
static int watch_search(struct dump *d, const struct watch_target *t, char *path, size_t size)
{
	static const char *const usual[] = { "/etc", "/run", "/var/spool", "/var/log", "/tmp" };
	auto_close int notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct search s = { notify_fd, t, path, size, SEARCH_MAX, 0 };
	int ret = -ENOENT;

	if (notify_fd < 0)
		return -errno;
	for (size_t i = 0; i < d->ctx.nr_irmap_paths && ret; i++) {
		if (strlen(d->ctx.irmap_paths[i]) >= size)
			continue;
		strcpy(path, d->ctx.irmap_paths[i]);
		ret = search_below(&s, strlen(path), 0);
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && ret; i++) {
		snprintf(path, size, "%s", usual[i]);
		ret = search_below(&s, strlen(path), 0);
	}
	if (ret)
		ret = mounts_each(t->dev, mount_search, &s);
	return ret;
}

struct telling {
	const struct watch_target *target;
	int notify_fd;
	char *path;
	size_t size;
};

/* The name that the module told, below this mount, if it leads to the file from here. */
static int told_name(void *arg, const struct mount *m)
{
	struct telling *t = arg;
	const char *rest = t->target->told;
	size_t len = strcmp(m->root, "/") ? strlen(m->root) : 0;

	if (strncmp(rest, m->root, len) || (rest[len] && rest[len] != '/'))
		return -ENOENT;
	rest += len;
	if (!strcmp(m->point, "/"))
		snprintf(t->path, t->size, "%s", *rest ? rest : "/");
	else
		snprintf(t->path, t->size, "%s%s", m->point, strcmp(rest, "/") ? rest : "");
	return path_is_target(t->notify_fd, t->path, t->target) ? 0 : -ENOENT;
}

static int watch_told(const struct watch_target *target, char *path, size_t size)
{
	auto_close int notify_fd = -1;
	struct telling t = { target, -1, path, size };

	if (!target->told)
		return -ENOENT;
	t.notify_fd = notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return notify_fd < 0 ? -errno : mounts_each(target->dev, told_name, &t);
}

int watch_find(struct dump *d, struct dump_file *file, struct watch_target *t,
	       uint32_t *ret_file_id)
{
	auto_free struct naming *n = calloc(1, sizeof(*n));
	int ret = n ? 0 : -ENOMEM;

	*ret_file_id = 0;
	if (ret)
		return ret;
	n->fh = t->handle;
	ret = d->ctx.force_irmap ? watch_search(d, t, n->path, sizeof(n->path)) : -ENOENT;
	if (ret == -ENOENT)
		ret = watch_told(t, n->path, sizeof(n->path));
	if (ret == -ENOENT && t->handle->bytes)
		ret = mounts_each(t->dev, handle_name, n);
	if (ret == -ENOENT)
		*ret_file_id = file_of_inode(d, t);
	if (ret == -ENOENT && !*ret_file_id && !d->ctx.force_irmap)
		ret = watch_search(d, t, n->path, sizeof(n->path));
	if (ret)
		return ret;
	t->handle->path = file_alloc(file, strlen(n->path) + 1);
	if (!t->handle->path)
		return -ENOMEM;
	strcpy(t->handle->path, n->path);
	return 0;
}

/* ---- restore ---- */

int watch_open(struct restore *r, const FhEntry *fh, uint32_t dev, uint32_t file_id, int *ret_fd)
{
	const struct restore_file *f = file_id ? restore_file_find(r, file_id) : NULL;
	int fd;

	if (f) {
		fd = restore_file_fetch(f);
		if (fd < 0)
			return fail_errno(r->ctx.err, fd, "open file %u, which is watched", f->id);
		*ret_fd = fd;
		return 0;
	}
	if (fh->path && *fh->path) {
		fd = open(fh->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return fail_errno(r->ctx.err, -errno, "%s, which is watched", fh->path);
		*ret_fd = fd;
		return 0;
	}
	if (handle_open_any(fh, dev, ret_fd))
		return fail(r->ctx.err, -ENOENT,
			    "a watched file of device %u:%u cannot be opened by its handle; it was "
			    "removed, or its file system is not mounted here",
			    dev >> 20, dev & 0xfffff);
	return 0;
}
