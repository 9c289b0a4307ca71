// SPDX-License-Identifier: GPL-2.0
/* Events that wait are there after a dump; after a restore the program is told of their loss. */
#include "kind.h"

#include <sys/inotify.h>

static int fd, wd;
static char path[PATH_MAX];

static void set_up(void)
{
	snprintf(path, sizeof(path), "%s/file", kind_dir);
	file_write(path, "x");
	fd = must(inotify_init1(IN_NONBLOCK));
	wd = must(inotify_add_watch(fd, path, IN_MODIFY));
	file_write(path, "y");
}

static void check(void)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	struct inotify_event ev;

	same(must(poll(&pfd, 1, 0)), 1, "readiness");
	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of the first event");
	if (ev.mask != IN_MODIFY || ev.wd != wd) {
		same(ev.mask, IN_Q_OVERFLOW, "event");
		same(ev.wd, -1, "watch of that event");
	} else if (read(fd, &ev, sizeof(ev)) == sizeof(ev)) {
		same(ev.mask, IN_MODIFY, "event");
	}
	same(read(fd, &ev, sizeof(ev)), -1, "read of no event");
	file_write(path, "z");
	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of a new event");
	same(ev.mask, IN_MODIFY, "new event");
	same(ev.wd, wd, "its watch");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "drops events that wait",
};
