// SPDX-License-Identifier: GPL-2.0
/* crctl service: wait for clients at a socket, and serve each in a process of its own. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cmd/rpc.h"
#include "lib/cleanup.h"
#include "lib/log.h"

#define DEFAULT_ADDRESS "criu_service.socket"

/* A socket file that nobody listens at any more is in the way of nobody. */
static bool address_is_stale(const struct sockaddr_un *addr)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0 || lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	return connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) && errno == ECONNREFUSED;
}

static int service_listen(const char *path, struct err *err, int *ret_fd)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int ret;

	if (fd < 0)
		return fail_errno(err, -errno, "a socket");
	if (strlen(path) >= sizeof(addr.sun_path))
		return fail_usage(err, "--address %s is too long for a socket", path);
	strcpy(addr.sun_path, path);
	/* only its owner may use it */
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	if (ret == -EADDRINUSE && address_is_stale(&addr)) {
		unlink(path);
		ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	}
	umask(mask);
	if (!ret && listen(fd, 16))
		ret = -errno;
	if (ret == -EADDRINUSE)
		return fail(err, ret, "%s is there already; stop that service or give another "
			    "--address", path);
	if (ret)
		return fail_errno(err, ret, "listening at %s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}

static int pidfile_write(const char *path, struct err *err)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || dprintf(fd, "%d", getpid()) < 0)
		return fail_errno(err, -errno, "writing the PID file %s", path);
	return 0;
}

static void client_serve(int fd, int listen_fd, int signal_fd, const struct options *opts)
{
	struct err err = { 0 };
	sigset_t none;
	int code;

	close(listen_fd);
	close(signal_fd);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	code = rpc_serve(fd, true, opts, &err);
	if (err.ret)
		log_last("%s", err.text);
	_exit(code);
}

/* Until SIGTERM or SIGINT. */
static int service_run(int listen_fd, int signal_fd, const struct options *opts, struct err *err)
{
	struct pollfd fds[] = { { listen_fd, POLLIN, 0 }, { signal_fd, POLLIN, 0 } };

	for (;;) {
		auto_close int fd = -1;
		pid_t pid;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return fail_errno(err, -errno, "waiting for clients");
		if (fds[1].revents)
			return 0;
		if (!fds[0].revents)
			continue;
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue; /* it went away again */
		pid = fork();
		if (!pid)
			client_serve(fd, listen_fd, signal_fd, opts);
		if (pid < 0)
			log_warn("no process can be made for a client: %s, continuing",
				 strerror(errno));
	}
}

static int service_start(const struct options *opts, const char *path, struct err *err)
{
	auto_close int listen_fd = -1, signal_fd = -1;
	sigset_t ends;
	int ret = service_listen(path, err, &listen_fd);

	if (!ret && opts->daemon && daemon(1, 0))
		ret = fail_errno(err, -errno, "going into the background");
	if (!ret && opts->common.pidfile)
		ret = pidfile_write(opts->common.pidfile, err);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
	/* nobody waits for those who serve a client */
	signal(SIGCHLD, SIG_IGN);
	if (!ret)
		ret = service_run(listen_fd, signal_fd, opts, err);
	if (listen_fd >= 0)
		unlink(path);
	if (opts->common.pidfile && listen_fd >= 0)
		unlink(opts->common.pidfile);
	return ret;
}

int cmd_service(const struct options *opts, struct err *err)
{
	if (opts->args.nr) {
		fail_usage(err, "service takes no argument, but was given \"%s\"; --address names "
			   "the socket", opts->args.items[0]);
		return err->exit_code;
	}
	return service_start(opts, opts->address ? opts->address : DEFAULT_ADDRESS, err) ?
		       err->exit_code :
		       EXIT_DONE;
}
