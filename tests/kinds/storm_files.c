// SPDX-License-Identifier: GPL-2.0
/* Tasks that open, write, read and delete files all the time. */
#include "kind.h"

#define NR 3

static pid_t pids[NR];

static unsigned int seed;

static void turn(void)
{
	unsigned char data[2000];
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "f%d-%u", getpid(), ++seed);
	fd = must(open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
	fill(data, sizeof(data), seed);
	same(must(write(fd, data, sizeof(data))), sizeof(data), "bytes written");
	must(unlink(name));
	same(must(pread(fd, data, sizeof(data), 0)), sizeof(data), "bytes read");
	if (!filled(data, sizeof(data), seed))
		fail("the file just written changed");
	close(fd);
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
