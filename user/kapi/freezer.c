// SPDX-License-Identifier: GPL-2.0
/*
 * The freezer of a cgroup, by which runtimes pause a container: freezer.state of
 * version 1, cgroup.freeze of version 2. Reached through a descriptor of the cgroup's
 * directory, so that it works from inside of any mount namespace.
 */
#include "kapi/freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kapi/sys.h"
#include "lib/array.h"
#include "lib/cleanup.h"

int freezer_open(struct freezer *f, const char *path)
{
	f->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->guard = 0;
	if (f->dir_fd < 0)
		return -errno;
	f->v1 = !faccessat(f->dir_fd, "freezer.state", F_OK, 0);
	if (f->v1 || !faccessat(f->dir_fd, "cgroup.freeze", F_OK, 0))
		return 0;
	freezer_close(f);
	return -EOPNOTSUPP;
}

void freezer_close(struct freezer *f)
{
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	f->dir_fd = -1;
}

bool freezer_is_frozen(const struct freezer *f)
{
	auto_close int fd = openat(f->dir_fd, f->v1 ? "freezer.state" : "cgroup.freeze",
				   O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	/* a cgroup of version 1 that is still freezing says so, and will be frozen */
	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && (*text == 'F' || *text == '1');
}

static int freezer_write(const struct freezer *f, bool frozen)
{
	const char *text = f->v1 ? (frozen ? "FROZEN" : "THAWED") : (frozen ? "1" : "0");
	auto_close int fd = openat(f->dir_fd, f->v1 ? "freezer.state" : "cgroup.freeze",
				   O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int freezer_threads(const struct freezer *f, struct pid_array *ret)
{
	int fd = openat(f->dir_fd, f->v1 ? "tasks" : "cgroup.threads", O_RDONLY | O_CLOEXEC);
	auto_fclose FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	int pid;

	if (!file)
		return -errno;
	while (fscanf(file, "%d", &pid) == 1) {
		pid_t *slot = pid > 0 ? array_add(ret) : NULL;

		if (pid > 0 && !slot)
			return -ENOMEM;
		if (slot)
			*slot = pid;	/* 0: it is of another PID namespace */
	}
	return 0;
}

/* In the guard: one word means that all went well. */
static void __attribute__((noreturn)) guard_run(const struct freezer *f, int from)
{
	char word;

	(void)setsid();	/* what a terminal sends to its parent is not for it */
	if (read(from, &word, 1) != 1)
		(void)freezer_write(f, true);
	_exit(0);
}

static int guard_start(struct freezer *f)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	f->guard = sys_fork(f->inside);
	if (!f->guard) {
		close(ends[1]);
		guard_run(f, ends[0]);
	}
	close(ends[0]);
	f->guard_fd = ends[1];
	if (f->guard > 0)
		return 0;
	f->guard = 0;
	close(ends[1]);
	return -EAGAIN;
}

void freezer_leave(struct freezer *f)
{
	if (f->dir_fd < 0 || !f->guard)
		return;
	(void)!write(f->guard_fd, "d", 1);	/* it may have been killed: it does nothing then */
	close(f->guard_fd);
	while (waitpid(f->guard, NULL, 0) < 0 && errno == EINTR)
		;
	f->guard = 0;
}

int freezer_thaw(struct freezer *f)
{
	int ret = guard_start(f);

	if (!ret)
		ret = freezer_write(f, false);
	if (ret)
		freezer_leave(f);
	return ret;
}

int freezer_freeze_again(struct freezer *f)
{
	int ret;

	if (f->dir_fd < 0 || !f->guard)
		return 0;
	ret = freezer_write(f, true);
	freezer_leave(f);
	return ret;
}
