/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of namespaces: one file each, dump and restore side by side. A tree is in one
 * namespace of each kind, crctl's or its own. A dump of a tree with its own ones runs
 * inside of them (engine/inside.c), a restore makes them with the root task; so both
 * hooks see the tree's own namespace as theirs.
 */
#ifndef CRCTL_NS_NS_H
#define CRCTL_NS_NS_H

#include <sys/types.h>

#include "engine/ctx.h"

struct TaskKobjIdsEntry;

/* In the order of the ids that crctl's own namespaces have in images: 1 to 8. */
enum ns_type { NS_PID, NS_NET, NS_IPC, NS_UTS, NS_TIME, NS_MNT, NS_USER, NS_CGROUP, NS_NR };

struct ns_kind {
	enum ns_type type;
	const char *name;	/* in /proc/PID/ns, and in logs */
	int clone_flag;
	/* Of the tree's own one: note what of its content is not supported. NULL: all is. */
	int (*look)(struct dump *d);
	/* May a tree have its own? NULL: refused by name. */
	int (*dump)(struct dump *d, uint32_t id);
	/* Whatever namespace it is: note what of a task is not supported; then of the tree. */
	int (*collect)(struct dump *d, const struct dump_task *task);
	int (*collect_end)(struct dump *d);
	/* Read the images and check them, before anything is made. NULL: nothing to read. */
	int (*read)(struct restore *r, uint32_t id);
	/* In the root task, inside the new namespace, before anything else of the tree. */
	int (*restore)(struct restore *r);
	/* May --join-ns name one? */
	bool joinable;
	/* The same for what a tree has in a namespace that is not its own; by crctl itself. */
	int (*dump_part)(struct dump *d, uint32_t id);
	int (*read_part)(struct restore *r, uint32_t id);
	int (*restore_part)(struct restore *r);
	/* When all tasks are there, or the restore has failed. */
	void (*finish_part)(struct restore *r);
	void (*undo_part)(struct restore *r);
};

/* The namespaces of a tree against crctl's. */
struct ns_table {
	ino_t own[NS_NR], tree[NS_NR];	/* 0: the kernel has no such kind */
	uint32_t flags;			/* CLONE_NEW* of those that are the tree's own */
	uint32_t id[NS_NR];		/* in the images */
	int host_fd, tree_fd;		/* mount namespaces: where crctl runs tools; the tree's */
	int host_mountinfo_fd;		/* what is mounted in the first */
	int cgroup_fd;			/* crctl's cgroup namespace; -1: the tree is in it too */
	int yard_fd;			/* the directory of --cgroup-yard; -1: none */
};

/* Namespaces that a restore makes. */
struct restore_ns {
	uint32_t flags;			/* CLONE_NEW* */
	uint32_t id[NS_NR];
	/* existing ones that the tree joins instead, and crctl's own beside; -1: none */
	int outside_fd[NS_NR], here_fd[NS_NR];
	struct UtsnsEntry *uts;
	struct TimensEntry *clocks;	/* that the tree's time namespace is to show */
	struct mnt_tree *mnt;
	struct ipc_images *ipc;
	struct net_images *net;		/* NULL: no network namespace to be made */
};

/* By type; NS_NR of them. */
extern const struct ns_kind *const ns_kinds[NS_NR];

/* Compare the namespaces of @pid with the caller's. 0 or -errno. */
int ns_look(struct ns_table *t, pid_t pid);

/* Note what is not supported of a task's namespaces. */
int ns_collect(struct dump *d, const struct dump_task *task);
/* Images of those that are the tree's own. */
int ns_write(struct dump *d);
/* Once all tasks were looked at. */
int ns_collect_end(struct dump *d);
/* The ids of crctl's own (@t NULL) or the tree's namespaces. */
void ns_fill_ids(const struct ns_table *t, struct TaskKobjIdsEntry *e);

/* Which namespaces the images ask for, and their content; refuses what cannot be made. */
int ns_read(struct restore *r);
/* Take the namespace behind @fd in the place of the tree's own; the caller keeps @fd. */
int ns_outside_add(struct restore *r, enum ns_type type, int fd, const char *what);
/* The network namespace that was made with process @pid: for ns_outside_enter() from now on. */
int ns_outside_found(struct restore *r, pid_t pid);
/* crctl itself goes into those that the tree joins, and back. */
int ns_outside_enter(struct restore *r);
int ns_outside_leave(struct restore *r);
/* CLONE_NEW* for the clone of the root task; it makes the others by itself. */
uint64_t ns_clone_flags(const struct restore *r);
/* Move descriptors that ns_restore() needs above those of the tree. */
void ns_lift_fds(struct restore *r);
/* All of it, in the root task that was made with r->ns->flags. */
int ns_restore(struct restore *r);
/* What a dump knows of cgroups. */
void cgroup_dump_free(struct dump *d);
/* Make the cgroups that the images ask for; before the root task is made. */
int cgroups_prepare(struct restore *r);
/* In each new task, after its namespaces and before all else. */
int cgroups_enter(struct restore *r, const struct restore_task *t);
/* Once all tasks are there: what would have been in their way before. */
int cgroups_settle(struct restore *r);
/* Threads and tasks without memory of their own; from inside the tree's PID namespace. */
int cgroups_threads(struct restore *r);
/* The last of it; or everything as it was. */
void cgroups_finish(struct restore *r, bool failed);
/* What goes into crctl's own namespaces: made before the root task, seen to at the end. */
int ns_restore_part(struct restore *r);
void ns_finish_part(struct restore *r, bool failed);

#endif
