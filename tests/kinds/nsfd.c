// SPDX-License-Identifier: GPL-2.0
/* Descriptors of the namespaces that the program is in. */
#include "kind.h"

static const char *const names[] = { "uts", "ipc", "net", "pid", "user", "mnt", "cgroup" };

#define NR (sizeof(names) / sizeof(names[0]))

static int fds[NR];

static const char *path_of(size_t i)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
	return path;
}

static void set_up(void)
{
	for (size_t i = 0; i < NR; i++)
		fds[i] = must(open(path_of(i), O_RDONLY | (i ? 0 : O_CLOEXEC)));
}

static void check(void)
{
	struct stat own, st;

	for (size_t i = 0; i < NR; i++) {
		must(stat(path_of(i), &own));
		must(fstat(fds[i], &st));
		same(st.st_ino, own.st_ino, "inode of the %s namespace", names[i]);
		same(must(fcntl(fds[i], F_GETFD)), i ? 0 : FD_CLOEXEC, "close-on-exec");
		same(must(fcntl(fds[i], F_GETFL)) & O_ACCMODE, O_RDONLY, "access mode");
	}
	must(setns(fds[0], CLONE_NEWUTS));
}

const struct kind kind = { .set_up = set_up, .check = check };
