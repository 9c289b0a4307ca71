// SPDX-License-Identifier: GPL-2.0
/*
 * Targets that exit, exec, map and unmap, open and close, and make threads and timers
 * under the calls. races [SECONDS]
 */
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "uapi.h"

#define NR_TARGETS 6

static void *changer(void *arg)
{
	for (;;) {
		void *p = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int fd = open("/proc/self/exe", O_RDONLY);
		void *q = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
		timer_t id;

		if (!timer_create(CLOCK_MONOTONIC, NULL, &id))
			timer_delete(id);
		mprotect(p, 4096, PROT_NONE);
		munmap(q, 4096);
		close(fd);
		munmap(p, 65536);
	}
	return NULL;
}

static void *short_lived(void *arg)
{
	return NULL;
}

static void target_run(char *self)
{
	pthread_t t;

	signal(SIGUSR1, SIG_IGN);
	pthread_create(&t, NULL, changer, NULL);
	for (int i = 0; i < 200; i++)
		if (!pthread_create(&t, NULL, short_lived, NULL))
			pthread_join(t, NULL);
	if (getpid() % 2)
		execl(self, self, "target", NULL);
	_exit(0);
}

/* Wherever it is, which exec(2) changes. */
static void ask_memory(int fd, pid_t pid, int out)
{
	static const struct crctl_range all[] = { { 4096, 1ul << 46 },
						  { 1ul << 46, 0x7ffffffff000 } };
	struct crctl_memory_run runs[256];
	struct crctl_memory m = { .size = sizeof(m), .pid = pid, .out_fd = out,
				  .ranges = (uintptr_t)all, .nr_ranges = 2,
				  .runs = (uintptr_t)runs, .max_runs = 256 };

	/* a bounded piece of it */
	check(!ioctl(fd, CRCTL_MEMORY, &m) || errno == ESRCH, "memory");
	check(!ftruncate(out, 0));
}

static void ask_all(int fd, pid_t pid, int out, char *buf, uint32_t len)
{
	static const unsigned long lists[] = { CRCTL_MAP_FILES, CRCTL_FILES, CRCTL_THREADS,
					       CRCTL_TIMERS, CRCTL_AIO, CRCTL_WATCHES };
	struct crctl_task t = { .size = sizeof(t), .pid = pid };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct crctl_list l = { .size = sizeof(l), .pid = pid, .buf = (uintptr_t)buf,
					.buf_len = len };

		if (lists[i] == CRCTL_FILES)
			l.flags = CRCTL_FILES_LINKS | CRCTL_FILES_STAT;
		while (l.cursor != CRCTL_CURSOR_END) {
			if (!ioctl(fd, lists[i], &l))
				continue;
			check(errno == ESRCH || errno == EINVAL || errno == EOPNOTSUPP ||
			      errno == EBADF, "list %zu", i);
			break;
		}
	}
	check(!ioctl(fd, CRCTL_TASK, &t) || errno == ESRCH);
	ask_memory(fd, pid, out);
}

static pid_t target_start(char *self)
{
	pid_t pid = fork();

	check(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(self, self, "target", NULL);
		_exit(1);
	}
	return pid;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atol(argv[1]) : 5);
	static char buf[65536];
	pid_t pids[NR_TARGETS];
	long rounds = 0;
	int fd, out;

	if (argc > 1 && !strcmp(argv[1], "target"))
		target_run(argv[0]);
	fd = dev_open();
	out = memfd_create("out", MFD_CLOEXEC);
	for (int i = 0; i < NR_TARGETS; i++)
		pids[i] = target_start(argv[0]);
	while (time(NULL) < end) {
		for (int i = 0; i < NR_TARGETS; i++) {
			ask_all(fd, pids[i], out, buf, sizeof(buf));
			if (rounds % 7 == 0)
				kill(pids[i], SIGKILL);
			if (waitpid(pids[i], NULL, rounds % 7 ? WNOHANG : 0) == pids[i])
				pids[i] = target_start(argv[0]);
		}
		rounds++;
	}
	for (int i = 0; i < NR_TARGETS; i++)
		child_end(pids[i]);
	printf("%ld rounds\n", rounds);
	return 0;
}
