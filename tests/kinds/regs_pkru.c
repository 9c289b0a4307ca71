// SPDX-License-Identifier: GPL-2.0
/* Protection keys: the PKRU register of each thread. */
#include "kind.h"

static int key;
static volatile int stop;
static pthread_t thread;

static void *body(void *arg)
{
	if (pkey_set(key, PKEY_DISABLE_WRITE))
		fail("pkey_set: %s", strerror(errno));
	mark("thread");
	while (!stop)
		sleep_ms(2);
	same(pkey_get(key), PKEY_DISABLE_WRITE, "rights of the thread to the key");
	return NULL;
}

static void set_up(void)
{
	key = pkey_alloc(0, 0);
	if (key < 0)
		skip("no protection keys here: %s", strerror(errno));
	must(pkey_set(key, PKEY_DISABLE_ACCESS));
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	same(pkey_get(key), PKEY_DISABLE_ACCESS, "rights of the main thread to the key");
	stop = 1;
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
