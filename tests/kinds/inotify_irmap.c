// SPDX-License-Identifier: GPL-2.0
/* A watched file that is looked for by its inode number. */
#include "kind.h"

#include <sys/inotify.h>

static int fd, wd;
static char path[PATH_MAX];

static void set_up(void)
{
	snprintf(path, sizeof(path), "%s/below", kind_dir);
	must(mkdir(path, 0700));
	strcat(path, "/file");
	file_write(path, "x");
	fd = must(inotify_init1(IN_NONBLOCK));
	wd = must(inotify_add_watch(fd, path, IN_MODIFY));
}

static void check(void)
{
	struct inotify_event ev;

	must(truncate(path, 0));
	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of an event");
	same(ev.mask, IN_MODIFY, "event");
	same(ev.wd, wd, "watch");
}

const struct kind kind = {
	.options = "--force-irmap --irmap-scan-path /run/crctl-kinds",
	.set_up = set_up,
	.check = check,
	.criu = "restore does not take these options",
};
