// SPDX-License-Identifier: GPL-2.0
/* Files with odd names: spaces, newlines, backslashes, bytes that are no UTF-8, and "(deleted)". */
#include "kind.h"

static const char *const names[] = {
	"with space", "new\nline", "back\\slash", "\xff\xfe\x80", "file (deleted)",
	"//double",   "tab\t",	   "quote\"'",	  "#percent%s",
};

#define NR (sizeof(names) / sizeof(names[0]))

static int fds[NR];
static void *maps[NR];

static void set_up(void)
{
	char path[PATH_MAX];
	unsigned int i;

	for (i = 0; i < NR; i++) {
		snprintf(path, sizeof(path), "%s/%s", kind_dir, names[i]);
		file_write(path, names[i]);
		fds[i] = must(open(path, O_RDONLY));
		maps[i] = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fds[i], 0);
	}
}

static void check(void)
{
	char path[PATH_MAX];
	struct stat a, b;
	unsigned int i;

	for (i = 0; i < NR; i++) {
		snprintf(path, sizeof(path), "%s/%s", kind_dir, names[i]);
		must(stat(path, &a));
		must(fstat(fds[i], &b));
		same(b.st_ino, a.st_ino, "inode of %s", names[i]);
		if (strcmp(maps[i], names[i]))
			fail("the mapping of %s has other content", names[i]);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
