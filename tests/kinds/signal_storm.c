// SPDX-License-Identifier: GPL-2.0
/* A task that handles a thousand signals a second from another one loses none. */
#include "kind.h"

static volatile long handled;
static long sent;
static pid_t child;

static void handler(int sig)
{
	handled++;
}

/* Realtime signals are queued, so that each one sent is handled once. */
static void body(void)
{
	char text[32];
	int i;

	for (i = 0; !marked("stop"); i++) {
		while (sigqueue(getppid(), SIGRTMIN + 7, (union sigval){ .sival_int = i }))
			sleep_ms(1);
		sleep_ms(1);
	}
	snprintf(text, sizeof(text), "%d", i);
	file_write("sent", text);
}

static void set_up(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	must(sigaction(SIGRTMIN + 7, &action, NULL));
	child = child_start(body);
	while (handled < 5)
		sleep_ms(1);
}

static void check(void)
{
	char text[32];

	mark("stop");
	child_done(child);
	file_read("sent", text, sizeof(text));
	sent = atol(text);
	same(handled, sent, "signals handled");
}

const struct kind kind = { .set_up = set_up, .check = check };
