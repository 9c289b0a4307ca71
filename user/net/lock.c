// SPDX-License-Identifier: GPL-2.0
/*
 * The lock on connections: from the moment their state is read until they live again
 * no packet of them passes, so that the peers see a pause. A dump's table belongs to
 * its netlink socket and vanishes with crctl, however that ends (before Linux 5.12
 * the standby removes it). A table that stays until the restore is made only when the
 * tree is about to be killed; it has the name that the ecosystem gives it, so that
 * whoever restores can remove it. Before that kill the connections are put into
 * repair mode, in which they end without a word to the peer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "image/core.pb-c.h"
#include "image/image.h"
#include "image/inventory.pb-c.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "net/inet.h"
#include "net/packet.h"

#define KEEP_PREFIX "CRIU-"
#define KEEP_ID_LEN 21		/* of the run's id go into the name of the table */

/* A name that no other run has. */
static int lock_name(char *name, size_t size)
{
	uint64_t id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return -EIO;
	snprintf(name, size, "crctl-%016llx", (unsigned long long)id);
	return 0;
}

/* As the ecosystem writes the id of a run: a random UUID. */
static int run_id_make(char *id, size_t size)
{
	uint16_t w[8];

	if (getrandom(w, sizeof(w), 0) != sizeof(w))
		return -EIO;
	snprintf(id, size, "%04x%04x-%04x-4%03x-%04x-%04x%04x%04x", w[0], w[1], w[2], w[3] & 0xfff,
		 (w[4] & 0x3fff) | 0x8000, w[5], w[6], w[7]);
	return 0;
}

static void keep_name(const char *run_id, char *name, size_t size)
{
	snprintf(name, size, KEEP_PREFIX "%.*s", KEEP_ID_LEN, run_id);
}

/* *ret_owned: the table vanishes with the socket. */
static int table_make(int fd, const char *name, const struct nft_conn *conns, size_t nr)
{
	int ret = nft_lock(fd, name, true, conns, nr);

	return ret == -EOPNOTSUPP || ret == -EINVAL ? nft_lock(fd, name, false, conns, nr) : ret;
}

static int lock_fail(struct err *err, int ret)
{
	err_set_exit(err, EXIT_UNSUPPORTED);
	return fail_errno(err, ret, "the network cannot be locked (nf_tables); stop the packets of "
			  "the connections yourself and give --network-lock skip");
}

/* ---- dump ---- */

static int tuples_get(struct dump *d, struct nft_conn **ret_conns)
{
	struct nft_conn *conns = calloc(d->net->conns.nr, sizeof(*conns));

	if (!conns)
		return -ENOMEM;
	for (size_t i = 0; i < d->net->conns.nr; i++)
		conns[i] = d->net->conns.items[i].tuple;
	*ret_conns = conns;
	return 0;
}

static int dump_table(struct dump *d, bool keep)
{
	struct net_dump *net = d->net;
	auto_free struct nft_conn *conns = NULL;
	int ret = tuples_get(d, &conns);

	if (!ret)
		ret = keep ? nft_lock(net->nft_fd, net->keep_name, false, conns, net->conns.nr) :
			     table_make(net->nft_fd, net->lock_name, conns, net->conns.nr);
	return ret ? lock_fail(d->ctx.err, ret) : 0;
}

bool net_dump_needs_lock(const struct dump *d)
{
	return d->net && d->net->conns.nr;
}

int net_dump_lock(struct dump *d)
{
	struct net_dump *net = d->net;
	int ret = run_id_make(d->run_id, sizeof(d->run_id));

	if (d->ctx.skip_network_lock)
		return ret;
	if (!ret)
		ret = lock_name(net->lock_name, sizeof(net->lock_name));
	if (ret)
		return ret;
	keep_name(d->run_id, net->keep_name, sizeof(net->keep_name));
	net->nft_fd = nft_open();
	if (net->nft_fd < 0)
		return lock_fail(d->ctx.err, net->nft_fd);
	net->locked = true;
	ret = dump_table(d, false);
	log_info("locked the network for %zu connections", net->conns.nr);
	return ret;
}

int net_dump_commit(struct dump *d)
{
	struct net_dump *net = d->net;
	int ret = 0;

	if (!net_dump_needs_lock(d))
		return 0;
	if (net->locked) {
		net->kept = true;
		ret = dump_table(d, true);
	}
	for (size_t i = 0; i < net->conns.nr && !ret; i++) {
		ret = tcp_repair_on(&net->conns.items[i]);
		if (ret)
			ret = fail_errno(d->ctx.err, ret, "pid %d fd %d: TCP_REPAIR",
					 net->conns.items[i].task->pid, net->conns.items[i].fd);
	}
	return ret;
}

static void net_dump_undo(struct dump *d)
{
	struct net_dump *net = d->net;

	if (!net_dump_needs_lock(d))
		return;
	for (size_t i = 0; i < net->conns.nr; i++)
		tcp_repair_off(&net->conns.items[i]);
	if (net->kept)
		(void)nft_unlock(net->nft_fd, net->keep_name); /* perhaps not made */
	if (net->locked)
		(void)nft_unlock(net->nft_fd, net->lock_name);
}

void net_standby_undo(struct dump *d)
{
	/* it cannot know how far crctl got; every step can be taken back twice */
	array_for_each(&d->net->conns, c)
		c->in_repair = true;
	d->net->kept = d->net->locked = d->net->nft_fd >= 0 || d->net->locked;
	net_dump_undo(d);
}

void net_dump_free(struct dump *d, bool killed)
{
	struct net_dump *net = d->net;

	if (!net)
		return;
	if (!killed)
		net_dump_undo(d);
	else if (net->locked)
		(void)nft_unlock(net->nft_fd, net->lock_name);
	array_for_each(&net->conns, c)
		close(c->local_fd);
	array_free(&net->conns);
	inet_fresh_free(net);
	array_free(&net->groups);
	packet_table_free(net->packets);
	if (net->nft_fd >= 0)
		close(net->nft_fd);
	free(net);
	d->net = NULL;
}

/* ---- restore ---- */

static bool run_id_is_sane(const char *id)
{
	return id && strlen(id) >= KEEP_ID_LEN && strspn(id, "0123456789abcdef-") == strlen(id);
}

static int restore_tuples(struct restore *r, struct nft_conn **ret_conns)
{
	struct nft_conn *conns = calloc(r->net->streams.nr, sizeof(*conns));
	int ret = conns ? 0 : -ENOMEM;

	for (size_t i = 0; i < r->net->streams.nr && !ret; i++)
		ret = inet_tuple(r->net->streams.items[i].file->entry->isk, &conns[i]);
	if (ret)
		free(conns);
	else
		*ret_conns = conns;
	return ret;
}

/* The table that the dump left, if it is there. */
static bool kept_table(const struct restore *r, char *name, size_t size)
{
	const char *id = r->inventory->dump_criu_run_id;

	if (!run_id_is_sane(id))
		return false;
	keep_name(id, name, size);
	return nft_exists(r->net->nft_fd, name) == 1;
}

int net_restore_lock(struct restore *r, bool new_namespace)
{
	auto_free struct nft_conn *conns = NULL;
	char kept[32];
	int ret;

	if (!r->net || !r->net->streams.nr || r->ctx.skip_network_lock)
		return 0;
	r->net->in_new_namespace = new_namespace;
	if (new_namespace)
		return lock_name(r->net->lock_name, sizeof(r->net->lock_name));
	r->net->nft_fd = nft_open();
	if (r->net->nft_fd < 0)
		return lock_fail(r->ctx.err, r->net->nft_fd);
	if (kept_table(r, kept, sizeof(kept)))
		return 0;
	ret = lock_name(r->net->lock_name, sizeof(r->net->lock_name));
	if (!ret)
		ret = restore_tuples(r, &conns);
	if (!ret)
		ret = table_make(r->net->nft_fd, r->net->lock_name, conns, r->net->streams.nr);
	return ret ? lock_fail(r->ctx.err, ret) : 0;
}

int restore_net_lock(struct restore *r)
{
	auto_free struct nft_conn *conns = NULL;
	auto_close int fd = -1;
	int ret;

	if (!r->net || !r->net->in_new_namespace)
		return 0;
	fd = nft_open();
	ret = fd < 0 ? fd : restore_tuples(r, &conns);
	/* not one that goes with the descriptor: crctl itself removes it */
	if (!ret)
		ret = nft_lock(fd, r->net->lock_name, false, conns, r->net->streams.nr);
	return ret ? lock_fail(r->ctx.err, ret) : 0;
}

void net_restore_undo(struct restore *r)
{
	/* a new namespace is gone with the tree */
	if (r->net && r->net->nft_fd >= 0 && r->net->lock_name[0])
		(void)nft_unlock(r->net->nft_fd, r->net->lock_name);
}

static void restore_unlock_iptables(struct restore *r)
{
	auto_free struct nft_conn *conns = NULL;
	int ret = restore_tuples(r, &conns);

	if (!ret)
		ret = iptables_unlock(conns, r->net->streams.nr);
	if (ret)
		log_warn("the rules of iptables that the dump made cannot be removed: %s; do it by "
			 "hand, continuing", strerror(-ret));
}

static void restore_unlock(struct restore *r)
{
	char kept[32];
	int ret;

	if (r->net->in_new_namespace)
		r->net->nft_fd = nft_open();
	if (r->net->nft_fd < 0)
		return;
	net_restore_undo(r);
	/* crctl has no such dumps itself */
	if (r->inventory->has_network_lock_method && !r->inventory->network_lock_method)
		restore_unlock_iptables(r);
	if (!kept_table(r, kept, sizeof(kept)))
		return;
	ret = nft_unlock(r->net->nft_fd, kept);
	if (ret)
		log_warn("the table %s that the dump made cannot be removed: %s; do it with nft "
			 "delete table inet %s, continuing", kept, strerror(-ret), kept);
}

/* Start the connection behind a descriptor of a restored task. */
static void conn_start(const struct restore_task *t, int pidfd, uint32_t fd,
		       const struct tcp_stream *s)
{
	auto_close int local_fd = sys_pidfd_getfd(pidfd, (int)fd);
	int ret = local_fd < 0 ? local_fd : tcp_stream_start(s, local_fd);

	if (ret)
		log_warn("pid %u fd %u: the TCP connection cannot be started: %s, continuing",
			 t->pid, fd, strerror(-ret));
}

static void task_start(struct restore *r, const struct restore_task *t, bool *started)
{
	auto_close int pidfd = -1;

	for (size_t i = 0; i < t->nr_fds; i++) {
		const struct restore_file *file = restore_file_find(r, t->fds[i]->id);
		const struct tcp_stream *s = file->entry->isk ? tcp_stream_find(r, file) : NULL;
		size_t nr = s ? (size_t)(s - r->net->streams.items) : 0;

		if (!s || started[nr])
			continue;
		if (pidfd < 0)
			pidfd = sys_pidfd_open((pid_t)t->pid);
		conn_start(t, pidfd, t->fds[i]->fd, s);
		started[nr] = true;
	}
}

/* Another tool locks all of a network namespace that is the tree's own. */
static void restore_unlock_namespace(struct restore *r)
{
	const TaskKobjIdsEntry *own = r->inventory->root_ids, *root = r->tasks.items[0]->ids;
	int ret;

	if (!r->inventory->has_network_lock_method || r->inventory->network_lock_method || !own ||
	    !root || own->net_ns_id == root->net_ns_id)
		return;
	ret = iptables_unlock_namespace();
	if (ret)
		log_warn("the rules of iptables that the dump locked the network namespace with "
			 "cannot be removed: %s; do it by hand, continuing", strerror(-ret));
}

void net_restore_start(struct restore *r)
{
	auto_free bool *started = NULL;

	restore_unlock_namespace(r);
	if (!r->net || !r->net->streams.nr)
		return;
	restore_unlock(r);
	started = calloc(r->net->streams.nr, sizeof(*started));
	if (!started) {
		log_error("no memory to start the TCP connections with");
		return;
	}
	array_for_each(&r->tasks, t) {
		if (!(*t)->helper && !(*t)->dead && (*t)->files_owner == *t)
			task_start(r, *t, started);
	}
}

void net_restore_free(struct restore *r)
{
	if (!r->net)
		return;
	if (r->net->nft_fd >= 0)
		close(r->net->nft_fd);
	array_for_each(&r->net->streams, s) {
		if (s->entry)
			tcp_stream_entry__free_unpacked(s->entry, NULL);
		image_read_close(s->image);
	}
	array_free(&r->net->streams);
	free(r->net);
	r->net = NULL;
}
