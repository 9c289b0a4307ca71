/* SPDX-License-Identifier: GPL-2.0 */
/* The steps of a dump that engine_dump() and engine_check() share. */
#ifndef CRCTL_ENGINE_TREE_H
#define CRCTL_ENGINE_TREE_H

#include "engine/ctx.h"

/* Stop the tree of d->root_pid and fill d->tasks. On failure tree_release() all the same. */
int tree_freeze(struct dump *d);
/* Let every thread go on as it was, and free the tasks. */
void tree_release(struct dump *d);
/* Read what can be seen from outside, and note what is not supported. */
int tree_collect(struct dump *d);
/* Ask the tasks what only they can learn. */
int tree_ask(struct dump *d);
/* Have a process stand by that cleans up, should crctl be killed; once is enough. */
int tree_standby(struct dump *d);
void tree_standby_end(struct dump *d);
/* Kill every task and wait until all are gone. */
int tree_kill(struct dump *d);
/* Leave every task stopped by SIGSTOP. */
int tree_stop(struct dump *d);

/* A failure with EXIT_UNSUPPORTED when anything was refused. */
int tree_verdict(struct dump *d);

#endif
