// SPDX-License-Identifier: GPL-2.0
/* Probes for files and file systems. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/kcmp.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "kapi/probe.h"
#include "lib/cleanup.h"

#define TIMERFD_SET_TICKS _IOW('T', 0, uint64_t)
#define TUN_GET_NETNS	  _IO('T', 227)

static int fdinfo_has(int fd, const char *word)
{
	char path[64], line[256];
	auto_fclose FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, word, strlen(word)))
			return 0;
	return -EOPNOTSUPP;
}

int probe_mnt_id(void)
{
	auto_close int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fdinfo_has(fd, "mnt_id:");
}

int probe_fdinfo_lock(void)
{
	auto_close int fd = memfd_create("probe", MFD_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return -errno;
	return fdinfo_has(fd, "lock:");
}

int probe_openat2(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	auto_close int fd = (int)syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how));

	return fd < 0 ? -errno : 0;
}

int probe_close_range(void)
{
	return syscall(SYS_close_range, 1u << 30, 1u << 30, 0) < 0 ? -errno : 0;
}

int probe_kcmp_epoll(void)
{
	auto_close int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct kcmp_epoll_slot slot = { .efd = (uint32_t)epoll_fd };
	struct epoll_event event = { .events = EPOLLIN };
	pid_t pid = getpid();
	int ends[2];

	if (epoll_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	slot.tfd = (uint32_t)ends[0];
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ends[0], &event) < 0)
		return -errno;
	return syscall(SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, ends[0], &slot) < 0 ? -errno : 0;
}

int probe_timerfd(void)
{
	auto_close int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t ticks = 1;

	if (fd < 0)
		return -errno;
	return ioctl(fd, TIMERFD_SET_TICKS, &ticks) < 0 ? -errno : 0;
}

/* A mount namespace of this child's own, with an empty tmpfs at /tmp. */
static int own_tmp(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("probe", "/tmp", "tmpfs", 0, NULL) < 0 || chdir("/tmp") < 0)
		return -errno;
	return 0;
}

/* Does /proc/self/maps give the device and inode that fstat(2) gives? */
static int maps_agree(const void *addr, const struct stat *st)
{
	auto_fclose FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start, inode;
	unsigned int major, minor;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%*x %*s %*x %x:%x %lu", &start, &major, &minor, &inode) != 4)
			continue;
		if (start != (uintptr_t)addr)
			continue;
		if (makedev(major, minor) == st->st_dev && inode == st->st_ino)
			return 0;
		return -EOPNOTSUPP;
	}
	return -ENOENT;
}

int probe_overlayfs_maps(void)
{
	auto_close int fd = -1;
	struct stat st;
	void *addr;
	int ret = own_tmp();

	if (ret < 0)
		return ret;
	if (mkdir("lower", 0700) < 0 || mkdir("upper", 0700) < 0 || mkdir("work", 0700) < 0 ||
	    mkdir("all", 0700) < 0 ||
	    mount("probe", "all", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") < 0)
		return -errno;
	fd = open("all/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 4096) < 0 || fstat(fd, &st) < 0)
		return -errno;
	addr = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	return addr == MAP_FAILED ? -errno : maps_agree(addr, &st);
}

int probe_autofs(void)
{
	auto_fclose FILE *mounts = NULL;
	char options[96], line[512];
	int ends[2], ret = own_tmp();

	if (ret < 0)
		return ret;
	if (mkdir("auto", 0700) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	snprintf(options, sizeof(options), "fd=%d,pgrp=%d,minproto=5,maxproto=5,direct", ends[1],
		 getpgrp());
	if (mount("probe", "auto", "autofs", 0, options) < 0)
		return -errno;
	mounts = fopen("/proc/self/mountinfo", "re");
	while (mounts && fgets(line, sizeof(line), mounts))
		if (strstr(line, " - autofs ") && strstr(line, "pipe_ino="))
			return 0;
	return -EOPNOTSUPP;
}

int probe_tun(void)
{
	auto_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	unsigned int features;

	if (fd < 0)
		return -errno;
	return ioctl(fd, TUNGETFEATURES, &features) < 0 ? -errno : 0;
}

int probe_tun_ns(void)
{
	auto_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* The descriptor has no device yet, which is looked at where the call is known. */
	return ioctl(fd, TUN_GET_NETNS) < 0 && errno != EBADFD ? -errno : 0;
}
