/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cgroups: which tasks are in which (cgroup.c), the directories (cgroup_dir.c), and the
 * properties of one (cgroup_prop.c).
 */
#ifndef CRCTL_NS_CGROUP_H
#define CRCTL_NS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "image/cgroup.pb-c.h"
#include "kapi/cgroup.h"
#include "lib/array.h"
#include "lib/cgroup_options.h"

struct dump;
struct dump_task;
struct restore;
struct restore_task;

#define CGROUP_SET_OWN 1	/* that of crctl, which is in no image */

/* The cgroups that a thread is in, one in each hierarchy. */
struct cgroup_set {
	uint32_t id;
	char *text;		/* as /proc/PID/cgroup has it */
	char *inside;		/* as it looks in the tree's own cgroup namespace; NULL: none */
	const struct dump_task *task;	/* one that is in it, */
	pid_t tid;			/* by this thread */
};

struct cgroup_dump {
	struct cgroup_hiers hiers;
	ARRAY_OF(struct cgroup_set) sets;
};

/* A cgroup that is to be there, and its entry in the image; NULL: only on the way to others. */
struct cgroup_dir {
	struct cgroup_hier *hier;
	char *path;
	const CgroupDirEntry *entry;
	bool made;
};

/* What a property of a cgroup that was there already was before. */
struct cgroup_old {
	const struct cgroup_dir *dir;
	const char *name;
	char *value;
};

/* Where a set of the images leads to: by hierarchy. */
struct cgroup_target {
	uint32_t id;
	char **path;
	uint32_t *prefix;	/* of the path, that the cgroup namespace has as its root */
	int *procs_fd;		/* its cgroup.procs, for the task itself; -1 */
};

struct cgroup_restore {
	struct cgroup_hiers hiers;
	CgroupEntry *image;
	const char **old_root;	/* by hierarchy: where the images have the root task; or NULL */
	ARRAY_OF(struct cgroup_dir) dirs;	/* parents before children */
	ARRAY_OF(struct cgroup_old) old;
	ARRAY_OF(struct cgroup_target) targets;	/* the first is for tasks of no known set */
	bool *used;		/* by hierarchy: a task is to be elsewhere than crctl */
	int *ns_fd;		/* cgroup.procs of the namespace's root; -1 */
};

/* cgroup_dump.c, of struct ns_kind. */
int cgroup_collect_end(struct dump *d);
int cgroup_write(struct dump *d, uint32_t id);

/* cgroup_read.c, of struct ns_kind. */
int cgroup_read(struct restore *r, uint32_t id);
struct CoreEntry;
/* The number of the set that a thread or a task is in; 0: of none. */
uint32_t cgroup_core_set(const struct CoreEntry *core);
uint32_t cgroup_task_set(const struct restore_task *t);
const struct cgroup_target *cgroup_target_find(const struct cgroup_restore *c, uint32_t id);

/* cgroup_dir.c: what is below @path, as an entry named @name. */
int cgroup_dir_dump(struct dump *d, const struct cgroup_hier *h, const char *path,
		    CgroupDirEntry **ret);
/* Make those that are missing, with what must be set before a task is in them. */
int cgroup_dirs_make(struct restore *r, struct cgroup_restore *c);
/* The other properties, once all tasks are there. */
int cgroup_dirs_set(struct restore *r, struct cgroup_restore *c);
/* Frozen ones, last of all. */
void cgroup_dirs_freeze(struct restore *r, struct cgroup_restore *c);
void cgroup_dirs_undo(struct restore *r, struct cgroup_restore *c);
/* Those that are on the way to @path of @hier, and itself, unless they are known. */
int cgroup_dirs_add(struct cgroup_restore *c, struct cgroup_hier *hier, const char *path);

/* cgroup_prop.c */
/* Owner and mode as the images have them; NULL without memory. */
CgroupPerms *cgroup_perms_of(const struct stat *st);
/* Properties of the cgroup @dir_fd into @e. 0 or -errno. */
int cgroup_props_dump(const struct cgroup_options *o, const struct cgroup_hier *h, int dir_fd,
		      CgroupDirEntry *e);
enum cgroup_when { CGROUP_BEFORE, CGROUP_AFTER, CGROUP_LAST, CGROUP_NEVER };
/* When a property is to be set: before tasks are in the cgroup, once all are, or at the end. */
enum cgroup_when cgroup_prop_when(const char *name, const char *value);
/* 0 or -errno; *ret_old is what it was if it was changed, NULL otherwise. */
int cgroup_prop_set(int dir_fd, const char *name, const char *value, char **ret_old);

#endif
