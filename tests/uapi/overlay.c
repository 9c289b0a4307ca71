// SPDX-License-Identifier: GPL-2.0
/* CRCTL_OVERLAY: descriptors and mappings before and after copy-up, deleted, and elsewhere. */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "uapi.h"

#define BASE "/tmp/crctl-overlay"

static char texts[8192];

static struct crctl_overlay look(int fd, uint32_t object, int of, void *addr)
{
	struct crctl_overlay o = { .size = sizeof(o), .pid = getpid(), .object = object, .fd = of,
				   .addr = (uintptr_t)addr, .buf = (uintptr_t)texts,
				   .buf_len = sizeof(texts) };

	check(!ioctl(fd, CRCTL_OVERLAY, &o));
	check(o.has & CRCTL_OVERLAY_HAS_PATH);
	return o;
}

static uint64_t ino_of(const char *path)
{
	struct stat st;

	check(!stat(path, &st));
	return st.st_ino;
}

static void wrong(int fd, int of)
{
	struct crctl_overlay good = { .size = sizeof(good), .pid = getpid(), .fd = of,
				      .buf = (uintptr_t)texts, .buf_len = sizeof(texts) }, o;

	o = good, o.size = 16;
	check_errno(fd, CRCTL_OVERLAY, &o, EINVAL);
	o = good, o.flags = 1;
	check_errno(fd, CRCTL_OVERLAY, &o, EOPNOTSUPP);
	o = good, o.object = 7;
	check_errno(fd, CRCTL_OVERLAY, &o, EOPNOTSUPP);
	o = good, o.pid = -4;
	check_errno(fd, CRCTL_OVERLAY, &o, EINVAL);
	o = good, o.fd = 900;
	check_errno(fd, CRCTL_OVERLAY, &o, EBADF);
	o = good, o.fd = -1;
	check_errno(fd, CRCTL_OVERLAY, &o, EBADF);
	o = good, o.buf_len = 1;
	check_errno(fd, CRCTL_OVERLAY, &o, EMSGSIZE);
	check(o.needed > 1);
	o = good, o.buf = 8;
	check_errno(fd, CRCTL_OVERLAY, &o, EFAULT);
	o = good, o.object = CRCTL_OVERLAY_ADDR, o.addr = 0;
	check_errno(fd, CRCTL_OVERLAY, &o, ENOENT);
	o = good, o.fd = open("/proc/self/stat", O_RDONLY);
	check_errno(fd, CRCTL_OVERLAY, &o, ENOENT);
}

int main(void)
{
	int fd = dev_open(), file, write_fd;
	struct crctl_overlay o;
	uint64_t low, up;
	void *at;

	need(fd, CRCTL_HAS_OVERLAY);
	check(!system("rm -rf " BASE "; mkdir -p " BASE));
	check(!mount("tmpfs", BASE, "tmpfs", 0, NULL));
	if (system("modprobe overlay 2>/dev/null; cd " BASE " && mkdir up low low/dir work mnt && "
		   "echo lower > low/dir/f && "
		   "mount -t overlay -o upperdir=up,lowerdir=low,workdir=work overlay mnt")) {
		printf("no overlayfs here\n");
		umount2(BASE, MNT_DETACH);
		return 77;
	}
	file = open(BASE "/mnt/dir/f", O_RDONLY);
	at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
	check(file >= 0 && at != MAP_FAILED);
	low = ino_of(BASE "/low/dir/f");
	o = look(fd, CRCTL_OVERLAY_FD, file, NULL);
	check(o.has & CRCTL_OVERLAY_HAS_REAL && o.now_ino == low && o.real_ino == low);
	check(!strcmp(texts + o.path_at, "/dir/f") && !strcmp(texts + o.real_at, "/low/dir/f"),
	      "%s %s", texts + o.path_at, texts + o.real_at);
	check(o.ino == ino_of(BASE "/mnt/dir/f"));
	o = look(fd, CRCTL_OVERLAY_ADDR, 0, at);
	check(o.real_ino == low && !(o.has & CRCTL_OVERLAY_COPIED_UP));

	write_fd = open(BASE "/mnt/dir/f", O_RDWR);
	check(write_fd >= 0 && write(write_fd, "upper", 5) == 5);
	up = ino_of(BASE "/up/dir/f");
	o = look(fd, CRCTL_OVERLAY_FD, write_fd, NULL);
	check(o.now_ino == up && !strcmp(texts + o.path_at, "/dir/f"));
	o = look(fd, CRCTL_OVERLAY_ADDR, 0, at);
	check(o.real_ino == low && o.now_ino == up && o.has & CRCTL_OVERLAY_COPIED_UP);
	check(!unlink(BASE "/mnt/dir/f"));
	o = look(fd, CRCTL_OVERLAY_FD, write_fd, NULL);
	check(o.has & CRCTL_OVERLAY_DELETED && o.now_ino == up);
	o = look(fd, CRCTL_OVERLAY_FD, open(BASE "/mnt/dir", O_RDONLY), NULL);
	check(S_ISDIR(o.mode) && !strcmp(texts + o.path_at, "/dir"));
	wrong(fd, write_fd);
	close(file);
	close(write_fd);
	munmap(at, 4096);
	umount2(BASE "/mnt", MNT_DETACH);
	umount2(BASE, MNT_DETACH);
	return 0;
}
