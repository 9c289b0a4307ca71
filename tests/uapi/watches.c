// SPDX-License-Identifier: GPL-2.0
/* CRCTL_WATCHES of inotify and fanotify, and on overlayfs where it can be mounted. */
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "uapi.h"

#define BASE "/tmp/crctl-watches"
#define NR_DIRS 300

static struct seen {
	int wd;
	uint64_t mask, ino;
	uint32_t has, type, dev_major, dev_minor;
	char path[256];
} seen[NR_DIRS + 8];

static void watch_seen(const void *record, uint32_t size, void *arg)
{
	const struct crctl_watch *w = record;
	uint32_t *nr = arg;
	struct seen *s = &seen[(*nr)++];

	check(*nr <= NR_DIRS + 8);
	*s = (struct seen){ .wd = w->wd, .mask = w->mask, .ino = w->inode_ino, .has = w->has,
			    .type = w->type, .dev_major = w->dev_major, .dev_minor = w->dev_minor };
	snprintf(s->path, sizeof(s->path), "%s",
		 w->path_at ? (const char *)record + w->path_at : "");
}

static const struct seen *seen_find(uint32_t nr, int wd)
{
	for (uint32_t i = 0; i < nr; i++)
		if (seen[i].wd == wd)
			return &seen[i];
	check(0, "no wd %d", wd);
	return NULL;
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

static void inotify_check(int fd, const char *dir)
{
	struct crctl_list l = { .pid = getpid(), .fd = inotify_init1(IN_CLOEXEC) };
	int wds[NR_DIRS];
	uint32_t nr = 0;
	char path[300];
	struct stat st;

	for (int i = 0; i < NR_DIRS; i++) {
		snprintf(path, sizeof(path), "%s/d%d", dir, i);
		check(!mkdir(path, 0700));
		wds[i] = inotify_add_watch(l.fd, path,
					   IN_CREATE | IN_ONLYDIR | (i ? 0 : IN_ONESHOT));
		check(wds[i] >= 0);
	}
	list_all(fd, CRCTL_WATCHES, l, 4096, watch_seen, &nr);
	check(nr == NR_DIRS);
	for (int i = 0; i < NR_DIRS; i++) {
		const struct seen *s = seen_find(nr, wds[i]);

		snprintf(path, sizeof(path), "%s/d%d", dir, i);
		check(!stat(path, &st));
		snprintf(path, sizeof(path), "/d%d", i);
		check(s->mask == (IN_CREATE | (i ? 0 : IN_ONESHOT)), "%llx",
		      (unsigned long long)s->mask);
		check(s->has & CRCTL_WATCH_HAS_PATH && ends_with(s->path, path), "%s", s->path);
		check(s->dev_major == major(st.st_dev) && s->dev_minor == minor(st.st_dev));
	}
	list_wrong(fd, CRCTL_WATCHES, l, true);
	l.fd = 999;
	l.size = sizeof(l);
	check_errno(fd, CRCTL_WATCHES, &l, EBADF);
	l.fd = 0;
	check_errno(fd, CRCTL_WATCHES, &l, EINVAL);
}

static void deleted_check(int fd)
{
	struct crctl_list l = { .pid = getpid(), .fd = inotify_init1(IN_CLOEXEC) };
	int file = open(BASE "/gone", O_RDWR | O_CREAT, 0600);
	uint32_t nr = 0;

	check(file >= 0 && inotify_add_watch(l.fd, BASE "/gone", IN_MODIFY) >= 0);
	check(!unlink(BASE "/gone"));
	list_all(fd, CRCTL_WATCHES, l, 4096, watch_seen, &nr);
	check(nr == 1 && seen[0].has & CRCTL_WATCH_DELETED && ends_with(seen[0].path, "/gone"));
	close(file);
}

static void fanotify_check(int fd)
{
	struct crctl_list l = { .pid = getpid(), .fd = fanotify_init(0, O_RDONLY) };
	uint32_t nr = 0, kinds = 0;

	if (l.fd < 0) {
		printf("no fanotify here\n");
		return;
	}
	check(!fanotify_mark(l.fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, BASE));
	check(!fanotify_mark(l.fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE, AT_FDCWD, "/tmp"));
	list_all(fd, CRCTL_WATCHES, l, 4096, watch_seen, &nr);
	check(nr == 2);
	for (uint32_t i = 0; i < nr; i++) {
		kinds |= 1u << seen[i].type;
		if (seen[i].type == CRCTL_WATCH_ON_INODE)
			check(!strcmp(seen[i].path, "/") && seen[i].mask & FAN_OPEN, "%s",
			      seen[i].path);
	}
	check(kinds == (1 << CRCTL_WATCH_ON_INODE | 1 << CRCTL_WATCH_ON_MOUNT));
}

int main(void)
{
	int fd = dev_open();

	need(fd, CRCTL_HAS_WATCHES);
	check(!system("rm -rf " BASE "; mkdir -p " BASE "/plain"));
	check(!mount("tmpfs", BASE, "tmpfs", 0, NULL));
	check(!mkdir(BASE "/plain", 0700));
	inotify_check(fd, BASE "/plain");
	deleted_check(fd);
	fanotify_check(fd);
	if (!system("modprobe overlay 2>/dev/null; cd " BASE " && mkdir up low work mnt && "
		    "mount -t overlay -o upperdir=up,lowerdir=low,workdir=work overlay mnt")) {
		inotify_check(fd, BASE "/mnt");
		for (int i = 0; i < NR_DIRS; i++)
			check(seen[i].has & CRCTL_WATCH_OVERLAY && !strncmp(seen[i].path, "/d", 2));
		umount2(BASE "/mnt", MNT_DETACH);
	} else {
		printf("no overlayfs here\n");
	}
	umount2(BASE, MNT_DETACH);
	return 0;
}
