/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A directory with all below it as a gzipped tar in the pax format, which tar(1) reads and
 * writes too: owners as numbers, modes, times, links, holes, devices, extended attributes and
 * access lists. Names are bytes as they are. The calling process works in the
 * directory meanwhile and is back in its own afterwards: not beside threads that use paths.
 */
#ifndef CRCTL_LIB_TAR_H
#define CRCTL_LIB_TAR_H

#include "lib/err.h"

/*
 * Write what is below @tree_fd to @fd, of one file system and without sockets. @what names it
 * in the sentence of a failure, "the content of the mount /run". 0 or -errno.
 */
int tar_save(struct err *err, const char *what, int tree_fd, int fd);

/* Make in @tree_fd what @fd holds. Nothing is made outside, whatever the archive says. */
int tar_load(struct err *err, const char *what, int tree_fd, int fd);

#endif
