// SPDX-License-Identifier: GPL-2.0
/* 5,000 descriptors (or as many as KIND_FDS says) of files of their own, some shared. */
#include "kind.h"

static int *fds, nr;

static void set_up(void)
{
	const char *text = getenv("KIND_FDS");
	struct rlimit limit;
	char name[32];
	int i;

	nr = text ? atoi(text) : 5000;
	fds = calloc(nr, sizeof(*fds));
	must(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_max < (rlim_t)nr + 50)
		skip("only %ld descriptors are allowed", (long)limit.rlim_max);
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	must(mkdir("files", 0755));
	for (i = 0; i < nr; i++) {
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

	for (i = 1; i < nr; i++)
		same(lseek(fds[i], 0, SEEK_CUR), i % 7 ? i : i - 1, "position of descriptor %d", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
