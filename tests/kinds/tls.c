// SPDX-License-Identifier: GPL-2.0
/* Thread-local storage: the FS and GS bases of every thread. */
#include "kind.h"

#include <asm/prctl.h>

#define NR 4

static __thread unsigned long local;
static unsigned long area[NR + 1];
static pthread_t threads[NR];
static unsigned long fs_base[NR + 1];

static void base_set(long i)
{
	area[i] = 1000 + i;
	local = 2000 + i;
	must(syscall(SYS_arch_prctl, ARCH_SET_GS, &area[i]));
	must(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_base[i]));
}

static void base_check(long i)
{
	unsigned long base, value;

	asm volatile("mov %%gs:0, %0" : "=r"(value));
	same(value, 1000 + i, "word at GS:0 of thread %ld", i);
	same(local, 2000 + i, "thread-local variable of thread %ld", i);
	must(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	same(base, fs_base[i], "FS base of thread %ld", i);
}

static void *body(void *arg)
{
	char name[16];

	base_set((long)arg);
	snprintf(name, sizeof(name), "thread%ld", (long)arg);
	mark(name);
	await_go();
	base_check((long)arg);
	return NULL;
}

static void set_up(void)
{
	char name[16];
	long i;

	base_set(NR);
	for (i = 0; i < NR; i++) {
		threads[i] = thread_start(body, (void *)i);
		snprintf(name, sizeof(name), "thread%ld", i);
		await_mark(name);
	}
}

static void check(void)
{
	int i;

	base_check(NR);
	for (i = 0; i < NR; i++)
		thread_join(threads[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
