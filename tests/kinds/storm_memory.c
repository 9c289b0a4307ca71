// SPDX-License-Identifier: GPL-2.0
/* Tasks that map, write, protect and unmap memory all the time. */
#include "kind.h"

#define NR 3

static pid_t pids[NR];

static unsigned int seed;

static void turn(void)
{
	size_t len = 4096 * (1 + ++seed % 16);
	unsigned char *mem =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must((long)mem);
	fill(mem, len, seed);
	must(mprotect(mem, 4096, PROT_READ));
	if (!filled(mem, len, seed))
		fail("the memory just written changed");
	must(munmap(mem, len));
}

static void body(void)
{
	long rounds = 0;
	char name[32];

	while (!marked("stop")) {
		turn();
		if (++rounds == 3) {
			snprintf(name, sizeof(name), "busy%d", getpid());
			mark(name);
		}
	}
	same(waitpid(-1, NULL, WNOHANG), -1, "child that is left");
}

static void set_up(void)
{
	char name[32];
	int i;

	for (i = 0; i < NR; i++) {
		pids[i] = child_start(body);
		snprintf(name, sizeof(name), "busy%d", pids[i]);
		await_mark(name);
	}
}

static void check(void)
{
	int i;

	sleep_ms(30);
	mark("stop");
	for (i = 0; i < NR; i++)
		child_done(pids[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
