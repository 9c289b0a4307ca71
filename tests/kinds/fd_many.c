// SPDX-License-Identifier: GPL-2.0
/* Five thousand descriptors of files of their own, some shared. */
#include "kind.h"

#define NR 5000

static int fds[NR];

static void set_up(void)
{
	struct rlimit limit;
	char name[32];
	int i;

	must(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_max < NR + 50)
		skip("only %ld descriptors are allowed", (long)limit.rlim_max);
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	must(mkdir("files", 0755));
	for (i = 0; i < NR; i++) {
		snprintf(name, sizeof(name), "files/f%d", i);
		fds[i] = i % 7 ? must(open(name, O_CREAT | O_RDWR, 0600))
			 : i   ? must(dup(fds[i - 1]))
			       : must(open("/dev/null", O_RDWR));
		if (i % 7)
			must(lseek(fds[i], i, SEEK_SET));
	}
}

static void check(void)
{
	int i;

	for (i = 1; i < NR; i++)
		same(lseek(fds[i], 0, SEEK_CUR), i % 7 ? i : i - 1, "position of descriptor %d", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
