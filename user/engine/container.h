/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A container as the kernel shows it: by its init process alone, whatever runtime started
 * it. What of that a restore needs is kept in a file beside the images.
 */
#ifndef CRCTL_ENGINE_CONTAINER_H
#define CRCTL_ENGINE_CONTAINER_H

#include <sys/types.h>

#include "lib/err.h"

struct container {
	char *runtime, *id;	/* who runs it, and what it is called there */
	pid_t pid;		/* of its init */
	char *root_path;	/* its root directory on this machine; NULL: an overlay mount */
	char *root_options;	/* of that mount */
	char *upper;		/* its upper directory */
	char *streams[3];	/* what /proc shows for its standard streams */
};

/* Fill in what the kernel knows of c->pid. 0 or -errno with a sentence. */
int container_look(struct container *c, struct err *err);

/*
 * Make the root directory once more, in a mount namespace of crctl's own, so that nothing
 * of it is left when the tree is gone. *ret_path is for --root; borrowed from @c.
 */
int container_root_make(const struct container *c, struct err *err, const char **ret_path);

void container_free(struct container *c);

#endif
