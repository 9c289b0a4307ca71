// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmark dumps and restores: load CASE COUNT. The program makes COUNT
 * things of one sort in the current directory, creates the file `ready`, sleeps until
 * SIGUSR1, looks whether everything is as it made it, and creates `ok` or `bad`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

struct load {
	const char *name;
	void (*make)(size_t count);
	void (*verify)(size_t count);
};

static void mark(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		_exit(1);
	close(fd);
}

static void expect(bool good, const char *what)
{
	int fd;

	if (good)
		return;
	fd = open("bad.tmp", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, what, strlen(what)) >= 0)
		(void)rename("bad.tmp", "bad"); /* without it the run times out */
	_exit(1);
}

static void await_signal(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	expect(!sigwait(&set, &signal) && signal == SIGUSR1, "sigwait");
}

static void *memory_get(size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect(at != MAP_FAILED, "mmap");
	return at;
}

/* tiny: nothing but the program itself. */

static volatile uint64_t tiny_value;

static void tiny_make(size_t count)
{
	tiny_value = count ^ 0x5deece66dUL;
}

static void tiny_verify(size_t count)
{
	expect(tiny_value == (count ^ 0x5deece66dUL), "a variable changed");
}

/* memory: COUNT MiB of private pages of noise. */

static uint64_t *memory;

static uint64_t noise_next(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static void memory_make(size_t count)
{
	size_t nr_words = count * (1UL << 20) / 8;
	uint64_t x = 0;
	size_t i;

	memory = memory_get(nr_words * 8);
	for (i = 0; i < nr_words; i++) {
		if (i % 512 == 0)
			x = i + 88172645463325252UL;
		x = noise_next(x);
		memory[i] = x;
	}
}

/* Every word of every sixteenth page, the first word of the others. */
static void memory_verify(size_t count)
{
	size_t nr_pages = count * 256, page, i;

	for (page = 0; page < nr_pages; page++) {
		uint64_t x = page * 512 + 88172645463325252UL;
		size_t nr_words = page % 16 ? 1 : 512;

		for (i = 0; i < nr_words; i++) {
			x = noise_next(x);
			expect(memory[page * 512 + i] == x, "a page of memory changed");
		}
	}
}

/* vmas: one reservation cut by protections; every other page is written to. */

static char *vmas;

static void vmas_make(size_t count)
{
	size_t i;

	vmas = memory_get(count * PAGE);
	for (i = 0; i < count; i += 2) {
		memcpy(vmas + i * PAGE, &i, sizeof(i));
		expect(!mprotect(vmas + i * PAGE, PAGE, PROT_READ), "mprotect");
	}
}

static void vmas_verify(size_t count)
{
	size_t i;

	for (i = 0; i < count; i += 2)
		expect(!memcmp(vmas + i * PAGE, &i, sizeof(i)), "a small mapping changed");
	for (i = 1; i < count; i += 2)
		vmas[i * PAGE] = 1; /* still writable */
}

/* files: COUNT regular files, each open at a position of its own. */

static int *files;

static void files_make(size_t count)
{
	char name[32];
	size_t i;

	files = memory_get((count * sizeof(int) + PAGE) & -PAGE);
	expect(!mkdir("files", 0700) || errno == EEXIST, "mkdir");
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "files/%zu", i);
		files[i] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		expect(files[i] >= 0 && write(files[i], name, 32) == 32, "a file's making");
		expect(lseek(files[i], i % 32, SEEK_SET) >= 0, "lseek");
	}
}

static void files_verify(size_t count)
{
	char name[32], text[32];
	size_t i;

	for (i = 0; i < count; i++) {
		expect(lseek(files[i], 0, SEEK_CUR) == (off_t)(i % 32), "a file's position");
		snprintf(name, sizeof(name), "files/%zu", i);
		expect(pread(files[i], text, 32, 0) == 32 && !strcmp(name, text), "a file");
	}
}

/* processes: COUNT children, each with a page of its own. */

static pid_t *children;
static size_t my_number;

static void child_run(size_t number)
{
	my_number = number;
	await_signal();
	_exit(my_number == number ? (int)(number % 100) : 101);
}

static void processes_make(size_t count)
{
	size_t i;

	children = memory_get((count * sizeof(pid_t) + PAGE) & -PAGE);
	for (i = 0; i < count; i++) {
		children[i] = fork();
		expect(children[i] >= 0, "fork");
		if (!children[i])
			child_run(i);
	}
	usleep(100000); /* until the last one sleeps */
}

static void processes_verify(size_t count)
{
	size_t i;
	int status;

	for (i = 0; i < count; i++)
		expect(!kill(children[i], SIGUSR1), "a child is gone");
	for (i = 0; i < count; i++)
		expect(waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status) &&
			       WEXITSTATUS(status) == (int)(i % 100),
		       "a child's end");
}

/* threads: COUNT threads asleep on one condition. */

static pthread_t *threads;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wakeup = PTHREAD_COND_INITIALIZER;
static bool awake;

static void *thread_run(void *number)
{
	pthread_mutex_lock(&lock);
	while (!awake)
		pthread_cond_wait(&wakeup, &lock);
	pthread_mutex_unlock(&lock);
	return number;
}

static void threads_make(size_t count)
{
	pthread_attr_t attr;
	size_t i;

	threads = memory_get((count * sizeof(pthread_t) + PAGE) & -PAGE);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (i = 0; i < count; i++)
		expect(!pthread_create(&threads[i], &attr, thread_run, (void *)i), "a thread");
	usleep(100000);
}

static void threads_verify(size_t count)
{
	void *number;
	size_t i;

	pthread_mutex_lock(&lock);
	awake = true;
	pthread_cond_broadcast(&wakeup);
	pthread_mutex_unlock(&lock);
	for (i = 0; i < count; i++)
		expect(!pthread_join(threads[i], &number) && number == (void *)i, "a thread's end");
}

/* pipes: COUNT pipes with a few bytes in each. */

static int (*pipes)[2];

static void pipes_make(size_t count)
{
	size_t i;

	pipes = memory_get((count * sizeof(*pipes) + PAGE) & -PAGE);
	for (i = 0; i < count; i++)
		expect(!pipe(pipes[i]) && write(pipes[i][1], &i, sizeof(i)) == sizeof(i), "a pipe");
}

static void pipes_verify(size_t count)
{
	size_t i, value;

	for (i = 0; i < count; i++)
		expect(read(pipes[i][0], &value, sizeof(value)) == sizeof(value) && value == i,
		       "a pipe's bytes");
}

/* epoll: one that watches COUNT eventfds, every second one edge-triggered. */

static int epoll, *events;

static void epoll_make(size_t count)
{
	size_t i;

	events = memory_get((count * sizeof(*events) + PAGE) & -PAGE);
	epoll = epoll_create1(0);
	for (i = 0; i < count; i++) {
		struct epoll_event ev = { EPOLLIN | (i % 2 ? EPOLLET : 0), { .u64 = i } };

		events[i] = eventfd(0, 0);
		expect(!epoll_ctl(epoll, EPOLL_CTL_ADD, events[i], &ev), "an epoll target");
	}
}

static void epoll_verify(size_t count)
{
	uint64_t one = 1, sum = 0;
	struct epoll_event ev;
	size_t i;

	expect(!epoll_wait(epoll, &ev, 1, 0), "no events");
	for (i = 0; i < count; i++) {
		expect(write(events[i], &one, 8) == 8, "an eventfd");
		expect(epoll_wait(epoll, &ev, 1, 0) == 1 && ev.data.u64 == i, "its event");
		expect(read(events[i], &one, 8) == 8 && one == 1, "its counter");
		sum += ev.data.u64;
	}
	expect(sum == count * (count - 1) / 2, "all events");
}

/* unix: COUNT pairs of Unix sockets with a few bytes in each. */

static int (*pairs)[2];

static void unix_make(size_t count)
{
	size_t i;

	pairs = memory_get((count * sizeof(*pairs) + PAGE) & -PAGE);
	for (i = 0; i < count; i++)
		expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) &&
			       write(pairs[i][1], &i, sizeof(i)) == sizeof(i),
		       "a pair of sockets");
}

static void unix_verify(size_t count)
{
	size_t i, value;

	for (i = 0; i < count; i++)
		expect(read(pairs[i][0], &value, sizeof(value)) == sizeof(value) && value == i &&
			       write(pairs[i][0], &i, sizeof(i)) == sizeof(i),
		       "a socket's bytes");
}

/* tcp: COUNT connections on loopback, both ends here, a few bytes on the way in each. */

static int (*conns)[2];

static void tcp_make(size_t count)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	size_t i;

	expect(!ioctl(listener, SIOCSIFFLAGS, &lo), "loopback");
	expect(!bind(listener, (struct sockaddr *)&addr, len) && !listen(listener, 10) &&
	       !getsockname(listener, (struct sockaddr *)&addr, &len), "a listener");
	conns = memory_get((count * sizeof(*conns) + PAGE) & -PAGE);
	for (i = 0; i < count; i++) {
		conns[i][0] = socket(AF_INET, SOCK_STREAM, 0);
		expect(!connect(conns[i][0], (struct sockaddr *)&addr, len), "connect");
		conns[i][1] = accept(listener, NULL, NULL);
		expect(conns[i][1] >= 0 && write(conns[i][0], &i, sizeof(i)) == sizeof(i),
		       "a connection");
	}
	close(listener);
}

static void tcp_verify(size_t count)
{
	size_t i, value;

	for (i = 0; i < count; i++) {
		expect(read(conns[i][1], &value, sizeof(value)) == sizeof(value) && value == i,
		       "what was on the way");
		expect(write(conns[i][1], &i, sizeof(i)) == sizeof(i) &&
		       read(conns[i][0], &value, sizeof(value)) == sizeof(value) && value == i,
		       "the other way");
	}
}

static const struct load loads[] = {
	{ "unix", unix_make, unix_verify },
	{ "tiny", tiny_make, tiny_verify },
	{ "memory", memory_make, memory_verify },
	{ "vmas", vmas_make, vmas_verify },
	{ "files", files_make, files_verify },
	{ "processes", processes_make, processes_verify },
	{ "threads", threads_make, threads_verify },
	{ "pipes", pipes_make, pipes_verify },
	{ "epoll", epoll_make, epoll_verify },
	{ "tcp", tcp_make, tcp_verify },
};

int main(int argc, char **argv)
{
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; count && i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (strcmp(loads[i].name, argv[1]))
			continue;
		loads[i].make(count);
		mark("ready");
		await_signal();
		loads[i].verify(count);
		mark("ok");
		return 0;
	}
	fprintf(stderr, "usage: load CASE COUNT\n");
	return 2;
}
