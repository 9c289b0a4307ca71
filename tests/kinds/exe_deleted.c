// SPDX-License-Identifier: GPL-2.0
/* A program whose file was deleted while it runs, as an upgrade does. */
#include "kind.h"

static void copy_self(const char *path)
{
	char buf[65536];
	ssize_t n;
	int in = must(open("/proc/self/exe", O_RDONLY));
	int out = must(open(path, O_CREAT | O_WRONLY, 0755));

	while ((n = must(read(in, buf, sizeof(buf)))) > 0)
		must(write(out, buf, n));
	close(in);
	close(out);
}

static void set_up(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/program", kind_dir);
	if (!kind_argv[0]) {
		copy_self(path);
		must(execl(path, path, "again", NULL));
	}
	must(unlink(path));
}

static void check(void)
{
	char link[PATH_MAX] = "";

	must(readlink("/proc/self/exe", link, sizeof(link) - 1));
	if (!strstr(link, "/program"))
		fail("exe is %s", link);
	same(access("program", F_OK), -1, "the deleted program has its name again");
	if (strcmp(kind_argv[0], "again"))
		fail("the argument is %s", kind_argv[0]);
}

const struct kind kind = { .set_up = set_up, .check = check };
