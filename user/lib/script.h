/* SPDX-License-Identifier: GPL-2.0 */
/* The action script: a command that is told of each step of the work. */
#ifndef CRCTL_LIB_SCRIPT_H
#define CRCTL_LIB_SCRIPT_H

#include <sys/types.h>

/*
 * Run @path through the shell with CRTOOLS_SCRIPT_ACTION, CRTOOLS_IMAGE_DIR and,
 * when @init_pid is not 0, CRTOOLS_INIT_PID in its environment, and wait for it.
 * NULL for @path does nothing. Returns 0; -ECANCELED when the script ended with
 * another status than 0 or by a signal; -errno when it could not be started.
 */
int script_run(const char *path, const char *action, const char *images_path, pid_t init_pid);

#endif
