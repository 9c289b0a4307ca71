// SPDX-License-Identifier: GPL-2.0
/* Watches on a directory, a file and what was moved: numbers, masks, and no event more. */
#include "kind.h"

#include <sys/inotify.h>

static int fd, dir_wd, file_wd, moved_wd;
static const char *names[] = { "watched", "watched/file", "old", "target" };

static const char *path_of(const char *name)
{
	static char path[4][PATH_MAX];
	static int at;

	at = (at + 1) % 4;
	snprintf(path[at], PATH_MAX, "%s/%s", kind_dir, name);
	return path[at];
}

static void set_up(void)
{
	int wd;

	fd = must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	must(mkdir(path_of(names[0]), 0700));
	for (int i = 1; i < 4; i++)
		file_write(path_of(names[i]), "x");
	wd = must(inotify_add_watch(fd, path_of("target"), IN_ATTRIB));
	dir_wd = must(inotify_add_watch(fd, path_of("watched"),
					IN_CREATE | IN_DELETE | IN_ONLYDIR));
	must(inotify_rm_watch(fd, wd));
	file_wd = must(inotify_add_watch(fd, path_of("watched/file"), IN_OPEN | IN_CLOSE));
	moved_wd = must(inotify_add_watch(fd, path_of("old"), IN_MODIFY));
	must(rename(path_of("old"), path_of("new")));
	/* the end of the first watch */
	must(read(fd, (char[4096]){ 0 }, 4096));
}

static void expect(int wd, uint32_t mask, const char *name)
{
	char buf[sizeof(struct inotify_event) + 64];
	struct inotify_event *ev = (void *)buf;
	int size = sizeof(*ev) + (*name ? 16 : 0);

	same(read(fd, buf, size), size, "bytes of the event of watch %d", wd);
	same(ev->wd, wd, "watch");
	same(ev->mask, mask, "event of watch %d", wd);
	if (strcmp(ev->len ? ev->name : "", name))
		fail("watch %d: event of %s", wd, ev->name);
}

static void check(void)
{
	char buf[4096];

	same(read(fd, buf, sizeof(buf)), -1, "read before any event");
	same(errno, EAGAIN, "errno of that");
	file_write(path_of("watched/new"), "x");
	expect(dir_wd, IN_CREATE, "new");
	must(close(must(open(path_of("watched/file"), O_RDONLY))));
	expect(file_wd, IN_OPEN, "");
	expect(file_wd, IN_CLOSE_NOWRITE, "");
	file_write(path_of("new"), "y");
	expect(moved_wd, IN_MODIFY, "");
	must(chmod(path_of("target"), 0600));
	must(inotify_rm_watch(fd, dir_wd));
	expect(dir_wd, IN_IGNORED, "");
	same(read(fd, buf, sizeof(buf)), -1, "read after all events");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
};
