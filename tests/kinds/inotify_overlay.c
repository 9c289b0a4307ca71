// SPDX-License-Identifier: GPL-2.0
/*
 * A directory and a file of an overlayfs are watched, both from the lower layer: the
 * watches see what is done to them after the restore too.
 */
#include <sys/inotify.h>
#include <sys/mount.h>

#include "kind.h"

static int fd, dir_wd, file_wd;
static char merged[PATH_MAX], watched_dir[PATH_MAX + 8], watched_file[PATH_MAX + 16];

static void make_dir(const char *name, char *ret_path)
{
	snprintf(ret_path, PATH_MAX, "%s/%s", kind_dir, name);
	must(mkdir(ret_path, 0755));
}

static void overlay_mount(void)
{
	char lower[PATH_MAX], upper[PATH_MAX], work[PATH_MAX], dir[PATH_MAX];
	char path[PATH_MAX + 16], options[PATH_MAX * 4];

	make_dir("lower", lower);
	make_dir("lower/dir", dir);
	snprintf(path, sizeof(path), "%s/file", dir);
	file_write(path, "text");
	make_dir("upper", upper);
	make_dir("work", work);
	make_dir("merged", merged);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper,
		 work);
	if (mount("overlay", merged, "overlay", 0, options))
		skip("no overlayfs here: %s", strerror(errno));
}

static void set_up(void)
{
	overlay_mount();
	snprintf(watched_dir, sizeof(watched_dir), "%s/dir", merged);
	snprintf(watched_file, sizeof(watched_file), "%s/file", watched_dir);
	fd = must(inotify_init1(IN_NONBLOCK));
	dir_wd = must(inotify_add_watch(fd, watched_dir, IN_CREATE));
	file_wd = must(inotify_add_watch(fd, watched_file, IN_ATTRIB));
}

static bool event_seen(int wd, uint32_t mask)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof(buf));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(buf + at);

		if (e->wd == wd && e->mask & mask)
			return true;
		at += (ssize_t)sizeof(*e) + e->len;
	}
	return false;
}

static void check(void)
{
	char path[PATH_MAX + 16];

	must(chmod(watched_file, 0600));
	if (!event_seen(file_wd, IN_ATTRIB))
		fail("the watch on the file does not see a chmod");
	snprintf(path, sizeof(path), "%s/new", watched_dir);
	file_write(path, "text");
	if (!event_seen(dir_wd, IN_CREATE))
		fail("the watch on the directory does not see a new file");
	same(must(inotify_rm_watch(fd, dir_wd)), 0, "inotify_rm_watch");
	must(umount2(merged, MNT_DETACH));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "cannot open a handle of overlayfs",
};
