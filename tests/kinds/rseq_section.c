// SPDX-License-Identifier: GPL-2.0
/* A thread that is dumped inside an rseq critical section goes on in its abort handler. */
#include "kind.h"

#include <sys/utsname.h>

#include <sys/rseq.h>

static pthread_t thread;
static volatile int stop;
static volatile long aborted, spinning, finished;

/*
 * Spins inside a critical section until @stop. Where it was interrupted, the
 * kernel sends it to 4:, which starts over. Without an abort a dump between would
 * leave `dirty` set in the middle, so each entry counts.
 */
static void *body(void *arg)
{
	struct rseq *rs = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);

	asm volatile(".pushsection __rseq_cs, \"aw\"\n\t"
		     ".balign 32\n"
		     "3:\n\t"
		     ".long 0, 0\n\t"
		     ".quad 1f, 2f - 1f, 4f\n\t"
		     ".popsection\n"
		     "0:\n\t"
		     "lea 3b(%%rip), %%rax\n\t"
		     "mov %%rax, %[cs]\n"
		     "1:\n\t"
		     "movq $1, %[spinning]\n"
		     "5:\n\t"
		     "mov %[stop], %%eax\n\t"
		     "test %%eax, %%eax\n\t"
		     "jz 5b\n\t"
		     "movq $1, %[finished]\n"
		     "2:\n\t"
		     "jmp 6f\n\t"
		     ".long %c[sig]\n"
		     "4:\n\t"
		     "incq %[aborted]\n\t"
		     "jmp 0b\n"
		     "6:\n\t"
		     : [cs] "+m"(rs->rseq_cs), [spinning] "=m"(spinning), [aborted] "+m"(aborted),
		       [finished] "=m"(finished)
		     : [stop] "m"(stop), [sig] "i"(RSEQ_SIG)
		     : "rax", "memory", "cc");
	return NULL;
}

static long aborted_before;

static void set_up(void)
{
	struct utsname names;
	unsigned int major, minor;

	if (!__rseq_size)
		skip("this libc did not register rseq");
	if (!uname(&names) && sscanf(names.release, "%u.%u", &major, &minor) == 2 &&
	    major * 1000 + minor < 5013 && !module_asked())
		skip("before Linux 5.13 only the module can tell of it");
	thread = thread_start(body, NULL);
	while (!spinning)
		sleep_ms(1);
	aborted_before = aborted;
}

static void check(void)
{
	long before = aborted;
	int64_t end = patience_end();
	cpu_set_t set;

	if (before == aborted_before && kind_downtime_ms > 30)
		fail("the section was not aborted when it was interrupted");
	/* Moving it between CPUs aborts it only while its registration is alive. */
	while (aborted == before && now_ms() < end) {
		CPU_ZERO(&set);
		CPU_SET((now_ms() / 10) % sysconf(_SC_NPROCESSORS_ONLN), &set);
		pthread_setaffinity_np(thread, sizeof(set), &set);
		sleep_ms(5);
	}
	if (aborted == before)
		fail("the section is not aborted any more");
	stop = 1;
	thread_join(thread);
	same(finished, 1, "end of the section");
}

const struct kind kind = { .set_up = set_up, .check = check };
