/* SPDX-License-Identifier: GPL-2.0 */
/* What pipes and fifos share: the content of the buffer. */
#ifndef CRCTL_FILES_PIPE_H
#define CRCTL_FILES_PIPE_H

#include "files/files.h"

/* Give the pipe behind @fd its size and, through it, its data. */
int pipe_data_restore(struct restore *r, bool fifo, uint32_t pipe_id, int fd);

/* Keep @fd, made for @file of a group, for the tasks that will place it. Closes @fd. */
int pipe_keep(struct restore *r, struct restore_file *file, int fd);

#endif
