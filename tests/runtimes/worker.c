// SPDX-License-Identifier: GPL-2.0
/*
 * What runs in the containers of the tests: worker WHAT[=ARG]... uses each thing ten
 * times a second and prints a line "NUMBER MILLISECONDS" when all went as it must, or
 * what did not and ends. `tcp`: a connection over loopback; `serve=PORT`: answers clients
 * with their own lines; `lock=FILE`: a lock that a child must not get; `watch=DIR`:
 * inotify; `outside=SOCKET`: datagrams to a Unix socket of somebody else; `tty`: a
 * terminal that repeats lines; `file=PATH`: an unlinked file that is open; `group=PATH`:
 * a child that has moved to that cgroup; `user=UID`: who it must be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define must(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("failed: %s (%s)\n", #cond, strerror(errno));                       \
			fflush(stdout);                                                            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct use {
	const char *arg;
	int fd[4];
	pid_t child;
	unsigned int nr;
};

static void tcp_begin(struct use *u)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	u->fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(!bind(u->fd[0], (void *)&a, sizeof(a)) && !listen(u->fd[0], 1));
	must(!getsockname(u->fd[0], (void *)&a, &len));
	u->fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(u->fd[1], (void *)&a, sizeof(a)));
	u->fd[2] = accept(u->fd[0], NULL, NULL);
	must(u->fd[2] >= 0);
}

static void tcp_use(struct use *u)
{
	char c = 0;

	u->nr++;
	must(write(u->fd[1], &(char){ (char)u->nr }, 1) == 1);
	must(read(u->fd[2], &c, 1) == 1 && c == (char)u->nr);
}

static void serve_begin(struct use *u)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(u->arg)) };
	int one = 1;

	u->fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(!setsockopt(u->fd[0], SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	must(!bind(u->fd[0], (void *)&a, sizeof(a)) && !listen(u->fd[0], 8));
	u->fd[1] = -1;
}

static void serve_use(struct use *u)
{
	char line[256];
	ssize_t n;

	if (u->fd[1] < 0)
		u->fd[1] = accept4(u->fd[0], NULL, NULL, SOCK_NONBLOCK);
	while (u->fd[1] >= 0 && (n = read(u->fd[1], line, sizeof(line))) > 0)
		must(write(u->fd[1], line, (size_t)n) == n);
}

static void lock_begin(struct use *u)
{
	u->fd[0] = open(u->arg, O_RDWR | O_CREAT, 0600);
	must(u->fd[0] >= 0 && !flock(u->fd[0], LOCK_EX));
}

static void lock_use(struct use *u)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		int fd = open(u->arg, O_RDWR);

		_exit(fd < 0 || !flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK);
	}
	must(waitpid(pid, &status, 0) == pid && !status);
}

static void watch_begin(struct use *u)
{
	u->fd[0] = inotify_init1(IN_NONBLOCK);
	must(u->fd[0] >= 0 && inotify_add_watch(u->fd[0], u->arg, IN_CREATE) > 0);
}

static bool events_have(const char *buf, ssize_t len, const char *name)
{
	for (ssize_t at = 0; at < len;) {
		const struct inotify_event *e = (const void *)(buf + at);

		if (e->mask & IN_CREATE && e->len && !strcmp(e->name, name))
			return true;
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	return false;
}

static void watch_use(struct use *u)
{
	char buf[4096] __attribute__((aligned(8))), name[64], path[256];

	snprintf(name, sizeof(name), "new-%u", u->nr++);
	snprintf(path, sizeof(path), "%s/%s", u->arg, name);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	must(!unlink(path));
	must(events_have(buf, read(u->fd[0], buf, sizeof(buf)), name));
}

static void outside_begin(struct use *u)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", u->arg);
	u->fd[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(!connect(u->fd[0], (void *)&a, sizeof(a)));
}

static void outside_use(struct use *u)
{
	must(dprintf(u->fd[0], "%u\n", u->nr++) > 0 || errno == EAGAIN);
}

static void tty_begin(struct use *u)
{
	must(isatty(0) && isatty(1));
	must(!fcntl(0, F_SETFL, O_NONBLOCK));
}

static void tty_use(struct use *u)
{
	struct winsize size = { 0 };
	char line[256];
	ssize_t n;

	must(!ioctl(0, TIOCGWINSZ, &size));
	n = read(0, line, sizeof(line) - 1);
	must(n != 0 && (n > 0 || errno == EAGAIN));
	if (n > 0) {
		line[n] = 0;
		printf("got %dx%d %s", size.ws_row, size.ws_col, line);
	}
}

static void file_begin(struct use *u)
{
	u->fd[0] = open(u->arg, O_RDWR | O_CREAT | O_EXCL, 0600);
	must(u->fd[0] >= 0 && !unlink(u->arg));
}

static void file_use(struct use *u)
{
	unsigned int nr = 0;

	must(u->nr == 0 || (pread(u->fd[0], &nr, sizeof(nr), 0) == sizeof(nr) && nr == u->nr));
	u->nr++;
	must(pwrite(u->fd[0], &u->nr, sizeof(u->nr), 0) == sizeof(u->nr));
}

static void group_begin(struct use *u)
{
	char path[256];
	FILE *f;

	must(!mkdir(u->arg, 0755) || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/cgroup.procs", u->arg);
	u->child = fork();
	if (!u->child)
		for (;;)
			pause();
	f = fopen(path, "w");
	must(f && fprintf(f, "%d\n", u->child) > 0 && !fclose(f));
}

static void group_use(struct use *u)
{
	char path[256];
	bool found = false;
	int pid;
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", u->arg);
	f = fopen(path, "r");
	must(f);
	while (fscanf(f, "%d", &pid) == 1)
		found |= pid == u->child;
	fclose(f);
	must(found);
}

static void user_begin(struct use *u)
{
}

static void user_use(struct use *u)
{
	must(getuid() == (uid_t)atoi(u->arg) && geteuid() == (uid_t)atoi(u->arg));
}

static const struct {
	const char *name;
	void (*begin)(struct use *u);
	void (*use)(struct use *u);
} kinds[] = {
	{ "tcp", tcp_begin, tcp_use },	     { "serve", serve_begin, serve_use },
	{ "lock", lock_begin, lock_use },    { "watch", watch_begin, watch_use },
	{ "tty", tty_begin, tty_use },	     { "outside", outside_begin, outside_use },
	{ "file", file_begin, file_use },    { "group", group_begin, group_use },
	{ "user", user_begin, user_use },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t kind_find(char *word)
{
	size_t len = strcspn(word, "="), i = 0;

	while (i < NR_KINDS && (strlen(kinds[i].name) != len || memcmp(kinds[i].name, word, len)))
		i++;
	must(i < NR_KINDS);
	return i;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec % 100000 * 1000 + ts.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	struct use uses[16] = { 0 };

	must(argc <= 16);
	for (int i = 1; i < argc; i++) {
		const char *value = strchr(argv[i], '=');

		uses[i].arg = value ? value + 1 : "";
		kinds[kind_find(argv[i])].begin(&uses[i]);
	}
	for (unsigned int nr = 1;; nr++) {
		for (int i = 1; i < argc; i++)
			kinds[kind_find(argv[i])].use(&uses[i]);
		printf("%u %ld\n", nr, now_ms());
		fflush(stdout);
		usleep(100000);
	}
}
