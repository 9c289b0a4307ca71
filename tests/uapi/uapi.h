/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of /dev/crctl share. Exit 0 pass, 1 fail, 77 no device. */
#ifndef CRCTL_TESTS_UAPI_H
#define CRCTL_TESTS_UAPI_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <crctl.h>

#define check(what, ...)                                                                           \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			printf("%s:%d: %s (errno %d)", __FILE__, __LINE__, #what, errno);          \
			printf(" " __VA_ARGS__);                                                   \
			printf("\n");                                                              \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* The call fails with exactly this. */
#define check_errno(fd, cmd, arg, want)                                                            \
	do {                                                                                       \
		errno = 0;                                                                         \
		check(ioctl(fd, cmd, arg) == -1 && errno == (want), "not %d", want);               \
	} while (0)

static inline int dev_open(void)
{
	int fd = open(CRCTL_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO)) {
		printf("no " CRCTL_DEVICE ": the module is not loaded\n");
		exit(77);
	}
	check(fd >= 0);
	return fd;
}

static inline uint64_t dev_features(int fd)
{
	struct crctl_query q = { .size = sizeof(q) };

	check(!ioctl(fd, CRCTL_QUERY, &q));
	return q.features;
}

static inline void need(int fd, uint64_t feature)
{
	if (!(dev_features(fd) & feature)) {
		printf("this kernel or module does not answer the command\n");
		exit(77);
	}
}

/* Every record of a list, in pieces of @piece bytes; @fn gets each. Returns how many. */
typedef void (*record_fn)(const void *record, uint32_t size, void *arg);

static inline uint32_t list_all(int fd, unsigned long cmd, struct crctl_list list, uint32_t piece,
				record_fn fn, void *arg)
{
	char *buf = malloc(piece);
	uint32_t nr = 0;

	list.size = sizeof(list);
	list.buf = (uintptr_t)buf;
	list.buf_len = piece;
	while (list.cursor != CRCTL_CURSOR_END) {
		char *p = buf;

		check(!ioctl(fd, cmd, &list), "cursor %llx nr %u needed %u",
		      (unsigned long long)list.cursor, nr, list.needed);
		check(list.nr || list.cursor == CRCTL_CURSOR_END);
		for (uint32_t i = 0; i < list.nr; i++) {
			uint32_t len = *(uint32_t *)p;

			check(len >= list.record_size && len % 8 == 0 && p + len <= buf + piece);
			fn(p, len, arg);
			p += len;
		}
		nr += list.nr;
	}
	free(buf);
	return nr;
}

/* One wrong field at a time, for a list that @good asks for well. */
static inline void list_wrong(int fd, unsigned long cmd, struct crctl_list good, bool takes_fd)
{
	char buf[65536];
	struct crctl_list l;
	struct {
		struct crctl_list l;
		uint64_t more;
	} longer = { 0 };

	good.size = sizeof(good);
	good.buf = (uintptr_t)buf;
	good.buf_len = sizeof(buf);
	l = good;
	check(!ioctl(fd, cmd, &l));
	l = good, l.size = sizeof(l) - 4;
	check_errno(fd, cmd, &l, EINVAL);
	l = good, l.size = 0;
	check_errno(fd, cmd, &l, EINVAL);
	longer.l = good, longer.l.size = sizeof(longer);
	check(!ioctl(fd, cmd, &longer));
	longer.l = good, longer.l.size = sizeof(longer), longer.more = 1;
	check_errno(fd, cmd, &longer, E2BIG);
	l = good, l.size = 1 << 30;
	check_errno(fd, cmd, &l, E2BIG);
	l = good, l.flags |= 1u << 31;
	check_errno(fd, cmd, &l, EOPNOTSUPP);
	l = good, l.pid = 0;
	check_errno(fd, cmd, &l, EINVAL);
	l = good, l.pid = -1;
	check_errno(fd, cmd, &l, EINVAL);
	l = good, l.pid = 0x3fffffff;
	check_errno(fd, cmd, &l, ESRCH);
	l = good, l.pid = 2;	/* a thread of the kernel, or nobody's */
	if (!access("/proc/2/exe", F_OK) || errno == ENOENT)
		check_errno(fd, cmd, &l, ESRCH);
	l = good, l.buf = 8;
	check_errno(fd, cmd, &l, EFAULT);
	l = good, l.buf_len = 8;
	check_errno(fd, cmd, &l, EMSGSIZE);
	check(l.needed > 8 && !l.nr);
	l = good, l.buf_len = 0;
	check_errno(fd, cmd, &l, EMSGSIZE);
	l = good, l.cursor = CRCTL_CURSOR_END;
	check(!ioctl(fd, cmd, &l) && !l.nr && l.cursor == CRCTL_CURSOR_END);
	if (!takes_fd) {
		l = good, l.fd = 1;
		check_errno(fd, cmd, &l, EINVAL);
	}
	check_errno(fd, cmd, (void *)8, EFAULT);
	check(ioctl(-1, cmd, &l) == -1 && errno == EBADF);
}

/* A child that does @setup, tells that it is ready and sleeps until it is killed. */
static inline pid_t child_start(void (*setup)(void *arg), void *arg)
{
	int ready[2];
	char c;
	pid_t pid;

	check(!pipe(ready));
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		setup(arg);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	check(read(ready[0], &c, 1) == 1, "the child failed");
	/* and has closed its end, which would be among its files else */
	check(!read(ready[0], &c, 1));
	close(ready[0]);
	return pid;
}

static inline void child_end(pid_t pid)
{
	int status;

	check(!kill(pid, SIGKILL));
	check(waitpid(pid, &status, 0) == pid);
}

#endif
