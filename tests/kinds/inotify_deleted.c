// SPDX-License-Identifier: GPL-2.0
/* A watch on a file that is open, but has no name any more. */
#include "kind.h"

#include <sys/inotify.h>

static int fd, file, wd;

static void set_up(void)
{
	char path[PATH_MAX], buf[4096];

	snprintf(path, sizeof(path), "%s/file", kind_dir);
	file_write(path, "x");
	file = must(open(path, O_RDWR));
	fd = must(inotify_init1(IN_NONBLOCK));
	wd = must(inotify_add_watch(fd, path, IN_MODIFY | IN_DELETE_SELF));
	must(unlink(path));
	(void)!read(fd, buf, sizeof(buf));
}

static void expect(uint32_t mask)
{
	struct inotify_event ev;

	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of an event");
	same(ev.wd, wd, "watch");
	same(ev.mask, mask, "event");
}

static void check(void)
{
	must(write(file, "y", 1));
	expect(IN_MODIFY);
	must(close(file));
	expect(IN_DELETE_SELF);
	expect(IN_IGNORED);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "opens what is watched by its handle, when the ghost is another file",
};
