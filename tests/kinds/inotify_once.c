// SPDX-License-Identifier: GPL-2.0
/* A watch for one event only. */
#include "kind.h"

#include <sys/inotify.h>

static int fd, wd;
static char path[PATH_MAX];

static void set_up(void)
{
	snprintf(path, sizeof(path), "%s/file", kind_dir);
	file_write(path, "x");
	fd = must(inotify_init1(IN_NONBLOCK));
	wd = must(inotify_add_watch(fd, path, IN_ATTRIB | IN_ONESHOT));
}

static void check(void)
{
	struct inotify_event ev;

	must(chmod(path, 0600));
	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of an event");
	same(ev.mask, IN_ATTRIB, "event");
	same(ev.wd, wd, "watch");
	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of the end");
	same(ev.mask, IN_IGNORED, "event at the end");
	must(chmod(path, 0644));
	same(read(fd, &ev, sizeof(ev)), -1, "read after the end");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "forgets that it is for one event only",
};
