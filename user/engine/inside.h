/* SPDX-License-Identifier: GPL-2.0 */
/* Work that is done inside of a tree's namespaces; see inside.c. */
#ifndef CRCTL_ENGINE_INSIDE_H
#define CRCTL_ENGINE_INSIDE_H

#include "engine/engine.h"

struct inside;
struct ns_table;

/*
 * Run @fn in a child that is in the namespaces of process @pid that @ns calls its own,
 * with /proc as it looks from there. @fn gets @pid as it is known there, and options
 * whose actions and errors come back to the caller; inside_report() calls @report there,
 * which may be NULL when @fn never does. Returns what @fn returned.
 */
int inside_run(const struct common_options *opts, struct err *err, const struct ns_table *ns,
	       pid_t pid, int (*fn)(void *arg, struct inside *in, pid_t pid), void *arg,
	       void (*report)(void *arg, const char *sentence), void *report_arg);

/* For @fn: where its sentence belongs, and its options. */
struct err *inside_err(struct inside *in);
const struct common_options *inside_options(struct inside *in);

/* For @fn: call the caller's report; @arg is the struct inside. */
void inside_report(void *arg, const char *sentence);

/*
 * For @fn, last of all: have the caller kill the tree, whose root is the init of its
 * PID namespace, which only somebody outside can do. Ends the child too.
 */
int inside_kill(struct inside *in);

#endif
