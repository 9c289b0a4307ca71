// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of namespaces, as /proc/PID/ns gives them. Seen in the name of the
 * link, which has the inode that tells one namespace from another. One that crctl
 * is in too is there again wherever the tree is restored; others are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "image/core.pb-c.h"
#include "image/ns.pb-c.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const struct ns_type {
	const char *name;	/* in /proc/PID/ns, and in front of the inode */
	const char *what;
	uint32_t flag;
	enum own_ns_id id;
	size_t ids_at;		/* offset in TaskKobjIdsEntry */
} ns_types[] = {
	{ "mnt", "a mount", CLONE_NEWNS, MNT_NS_ID, offsetof(TaskKobjIdsEntry, mnt_ns_id) },
	{ "pid", "a PID", CLONE_NEWPID, PID_NS_ID, offsetof(TaskKobjIdsEntry, pid_ns_id) },
	{ "net", "a network", CLONE_NEWNET, NET_NS_ID, offsetof(TaskKobjIdsEntry, net_ns_id) },
	{ "ipc", "an IPC", CLONE_NEWIPC, IPC_NS_ID, offsetof(TaskKobjIdsEntry, ipc_ns_id) },
	{ "uts", "a UTS", CLONE_NEWUTS, UTS_NS_ID, offsetof(TaskKobjIdsEntry, uts_ns_id) },
	{ "user", "a user", CLONE_NEWUSER, USER_NS_ID, offsetof(TaskKobjIdsEntry, user_ns_id) },
	{ "cgroup", "a cgroup", CLONE_NEWCGROUP, CGROUP_NS_ID,
	  offsetof(TaskKobjIdsEntry, cgroup_ns_id) },
	{ "time", "a time", CLONE_NEWTIME, TIME_NS_ID, offsetof(TaskKobjIdsEntry, time_ns_id) },
};

#define NR_NS_TYPES (sizeof(ns_types) / sizeof(ns_types[0]))

static const struct ns_type *ns_type_of(const char *link)
{
	for (size_t i = 0; i < NR_NS_TYPES; i++) {
		size_t len = strlen(ns_types[i].name);

		if (!strncmp(link, ns_types[i].name, len) && !strncmp(link + len, ":[", 2))
			return &ns_types[i];
	}
	return NULL;
}

static const struct ns_type *ns_type_find(uint32_t flag)
{
	for (size_t i = 0; i < NR_NS_TYPES; i++)
		if (ns_types[i].flag == flag)
			return &ns_types[i];
	return NULL;
}

/* ---- dump ---- */

static bool nsfd_match(const struct fd_info *fd)
{
	return ns_type_of(fd->link) != NULL;
}

static int nsfd_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	const struct ns_type *type = ns_type_of(fd->link);
	NsFileEntry *e = file_alloc(file, sizeof(*e));
	struct stat own;
	char path[64];

	if (!e)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", type->name);
	if (stat(path, &own) || own.st_ino != fd->st.st_ino)
		return dump_refuse(d, "pid %d fd %d: it is %s namespace other than crctl's (%s), "
				   "which is not supported yet; close it before the dump, or run "
				   "crctl inside that namespace",
				   fd->task->pid, fd->fd, type->what, fd->link);
	ns_file_entry__init(e);
	e->id = file->entry.id;
	e->ns_id = type->id;
	e->ns_cflag = type->flag;
	e->flags = fd->flags;
	file->entry.nsf = e;
	return 0;
}

/* ---- restore ---- */

static int nsfd_check(struct restore *r, const struct restore_file *file)
{
	const TaskKobjIdsEntry *ids = r->tasks.items[0]->ids;
	const NsFileEntry *e = file->entry->nsf;
	const struct ns_type *type = e ? ns_type_find(e->ns_cflag) : NULL;

	if (!type)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: open file %u is of no namespace that is known", file->id);
	if (e->ns_id != *(const uint32_t *)((const char *)ids + type->ids_at))
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "files.img: open file %u is %s namespace that the tree's root is not "
			    "in; that is not supported yet",
			    file->id, type->what);
	return 0;
}

static int nsfd_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const NsFileEntry *e = file->entry->nsf;
	const struct ns_type *type = ns_type_find(e->ns_cflag);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", type->name);
	fd = open(path, (int)e->flags | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: %s namespace", file->id,
				  type->what);
	*ret_fd = fd;
	return 0;
}

const struct file_kind nsfd_kind = {
	.name = "namespace",
	.type = FD_TYPES__NS,
	.match = nsfd_match,
	.dump = nsfd_dump,
	.check = nsfd_check,
	.restore = nsfd_restore,
};
