// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast groups that a socket has joined. The kernel lists them for no socket, but
 * tells of one group on one interface whether the socket has joined it, and with which
 * sources (ip_mc_gsfget, ip6_mc_msfget): so every group that the machine is in is asked
 * for. They go into crctl-sockets as MCAST_MSFILTER, which they are set with.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "net/inet.h"

#define MAX_SOURCES 1024

/* ---- dump ---- */

static int group_add(struct net_dump *net, int family, uint32_t index, const void *addr)
{
	struct inet_group *g = array_add(&net->groups);

	if (!g)
		return -ENOMEM;
	g->index = index;
	g->addr.any.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&g->addr.v4.sin_addr, addr, 4);
	else
		memcpy(&g->addr.v6.sin6_addr, addr, 16);
	return 0;
}

/* A line of an interface, then one for each group of it. */
static int groups_read_v4(struct net_dump *net)
{
	auto_fclose FILE *f = fopen("/proc/self/net/igmp", "re");
	uint32_t index = 0, addr;
	char line[256];
	int ret = 0;

	while (f && !ret && fgets(line, sizeof(line), f)) {
		if (line[0] != '\t' && sscanf(line, "%u", &index) == 1)
			continue;
		if (index && sscanf(line, "%8x", &addr) == 1)
			ret = group_add(net, AF_INET, index, &addr);
	}
	return ret;
}

static int groups_read_v6(struct net_dump *net)
{
	auto_fclose FILE *f = fopen("/proc/self/net/igmp6", "re");
	char line[256], hex[33];
	unsigned char addr[16];
	uint32_t index;
	int ret = 0;

	while (f && !ret && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u %*s %32s", &index, hex) != 2 || strlen(hex) != 32)
			continue;
		for (int i = 0; i < 16; i++)
			if (sscanf(hex + 2 * i, "%2hhx", &addr[i]) != 1)
				return -EPROTO;
		ret = group_add(net, AF_INET6, index, addr);
	}
	return ret;
}

static int groups_read(struct net_dump *net)
{
	int ret;

	if (net->groups_known)
		return 0;
	net->groups_known = true;
	ret = groups_read_v4(net);
	return ret ? ret : groups_read_v6(net);
}

static int group_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk,
		      const struct inet_group *g)
{
	size_t size = GROUP_FILTER_SIZE(MAX_SOURCES);
	auto_free struct group_filter *gf = calloc(1, size);
	socklen_t len = (socklen_t)size;
	int level = g->addr.any.sa_family == AF_INET ? SOL_IP : SOL_IPV6, ret;

	if (!gf)
		return -ENOMEM;
	gf->gf_interface = g->index;
	memcpy(&gf->gf_group, &g->addr, sizeof(g->addr));
	gf->gf_numsrc = MAX_SOURCES;
	if (getsockopt(fd->local_fd, level, MCAST_MSFILTER, gf, &len))
		return errno == EADDRNOTAVAIL || errno == ENOPROTOOPT || errno == EINVAL ? 0 :
										      -errno;
	if (gf->gf_numsrc > MAX_SOURCES)
		return dump_refuse(d, "pid %d fd %d: a multicast group with %u sources; there may "
				   "be %d", fd->task->pid, fd->fd, gf->gf_numsrc, MAX_SOURCES);
	ret = socket_extra(d, sk->entry.id, &sk->extra);
	return ret ? ret : socket_extra_opt(sk->extra, level, MCAST_MSFILTER, gf,
					    GROUP_FILTER_SIZE(gf->gf_numsrc));
}

int mcast_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk)
{
	int ret = groups_read(d->net);

	for (size_t i = 0; i < d->net->groups.nr && !ret; i++) {
		const struct inet_group *g = &d->net->groups.items[i];

		if (g->addr.any.sa_family == AF_INET || fd->family == AF_INET6)
			ret = group_dump(d, fd, sk, g);
	}
	return ret && !d->ctx.err->ret ?
		fail_errno(d->ctx.err, ret, "pid %d fd %d: its multicast groups", fd->task->pid,
			   fd->fd) : ret;
}

/* ---- restore ---- */

static int group_join(int fd, int level, const void *value, size_t len)
{
	auto_free struct group_filter *gf = malloc(len);
	struct group_req req;

	if (!gf)
		return -ENOMEM;
	memcpy(gf, value, len);
	if (len < GROUP_FILTER_SIZE(0) || gf->gf_numsrc > MAX_SOURCES ||
	    len != GROUP_FILTER_SIZE(gf->gf_numsrc))
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	req.gr_interface = gf->gf_interface;
	memcpy(&req.gr_group, &gf->gf_group, sizeof(req.gr_group));
	if (setsockopt(fd, level, MCAST_JOIN_GROUP, &req, sizeof(req)))
		return -errno;
	/* joined anew, it takes every source */
	if (gf->gf_fmode == MCAST_EXCLUDE && !gf->gf_numsrc)
		return 0;
	return setsockopt(fd, level, MCAST_MSFILTER, gf, (socklen_t)len) ? -errno : 0;
}

int mcast_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);

	for (size_t i = 0; extra && i < extra->n_opts; i++) {
		const CrctlSockopt *o = extra->opts[i];
		int ret;

		if (o->name != MCAST_MSFILTER || (o->level != SOL_IP && o->level != SOL_IPV6))
			continue;
		ret = group_join(fd, (int)o->level, o->value.data, o->value.len);
		if (ret)
			return fail_errno(r->ctx.err, ret,
					  "open file %u: joining a multicast group", file->id);
	}
	return 0;
}
