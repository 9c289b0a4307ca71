// SPDX-License-Identifier: GPL-2.0
/* Fanotify marks on a directory and on one file to ignore. */
#include "kind.h"

#include <sys/fanotify.h>

static int fd;
static char dir[PATH_MAX - 16], file[PATH_MAX], quiet[PATH_MAX];

static void set_up(void)
{
	snprintf(dir, sizeof(dir), "%s/watched", kind_dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(quiet, sizeof(quiet), "%s/quiet", dir);
	must(mkdir(dir, 0700));
	file_write(file, "x");
	file_write(quiet, "x");
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE);
	if (fd < 0 && errno == ENOSYS)
		skip("no fanotify in this kernel");
	must(fd);
	must(fanotify_mark(fd, FAN_MARK_ADD, FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, AT_FDCWD, dir));
	must(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY,
			   FAN_CLOSE_WRITE, AT_FDCWD, quiet));
}

static void check(void)
{
	struct fanotify_event_metadata ev;
	char link[64], name[PATH_MAX] = "";

	same(read(fd, &ev, sizeof(ev)), -1, "read before any event");
	same(errno, EAGAIN, "errno of that");
	file_write(quiet, "y");
	same(read(fd, &ev, sizeof(ev)), -1, "read after one that is ignored");
	file_write(file, "y");
	same(read(fd, &ev, sizeof(ev)), sizeof(ev), "bytes of an event");
	same(ev.mask, FAN_CLOSE_WRITE, "event");
	same(ev.pid, getpid(), "whose it is");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", ev.fd);
	must(readlink(link, name, sizeof(name) - 1));
	if (strcmp(name, file))
		fail("event of %s", name);
	same(must(fcntl(ev.fd, F_GETFL)) & O_ACCMODE, O_RDONLY, "how its file is open");
	close(ev.fd);
}

const struct kind kind = { .set_up = set_up, .check = check };
