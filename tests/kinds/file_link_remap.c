// SPDX-License-Identifier: GPL-2.0
/* A deleted name of a file that has another name: with --link-remap it is one file still. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	file_write("file", "linked");
	must(link("file", "elsewhere"));
	fd = must(open("file", O_RDWR));
	must(lseek(fd, 3, SEEK_SET));
	must(unlink("file"));
}

static void check(void)
{
	struct stat a, b;
	char buf[8];
	struct dirent *entry;
	DIR *dir;

	must(fstat(fd, &a));
	must(stat("elsewhere", &b));
	same(a.st_ino, b.st_ino, "inode");
	same(b.st_nlink, 1, "links");
	same(must(read(fd, buf, sizeof(buf))), 3, "bytes read");
	dir = opendir(".");
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, "link_remap"))
			fail("the name %s is left behind", entry->d_name);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.options = "--link-remap",
	.kill_limit = "a dump that was killed leaves the link that it had made",
};
