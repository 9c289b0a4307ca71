// SPDX-License-Identifier: GPL-2.0
/* Progress on a terminal; see progress.h. */
#include "lib/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ll
#define EVERY_NS  (SECOND_NS / 5)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static const char *bytes_text(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit < 5) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, size, value < 10 && unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}

static void progress_show(struct progress *p, int64_t now)
{
	uint64_t rate = (uint64_t)((double)p->bytes * SECOND_NS / (double)(now - p->start_ns));
	char done[32], total[32], speed[32], line[200];
	int len;

	bytes_text(p->bytes, done, sizeof(done));
	bytes_text(rate, speed, sizeof(speed));
	if (p->total_bytes)
		len = snprintf(line, sizeof(line), "\r%s: %s of %s, %s/s\033[K", p->phase, done,
			       bytes_text(p->total_bytes, total, sizeof(total)), speed);
	else
		len = snprintf(line, sizeof(line), "\r%s: %s, %s/s\033[K", p->phase, done, speed);
	/* A terminal that is gone must not fail the work. */
	(void)!write(STDERR_FILENO, line, (size_t)len);
	p->shown = true;
	p->shown_ns = now;
}

void progress_start(struct progress *p, bool enabled, const char *phase, uint64_t total_bytes)
{
	*p = (struct progress){ .phase = phase, .total_bytes = total_bytes };
	p->enabled = enabled && isatty(STDERR_FILENO);
	if (p->enabled)
		p->start_ns = p->shown_ns = now_ns();
}

void progress_add(struct progress *p, uint64_t bytes)
{
	progress_set(p, p->bytes + bytes);
}

void progress_set(struct progress *p, uint64_t bytes)
{
	int64_t now;

	if (!p->enabled)
		return;
	p->bytes = bytes;
	now = now_ns();
	if (now - p->start_ns >= SECOND_NS && now - p->shown_ns >= EVERY_NS)
		progress_show(p, now);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		(void)!write(STDERR_FILENO, "\r\033[K", 4);
	p->enabled = p->shown = false;
}
