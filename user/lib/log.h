/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log: one line a message, to stderr and, when opened, to a log file.
 * Level numbers are those of -v: 0 none, 1 errors, 2 warnings, 3 info, 4 debug.
 */
#ifndef CRCTL_LIB_LOG_H
#define CRCTL_LIB_LOG_H

#include <stdbool.h>

enum log_level { LOG_NONE, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Messages above @level are dropped (default LOG_WARN). */
void log_set_level(int level);
int log_level(void);

/*
 * Send messages to @fd (kept open, owned by the log, moved out of the way of
 * small numbers) instead of stderr. Errors go to stderr too. Returns 0 or -errno.
 */
int log_set_fd(int fd);
/* The descriptor that messages go to. */
int log_fd(void);
/* Forget the log's descriptor after the caller moved it to @fd with dup. */
void log_move_fd(int fd);

/* Text put before each message of this process, such as "pid 12: "; copied. */
void log_set_prefix(const char *prefix);

/*
 * The time of the stamps, in microseconds since the first; to be set again by a process that has
 * gone to a time namespace, where the clock is another.
 */
long log_elapsed(void);
void log_set_elapsed(long us);

void log_write(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The last line of a failed run, whatever the level: into the log file, where there
 * is one, and to stderr when the level kept the errors from it.
 */
void log_last(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_level() >= LOG_DEBUG)                                                      \
			log_write(LOG_DEBUG, __VA_ARGS__);                                         \
	} while (0)

#endif
