// SPDX-License-Identifier: GPL-2.0
/* Probes for memory: how it is looked at, filled and put in place. */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/prctl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "kapi/probe.h"
#include "lib/cleanup.h"

#define MAP_VDSO_64   0x2003	/* asm/prctl.h */
#define GUARD_ADVICE  102	/* MADV_GUARD_INSTALL, 6.13 */
#define SCAN_PRESENT  (1u << 3) /* PAGE_IS_PRESENT */
#define SCAN_GUARD    (1u << 8) /* PAGE_IS_GUARD, 6.15 */
#define ENTRY_DIRTY   (1ull << 55)
#define ENTRY_PRESENT (1ull << 63)

/* linux/fs.h of 6.7, younger than Debian 12's. */
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)

static size_t page_len(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void *page_make(void)
{
	void *page = mmap(NULL, page_len(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	return page == MAP_FAILED ? NULL : page;
}

int probe_set_mm_map(void)
{
	unsigned int size = 0;

	if (prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) < 0)
		return -errno;
	return size >= sizeof(struct prctl_mm_map) ? 0 : -EOPNOTSUPP;
}

int probe_map_files(void)
{
	auto_fclose FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[512], path[96];
	auto_close int fd = -1;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (!strchr(line, '/') || sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", start, end);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : 0;
	}
	return -ENOENT;
}

int probe_process_vm(void)
{
	int from = 42, to = 0;
	struct iovec local = { &to, sizeof(to) }, remote = { &from, sizeof(from) };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) < 0)
		return -errno;
	return to == 42 ? 0 : -EIO;
}

static int pagemap_read(const volatile void *page, uint64_t *ret_entry)
{
	auto_close int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)page / page_len() * sizeof(*ret_entry));

	if (fd < 0)
		return -errno;
	if (pread(fd, ret_entry, sizeof(*ret_entry), at) != (ssize_t)sizeof(*ret_entry))
		return -EIO;
	return 0;
}

int probe_pagemap(void)
{
	volatile char *page = page_make();
	uint64_t entry = 0;
	int ret;

	if (!page)
		return -ENOMEM;
	*page = 1;
	ret = pagemap_read(page, &entry);
	if (ret < 0)
		return ret;
	return entry & ENTRY_PRESENT ? 0 : -EOPNOTSUPP;
}

static int scan(uint64_t categories)
{
	auto_close int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	volatile char *page = page_make();
	uint64_t region[3];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)page,
		.end = (uintptr_t)page + page_len(),
		.vec = (uintptr_t)region,
		.vec_len = 1,
		.category_anyof_mask = categories,
		.return_mask = categories,
	};

	if (fd < 0 || !page)
		return -errno;
	*page = 1;
	return ioctl(fd, SCAN_IOCTL, &arg) < 0 ? -errno : 0;
}

int probe_pagemap_scan(void)
{
	return scan(SCAN_PRESENT);
}

int probe_pagemap_scan_guard(void)
{
	return scan(SCAN_GUARD);
}

int probe_guard_install(void)
{
	void *page = page_make();

	if (!page)
		return -ENOMEM;
	return madvise(page, page_len(), GUARD_ADVICE) < 0 ? -errno : 0;
}

int probe_mem_dirty_track(void)
{
	auto_close int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	volatile char *page = page_make();
	uint64_t before = 0, after = 0;
	int ret;

	if (fd < 0 || !page)
		return -errno;
	*page = 1;
	if (write(fd, "4", 1) != 1)
		return -errno;
	ret = pagemap_read(page, &before);
	*page = 2;
	if (!ret)
		ret = pagemap_read(page, &after);
	if (ret < 0)
		return ret;
	return !(before & ENTRY_DIRTY) && (after & ENTRY_DIRTY) ? 0 : -EOPNOTSUPP;
}

int probe_memfd_hugetlb(void)
{
	auto_close int fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB);

	return fd < 0 ? -errno : 0;
}

static int uffd_with(uint64_t features)
{
	auto_close int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	if (fd < 0)
		return -errno;
	return ioctl(fd, UFFDIO_API, &api) < 0 ? -errno : 0;
}

int probe_uffd(void)
{
	return uffd_with(0);
}

int probe_uffd_noncoop(void)
{
	return uffd_with(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP |
			 UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP);
}

int probe_map_vdso(void)
{
	long ret = syscall(SYS_arch_prctl, MAP_VDSO_64, 0);

	/* There is a vdso already, which is looked at only where the call is known. */
	return ret < 0 && errno != EEXIST ? -errno : 0;
}

/* The ring's address is the context's name: it must answer under its new one. */
int probe_aio_remap(void)
{
	struct timespec none = { 0 };
	struct io_event event;
	aio_context_t ctx = 0;
	void *place, *moved;

	place = mmap(NULL, page_len(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED || syscall(SYS_io_setup, 1, &ctx) < 0)
		return -errno;
	moved = mremap((void *)ctx, page_len(), page_len(), MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (moved == MAP_FAILED)
		return -errno;
	return syscall(SYS_io_getevents, moved, 0, 1, &event, &none) < 0 ? -errno : 0;
}
