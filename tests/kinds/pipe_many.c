// SPDX-License-Identifier: GPL-2.0
/* Three hundred pipes (or as many as KIND_PIPES says), each with a byte of its own. */
#include "kind.h"

static int (*fds)[2], nr;

static void set_up(void)
{
	const char *text = getenv("KIND_PIPES");
	struct rlimit limit;
	int i;

	nr = text ? atoi(text) : 300;
	fds = calloc(nr, sizeof(*fds));
	must(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < nr; i++) {
		must(pipe(fds[i]));
		must(write(fds[i][1], &i, sizeof(i)));
	}
}

static void check(void)
{
	int i, value;

	for (i = 0; i < nr; i++) {
		same(must(read(fds[i][0], &value, sizeof(value))), sizeof(value), "bytes read");
		same(value, i, "content of pipe %d", i);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
