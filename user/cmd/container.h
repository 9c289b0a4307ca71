/* SPDX-License-Identifier: GPL-2.0 */
/* What `crctl container` is made of. */
#ifndef CRCTL_CMD_CONTAINER_H
#define CRCTL_CMD_CONTAINER_H

#include "engine/container.h"
#include "lib/err.h"

/*
 * The running container that people call @name: asks each runtime, or @runtime alone, the
 * command of one with options of its own, as "podman --root /srv/store". 0 or -errno with a
 * sentence; c->runtime, c->id and c->pid are set.
 */
int container_find(const char *name, const char *runtime, struct err *err, struct container *ret_c);

/* The file beside the images that says what a restore needs. */
int container_save(const struct container *c, int dir_fd, struct err *err);
int container_load(int dir_fd, struct err *err, struct container *ret_c);

#endif
