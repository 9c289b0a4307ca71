// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that a dump by another tool left in the tables of iptables, which lock the
 * connections as crctl's own table does: removed with the programs that made them,
 * and only where the first of them is there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "net/inet.h"

extern char **environ;

static void rule_print(char *buf, size_t size, const struct nft_conn *c, bool in)
{
	int family = c->ipv6 ? AF_INET6 : AF_INET;
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];

	inet_ntop(family, c->local, local, sizeof(local));
	inet_ntop(family, c->peer, peer, sizeof(peer));
	snprintf(buf, size, "%s --protocol tcp -m mark ! --mark %#x --source %s --sport %u "
		 "--destination %s --dport %u -j DROP", in ? "INPUT" : "OUTPUT", NFT_PASS_MARK,
		 in ? peer : local, in ? c->peer_port : c->local_port, in ? local : peer,
		 in ? c->local_port : c->peer_port);
}

/* @input_fd: its standard input, or -1. Its output is of no use to anybody. */
static int program_run(char *const *argv, int input_fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int status = 0, ret;
	pid_t pid;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	if (input_fd >= 0)
		posix_spawn_file_actions_adddup2(&files, input_fd, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	ret = posix_spawnp(&pid, argv[0], &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (ret)
		return -ret;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -ECANCELED : 0;
}

static bool rule_exists(const struct nft_conn *c)
{
	char line[320], *argv[32] = { c->ipv6 ? "ip6tables" : "iptables", "-w", "-C" };
	int nr = 3;

	rule_print(line, sizeof(line), c, true);
	for (char *word = strtok(line, " "); word && nr < 31; word = strtok(NULL, " "))
		argv[nr++] = word;
	return !program_run(argv, -1);
}

/* All rules of one version in one go. */
static int rules_remove(const struct nft_conn *conns, size_t nr, bool ipv6)
{
	char *argv[] = { ipv6 ? "ip6tables-restore" : "iptables-restore", "-w", "--noflush", NULL };
	auto_fclose FILE *f = tmpfile();
	char rule[320];

	if (!f)
		return -errno;
	fputs("*filter\n", f);
	for (size_t i = 0; i < nr; i++) {
		if (conns[i].ipv6 != ipv6)
			continue;
		for (int in = 0; in < 2; in++) {
			rule_print(rule, sizeof(rule), &conns[i], in);
			fprintf(f, "-D %s\n", rule);
		}
	}
	fputs("COMMIT\n", f);
	if (fflush(f) || fseek(f, 0, SEEK_SET))
		return -errno;
	return program_run(argv, fileno(f));
}

/* A tree in a network namespace of its own: everything but packets with the mark is dropped. */
int iptables_unlock_namespace(void)
{
	static const char *const programs[2][2] = { { "iptables", "iptables-restore" },
						    { "ip6tables", "ip6tables-restore" } };
	int ret = 0;

	for (int v = 0; v < 2 && !ret; v++) {
		char *check[] = { (char *)programs[v][0], "-w", "-C", "INPUT", "-j", "CRIU", NULL };
		char *argv[] = { (char *)programs[v][1], "-w", "--noflush", NULL };
		auto_fclose FILE *f = NULL;

		if (program_run(check, -1))
			continue;
		f = tmpfile();
		if (!f)
			return -errno;
		fputs("*filter\n-D INPUT -j CRIU\n-D OUTPUT -j CRIU\n-F CRIU\n-X CRIU\nCOMMIT\n",
		      f);
		if (fflush(f) || fseek(f, 0, SEEK_SET))
			return -errno;
		ret = program_run(argv, fileno(f));
	}
	return ret;
}

int iptables_unlock(const struct nft_conn *conns, size_t nr)
{
	int ret = 0;

	for (int v = 0; v < 2 && !ret; v++) {
		size_t i = 0;

		while (i < nr && conns[i].ipv6 != v)
			i++;
		if (i < nr && rule_exists(&conns[i]))
			ret = rules_remove(conns, nr, v);
	}
	return ret;
}
