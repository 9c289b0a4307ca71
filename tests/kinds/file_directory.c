// SPDX-License-Identifier: GPL-2.0
/* A directory that is being read: every entry comes once, before or after the dump. */
#include "kind.h"

#define NR 40

static DIR *dir;
static int seen[NR];

static bool next(void)
{
	struct dirent *entry = readdir(dir);

	if (entry && entry->d_name[0] == 'f')
		seen[atoi(entry->d_name + 1)]++;
	return entry;
}

static int fd;

static void set_up(void)
{
	char name[32];
	int i;

	must(mkdir("dir", 0755));
	for (i = 0; i < NR; i++) {
		snprintf(name, sizeof(name), "dir/f%d", i);
		file_write(name, "");
	}
	dir = opendir("dir");
	if (!dir)
		fail("opendir: %s", strerror(errno));
	for (i = 0; i < 10; i++)
		next();
	fd = must(open("dir", O_RDONLY | O_DIRECTORY));
}

static void check(void)
{
	int i;

	must(faccessat(dirfd(dir), "f3", F_OK, 0));
	while (next())
		;
	for (i = 0; i < NR; i++)
		same(seen[i], 1, "times that entry %d was read", i);
	must(lseek(fd, 0, SEEK_SET));
}

const struct kind kind = { .set_up = set_up, .check = check };
