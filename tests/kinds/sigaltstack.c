// SPDX-License-Identifier: GPL-2.0
/* The alternate signal stack of each thread, with its flags. */
#include "kind.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static char stacks[2][65536] __attribute__((aligned(16)));
static pthread_t thread;
static uintptr_t seen;

static void handler(int sig)
{
	char here;

	seen = (uintptr_t)&here;
}

static void stack_set(int i)
{
	stack_t stack = { .ss_sp = stacks[i],
			  .ss_size = sizeof(stacks[i]) - i * 4096,
			  .ss_flags = i ? SS_AUTODISARM : 0 };

	must(sigaltstack(&stack, NULL));
}

static void stack_check(int i)
{
	stack_t stack;

	must(sigaltstack(NULL, &stack));
	same((long)stack.ss_sp, (long)stacks[i], "address of alternate stack %d", i);
	same(stack.ss_size, sizeof(stacks[i]) - i * 4096, "size of alternate stack %d", i);
	same((unsigned int)stack.ss_flags, i ? SS_AUTODISARM : 0, "flags of alternate stack %d", i);
	raise(SIGUSR1);
	if (seen < (uintptr_t)stacks[i] || seen >= (uintptr_t)(stacks[i] + sizeof(stacks[i])))
		fail("the handler did not run on alternate stack %d", i);
}

static void *body(void *arg)
{
	stack_set(1);
	mark("thread");
	await_go();
	await_mark("first");
	stack_check(1);
	return NULL;
}

static void set_up(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	must(sigaction(SIGUSR1, &action, NULL));
	stack_set(0);
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	stack_check(0);
	mark("first");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
