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

long log_elapsed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!start.tv_sec)
		start = now;
	return (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000;
}

void log_set_elapsed(long us)
{
	clock_gettime(CLOCK_MONOTONIC, &start);
	start.tv_sec -= us / 1000000;
	start.tv_nsec -= us % 1000000 * 1000;
}

static size_t log_stamp(char *buf, size_t size)
{
	long us = log_elapsed();

	return (size_t)snprintf(buf, size, "(%02ld.%06ld) ", us / 1000000, us % 1000000);
}

/* One line of @msg_level in @buf. Returns its length; *ret_head is where the stamp ends. */
static size_t log_line(char *buf, size_t size, int msg_level, const char *fmt, va_list ap,
		       size_t *ret_head)
{
	static const char *const names[] = { "", "Error: ", "Warn: ", "", "" };
	size_t len = 0;

	if (level >= LOG_INFO)
		len = log_stamp(buf, size);
	*ret_head = len;
	len += (size_t)snprintf(buf + len, size - len, "%s%s", names[msg_level], prefix);
	len += (size_t)vsnprintf(buf + len, size - len, fmt, ap);
	if (len > size - 2)
		len = size - 2;
	buf[len++] = '\n';
	return len;
}

void log_write(int msg_level, const char *fmt, ...)
{
	char buf[2048];
	size_t len, head;
	va_list ap;

	if (msg_level > level || msg_level <= LOG_NONE || msg_level > LOG_DEBUG)
		return;
	va_start(ap, fmt);
	len = log_line(buf, sizeof(buf), msg_level, fmt, ap, &head);
	va_end(ap);
	/* A log that cannot be written must not fail the work. */
	(void)!write(out_fd, buf, len);
	if (msg_level == LOG_ERROR && out_fd != STDERR_FILENO)
		(void)!write(STDERR_FILENO, buf + head, len - head);
}

void log_last(const char *fmt, ...)
{
	char buf[2048];
	size_t len, head;
	va_list ap;

	va_start(ap, fmt);
	len = log_line(buf, sizeof(buf), LOG_ERROR, fmt, ap, &head);
	va_end(ap);
	if (out_fd != STDERR_FILENO)
		(void)!write(out_fd, buf, len);
	if (level < LOG_ERROR)
		(void)!write(STDERR_FILENO, buf + head, len - head);
}
