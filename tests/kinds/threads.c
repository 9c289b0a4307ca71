// SPDX-License-Identifier: GPL-2.0
/* Many threads (50, or as many as the environment's KIND_THREADS says, up to 10,000). */
#include "kind.h"

static int nr;
static pthread_t *threads;
static pid_t *tids;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int started, go, finished;

static void *body(void *arg)
{
	long i = (long)arg;

	tids[i] = syscall(SYS_gettid);
	pthread_mutex_lock(&mutex);
	started++;
	while (!go)
		pthread_cond_wait(&cond, &mutex);
	finished++;
	pthread_mutex_unlock(&mutex);
	same(syscall(SYS_gettid), tids[i], "thread id of thread %ld", i);
	return (void *)(i + 1000);
}

static void set_up(void)
{
	const char *text = getenv("KIND_THREADS");
	pthread_attr_t attr;
	long i;

	nr = text ? atoi(text) : 50;
	threads = calloc(nr, sizeof(*threads));
	tids = calloc(nr, sizeof(*tids));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < nr; i++)
		same(pthread_create(&threads[i], &attr, body, (void *)i), 0, "thread %ld", i);
	for (i = 0; i < nr;)
		pthread_mutex_lock(&mutex), i = started, pthread_mutex_unlock(&mutex), sleep_ms(1);
}

static void check(void)
{
	void *ret;
	long i;

	pthread_mutex_lock(&mutex);
	go = 1;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	for (i = 0; i < nr; i++) {
		same(pthread_join(threads[i], &ret), 0, "join of thread %ld", i);
		same((long)ret, i + 1000, "result of thread %ld", i);
	}
	same(finished, nr, "threads that finished");
}

const struct kind kind = { .set_up = set_up, .check = check };
