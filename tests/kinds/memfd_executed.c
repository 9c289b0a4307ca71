// SPDX-License-Identifier: GPL-2.0
/* A child that runs a program out of a memfd. */
#include "kind.h"

extern char **environ;

static pid_t child;

static void program(void)
{
	const char *dir = getenv("KIND_DIR");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/running", dir);
	file_write(path, "");
	snprintf(path, sizeof(path), "%s/end", dir);
	while (access(path, F_OK))
		sleep_ms(2);
	_exit(0);
}

/* The memfd has this program, which finds by its name that it is the child. */
static void __attribute__((constructor)) main_of_child(void)
{
	char name[64] = "";

	if (getenv("KIND_CHILD"))
		program();
	(void)!readlink("/proc/self/exe", name, sizeof(name) - 1);
}

static void body(void)
{
	char *argv[] = { "child", NULL }, buf[65536];
	int from = must(open("/proc/self/exe", O_RDONLY)), fd = must(memfd_create("program", 0));
	char path[64];
	ssize_t n;

	while ((n = must(read(from, buf, sizeof(buf)))))
		same(write(fd, buf, n), n, "bytes copied");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	from = must(open(path, O_RDONLY | O_CLOEXEC));
	close(fd);
	must(setenv("KIND_DIR", kind_dir, 1));
	must(setenv("KIND_CHILD", "1", 1));
	must(fexecve(from, argv, environ));
}

static void set_up(void)
{
	child = child_start(body);
	await_mark("running");
}

static void check(void)
{
	char path[64], name[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/exe", child);
	must(readlink(path, name, sizeof(name) - 1));
	if (strcmp(name, "/memfd:program (deleted)"))
		fail("the executable is %s", name);
	mark("end");
	child_done(child);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "keeps a copy of the executable as a deleted file, and knows no other way",
};
