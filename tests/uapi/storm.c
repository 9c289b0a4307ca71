// SPDX-License-Identifier: GPL-2.0
/*
 * Random arguments for every command, about targets that sleep, have ended, and come and
 * go, exec, map and unmap under the calls: nothing but the errnos that the contract names
 * may come back, and the kernel must live. storm [CALLS [SEED]]
 */
#include <sys/inotify.h>
#include <sys/mman.h>
#include <time.h>

#include "uapi.h"

#define NR_CMDS	13
#define NR_PIDS	8
#define NR_RANGES 8

enum { SELF, SELF_TOO, SLEEPER, INIT, KERNEL_THREAD, ZOMBIE, EXECS, MORTAL };

static uint64_t seed;
static char *room, *hole;
static pid_t pids[NR_PIDS];
static struct crctl_range ranges[NR_RANGES];
static int outs[4];		/* to be written to, and not */

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t address(void)
{
	switch (rnd() % 6) {
	case 0:
		return rnd();
	case 1:
		return (uintptr_t)hole + rnd() % 8192;
	case 2:
		return rnd() % 4096;
	case 3:
		return 0xffffffff81000000ull + rnd() % (1 << 24);
	default:
		return (uintptr_t)room + rnd() % 4096 * 8;
	}
}

static uint64_t number(void)
{
	static const uint64_t edges[] = { 0, 1, 2, 3, 7, 8, 63, 64, 4095, 4096, 65536, INT32_MAX,
					  UINT32_MAX, INT64_MAX, UINT64_MAX };

	return rnd() % 3 ? edges[rnd() % (sizeof(edges) / sizeof(edges[0]))] : rnd() >> rnd() % 64;
}

static const uint32_t sizes[] = {
	sizeof(struct crctl_query), sizeof(struct crctl_list), sizeof(struct crctl_list),
	sizeof(struct crctl_task), sizeof(struct crctl_list), sizeof(struct crctl_list),
	sizeof(struct crctl_list), sizeof(struct crctl_overlay), sizeof(struct crctl_list),
	sizeof(struct crctl_uring), sizeof(struct crctl_memory), 64, 64,
};

/* Mostly whole pages and one after the other, of what is mapped and what is not. */
static void ranges_make(void)
{
	uint64_t at = rnd() % 8 ? (uintptr_t)room : address() & ~4095ul;

	for (int i = 0; i < NR_RANGES; i++) {
		at += rnd() % 4 * 4096;
		ranges[i].start = at;
		at += (1 + rnd() % (rnd() % 8 ? 4 : 64)) * 4096;
		ranges[i].end = rnd() % 64 ? at : number();
	}
	if (ftruncate(outs[0], 0))
		abort();
}

static void argument_make(uint32_t nr, char *arg)
{
	uint32_t *words = (uint32_t *)arg, i;
	struct crctl_list *l = (struct crctl_list *)arg;
	struct crctl_overlay *o = (struct crctl_overlay *)arg;
	struct crctl_memory *m = (struct crctl_memory *)arg;

	memset(arg, 0, 8192);
	for (i = 0; i < sizes[nr] / 4 && !(rnd() % 3); i++)
		words[rnd() % (sizes[nr] / 4)] = (uint32_t)number();
	words[0] = rnd() % 8 ? sizes[nr] : (uint32_t)number();
	words[1] = rnd() % 8 ? 0 : rnd() % 2 ? (uint32_t)rnd() & 3 : (uint32_t)number();
	if (rnd() % 8)
		words[2] = (uint32_t)pids[rnd() % NR_PIDS];
	if (sizes[nr] == sizeof(struct crctl_list)) {
		l->fd = rnd() % 4 ? (int)(rnd() % 8) : (int)number();
		l->cursor = rnd() % 2 ? 0 : number();
		l->buf = address();
		l->buf_len = (uint32_t)number() % 40000;
	} else if (nr == _IOC_NR(CRCTL_OVERLAY)) {
		o->object = (uint32_t)rnd() % 4;
		o->fd = (int)(rnd() % 8);
		o->addr = address();
		o->buf = address();
		o->buf_len = (uint32_t)number();
	} else if (nr == _IOC_NR(CRCTL_URING)) {
		words[3] = (uint32_t)rnd() % 8;
	} else if (nr == _IOC_NR(CRCTL_MEMORY)) {
		ranges_make();
		m->out_fd = outs[rnd() % 16 ? 0 : rnd() % 4];
		m->pos = rnd() % 8 ? rnd() % (1 << 20) : number();
		m->ranges = rnd() % 8 ? (uintptr_t)ranges : address();
		m->nr_ranges = rnd() % 8 ? (uint32_t)rnd() % NR_RANGES : (uint32_t)number();
		m->next = rnd() % 4 ? 0 : (uint32_t)number() % 8;
		m->next_at = rnd() % 8 ? 0 : address() & ~4095ul;
		m->runs = address();
		m->max_runs = (uint32_t)number();
	}
}

static bool errno_known(int e)
{
	static const int known[] = { ENOTTY, EFAULT, EINVAL, E2BIG, EOPNOTSUPP, EPERM, ESRCH, EBADF,
				     ENOENT, EMSGSIZE, EINTR, ENOMEM, EFBIG };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (e == known[i])
			return true;
	return false;
}

static void busy(void *arg)
{
	inotify_add_watch(inotify_init(), "/tmp", IN_CREATE);
}

static void pause_us(long us)
{
	struct timespec ts = { 0, us * 1000 };

	nanosleep(&ts, NULL);
}

/* Changes its memory and descriptors a while, then runs itself again. */
static _Noreturn void changes(char *self)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 20; i++) {
		char *p = mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int fd = open(self, O_RDONLY), at = dup2(fd, 3 + i % 5);
		void *q = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);

		pause_us(500);
		mprotect(p + 4096, 4096, PROT_NONE);
		munmap(q, 8192);
		munmap(p, 1 << 16);
		close(at);
		if (at != fd)
			close(fd);
	}
	execl(self, self, "changes", NULL);
	_exit(1);
}

/* One that ends soon, at some moment under the calls. */
static void mortal_renew(void)
{
	if (pids[MORTAL] && waitpid(pids[MORTAL], NULL, WNOHANG) != pids[MORTAL])
		return;
	pids[MORTAL] = fork();
	if (!pids[MORTAL]) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		munmap(room, 4096);
		pause_us((long)(rnd() % 20000));
		_exit(0);
	}
}

static void targets_start(char *self)
{
	pids[SELF] = pids[SELF_TOO] = getpid();
	pids[SLEEPER] = child_start(busy, NULL);
	pids[INIT] = 1;
	pids[KERNEL_THREAD] = 2;
	pids[ZOMBIE] = fork();
	if (!pids[ZOMBIE])
		_exit(0);
	pids[EXECS] = fork();
	if (!pids[EXECS])
		changes(self);
}

int main(int argc, char **argv)
{
	long calls = argc > 1 ? atol(argv[1]) : 50000, good = 0;
	int fd;

	if (argc > 1 && !strcmp(argv[1], "changes"))
		changes(argv[0]);
	fd = dev_open();
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
	printf("seed %#llx\n", (unsigned long long)seed);
	room = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hole = room + (1 << 19);
	check(!munmap(hole, 1 << 14));
	memset(room + (1 << 15), 1, 1 << 16);
	outs[0] = memfd_create("out", MFD_CLOEXEC);
	outs[1] = open(argv[0], O_RDONLY | O_CLOEXEC);
	outs[2] = fd;
	outs[3] = -1;
	targets_start(argv[0]);
	for (long i = 0; i < calls; i++) {
		/* a large part of it does not lie in the structure that is asked for */
		static char arg[8192] __attribute__((aligned(8)));
		uint32_t nr = (uint32_t)rnd() % NR_CMDS;
		void *at = rnd() % 64 ? arg : (void *)(uintptr_t)address();
		int ret;

		if (i % 64 == 0)
			mortal_renew();
		argument_make(nr, arg);
		ret = ioctl(fd, _IO(CRCTL_IOC, nr), at);
		check(!ret || (ret == -1 && errno_known(errno)), "command %u errno %d", nr, errno);
		good += !ret;
	}
	printf("%ld calls, %ld of them answered\n", calls, good);
	check(good > calls / 50);
	child_end(pids[SLEEPER]);
	child_end(pids[EXECS]);
	return 0;
}
