/* SPDX-License-Identifier: GPL-2.0 */
/* The freezer of a cgroup; see freezer.c. */
#ifndef CRCTL_KAPI_FREEZER_H
#define CRCTL_KAPI_FREEZER_H

#include <stdbool.h>

#include "kapi/proc.h"

struct freezer {
	int dir_fd;	/* of the cgroup; -1: none */
	bool v1;
	bool inside;	/* the caller is in the namespaces of what is frozen */
	int guard_fd;	/* of a process that freezes it again, should we be killed */
	pid_t guard;	/* 0: none, it is not to be frozen again */
};

/* The cgroup at @path. 0, -errno; -EOPNOTSUPP: the directory has no freezer. */
int freezer_open(struct freezer *f, const char *path);
void freezer_close(struct freezer *f);
bool freezer_is_frozen(const struct freezer *f);
/* All threads in it, by their ids in the caller's PID namespace. */
int freezer_threads(const struct freezer *f, struct pid_array *ret);
/* Until one of the two below, it is frozen again when the caller dies. */
int freezer_thaw(struct freezer *f);
/* Does nothing unless it was thawed. Does not wait until all is frozen. */
int freezer_freeze_again(struct freezer *f);
/* It stays thawed. */
void freezer_leave(struct freezer *f);

#endif
