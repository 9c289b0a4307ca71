// SPDX-License-Identifier: GPL-2.0
/* In a time namespace the clocks go on from where they were; a child is in it too. */
#include "kind.h"

#define AHEAD 100000 /* seconds */

static struct timespec boot, mono, wake;
static pid_t child;

static int64_t seconds_since(clockid_t clock, const struct timespec *then)
{
	struct timespec now;

	must(clock_gettime(clock, &now));
	return now.tv_sec - then->tv_sec;
}

static void clocks_check(const char *who)
{
	int64_t by_mono = seconds_since(CLOCK_MONOTONIC, &mono);
	int64_t by_boot = seconds_since(CLOCK_BOOTTIME, &boot);

	if (by_mono < 0 || by_mono > 60)
		fail("%s: the monotonic clock jumped by %lld s", who, (long long)by_mono);
	if (by_boot < 0 || by_boot > 60)
		fail("%s: the boottime clock jumped by %lld s", who, (long long)by_boot);
}

static void body(void)
{
	await_go();
	clocks_check("child");
	/* an absolute time of before is still ahead */
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) == EINTR)
		;
	if (seconds_since(CLOCK_MONOTONIC, &wake) < 0)
		fail("the child woke up too early");
}

static void set_up(void)
{
	char offsets[64];
	int fd;

	if (unshare(CLONE_NEWTIME))
		skip("no time namespaces: %s", strerror(errno));
	snprintf(offsets, sizeof(offsets), "monotonic %d 0\nboottime %d 500", AHEAD, 2 * AHEAD);
	file_write("/proc/self/timens_offsets", offsets);
	fd = must(open("/proc/self/ns/time_for_children", O_RDONLY));
	must(setns(fd, CLONE_NEWTIME));
	must(close(fd));
	must(clock_gettime(CLOCK_MONOTONIC, &mono));
	must(clock_gettime(CLOCK_BOOTTIME, &boot));
	if (mono.tv_sec < AHEAD || boot.tv_sec < 2 * AHEAD)
		fail("the clocks do not follow the offsets");
	wake = mono;
	wake.tv_nsec += 1000000;
	wake.tv_sec += wake.tv_nsec / 1000000000;
	wake.tv_nsec %= 1000000000;
	child = child_start(body);
}

static void check(void)
{
	char link[2][64] = { "" };

	clocks_check("root");
	must(readlink("/proc/self/ns/time", link[0], sizeof(link[0]) - 1));
	must(readlink("/proc/self/ns/time_for_children", link[1], sizeof(link[1]) - 1));
	if (strcmp(link[0], link[1]))
		fail("the tree's children would be in another time namespace: %s, %s", link[0],
		     link[1]);
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
