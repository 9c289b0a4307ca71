/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One error sentence per run.
 *
 * The function that knows which resource failed calls fail() once, with a
 * sentence: what object, what is wrong, what to do. The first sentence is kept,
 * so that every front end (command line, RPC, log) prints the same one.
 */
#ifndef CRCTL_LIB_ERR_H
#define CRCTL_LIB_ERR_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

/* Exit codes of the command line (HOUSE: Errors). */
enum exit_code {
	EXIT_DONE = 0,		/* done */
	EXIT_FAILED = 1,	/* failed, the target is as it was */
	EXIT_USAGE = 2,		/* bad command line */
	EXIT_UNSUPPORTED = 3,	/* a resource is not supported; the target is as it was */
	EXIT_LOST = 4,		/* failed, the target could not be put back */
};

struct err {
	int ret;		/* first -errno, 0 while nothing failed */
	int exit_code;		/* EXIT_FAILED unless err_set_exit() said otherwise */
	char text[1024];	/* the sentence, no trailing newline */
};

/*
 * Record a failure. Keeps the first sentence, logs every one at level error.
 * @ret is a negative errno; it is returned. When @ret is not 0 and the format
 * does not end in a period, ": strerror" is not appended: say it in words or
 * use fail_errno().
 */
int fail(struct err *e, int ret, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As fail(), with ": <strerror(-ret)>" after the sentence. */
int fail_errno(struct err *e, int ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The exit code that goes with a recorded failure (EXIT_UNSUPPORTED, ...). */
void err_set_exit(struct err *e, int exit_code);

#endif
