// SPDX-License-Identifier: GPL-2.0
/* The vdso: clock_gettime, time and getcpu work, are where they were, and time goes on. */
#include "kind.h"

#include <sys/auxv.h>

static unsigned long start;
static struct timespec before;
static int cpu;

static void set_up(void)
{
	start = getauxval(AT_SYSINFO_EHDR);
	must(clock_gettime(CLOCK_MONOTONIC, &before));
	must(sched_getcpu());
}

static void check(void)
{
	struct timespec now, raw;
	struct timeval tv;
	time_t seconds = time(NULL);

	must(clock_gettime(CLOCK_MONOTONIC, &now));
	if (now.tv_sec < before.tv_sec)
		fail("the monotonic clock went backwards");
	if (now.tv_sec > before.tv_sec + 60)
		fail("the monotonic clock jumped by %ld s", (long)(now.tv_sec - before.tv_sec));
	must(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &raw));
	if (labs(raw.tv_sec - now.tv_sec) > 1)
		fail("the vdso's clock differs from the kernel's");
	must(gettimeofday(&tv, NULL));
	if (labs(tv.tv_sec - seconds) > 1)
		fail("time() and gettimeofday() differ");
	cpu = must(sched_getcpu());
	if (cpu >= 4096)
		fail("getcpu says %d", cpu);
	if (!strstr(smaps_header((void *)start), "[vdso]"))
		fail("no vdso is where the auxiliary vector says: %s", smaps_header((void *)start));
}

const struct kind kind = { .set_up = set_up, .check = check };
