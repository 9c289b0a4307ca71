// SPDX-License-Identifier: GPL-2.0
/*
 * A vdso that the restoring kernel does not have: one of its symbols gets another name in
 * the images. Its functions are led to the kernel's, which is somewhere else then.
 */
#include "kind.h"

#include <sys/auxv.h>

static unsigned long start;
static struct timespec before;

static void set_up(void)
{
	start = getauxval(AT_SYSINFO_EHDR);
	must(clock_gettime(CLOCK_MONOTONIC, &before));
	must(sched_getcpu());
}

static void edit(const char *path)
{
	int fd = must(open(path, O_RDWR));
	struct stat st;
	char *data, *p;
	bool found = false;

	must(fstat(fd, &st));
	data = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (p = data; (p = memmem(p, data + st.st_size - p, "__vdso_time", 11)); p++) {
		p[8] = 'a';
		found = true;
	}
	if (!found)
		exit(1);
	close(fd);
}

static void between(void)
{
	edit("img/pages-1.img");
	mark("edited");
}

static void check(void)
{
	struct timespec now, raw;
	struct timeval tv;
	time_t seconds = time(NULL);
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int nr = 0;

	must(clock_gettime(CLOCK_MONOTONIC, &now));
	must(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &raw));
	if (now.tv_sec < before.tv_sec || raw.tv_sec - now.tv_sec > 1)
		fail("the vdso's clock differs from the kernel's");
	must(gettimeofday(&tv, NULL));
	if (labs(tv.tv_sec - seconds) > 1)
		fail("time() and gettimeofday() differ");
	if (must(sched_getcpu()) >= 4096)
		fail("getcpu is wrong");
	while (maps && fgets(line, sizeof(line), maps))
		nr += strstr(line, "[vdso]") != NULL;
	same(nr, 1, "vdsos of the kernel");
	if (marked("edited") && strstr(smaps_header((void *)start), "[vdso]"))
		fail("the kernel's vdso took the place of another");
}

const struct kind kind = { .set_up = set_up, .check = check, .between = between };
