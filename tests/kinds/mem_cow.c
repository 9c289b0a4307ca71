// SPDX-License-Identifier: GPL-2.0
/* Memory shared copy-on-write after fork stays shared: PSS does not double. */
#include "kind.h"

#define LEN (16 << 20)
#define NR  3

static unsigned char *mem;
static pid_t pids[NR];

static void body(void)
{
	char name[32];

	fill(mem + 4096 * (getpid() % 100), 4096, getpid());
	snprintf(name, sizeof(name), "child%d", getpid());
	mark(name);
	await_mark("measured");
	if (!filled(mem + 4096 * (getpid() % 100), 4096, getpid()))
		fail("the page that a child wrote changed");
	if (!filled(mem + (LEN - 8192), 8192, 9))
		fail("the memory shared with the parent changed");
}

static long pss(void)
{
	return atol(smaps_line(mem, "Pss"));
}

static long before;

static void set_up(void)
{
	char name[32];
	int i;

	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(mem, LEN, 1);
	fill(mem + (LEN - 8192), 8192, 9);
	for (i = 0; i < NR; i++) {
		pids[i] = child_start(body);
		snprintf(name, sizeof(name), "child%d", pids[i]);
		await_mark(name);
	}
	before = pss();
}

static void check(void)
{
	long after = pss();
	int i;

	mark("measured");
	for (i = 0; i < NR; i++)
		child_done(pids[i]);
	if (after > before + before / 4)
		fail("%ld KiB of the memory are the parent's now, %ld before", after, before);
}

const struct kind kind = { .set_up = set_up, .check = check };
