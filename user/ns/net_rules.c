// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of the packet filter, as text of the host's own programs: nft(8), which also
 * knows what iptables(8) makes with nf_tables, and iptables-legacy-save(8) for what it
 * makes without. They are run only where the kernel says that there are rules. What the
 * filter counts and follows (connection tracking, sets with time-outs) begins anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kapi/netlink.h"
#include "lib/cleanup.h"
#include "ns/mnt.h"
#include "ns/net.h"

static const struct filter {
	enum image_type type;
	const char *names;		/* in /proc/net: tables in use; NULL: ask nf_tables */
	const char *save[4], *load[4];
} filters[] = {
	{ IMG_NFTABLES, NULL, { "nft", "list", "ruleset" }, { "nft", "-f", "-" } },
	{ IMG_IPTABLES, "/proc/self/net/ip_tables_names", { "iptables-legacy-save" },
	  { "iptables-legacy-restore" } },
	{ IMG_IP6TABLES, "/proc/self/net/ip6_tables_names", { "ip6tables-legacy-save" },
	  { "ip6tables-legacy-restore" } },
};

#define NR_FILTERS (sizeof(filters) / sizeof(filters[0]))

static int table_found(void *arg, const void *body, size_t len)
{
	*(bool *)arg = true;
	return 0;
}

static bool filter_used(const struct filter *f)
{
	const struct nfgenmsg all = { 0 };
	bool used = false;
	char c;

	if (f->names) {
		auto_close int fd = open(f->names, O_RDONLY | O_CLOEXEC);

		return fd >= 0 && read(fd, &c, 1) == 1;
	}
	(void)netlink_dump(NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, &all,
			   sizeof(all), table_found, &used);
	return used;
}

/* In a child: a program of the host, in the namespace that this process is in. */
static void __attribute__((noreturn)) program_main(int host_fd, const char *const argv[], int io_fd,
						   int as)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	/* in a task of the tree the first numbers are free, and would be lost below */
	null_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 3);
	io_fd = fcntl(io_fd, F_DUPFD_CLOEXEC, 3);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (host_fd >= 0 && setns(host_fd, CLONE_NEWNS))
		_exit(126);
	dup2(null_fd, 0);
	dup2(null_fd, 1);
	dup2(null_fd, 2);
	if (dup2(io_fd, as) < 0)
		_exit(126);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static int program_run(struct err *err, int host_fd, const char *const argv[], int io_fd, int as)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		program_main(host_fd, argv, io_fd, as);
	if (pid < 0)
		return fail_errno(err, -errno, "%s", argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, -errno, "%s", argv[0]);
	if (!status)
		return 0;
	return fail(err, -EIO, "the rules of the packet filter in the tree's network namespace: %s "
		    "%s", argv[0], status == 127 << 8 ? "is not installed" : "failed");
}

int net_rules_dump(struct dump *d, uint32_t id)
{
	int ret = 0;

	for (size_t i = 0; i < NR_FILTERS && !ret; i++) {
		struct image_writer *w;
		int close_ret;

		if (!filter_used(&filters[i]))
			continue;
		ret = image_write_open(d->ctx.images_fd, filters[i].type, id, &w);
		if (ret)
			return fail(d->ctx.err, ret, "%s", image_error());
		ret = program_run(d->ctx.err, d->ns->host_fd, filters[i].save, image_write_fd(w),
				  1);
		close_ret = image_write_close(w);
		if (!ret && close_ret)
			ret = fail(d->ctx.err, close_ret, "%s", image_error());
	}
	return ret;
}

int net_rules_restore(struct restore *r, struct net_images *n)
{
	int host_fd = r->ns->mnt ? r->ns->mnt->host_fd : -1, ret = 0;

	for (size_t i = 0; i < NR_FILTERS && !ret; i++) {
		char name[64];
		auto_close int fd = -1;

		if (!n->raw[filters[i].type] || !image_read_left(n->raw[filters[i].type]))
			continue;
		fd = openat(r->ctx.images_fd,
			    image_name(filters[i].type, n->id, name, sizeof(name)),
			    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		ret = fd < 0 ? fail_errno(r->ctx.err, -errno, "%s", name) :
			       program_run(r->ctx.err, host_fd, filters[i].load, fd, 0);
	}
	return ret;
}
