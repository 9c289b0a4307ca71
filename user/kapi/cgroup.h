/* SPDX-License-Identifier: GPL-2.0 */
/* Cgroup hierarchies and the files in them; see cgroup.c. */
#ifndef CRCTL_KAPI_CGROUP_H
#define CRCTL_KAPI_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/array.h"

/* One hierarchy of this kernel. */
struct cgroup_hier {
	char *names;	/* "cpu,cpuacct", "name=systemd"; "" is version 2 */
	char *own;	/* where the caller is in it */
	int fd;		/* its root directory; -1: not opened */
};

struct cgroup_hiers {
	ARRAY_OF(struct cgroup_hier) items;	/* sorted by names */
};

/* From /proc/self/cgroup. 0 or -errno. */
int cgroup_hiers_look(struct cgroup_hiers *h);
void cgroup_hiers_free(struct cgroup_hiers *h);
/*
 * Its root directory, in a mount that is nowhere to be seen and goes with the
 * descriptor; or below the directory @yard_fd, unless that is -1. 0 or -errno.
 */
int cgroup_hier_open(struct cgroup_hier *h, int yard_fd);
/* As people call it: its controllers, or "version 2". */
const char *cgroup_hier_name(const struct cgroup_hier *h);
/* Does it have controller @name? */
bool cgroup_hier_has(const struct cgroup_hier *h, const char *name, size_t len);

/*
 * Step through text as /proc/PID/cgroup has it, which is cut up: the next line's names
 * and path, or false.
 */
bool cgroup_line_next(char **text, const char **ret_names, const char **ret_path);

/* The content of file @name in a cgroup, without the last newline; or NULL with errno. */
char *cgroup_file_read(int dir_fd, const char *name);
/* In one write(2), as the kernel wants it. 0 or -errno. */
int cgroup_file_write(int dir_fd, const char *name, const char *value);

/* A path in a hierarchy for openat(2): without the slash it begins with, "." for the root. */
const char *cgroup_path(const char *path);

#endif
