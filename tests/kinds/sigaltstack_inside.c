// SPDX-License-Identifier: GPL-2.0
/* Dumped inside a handler that runs on the alternate stack; it returns afterwards. */
#include "kind.h"

static char area[65536] __attribute__((aligned(16)));
static pthread_t thread;
static volatile int returned;

static void handler(int sig)
{
	stack_t stack;
	char text[64];

	fill(text, sizeof(text), 3);
	mark("inside");
	await_go();
	must(sigaltstack(NULL, &stack));
	same(stack.ss_flags, SS_ONSTACK, "flags inside the handler");
	if (!filled(text, sizeof(text), 3))
		fail("the alternate stack's content changed");
}

static void *body(void *arg)
{
	stack_t stack = { .ss_sp = area, .ss_size = sizeof(area) };

	must(sigaltstack(&stack, NULL));
	raise(SIGUSR1);
	must(sigaltstack(NULL, &stack));
	same(stack.ss_flags, 0, "flags after the handler");
	same(stack.ss_size, sizeof(area), "size after the handler");
	returned = 1;
	return NULL;
}

static void set_up(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	must(sigaction(SIGUSR1, &action, NULL));
	thread = thread_start(body, NULL);
	await_mark("inside");
}

static void check(void)
{
	thread_join(thread);
	same(returned, 1, "return from the handler");
}

const struct kind kind = { .set_up = set_up, .check = check };
