/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line on the terminal that says how far a long phase is: its name, the bytes
 * done, the rate. Nothing is shown before a second has passed, nor where stderr is
 * no terminal. Of one process, by one thread.
 */
#ifndef CRCTL_LIB_PROGRESS_H
#define CRCTL_LIB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *phase;
	uint64_t total_bytes, bytes;
	int64_t start_ns, shown_ns;
	bool enabled, shown;
};

/* Begin a phase. @total_bytes 0: not known. Not @enabled: the other calls do nothing. */
void progress_start(struct progress *p, bool enabled, const char *phase, uint64_t total_bytes);
/* @bytes more are done. */
void progress_add(struct progress *p, uint64_t bytes);
/* @bytes in all are done by now. */
void progress_set(struct progress *p, uint64_t bytes);
/* The phase is over: the line is wiped. */
void progress_end(struct progress *p);

#endif
