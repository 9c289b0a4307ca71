// SPDX-License-Identifier: GPL-2.0
/*
 * A small program with something to lose: a parent that counts, a child that
 * squares each count, a child that adds the squares up, and a thread of the parent
 * that takes the sums in. Three pipes join them; the parent keeps every count in
 * private memory and looks all of it over at each step. One line a step, each 0.2 s.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define KEPT (1 << 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t sum;
static int sums_fd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void number_get(int fd, uint64_t *ret_number)
{
	if (read(fd, ret_number, sizeof(*ret_number)) != sizeof(*ret_number))
		exit(0);
}

static void number_put(int fd, uint64_t number)
{
	if (write(fd, &number, sizeof(number)) != sizeof(number))
		exit(0);
}

static void child_square(int in_fd, int out_fd)
{
	uint64_t n;

	for (;;) {
		number_get(in_fd, &n);
		number_put(out_fd, n * n);
	}
}

static void child_add(int in_fd, int out_fd)
{
	uint64_t n, total = 0;

	for (;;) {
		number_get(in_fd, &n);
		number_put(out_fd, total += n);
	}
}

static pid_t child_start(void (*work)(int, int), int in_fd, int out_fd, const char *name)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	if (getppid() != parent)
		exit(1);
	work(in_fd, out_fd);
	exit(0);
}

static void *sums_take(void *arg)
{
	uint64_t n;

	for (;;) {
		number_get(sums_fd, &n);
		pthread_mutex_lock(&lock);
		sum = n;
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

/* Each count so far must still stand where it was put. */
static void kept_check(const uint32_t *kept, uint64_t nr)
{
	for (uint64_t i = 0; i < KEPT; i++) {
		if (kept[i] != (i < nr ? i + 1 : 0)) {
			printf("memory is WRONG at %ju\n", (uintmax_t)i);
			exit(1);
		}
	}
}

static void count(int out_fd, pid_t square, pid_t add)
{
	uint32_t *kept = calloc(KEPT, sizeof(*kept));
	struct timespec pause = { .tv_nsec = 200000000 };

	if (!kept)
		die("calloc");
	for (uint64_t n = 1; n <= KEPT; n++) {
		kept[n - 1] = (uint32_t)n;
		number_put(out_fd, n);
		nanosleep(&pause, NULL);
		kept_check(kept, n);
		pthread_mutex_lock(&lock);
		printf("count %4ju   sum of squares %8ju   processes %d %d %d\n", (uintmax_t)n,
		       (uintmax_t)sum, getpid(), square, add);
		pthread_mutex_unlock(&lock);
	}
}

int main(void)
{
	int counts[2], squares[2], sums[2];
	pid_t square, add;
	pthread_t thread;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pipe(counts) < 0 || pipe(squares) < 0 || pipe(sums) < 0)
		die("pipe");
	square = child_start(child_square, counts[0], squares[1], "demo-square");
	add = child_start(child_add, squares[0], sums[1], "demo-add");
	sums_fd = sums[0];
	if (pthread_create(&thread, NULL, sums_take, NULL))
		die("pthread_create");
	count(counts[1], square, add);
	return 0;
}
