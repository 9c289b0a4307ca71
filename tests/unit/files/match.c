// SPDX-License-Identifier: GPL-2.0
/* Each open file is matched by exactly its own kind, and what is not supported by none. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "files/files.h"
#include "unit/check.h"

static char dir[] = "/tmp/crctl-unit-match-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* The kinds that say yes, separated by spaces. */
static const char *kinds_of(int fd)
{
	static struct fd_info info;
	static char names[256], proc_name[32];
	socklen_t family_len = sizeof(info.family);
	char path[64];
	ssize_t len;

	memset(&info, 0, sizeof(info));
	snprintf(proc_name, sizeof(proc_name), "fd/%d", fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	info.fd = info.local_fd = fd;
	info.proc_name = proc_name;
	info.flags = (uint32_t)fcntl(fd, F_GETFL);
	len = readlink(path, info.link, sizeof(info.link) - 1);
	CHECK(fd >= 0 && len > 0 && !stat(path, &info.st));
	if (S_ISSOCK(info.st.st_mode))
		CHECK(!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &info.family, &family_len));
	names[0] = '\0';
	for (const struct file_kind *const *kind = file_kinds; *kind; kind++)
		if ((*kind)->match && (*kind)->match(&info))
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 names[0] ? " " : "", (*kind)->name);
	return names;
}

static void want(const char *what, int fd, const char *kinds)
{
	const char *got = kinds_of(fd);

	if (strcmp(got, kinds)) {
		printf("%s: matched by \"%s\", not \"%s\"\n", what, got, kinds);
		check_failed = 1;
	}
	close(fd);
}

static void test_files(const char *reg)
{
	int deleted = open(path_of("deleted"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	unlink(path_of("deleted"));
	want("a deleted file", deleted, reg);
	want("a directory", open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), reg);
	want("an O_PATH descriptor", open(dir, O_PATH | O_CLOEXEC), reg);
	want("/dev/null", open("/dev/null", O_RDWR | O_CLOEXEC), reg);
	want("/dev/zero", open("/dev/zero", O_RDWR | O_CLOEXEC), reg);
	want("/proc/self/status", open("/proc/self/status", O_RDONLY | O_CLOEXEC), reg);
}

static void test_pipes(void)
{
	int ends[2];

	CHECK(!pipe2(ends, O_CLOEXEC));
	want("the read end of a pipe", ends[0], "pipe");
	want("the write end of a pipe", ends[1], "pipe");
	CHECK(!mkfifo(path_of("fifo"), 0600));
	want("a fifo", open(path_of("fifo"), O_RDWR | O_CLOEXEC), "fifo");
	unlink(path_of("fifo"));
}

static void test_special(void)
{
	sigset_t none;

	sigemptyset(&none);
	want("a signalfd", signalfd(-1, &none, SFD_CLOEXEC), "signalfd");
	want("a timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd");
	want("an epoll", epoll_create1(EPOLL_CLOEXEC), "epoll");
	want("an eventfd", eventfd(0, EFD_CLOEXEC), "eventfd");
	want("a pidfd", (int)syscall(SYS_pidfd_open, getpid(), 0), "pidfd");
	want("a memfd", memfd_create("m", MFD_CLOEXEC), "memfd");
	want("an inotify", inotify_init1(IN_CLOEXEC), "inotify");
	want("a namespace", open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "namespace");
}

static void test_unsupported(void)
{
	int pair[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	want("a Unix socket", pair[0], "unix socket");
	close(pair[1]);
	want("a UDP socket", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "internet socket");
	want("a TCP socket", socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), "internet socket");
	want("a pty", posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "terminal");
}

int main(void)
{
	const char *reg = file_kind_find(FD_TYPES__REG)->name;

	if (!mkdtemp(dir))
		return 1;
	test_files(reg);
	test_pipes();
	test_special();
	test_unsupported();
	rmdir(dir);
	return check_failed;
}
