// SPDX-License-Identifier: GPL-2.0
/*
 * A busy program that notices harm: busy DIR. Two processes with threads of their own
 * compute in registers, sleep, wait, pass bytes and take signals, each with a signal
 * mask of its own, and count what they did in DIR/progress (an array of u64, one a
 * worker). Whoever finds anything wrong writes why to DIR/bad and ends everything.
 * The mappings never change after DIR/ready is there. SIGTERM ends it with DIR/ok.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NR_MEMORY (1UL << 19) /* words */

enum worker { REGISTERS, MEMORY, SLEEP, PING, PONG, ALARM, CHILD, CHILD_REGISTERS, NR_WORKERS };

static volatile uint64_t *progress;
static volatile sig_atomic_t ending;
static volatile uint64_t alarms;
static int there[2], back[2];
static uint64_t *memory;

static _Noreturn void bad(const char *who, const char *what)
{
	char text[200];
	int fd = open("bad", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int len = snprintf(text, sizeof(text), "%s: %s (errno %d)\n", who, what, errno);

	(void)!write(fd, text, len);
	kill(0, SIGKILL);
	_exit(1);
}

#define must(who, condition)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			bad(who, #condition);                                                      \
	} while (0)

static void mask_set(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + number);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGALRM);
	must("mask", !pthread_sigmask(SIG_SETMASK, &set, NULL));
}

static void mask_check(const char *who, int number)
{
	sigset_t set;
	int i;

	must(who, !pthread_sigmask(SIG_SETMASK, NULL, &set));
	for (i = SIGRTMIN; i < SIGRTMIN + 16; i++)
		must(who, sigismember(&set, i) == (i == SIGRTMIN + number));
}

/* Leave the processors to others for a while: the test shares the machine. */
static void rest(void)
{
	struct timespec wait = { 0, 1000000 };

	while (nanosleep(&wait, &wait))
		must("rest", errno == EINTR);
}

/* Patterns stay in registers while the loop runs; it makes no system call. */
static uint64_t registers_spin(uint64_t seed)
{
	uint64_t wrong = 0, turns = 200000;

	__asm__ volatile("movq %2, %%r12\n\t"
			 "movq %2, %%r13\n\t"
			 "notq %%r13\n\t"
			 "leaq 17(%2), %%r14\n\t"
			 "movq %2, %%xmm3\n\t"
			 "movq %%r13, %%xmm14\n\t"
			 "1:\n\t"
			 "movq %%xmm3, %%r8\n\t"
			 "xorq %%r12, %%r8\n\t"
			 "orq %%r8, %0\n\t"
			 "movq %%xmm14, %%r8\n\t"
			 "xorq %%r13, %%r8\n\t"
			 "orq %%r8, %0\n\t"
			 "leaq -17(%%r14), %%r8\n\t"
			 "xorq %%r12, %%r8\n\t"
			 "orq %%r8, %0\n\t"
			 "addq %%r13, %%r8\n\t"
			 "decq %1\n\t"
			 "jnz 1b\n\t"
			 : "+r"(wrong), "+r"(turns)
			 : "r"(seed)
			 : "r8", "r12", "r13", "r14", "xmm3", "xmm14", "cc");
	return wrong;
}

static void *registers_run(void *arg)
{
	enum worker me = *(enum worker *)arg;
	uint64_t i;

	mask_set(me);
	for (i = 1; !ending; i++) {
		must("registers", !registers_spin(i * 0x9e3779b97f4a7c15UL));
		mask_check("registers", me);
		progress[me]++;
		rest();
	}
	return NULL;
}

static void *memory_run(void *arg)
{
	uint64_t turn, i;

	mask_set(MEMORY);
	for (turn = 1; !ending; turn++) {
		for (i = 0; i < NR_MEMORY; i += 61) {
			must("memory", memory[i] == turn * i);
			memory[i] = (turn + 1) * i;
		}
		mask_check("memory", MEMORY);
		progress[MEMORY]++;
		rest();
	}
	return arg;
}

static void *sleep_run(void *arg)
{
	struct timespec wait = { 0, 3000000 };

	mask_set(SLEEP);
	while (!ending) {
		must("sleep", !nanosleep(&wait, NULL));
		mask_check("sleep", SLEEP);
		progress[SLEEP]++;
	}
	return arg;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn_of = PING;

static void *ping_run(void *arg)
{
	enum worker me = *(enum worker *)arg, other = me == PING ? PONG : PING;

	mask_set(me);
	pthread_mutex_lock(&lock);
	while (!ending) {
		while (turn_of != (int)me && !ending)
			pthread_cond_wait(&turned, &lock);
		turn_of = other;
		mask_check("ping", me);
		if (++progress[me] % 64 == 0)
			rest();
		pthread_cond_signal(&turned);
	}
	pthread_cond_broadcast(&turned);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void alarm_taken(int signal)
{
	alarms++;
	progress[ALARM]++;
}

static void term_taken(int signal)
{
	ending = 1;
}

static void thread_start(pthread_t *ret_thread, void *(*run)(void *), enum worker number)
{
	static enum worker numbers[NR_WORKERS];

	numbers[number] = number;
	must("start", !pthread_create(ret_thread, NULL, run, &numbers[number]));
}

/* The child answers every number with its successor; the end of the pipe ends it. */
static _Noreturn void child_run(void)
{
	pthread_t spinner;
	uint64_t value;
	ssize_t n;

	prctl(PR_SET_NAME, "busy-child");
	close(there[1]);
	close(back[0]);
	thread_start(&spinner, registers_run, CHILD_REGISTERS);
	mask_set(CHILD);
	while ((n = read(there[0], &value, sizeof(value))) == sizeof(value)) {
		value++;
		must("child", write(back[1], &value, sizeof(value)) == sizeof(value));
		mask_check("child", CHILD);
		progress[CHILD]++;
	}
	must("child", n == 0);
	ending = 1;
	pthread_join(spinner, NULL);
	_exit(0);
}

static void actions_set(void)
{
	struct sigaction action = { .sa_handler = alarm_taken, .sa_flags = SA_RESTART };
	struct itimerval timer = { { 0, 7000 }, { 0, 7000 } };

	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = term_taken;
	sigaction(SIGTERM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* The main thread asks the child. */
static void ask_loop(void)
{
	uint64_t value = 1, answer;
	struct timespec wait;

	while (!ending) {
		must("parent", write(there[1], &value, sizeof(value)) == sizeof(value));
		must("parent", read(back[0], &answer, sizeof(answer)) == sizeof(answer));
		must("parent", answer == value + 1);
		value = answer;
		wait = (struct timespec){ 0, 500000 };
		while (nanosleep(&wait, &wait))
			must("parent", errno == EINTR);
	}
}

static void file_make(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	must("start", fd >= 0);
	close(fd);
}

static void setup(const char *dir)
{
	int fd, i;

	must("start", !chdir(dir));
	fd = open("progress", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must("start", fd >= 0 && !ftruncate(fd, 4096));
	progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	memory = mmap(NULL, NR_MEMORY * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	must("start", progress != MAP_FAILED && memory != MAP_FAILED);
	for (i = 0; i < (int)NR_MEMORY; i++)
		memory[i] = i;
	fd = open("deleted", O_RDWR | O_CREAT | O_TRUNC, 0600); /* stays open */
	must("start", write(fd, dir, strlen(dir)) > 0 && !unlink("deleted"));
	must("start", !pipe(there) && !pipe(back));
}

int main(int argc, char **argv)
{
	pthread_t threads[5];
	pid_t child;
	int status, i;

	setup(argc == 2 ? argv[1] : ".");
	child = fork();
	if (!child)
		child_run();
	close(there[0]);
	close(back[1]);
	thread_start(&threads[0], registers_run, REGISTERS);
	thread_start(&threads[1], memory_run, MEMORY);
	thread_start(&threads[2], sleep_run, SLEEP);
	thread_start(&threads[3], ping_run, PING);
	thread_start(&threads[4], ping_run, PONG);
	actions_set();
	usleep(50000);
	file_make("ready");
	ask_loop();
	for (i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	close(there[1]);
	must("end", waitpid(child, &status, 0) == child && status == 0);
	must("end", alarms > 0);
	file_make("ok");
	return 0;
}
