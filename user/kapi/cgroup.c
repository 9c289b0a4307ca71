// SPDX-License-Identifier: GPL-2.0
/*
 * Cgroup hierarchies, of version 1 and 2. Each is reached through a mount of its own
 * that lies nowhere (fsmount(2)), so that it does not matter where the machine has it,
 * and none is left behind by whatever end crctl comes to.
 */
#include "kapi/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define FILE_MAX (1 << 20)

bool cgroup_line_next(char **text, const char **ret_names, const char **ret_path)
{
	char *end = strchrnul(*text, '\n'), *names = strchr(*text, ':');
	char *path = names ? strchr(names + 1, ':') : NULL;

	if (!path || path > end)
		return false;
	*text = end + (*end == '\n');
	*end = *path = 0;
	*ret_names = names + 1;
	*ret_path = path + 1;
	return true;
}

static int hier_compare(const void *a, const void *b)
{
	return strcmp(((const struct cgroup_hier *)a)->names,
		      ((const struct cgroup_hier *)b)->names);
}

int cgroup_hiers_look(struct cgroup_hiers *h)
{
	auto_free char *text = cgroup_file_read(AT_FDCWD, "/proc/self/cgroup");
	const char *names, *path;
	char *at = text;

	if (!text)
		return errno == ENOENT ? 0 : -errno;	/* a kernel without cgroups */
	while (cgroup_line_next(&at, &names, &path)) {
		struct cgroup_hier *item = array_add(&h->items);

		if (!item)
			return -ENOMEM;
		item->fd = -1;
		item->names = strdup(names);
		item->own = strdup(path);
		if (!item->names || !item->own)
			return -ENOMEM;
	}
	if (h->items.nr)
		qsort(h->items.items, h->items.nr, sizeof(*h->items.items), hier_compare);
	return 0;
}

void cgroup_hiers_free(struct cgroup_hiers *h)
{
	array_for_each(&h->items, it) {
		free(it->names);
		free(it->own);
		if (it->fd >= 0)
			close(it->fd);
	}
	array_free(&h->items);
}

static int yard_open(const struct cgroup_hier *h, int yard_fd)
{
	const char *name = !*h->names ? "unified" :
			   !strncmp(h->names, "name=", 5) ? h->names + 5 : h->names;
	int fd = openat(yard_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* a yard of version 2 alone */
	if (fd < 0 && !*h->names && !faccessat(yard_fd, "cgroup.controllers", F_OK, 0))
		fd = openat(yard_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* "cpu,cpuacct" are flags, "name=systemd" is a key with its value. */
static int hier_configure(int fs, const char *names)
{
	auto_free char *words = strdup(names);
	char *save, *word;

	if (!words)
		return -ENOMEM;
	if (!strncmp(names, "name=", 5) &&
	    syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "none", NULL, 0))
		return -errno;
	for (word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = 0;
		if (syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, word,
			    value, 0))
			return -errno;
	}
	return syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ? -errno : 0;
}

static int hier_mount(const struct cgroup_hier *h)
{
	auto_close int fs = (int)syscall(SYS_fsopen, *h->names ? "cgroup" : "cgroup2",
					 FSOPEN_CLOEXEC);
	int fd, ret = fs < 0 ? -errno : hier_configure(fs, h->names);

	if (ret)
		return ret;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int cgroup_hier_open(struct cgroup_hier *h, int yard_fd)
{
	int fd;

	if (h->fd >= 0)
		return 0;
	fd = yard_fd >= 0 ? yard_open(h, yard_fd) : hier_mount(h);
	if (fd < 0)
		return fd;
	h->fd = fd;
	return 0;
}

const char *cgroup_hier_name(const struct cgroup_hier *h)
{
	return *h->names ? h->names : "version 2";
}

bool cgroup_hier_has(const struct cgroup_hier *h, const char *name, size_t len)
{
	const char *at = h->names;

	if (!*at)
		return !len;
	for (;;) {
		size_t n = strcspn(at, ",");

		if (n == len && !memcmp(at, name, len))
			return true;
		if (!at[n])
			return false;
		at += n + 1;
	}
}

char *cgroup_file_read(int dir_fd, const char *name)
{
	auto_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	auto_free char *buf = NULL;
	size_t len = 0, room = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 && len < FILE_MAX) {
		if (len + 1 >= room) {
			char *more = realloc(buf, room ? room * 2 : 4096);

			if (!more)
				return NULL;
			room = room ? room * 2 : 4096;
			buf = more;
		}
		n = read(fd, buf + len, room - len - 1);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return NULL;
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = 0;
	return steal_ptr(buf);
}

int cgroup_file_write(int dir_fd, const char *name, const char *value)
{
	auto_close int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);

	/* no value at all would be no call of the file's function either */
	if (fd < 0 || write(fd, len ? value : "\n", len ? len : 1) < 0)
		return -errno;
	return 0;
}

const char *cgroup_path(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}
