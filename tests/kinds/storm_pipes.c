// SPDX-License-Identifier: GPL-2.0
/* Two tasks that hand a counter to and fro through pipes: not one message is lost or doubled. */
#include "kind.h"

static int there[2], back[2];
static pid_t child;
static pthread_t thread;
static volatile long rounds;

static void body(void)
{
	long value;

	close(there[1]);
	while (read(there[0], &value, sizeof(value)) == sizeof(value)) {
		value++;
		same(must(write(back[1], &value, sizeof(value))), sizeof(value), "bytes written");
	}
}

static void *player(void *arg)
{
	long value = 0;

	while (value >= 0 && !marked("stop")) {
		same(must(write(there[1], &value, sizeof(value))), sizeof(value), "bytes written");
		same(must(read(back[0], &value, sizeof(value))), sizeof(value), "bytes read");
		same(value, ++rounds, "counter");
	}
	close(there[1]);
	return NULL;
}

static void set_up(void)
{
	must(pipe(there));
	must(pipe(back));
	child = child_start(body);
	thread = thread_start(player, NULL);
	while (rounds < 100)
		sleep_ms(1);
}

static void check(void)
{
	long before = rounds;

	while (rounds < before + 100)
		sleep_ms(1);
	mark("stop");
	thread_join(thread);
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
