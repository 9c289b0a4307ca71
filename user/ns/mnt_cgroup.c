// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts of cgroup hierarchies that show a part: a container without a cgroup namespace
 * sees its own cgroup. The part with the same path is shown again, and where there is none
 * any more, the cgroup that the restored tree is in.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kapi/cgroup.h"
#include "lib/cleanup.h"
#include "ns/mnt.h"
#include "ns/ns.h"

int mnt_cgroup_own(struct restore *r, struct mnt_tree *t)
{
	bool needed = false;

	array_for_each(&t->mounts, m)
		needed |= m->first && m->fs->cgroup && strcmp(m->e->root, "/");
	if (!needed)
		return 0;
	t->cgroups = cgroup_file_read(AT_FDCWD, "/proc/self/cgroup");
	return t->cgroups ? 0 : fail_errno(r->ctx.err, -errno, "/proc/self/cgroup");
}

/* Do two lists of words with commas between have one in common? */
static bool words_meet(const char *a, const char *b)
{
	for (; *a; a += *a == ',') {
		size_t len = strcspn(a, ",");

		for (const char *at = b; *at; at += *at == ',') {
			size_t other = strcspn(at, ",");

			if (len == other && len && !memcmp(a, at, len))
				return true;
			at += other;
		}
		a += len;
	}
	return false;
}

/* The path in @cgroups, lines of NUMBER:CONTROLLERS:PATH, for the hierarchy of @e; or "/". */
static void own_path(const char *cgroups, const MntEntry *e, char *path, size_t size)
{
	auto_free char *text = strdup(cgroups);
	const char *names, *own;
	char *at = text;

	snprintf(path, size, "/");
	while (text && cgroup_line_next(&at, &names, &own)) {
		if (e->fstype == FSTYPE__CGROUP2 ? !*names : words_meet(names, e->options)) {
			snprintf(path, size, "%s", own);
			return;
		}
	}
}

static int part_open(const char *base, const char *part)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s%s", base, part);
	return mnt_clone(path);
}

int mnt_cgroup_narrow(struct restore *r, const struct mnt *m)
{
	const char *at = m->e->mountpoint;
	char own[PATH_MAX];
	auto_close int fd = -1;

	if (!strcmp(m->e->root, "/"))
		return 0;
	fd = strstr(m->e->root, "/..") ? -ENOENT : part_open(at, m->e->root);
	if (fd < 0) {
		own_path(r->ns->mnt->cgroups, m->e, own, sizeof(own));
		log_info("mount %s: there is no cgroup %s, it shows %s", at, m->e->root, own);
		fd = part_open(at, own);
	}
	if (fd < 0 || umount2(at, MNT_DETACH) ||
	    syscall(SYS_move_mount, fd, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH))
		return fail_errno(r->ctx.err, fd < 0 ? fd : -errno, "mounting the cgroup %s on %s",
				  m->e->root, at);
	return 0;
}
