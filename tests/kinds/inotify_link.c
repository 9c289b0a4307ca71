// SPDX-License-Identifier: GPL-2.0
/* A watch on a symbolic link itself. */
#include "kind.h"

#include <sys/inotify.h>

static int fd, wd;
static char target[PATH_MAX], name[PATH_MAX];

static void set_up(void)
{
	snprintf(target, sizeof(target), "%s/target", kind_dir);
	snprintf(name, sizeof(name), "%s/link", kind_dir);
	file_write(target, "x");
	must(symlink("target", name));
	fd = must(inotify_init1(IN_NONBLOCK));
	wd = must(inotify_add_watch(fd, name, IN_ATTRIB | IN_DONT_FOLLOW));
}

static void check(void)
{
	struct inotify_event ev;

	must(chmod(target, 0600));
	same(read(fd, &ev, sizeof(ev)), -1, "read of no event");
	must(lchown(name, 1, 1));
	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of an event");
	same(ev.mask, IN_ATTRIB, "event");
	same(ev.wd, wd, "watch");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "finds no path for the handle of a link",
};
