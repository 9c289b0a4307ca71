// SPDX-License-Identifier: GPL-2.0
/* A pipe whose ends several tasks share: end of file comes when the last writer is gone. */
#include "kind.h"

#define NR 3

static int fds[2];
static pid_t pids[NR];

static void body(void)
{
	close(fds[0]);
	await_go();
	must(write(fds[1], "w", 1));
}

static void set_up(void)
{
	int i;

	must(pipe(fds));
	for (i = 0; i < NR; i++)
		pids[i] = child_start(body);
	close(fds[1]);
	/* The children must have closed their reading ends. */
	sleep_ms(20);
}

static void check(void)
{
	char buf[8];
	int i, nr = 0;

	while ((i = must(read(fds[0], buf, sizeof(buf)))) > 0)
		nr += i;
	same(nr, NR, "bytes that came before the end of file");
	for (i = 0; i < NR; i++)
		child_done(pids[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
