// SPDX-License-Identifier: GPL-2.0
/* Names: relative to a directory left since, deleted, replaced, in another root. */
#include "kind.h"

#include <sys/socket.h>
#include <sys/un.h>

static int relative, gone, replaced, other, gone_client;
static pid_t child;

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", name);
	return a;
}

static int server(const char *name)
{
	struct sockaddr_un a = address(name);
	int fd = must(socket(AF_UNIX, SOCK_SEQPACKET, 0));

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	must(listen(fd, 5));
	return fd;
}

static int client(const char *name)
{
	struct sockaddr_un a = address(name);
	int fd = must(socket(AF_UNIX, SOCK_SEQPACKET, 0));

	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -errno;
}

static void serves(int server_fd, const char *name)
{
	int fd = must(client(name)), got;
	char buf[8];

	got = must(accept(server_fd, NULL, NULL));
	must(write(fd, "hello", 5));
	same(must(read(got, buf, sizeof(buf))), 5, "bytes for %s", name);
	close(got);
	close(fd);
}

static void named(int fd, const char *want)
{
	struct sockaddr_un a = { 0 };
	socklen_t len = sizeof(a);

	must(getsockname(fd, (struct sockaddr *)&a, &len));
	same(strcmp(a.sun_path, want), 0, "the name %s, which should be %s", a.sun_path, want);
}

/* Marks of the main task are out of reach from in here. */
static void body(void)
{
	int inside;

	must(mkdir("jail", 0755));
	must(chroot("jail"));
	must(chdir("/"));
	inside = server("/inside");
	close(must(open("/ready", O_CREAT | O_RDWR, 0666)));
	while (access("/go", F_OK))
		sleep_ms(2);
	named(inside, "/inside");
	serves(inside, "/inside");
}

static void set_up(void)
{
	must(mkdir("deep", 0755));
	must(chdir("deep"));
	relative = server("relative");
	must(chdir(".."));
	gone = server("gone");
	gone_client = must(client("gone"));
	must(unlink("gone"));
	replaced = server("replaced");
	must(unlink("replaced"));
	other = server("replaced");
	child = child_start(body);
	while (access("jail/ready", F_OK))
		sleep_ms(2);
}

static void check(void)
{
	char buf[8];
	int fd;

	named(relative, "relative");
	named(gone, "gone");
	named(replaced, "replaced");
	serves(relative, "deep/relative");
	serves(other, "replaced");
	same(client("gone"), -ENOENT, "a deleted name leads nowhere");
	close(must(open("jail/go", O_CREAT | O_RDWR, 0666)));
	child_done(child);
	must(write(gone_client, "wait", 4));
	fd = must(accept(gone, NULL, NULL));
	same(must(read(fd, buf, sizeof(buf))), 4, "bytes of a client of the deleted name");
	named(fd, "gone");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "CRIU 4.2 takes a name in another root for a deleted one",
};
