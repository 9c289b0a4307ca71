// SPDX-License-Identifier: GPL-2.0
/*
 * CRCTL_MEMORY: content, the place of every page in the file, what is left out and why,
 * memory that stays shared, files that cannot be written to, targets that change.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "uapi.h"

#define PAGE	4096ul
#define NR	4096ul		/* pages of the large area */
#define MAX_RUNS 64

/* What the target has, at addresses that it shares with us. */
static char *large, *holes, *file_map, *shared;
static int dev;
static char out_name[64];

/* With nothing behind it. */
static char *map(size_t nr_pages, int flags, int fd)
{
	char *p = mmap(NULL, (nr_pages + 1) * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	check(p != MAP_FAILED);
	check(!munmap(p + nr_pages * PAGE, PAGE));
	madvise(p, nr_pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

static void page_fill(char *p, uint64_t nr)
{
	for (size_t i = 0; i < PAGE / 8; i++)
		((uint64_t *)p)[i] = nr * 1000 + i;
}

static int out_open(int flags)
{
	int fd;

	snprintf(out_name, sizeof(out_name), "memory.%d", getpid());
	fd = open(out_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0600);
	check(fd >= 0, "%s", out_name);
	unlink(out_name);
	return fd;
}

static struct crctl_memory_run runs[MAX_RUNS];

static struct crctl_memory good(pid_t pid, int out, const struct crctl_range *ranges, uint32_t nr)
{
	return (struct crctl_memory){ .size = sizeof(struct crctl_memory), .pid = pid,
				      .out_fd = out, .ranges = (uintptr_t)ranges, .nr_ranges = nr,
				      .runs = (uintptr_t)runs, .max_runs = MAX_RUNS };
}

static struct crctl_range range(const char *start, size_t nr_pages)
{
	return (struct crctl_range){ (uintptr_t)start, (uintptr_t)start + nr_pages * PAGE };
}

static bool page_is(int out, uint64_t pos, uint64_t nr)
{
	char want[PAGE], have[PAGE];

	page_fill(want, nr);
	return pread(out, have, PAGE, (off_t)pos) == PAGE && !memcmp(want, have, PAGE);
}

/* To the end, in as many calls as it takes; returns how many. */
static uint32_t copy_all(struct crctl_memory *m, struct crctl_memory_run *all, uint32_t *ret_nr)
{
	uint32_t calls = 0;

	*ret_nr = 0;
	while (m->next < m->nr_ranges) {
		check(!ioctl(dev, CRCTL_MEMORY, m), "range %u", m->next);
		for (uint32_t i = 0; i < m->nr_runs; i++) {
			check(runs[i].start < runs[i].end && !runs[i].pad);
			if (*ret_nr && all[*ret_nr - 1].end == runs[i].start &&
			    all[*ret_nr - 1].state == runs[i].state)
				all[*ret_nr - 1].end = runs[i].end;
			else
				all[(*ret_nr)++] = runs[i];
		}
		calls++;
	}
	return calls;
}

static void run_check(const struct crctl_memory_run *r, const char *start, size_t nr_pages,
		      uint32_t state)
{
	check(r->start == (uintptr_t)start && r->end == r->start + nr_pages * PAGE &&
	      r->state == state, "%llx-%llx %u, not %p %zu %u", (unsigned long long)r->start,
	      (unsigned long long)r->end, r->state, start, nr_pages, state);
}

/* ---- good calls ---- */

static void content(pid_t pid)
{
	struct crctl_memory_run all[NR];
	struct crctl_range r[3] = { range(large, 1), range(large + 2 * PAGE, NR - 4),
				    range(large + (NR - 1) * PAGE, 1) };
	int out = out_open(0);
	struct crctl_memory m = good(pid, out, r, 3);
	struct stat st;
	uint32_t nr;

	m.pos = 100;
	copy_all(&m, all, &nr);
	check(nr == 3 && m.pos == 100 + (NR - 2) * PAGE && m.next == 3 && !m.next_at);
	for (uint32_t i = 0; i < 3; i++)
		check(all[i].start == r[i].start && all[i].end == r[i].end && !all[i].state);
	check(page_is(out, 100, 0) && page_is(out, 100 + (NR - 3) * PAGE, NR - 1));
	for (uint64_t i = 0; i < NR - 4; i++)
		check(page_is(out, 100 + (i + 1) * PAGE, i + 2), "page %lu", i);
	check(!fstat(out, &st) && (uint64_t)st.st_size == m.pos);
	check(!lseek(out, 0, SEEK_CUR));
	close(out);
}

/* The file on tmpfs, and on overlayfs on top of that. */
static void on_tmpfs(pid_t pid)
{
	char dir[] = "tmpfs.XXXXXX";

	check(mkdtemp(dir));
	check(!mount("none", dir, "tmpfs", 0, "size=64m") && !chdir(dir));
	content(pid);
	check(!mkdir("low", 0700) && !mkdir("up", 0700) && !mkdir("work", 0700));
	if (!mount("none", "low", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work")) {
		check(!chdir("low"));
		content(pid);
		check(!chdir("..") && !umount("low"));
	}
	check(!chdir("..") && !umount(dir) && !rmdir(dir));
}

/* One run told a call, which stops it wherever that is. */
static void pieces(pid_t pid)
{
	struct crctl_range r[8];
	struct crctl_memory_run all[MAX_RUNS];
	int out = out_open(0);
	struct crctl_memory m = good(pid, out, r, 8);
	uint32_t nr;

	for (uint32_t i = 0; i < 8; i++)
		r[i] = range(large + i * 3 * PAGE, 2);
	m.max_runs = 1;
	check(copy_all(&m, all, &nr) == 8 && nr == 8);
	for (uint64_t i = 0; i < 8; i++)
		check(page_is(out, i * 2 * PAGE, i * 3) &&
		      page_is(out, i * 2 * PAGE + PAGE, i * 3 + 1));
	/* in the middle */
	m = good(pid, out, r, 8);
	m.next = 2;
	m.next_at = r[2].start + PAGE;
	m.pos = 5 * PAGE;
	check(!ioctl(dev, CRCTL_MEMORY, &m) && m.next == 8 && m.nr_runs == 6);
	check(runs[0].start == r[2].start + PAGE && m.pos == 16 * PAGE);
	close(out);
}

/* A call does a piece; what it looks at without finding anything counts too. */
static void bounded(pid_t pid)
{
	size_t nr_pages = 1 << 20;
	char *empty = mmap(NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct crctl_range r = range(empty, nr_pages);
	int out = out_open(0);
	struct crctl_memory m = good(getpid(), out, &r, 1);
	struct stat st;

	check(empty != MAP_FAILED);
	check(!ioctl(dev, CRCTL_MEMORY, &m) && !m.next && m.next_at < r.end);
	check(m.nr_runs == 1 && runs[0].state == CRCTL_MEMORY_NO_PAGE);
	check(!fstat(out, &st) && !st.st_size);
	munmap(empty, nr_pages * PAGE);
	close(out);
}

static uint64_t pagemap_word(pid_t pid, const char *p)
{
	char name[64];
	uint64_t word = 0;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/pagemap", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	check(fd >= 0 && pread(fd, &word, 8, (off_t)((uintptr_t)p / PAGE * 8)) == 8);
	close(fd);
	return word;
}

static bool present(pid_t pid, const char *p)
{
	return pagemap_word(pid, p) >> 63;
}

/* Pages 0, 3 and 4 are there; 1 only as the zero page; 5 cannot be read by the target. */
static void left_out(pid_t pid)
{
	struct crctl_range r[2] = { range(holes, 10), range(large, 2) };
	struct crctl_memory_run all[MAX_RUNS];
	int out = out_open(0);
	struct crctl_memory m = good(pid, out, r, 2);
	uint32_t nr;

	copy_all(&m, all, &nr);
	check(nr == 7, "%u", nr);
	run_check(&all[0], holes, 1, CRCTL_MEMORY_WRITTEN);
	run_check(&all[1], holes + PAGE, 2, CRCTL_MEMORY_NO_PAGE);
	run_check(&all[2], holes + 3 * PAGE, 3, CRCTL_MEMORY_WRITTEN);
	run_check(&all[3], holes + 6 * PAGE, 1, CRCTL_MEMORY_NO_PAGE);
	run_check(&all[4], holes + 7 * PAGE, 2, CRCTL_MEMORY_NO_AREA);
	run_check(&all[5], holes + 9 * PAGE, 1, CRCTL_MEMORY_WRITTEN);
	run_check(&all[6], large, 2, CRCTL_MEMORY_WRITTEN);
	check(page_is(out, 0, 70) && page_is(out, 3 * PAGE, 73) && page_is(out, 5 * PAGE, 75));
	check(page_is(out, 9 * PAGE, 79) && page_is(out, 10 * PAGE, 0));
	check(page_is(out, 11 * PAGE, 1));
	/* nothing was brought where nothing was */
	check(!present(pid, holes + 2 * PAGE) && !present(pid, holes + 6 * PAGE));
	close(out);
}

/* Of a private file: one page was written to, one read, one never touched. */
static void of_file(pid_t pid)
{
	struct crctl_range r = range(file_map, 3);
	struct crctl_memory_run all[MAX_RUNS];
	int out = out_open(0);
	struct crctl_memory m = good(pid, out, &r, 1);
	uint32_t nr;

	copy_all(&m, all, &nr);
	if (all[0].state == CRCTL_MEMORY_NOT_TAKEN) {
		run_check(&all[0], file_map, 3, CRCTL_MEMORY_NOT_TAKEN);
	} else {
		check(nr == 2);
		run_check(&all[0], file_map, 2, CRCTL_MEMORY_WRITTEN);
		run_check(&all[1], file_map + 2 * PAGE, 1, CRCTL_MEMORY_NO_PAGE);
		check(page_is(out, 0, 200));
	}
	check(!present(pid, file_map + 2 * PAGE), "a page of a file was brought in");
	close(out);
}

/* Ours since before fork(2), and still one page of both. */
static void stays_shared(pid_t pid)
{
	struct crctl_range r = range(shared, 16);
	struct crctl_memory_run all[MAX_RUNS];
	int out = out_open(0);
	struct crctl_memory m = good(pid, out, &r, 1);
	uint64_t before[16];
	uint32_t nr;

	for (int i = 0; i < 16; i++) {
		before[i] = pagemap_word(pid, shared + i * PAGE);
		check(before[i] == pagemap_word(getpid(), shared + i * PAGE));
	}
	copy_all(&m, all, &nr);
	check(nr == 1 && !all[0].state && page_is(out, 15 * PAGE, 315));
	for (int i = 0; i < 16; i++) {
		check(before[i] == pagemap_word(pid, shared + i * PAGE));
		check(before[i] == pagemap_word(getpid(), shared + i * PAGE));
	}
	close(out);
}

/* Huge pages, in pieces of them, and many of them. */
static void huge(void)
{
	size_t len = 8 << 20;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct crctl_range r[2] = { range(p + PAGE, 700), range(p + 702 * PAGE, 1346) };
	int out = out_open(0);
	struct crctl_memory m = good(getpid(), out, r, 2);

	check(p != MAP_FAILED);
	madvise(p, len, MADV_HUGEPAGE);
	for (uint64_t i = 0; i < len / PAGE; i++)
		page_fill(p + i * PAGE, i);
	while (m.next < m.nr_ranges)
		check(!ioctl(dev, CRCTL_MEMORY, &m) && m.nr_runs);
	for (uint64_t i = 0; i < 700; i++)
		check(page_is(out, i * PAGE, i + 1));
	for (uint64_t i = 0; i < 1346; i++)
		check(page_is(out, (700 + i) * PAGE, i + 702));
	munmap(p, len);
	close(out);
}

/* Past the page cache, where the file system can. */
static void direct(pid_t pid)
{
	struct crctl_range r = range(large, NR);
	struct crctl_memory_run all[MAX_RUNS];
	uint32_t nr;
	int out;
	struct crctl_memory m;

	snprintf(out_name, sizeof(out_name), "direct.%d", getpid());
	out = open(out_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_DIRECT, 0600);
	if (out < 0)
		return;
	unlink(out_name);
	m = good(pid, out, &r, 1);
	copy_all(&m, all, &nr);
	check(nr == 1 && !all[0].state);
	check(!fcntl(out, F_SETFL, 0));
	for (uint64_t i = 0; i < NR; i++)
		check(page_is(out, i * PAGE, i), "page %lu", i);
	close(out);
}

/* ---- files that do not take it ---- */

static void file_full(pid_t pid)
{
	struct rlimit old, rl = { 40 * PAGE + 100, 40 * PAGE + 100 };
	struct crctl_range r = range(large, NR);
	int out = out_open(0);
	struct crctl_memory m = good(pid, out, &r, 1);

	check(!getrlimit(RLIMIT_FSIZE, &old));
	rl.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	check(!setrlimit(RLIMIT_FSIZE, &rl));
	check_errno(dev, CRCTL_MEMORY, &m, EFBIG);
	check(!m.next && !m.pos && !m.nr_runs);
	check(!setrlimit(RLIMIT_FSIZE, &old));
	close(out);
}

/* What a call got done before the disk was full is told; the next call fails. */
static void disk_full(pid_t pid)
{
	struct crctl_range r = range(large, NR);
	struct crctl_memory m;
	char dir[] = "full.XXXXXX", name[64];
	uint64_t done;
	int out, ret;

	check(mkdtemp(dir));
	if (mount("none", dir, "tmpfs", 0, "size=2m")) {
		rmdir(dir);
		return;
	}
	snprintf(name, sizeof(name), "%s/out", dir);
	out = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	check(out >= 0);
	m = good(pid, out, &r, 1);
	check(!ioctl(dev, CRCTL_MEMORY, &m) && !m.next && m.nr_runs == 1);
	done = m.next_at - r.start;
	check(done && done == m.pos && done <= 2 << 20 && runs[0].end == m.next_at);
	for (uint64_t i = 0; i < done / PAGE; i++)
		check(page_is(out, i * PAGE, i));
	ret = ioctl(dev, CRCTL_MEMORY, &m);
	check(ret == -1 && errno == ENOSPC);
	/* room is made: it goes on */
	check(!mount("none", dir, "tmpfs", MS_REMOUNT, "size=64m"));
	while (m.next < m.nr_ranges)
		check(!ioctl(dev, CRCTL_MEMORY, &m));
	for (uint64_t i = 0; i < NR; i++)
		check(page_is(out, i * PAGE, i));
	close(out);
	check(!umount(dir) && !rmdir(dir));
}

static void wrong_files(pid_t pid)
{
	struct crctl_range r = range(large, 4);
	struct crctl_memory m = good(pid, -1, &r, 1);
	int p[2], fd;

	check_errno(dev, CRCTL_MEMORY, &m, EBADF);
	m.out_fd = 900;
	check_errno(dev, CRCTL_MEMORY, &m, EBADF);
	check(!pipe(p));
	m.out_fd = p[1];
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	m.out_fd = dev;
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	m.out_fd = fd = open("/dev/null", O_WRONLY);
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	close(fd);
	m.out_fd = fd = open("/", O_RDONLY | O_DIRECTORY);
	check_errno(dev, CRCTL_MEMORY, &m, EBADF);
	close(fd);
	m.out_fd = fd = open("/proc/self/exe", O_RDONLY);
	check_errno(dev, CRCTL_MEMORY, &m, EBADF);
	close(fd);
	m.out_fd = fd = open("/proc/self/mem", O_RDWR);
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	close(fd);
	m.out_fd = fd = out_open(O_APPEND);
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	close(fd);
	snprintf(out_name, sizeof(out_name), "/proc/self/fd/%d", fd = out_open(0));
	m.out_fd = open(out_name, O_PATH);
	check_errno(dev, CRCTL_MEMORY, &m, EBADF);
	close(m.out_fd);
	close(fd);
	close(p[0]);
	close(p[1]);
}

/* ---- wrong fields ---- */

static void wrong_ranges(pid_t pid, int out)
{
	struct crctl_range r[2] = { range(large, 4), range(large + 8 * PAGE, 4) }, w[2];
	struct crctl_memory g = good(pid, out, w, 2), m;

	memcpy(w, r, sizeof(r));
	m = g;
	check(!ioctl(dev, CRCTL_MEMORY, &m) && m.next == 2);
#define WRONG(change)                                                                              \
	do {                                                                                       \
		memcpy(w, r, sizeof(r));                                                           \
		m = g;                                                                             \
		change;                                                                            \
		check_errno(dev, CRCTL_MEMORY, &m, EINVAL);                                        \
	} while (0)
	WRONG(w[0].start++);
	WRONG(w[0].end++);
	WRONG(w[0].end = w[0].start);
	WRONG(w[0].end = w[0].start - PAGE);
	WRONG(w[0].end = 1ull << 57);
	WRONG(w[1].start = 0xffffffff81000000ull; w[1].end = w[1].start + PAGE);
	WRONG(w[1].start = w[0].end - PAGE);
	WRONG(w[1] = r[0]; w[0] = r[1]);
	WRONG(m.next_at = w[0].start + 1);
	WRONG(m.next_at = w[0].start - PAGE);
	WRONG(m.next_at = w[0].end);
	WRONG(m.next = 3);
	WRONG(m.next = UINT32_MAX);
	WRONG(m.max_runs = 0);
	WRONG(m.pos = 1ull << 63);
	WRONG(m.pos = UINT64_MAX);
#undef WRONG
	memcpy(w, r, sizeof(r));
	m = g, m.pos = INT64_MAX;
	check_errno(dev, CRCTL_MEMORY, &m, EFBIG);
	m = g, m.ranges = 8;
	check_errno(dev, CRCTL_MEMORY, &m, EFAULT);
	m = g, m.ranges = 0xffffffff81000000ull;
	check_errno(dev, CRCTL_MEMORY, &m, EFAULT);
	m = g, m.runs = 8;
	check_errno(dev, CRCTL_MEMORY, &m, EFAULT);
	m = g, m.nr_ranges = 0;
	check(!ioctl(dev, CRCTL_MEMORY, &m) && !m.nr_runs && !m.next);
}

static void wrong_fields(pid_t pid)
{
	struct crctl_range r = range(large, 4);
	int out = out_open(0);
	struct crctl_memory g = good(pid, out, &r, 1), m;
	struct {
		struct crctl_memory m;
		uint64_t more;
	} longer = { .m = g };

	longer.m.size = sizeof(longer);
	check(!ioctl(dev, CRCTL_MEMORY, &longer) && longer.m.next == 1);
	longer.m = g, longer.m.size = sizeof(longer), longer.more = 1;
	check_errno(dev, CRCTL_MEMORY, &longer, E2BIG);
	m = g, m.size = sizeof(m) - 4;
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	m = g, m.size = 0;
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	m = g, m.flags = 1;
	check_errno(dev, CRCTL_MEMORY, &m, EOPNOTSUPP);
	m = g, m.pid = 0;
	check_errno(dev, CRCTL_MEMORY, &m, EINVAL);
	m = g, m.pid = 0x3fffffff;
	check_errno(dev, CRCTL_MEMORY, &m, ESRCH);
	m = g, m.pid = 2;
	check_errno(dev, CRCTL_MEMORY, &m, ESRCH);
	check_errno(dev, CRCTL_MEMORY, (void *)8, EFAULT);
	wrong_ranges(pid, out);
	close(out);
}

/* A user who has the device open, and no privileges any more. */
static void not_permitted(pid_t pid)
{
	pid_t child = fork();
	int status;

	if (!child) {
		struct crctl_range r = range(large, 4);
		struct crctl_memory m = good(pid, out_open(0), &r, 1);

		check(!setgid(65534) && !setuid(65534));
		check_errno(dev, CRCTL_MEMORY, &m, EPERM);
		_exit(0);
	}
	check(waitpid(child, &status, 0) == child && !status);
}

/* ---- targets that change ---- */

static _Noreturn void target_churn(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (long n = 0;; n++) {
		char *p = large + (size_t)(n * 37 % (long)(NR - 64)) * PAGE;

		switch (n % 4) {
		case 0:
			munmap(p, 64 * PAGE);
			break;
		case 1:
			mmap(p, 64 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 2:
			for (int i = 0; i < 64; i++)
				page_fill(mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
					  (uint64_t)n);
			break;
		default:
			mprotect(p, 64 * PAGE, n % 8 < 4 ? PROT_NONE : PROT_READ | PROT_WRITE);
		}
	}
}

/* Unmapping, mapping and exiting under the calls. */
static void changing(void)
{
	struct crctl_range r = range(large, NR);
	time_t end = time(NULL) + 3;
	int out = out_open(0);

	while (time(NULL) < end) {
		struct crctl_memory m;
		pid_t pid = fork();

		if (!pid)
			target_churn();
		for (int i = 0; i < 20; i++) {
			m = good(pid, out, &r, 1);
			while (m.next < m.nr_ranges)
				check(!ioctl(dev, CRCTL_MEMORY, &m), "call %d", i);
		}
		check(!kill(pid, SIGKILL));
		do {
			m = good(pid, out, &r, 1);
		} while (!ioctl(dev, CRCTL_MEMORY, &m));
		check(errno == ESRCH);
		check(waitpid(pid, NULL, 0) == pid);
		check_errno(dev, CRCTL_MEMORY, &m, ESRCH);
	}
	close(out);
}

static void target_setup(void *arg)
{
	volatile char byte;

	byte = holes[PAGE];	/* the zero page */
	byte = file_map[PAGE];
	(void)byte;
	page_fill(file_map, 200);
}

static void areas_make(void)
{
	int fd = out_open(0);

	large = map(NR, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (uint64_t i = 0; i < NR; i++)
		page_fill(large + i * PAGE, i);
	holes = map(10, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (int i = 0; i < 10; i++)
		if (i != 1 && i != 2 && i != 6)
			page_fill(holes + i * PAGE, 70 + (uint64_t)i);
	check(!mprotect(holes + 5 * PAGE, PAGE, PROT_NONE));
	check(!munmap(holes + 7 * PAGE, 2 * PAGE));
	shared = map(16, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (uint64_t i = 0; i < 16; i++)
		page_fill(shared + i * PAGE, 300 + i);
	check(!ftruncate(fd, 3 * PAGE));
	file_map = map(3, MAP_PRIVATE, fd);
	check(!madvise(file_map, 3 * PAGE, MADV_RANDOM));	/* no pages around a fault */
	close(fd);
}

int main(void)
{
	pid_t pid;

	dev = dev_open();
	need(dev, CRCTL_HAS_MEMORY);
	check(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	areas_make();
	pid = child_start(target_setup, NULL);
	content(pid);
	on_tmpfs(pid);
	pieces(pid);
	bounded(pid);
	left_out(pid);
	of_file(pid);
	stays_shared(pid);
	huge();
	direct(pid);
	wrong_fields(pid);
	wrong_files(pid);
	not_permitted(pid);
	file_full(pid);
	disk_full(pid);
	child_end(pid);
	changing();
	return 0;
}
