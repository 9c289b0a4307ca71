// SPDX-License-Identifier: GPL-2.0
/* Three hundred pipes, each with a byte of its own. */
#include "kind.h"

#define NR 300

static int fds[NR][2];

static void set_up(void)
{
	struct rlimit limit;
	int i;

	must(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < NR; i++) {
		must(pipe(fds[i]));
		must(write(fds[i][1], &i, sizeof(i)));
	}
}

static void check(void)
{
	int i, value;

	for (i = 0; i < NR; i++) {
		same(must(read(fds[i][0], &value, sizeof(value))), sizeof(value), "bytes read");
		same(value, i, "content of pipe %d", i);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
