// SPDX-License-Identifier: GPL-2.0
/*
 * victim DIR: a small tree that has something of most kinds, to be dumped once and
 * restored from damaged images many times. Prints "ready" and works in DIR.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long *shared;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void on_signal(int nr)
{
	(void)nr;
	shared[0]++;
}

static void *thread_main(void *arg)
{
	stack_t stack = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };

	(void)arg;
	sigaltstack(&stack, NULL);
	for (;;)
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	return NULL;
}

static void files_open(void)
{
	int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600), gone, fifo, ends[2];

	must(fd >= 0 && write(fd, "0123456789", 10) == 10 && lseek(fd, 4, SEEK_SET) == 4, "data");
	must(dup(fd) >= 0 && open("data", O_RDONLY | O_APPEND | O_CLOEXEC) >= 0, "data");
	gone = open("gone", O_RDWR | O_CREAT | O_TRUNC, 0640);
	must(gone >= 0 && write(gone, "deleted", 7) == 7 && !unlink("gone"), "gone");
	must(!mkfifo("fifo", 0600), "fifo");
	fifo = open("fifo", O_RDWR | O_NONBLOCK);
	must(fifo >= 0 && write(fifo, "in the fifo", 11) == 11, "fifo");
	must(!pipe(ends) && write(ends[1], "in the pipe", 11) == 11, "pipe");
	must(open("/dev/null", O_RDWR) >= 0 && open(".", O_RDONLY | O_DIRECTORY) >= 0, "null");
}

static void memory_map(void)
{
	int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *private, *anon;

	must(fd >= 0 && !ftruncate(fd, 16384), "mapped");
	must(mmap(NULL, 16384, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "mmap");
	private = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	anon = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(private != MAP_FAILED && anon != MAP_FAILED, "mmap");
	private[5000] = 1;
	memset(anon, 'a', 40000);
	memset(anon + (1 << 19), 'b', 4096);
	must(!mprotect(anon + (1 << 18), 65536, PROT_NONE), "mprotect");
	must(!madvise(anon, 65536, MADV_DONTFORK), "madvise");
	close(fd);
}

static void signals_set(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 100000 }, { 0, 100000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec slow = { { 1, 0 }, { 1, 0 } };
	timer_t timer;
	sigset_t set;

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	must(!setitimer(ITIMER_REAL, &often, NULL), "setitimer");
	must(!timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
	must(!timer_settime(timer, 0, &slow, NULL), "timer_settime");
}

/* Started by the shell: its session is its own, its descriptors are few. */
int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;

	must(argc == 2 && !chdir(argv[1]), "victim DIR");
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED, "mmap");
	files_open();
	memory_map();
	child = fork();
	if (!child) {
		must(!setpgid(0, 0), "setpgid");
		if (!fork())
			_exit(7);
		for (;;)
			nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	}
	must(child > 0 && !pthread_create(&thread, NULL, thread_main, NULL), "child");
	signals_set();
	usleep(100000);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
