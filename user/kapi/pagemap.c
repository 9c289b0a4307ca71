// SPDX-License-Identifier: GPL-2.0
/*
 * PAGEMAP_SCAN (Linux 6.7) answers for a whole address space in a few calls.
 * Older kernels: the 64-bit words of /proc/PID/pagemap, where the zero pages are known
 * by their frames. Those are told to CAP_SYS_ADMIN only; zeros are dumped otherwise.
 */
#include "kapi/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/cleanup.h"

/* linux/fs.h of 6.7, and of 6.15 for guards */
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL  _IOWR('f', 16, struct scan_arg)
#define IS_FILE     (1ull << 2)
#define IS_PRESENT  (1ull << 3)
#define IS_SWAPPED  (1ull << 4)
#define IS_PFNZERO  (1ull << 5)
#define IS_GUARD    (1ull << 8)
#define SCAN_LEN    4096

/* Words of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst) */
#define PM_PRESENT  (1ull << 63)
#define PM_SWAP     (1ull << 62)
#define PM_FILE     (1ull << 61)
#define PM_GUARD    (1ull << 58)
#define PM_FRAME    ((1ull << 55) - 1)
#define PM_CHUNK    8192
#define HUGE_LEN    (2ull << 20)
#define PAGE        4096ull

int pagemap_open(int proc_fd)
{
	int fd = openat(proc_fd, "pagemap", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int range_add(struct pagemap_list *list, uint64_t start, uint64_t end, uint64_t guard)
{
	struct pagemap_range *last = list->nr ? &list->items[list->nr - 1] : NULL;

	/* a scan that goes on where the vector was full may tell its last ranges again (6.18) */
	if (last && start < last->end)
		start = last->end;
	if (start >= end)
		return 0;
	if (last && last->end == start && last->guard == guard) {
		last->end = end;
		return 0;
	}
	last = array_add(list);
	if (!last)
		return -ENOMEM;
	*last = (struct pagemap_range){ start, end, guard };
	return 0;
}

static int scan(int fd, uint64_t start, uint64_t end, uint64_t guard, struct pagemap_range *vec,
		struct pagemap_list *list)
{
	struct scan_arg arg = {
		.size = sizeof(arg), .end = end, .vec = (uint64_t)vec, .vec_len = SCAN_LEN,
		.category_inverted = IS_FILE | IS_PFNZERO, .category_mask = IS_FILE | IS_PFNZERO,
		.category_anyof_mask = IS_PRESENT | IS_SWAPPED, .return_mask = guard,
	};
	int ret = 0;

	while (start < end && !ret) {
		int n;

		arg.start = start;
		n = ioctl(fd, SCAN_IOCTL, &arg);
		if (n < 0)
			return -errno;
		for (int i = 0; i < n && !ret; i++)
			ret = range_add(list, vec[i].start, vec[i].end, vec[i].guard);
		start = arg.walk_end;
	}
	return ret;
}

/* The frame of this process's page at @at, 0 when there is none or it is not told. */
static uint64_t own_frame(int fd, const char *at)
{
	uint64_t word = 0;

	if (pread(fd, &word, sizeof(word), (off_t)((uintptr_t)at / PAGE * 8)) != sizeof(word) ||
	    !(word & PM_PRESENT))
		return 0;
	return word & PM_FRAME;
}

/* Reading memory that was never written to maps the zero pages. */
void pagemap_zeros(struct pagemap_zeros *ret)
{
	auto_close int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	char *mem = mmap(NULL, 3 * HUGE_LEN, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *huge = (char *)(((uintptr_t)mem + 2 * HUGE_LEN - 1) & ~(HUGE_LEN - 1));
	uint64_t first;

	*ret = (struct pagemap_zeros){ 0 };
	if (mem == MAP_FAILED)
		return;
	(void)madvise(huge - PAGE, PAGE, MADV_NOHUGEPAGE);	/* kernels without huge pages */
	(void)*(volatile char *)(huge - PAGE);
	ret->page = own_frame(fd, huge - PAGE);
	(void)madvise(huge, HUGE_LEN, MADV_HUGEPAGE);		/* as above */
	(void)*(volatile char *)huge;
	first = own_frame(fd, huge);
	if (first && own_frame(fd, huge + HUGE_LEN - PAGE) == first + HUGE_LEN / PAGE - 1)
		ret->huge = first;
	(void)munmap(mem, 3 * HUGE_LEN);	/* what was just mapped */
}

static bool is_zero_page(uint64_t word, const struct pagemap_zeros *zeros)
{
	uint64_t frame = word & PM_FRAME;

	if (!(word & PM_PRESENT) || !frame)
		return false;
	return frame == zeros->page ||
	       (zeros->huge && frame - zeros->huge < HUGE_LEN / PAGE);
}

int pagemap_read_words(int fd, uint64_t start, uint64_t end, const struct pagemap_zeros *zeros,
		       struct pagemap_list *list)
{
	auto_free uint64_t *words = malloc(PM_CHUNK * sizeof(*words));
	int ret = 0;

	if (!words)
		return -ENOMEM;
	while (start < end && !ret) {
		size_t nr = (end - start) / PAGE < PM_CHUNK ? (end - start) / PAGE : PM_CHUNK;
		ssize_t n = pread(fd, words, nr * 8, (off_t)(start / PAGE * 8));

		if (n <= 0)
			return n ? -errno : 0;
		for (size_t i = 0; i < (size_t)n / 8 && !ret; i++) {
			uint64_t at = start + i * PAGE;

			if (words[i] & (PM_PRESENT | PM_SWAP | PM_GUARD) &&
			    !(words[i] & PM_FILE) && !is_zero_page(words[i], zeros))
				ret = range_add(list, at, at + PAGE, words[i] & PM_GUARD);
		}
		start += (uint64_t)n / 8 * PAGE;
	}
	return ret;
}

int pagemap_scan(int pagemap_fd, uint64_t start, uint64_t end, struct pagemap_list *ret)
{
	auto_free struct pagemap_range *vec = malloc(SCAN_LEN * sizeof(*vec));
	size_t before = ret->nr;
	int code;

	if (!vec)
		return -ENOMEM;
	code = scan(pagemap_fd, start, end, IS_GUARD, vec, ret);
	if (code == -EINVAL && ret->nr == before)
		code = scan(pagemap_fd, start, end, 0, vec, ret);
	return code;
}
