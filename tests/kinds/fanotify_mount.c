// SPDX-License-Identifier: GPL-2.0
/* Fanotify marks on a mount and on a whole file system, which gives file handles. */
#include "kind.h"

#include <sys/fanotify.h>
#include <sys/mount.h>

static int mount_fd, fs_fd;
static char dir[PATH_MAX - 16], other[PATH_MAX - 16], path[PATH_MAX];

static void set_up(void)
{
	snprintf(dir, sizeof(dir), "%s/mount", kind_dir);
	snprintf(other, sizeof(other), "%s/other", kind_dir);
	must(mkdir(dir, 0700));
	must(mkdir(other, 0700));
	must(mount("tmpfs", dir, "tmpfs", 0, NULL));
	must(mount(dir, other, NULL, MS_BIND, NULL));
	mount_fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDWR);
	if (mount_fd < 0 && errno == ENOSYS)
		skip("no fanotify in this kernel");
	must(mount_fd);
	must(fanotify_mark(mount_fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_PERM, AT_FDCWD, dir));
	fs_fd = must(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_NONBLOCK, 0));
	if (fanotify_mark(fs_fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_ONDIR,
			  AT_FDCWD, dir) && errno == ENODEV)
		skip("a tmpfs has no identifier in this kernel");
	must(fanotify_mark(fs_fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_ONDIR,
			   AT_FDCWD, dir));
}

static void *asks(void *arg)
{
	int fd;

	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_RDONLY);
	same(fd, -1, "open of a file that is denied");
	same(errno, EPERM, "errno of that");
	return NULL;
}

static void check(void)
{
	struct fanotify_event_metadata ev;
	struct pollfd pfd = { mount_fd, POLLIN, 0 };
	struct fanotify_response answer = { .response = FAN_DENY };
	pthread_t thread;
	char buf[512];

	same(read(fs_fd, buf, sizeof(buf)), -1, "read before any event");
	snprintf(path, sizeof(path), "%s/file", other);
	file_write(path, "x");	/* by the other mount: nobody is asked */
	if (read(fs_fd, buf, sizeof(buf)) <= (ssize_t)sizeof(ev))
		fail("no event with a handle: %s", strerror(errno));
	memcpy(&ev, buf, sizeof(ev));
	same(ev.mask, FAN_CREATE, "event of the file system");
	thread = thread_start(asks, NULL);
	same(must(poll(&pfd, 1, 10000)), 1, "events of the mount");
	same(read(mount_fd, &ev, sizeof(ev)), sizeof(ev), "bytes of it");
	same(ev.mask, FAN_OPEN_PERM, "event of the mount");
	answer.fd = ev.fd;
	same(write(mount_fd, &answer, sizeof(answer)), sizeof(answer), "bytes of the answer");
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "knows no marks on file systems",
};
