/* SPDX-License-Identifier: GPL-2.0 */
/* The steps of a dump or restore that are told to the user's side. */
#ifndef CRCTL_ENGINE_ACTION_H
#define CRCTL_ENGINE_ACTION_H

#include "engine/engine.h"

/*
 * Run the action script, then opts->notify, for "pre-dump", "post-restore" and so on.
 * @pid is the root task as the caller of the engine sees it, 0 where there is none yet;
 * @fd a descriptor that goes with the action, -1 for none. Explains its failure.
 */
int action_run(struct err *err, const struct common_options *opts, const char *action, pid_t pid,
	       int fd);

#endif
