// SPDX-License-Identifier: GPL-2.0
/* Tasks that make and join threads all the time. */
#include "storm.h"

static void *thread(void *arg)
{
	return arg;
}

static void turn(void)
{
	pthread_t threads[3];
	void *ret;
	long i;

	for (i = 0; i < 3; i++)
		threads[i] = thread_start(thread, (void *)i);
	for (i = 0; i < 3; i++) {
		same(pthread_join(threads[i], &ret), 0, "join");
		same((long)ret, i, "result of a thread");
	}
}
