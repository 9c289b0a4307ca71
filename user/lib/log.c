// SPDX-License-Identifier: GPL-2.0
/*
 * The log. One write(2) a message, so that messages of the many processes of a
 * restore do not mix. Time stamps (seconds since start) from level info on.
 */
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int level = LOG_WARN;
static int out_fd = STDERR_FILENO;
static char prefix[64];
static struct timespec start;

void log_set_level(int new_level)
{
	level = new_level;
}

int log_level(void)
{
	return level;
}

int log_set_fd(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, 64);

	if (moved < 0)
		return -errno;
	close(fd);
	out_fd = moved;
	return 0;
}

int log_fd(void)
{
	return out_fd;
}

void log_move_fd(int fd)
{
	out_fd = fd;
}

void log_set_prefix(const char *text)
{
	snprintf(prefix, sizeof(prefix), "%s", text);
}

static size_t log_stamp(char *buf, size_t size)
{
	struct timespec now;
	long us;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!start.tv_sec)
		start = now;
	us = (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000;
	return (size_t)snprintf(buf, size, "(%02ld.%06ld) ", us / 1000000, us % 1000000);
}

void log_write(int msg_level, const char *fmt, ...)
{
	static const char *const names[] = { "", "Error: ", "Warn: ", "", "" };
	char buf[2048];
	size_t len = 0, head;
	va_list ap;

	if (msg_level > level || msg_level <= LOG_NONE || msg_level > LOG_DEBUG)
		return;
	if (level >= LOG_INFO)
		len = log_stamp(buf, sizeof(buf));
	head = len;
	len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%s%s", names[msg_level], prefix);
	va_start(ap, fmt);
	len += (size_t)vsnprintf(buf + len, sizeof(buf) - len, fmt, ap);
	va_end(ap);
	if (len > sizeof(buf) - 2)
		len = sizeof(buf) - 2;
	buf[len++] = '\n';
	/* A log that cannot be written must not fail the work. */
	(void)!write(out_fd, buf, len);
	if (msg_level == LOG_ERROR && out_fd != STDERR_FILENO)
		(void)!write(STDERR_FILENO, buf + head, len - head);
}
