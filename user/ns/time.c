// SPDX-License-Identifier: GPL-2.0
/*
 * Time namespace: offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME (time_namespaces(7)),
 * seen in what the clocks say. A restored tree gets a new one in which both go on from
 * where the dump found them. So does a tree that had none, where the clocks of this
 * machine are behind, after a reboot: for it time would run backwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "image/image.h"
#include "image/timens.pb-c.h"
#include "lib/cleanup.h"
#include "ns/ns.h"

#define NSEC 1000000000ll

static int time_ns_dump(struct dump *d, uint32_t id)
{
	return 0;	/* the clocks are written of any tree, last of all: engine/write.c */
}

/* ---- restore ---- */

static int clock_check(struct restore *r, uint32_t id, const Timespec *t, const char *name)
{
	/* the kernel takes no time that is 292 years away (do_timens_ktime_to_host) */
	if (t->tv_sec > (uint64_t)(INT64_MAX / NSEC / 2) || t->tv_nsec >= (uint64_t)NSEC)
		return fail(r->ctx.err, -EINVAL, "timens-%u.img: the %s clock is impossible", id,
			    name);
	return 0;
}

/* *ret NULL: there is no such image. */
static int clocks_read(struct restore *r, uint32_t id, TimensEntry **ret)
{
	ProtobufCMessage *msg;
	TimensEntry *e;
	int err = image_read_one(r->ctx.images_fd, IMG_TIMENS, id, &timens_entry__descriptor, &msg);

	*ret = NULL;
	if (err == -ENOENT)
		return 0;
	if (err)
		return fail(r->ctx.err, err, "%s", image_error());
	*ret = e = (TimensEntry *)msg;
	err = clock_check(r, id, e->monotonic, "monotonic");
	return err ? err : clock_check(r, id, e->boottime, "boottime");
}

static int time_ns_read(struct restore *r, uint32_t id)
{
	int ret = clocks_read(r, id, &r->ns->clocks);

	if (!ret && !r->ns->clocks)
		ret = fail(r->ctx.err, -ENOENT, "timens-%u.img is missing, which has the clocks of "
			   "the tree's time namespace", id);
	return ret;
}

/* How far @clock has to be moved from what it shows without a namespace of its own. */
static int64_t clock_offset(clockid_t clock, const Timespec *t)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return ((int64_t)t->tv_sec - now.tv_sec) * NSEC + (int64_t)t->tv_nsec - now.tv_nsec;
}

static int time_ns_read_part(struct restore *r, uint32_t id)
{
	TimensEntry *e;
	int ret = clocks_read(r, 0, &e);

	if (ret || !e || access("/proc/self/timens_offsets", F_OK))
		return ret;
	if (clock_offset(CLOCK_MONOTONIC, e->monotonic) <= 0) {
		timens_entry__free_unpacked(e, NULL);
		return 0;
	}
	log_info("the clocks are behind those of the dump: the tree gets a time namespace");
	r->ns->clocks = e;
	r->ns->flags |= CLONE_NEWTIME;
	return 0;
}

/* What the offsets count from is the host's clock, not that of crctl's namespace. */
static int own_offsets(int64_t *monotonic, int64_t *boottime)
{
	auto_fclose FILE *f = fopen("/proc/self/timens_offsets", "re");
	long long sec[2] = { 0 }, nsec[2] = { 0 };

	if (!f || fscanf(f, "%*s %lld %lld %*s %lld %lld", &sec[0], &nsec[0], &sec[1],
			 &nsec[1]) != 4)
		return -EIO;
	*monotonic = sec[0] * NSEC + nsec[0];
	*boottime = sec[1] * NSEC + nsec[1];
	return 0;
}

static int offset_write(int fd, const char *name, int64_t offset)
{
	int64_t sec = offset / NSEC, nsec = offset % NSEC;

	if (nsec < 0) {
		sec--;
		nsec += NSEC;
	}
	return dprintf(fd, "%s %lld %lld\n", name, (long long)sec, (long long)nsec) < 0 ? -errno :
											   0;
}

/*
 * The task makes it for its children, sets the clocks while nobody is in it, and then
 * goes there itself.
 */
static int time_ns_restore(struct restore *r)
{
	const TimensEntry *e = r->ns->clocks;
	auto_close int offsets = -1, ns = -1;
	int64_t monotonic, boottime;
	int ret = own_offsets(&monotonic, &boottime);
	long elapsed = log_elapsed();

	if (ret || unshare(CLONE_NEWTIME))
		return fail_errno(r->ctx.err, ret ? ret : -errno, "making a time namespace");
	offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	monotonic += clock_offset(CLOCK_MONOTONIC, e->monotonic);
	boottime += clock_offset(CLOCK_BOOTTIME, e->boottime);
	ret = offsets < 0 ? -errno : offset_write(offsets, "monotonic", monotonic);
	if (!ret)
		ret = offset_write(offsets, "boottime", boottime);
	if (ret)
		return fail_errno(r->ctx.err, ret, "setting the clocks of the tree's time "
				  "namespace");
	ns = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWTIME))
		return fail_errno(r->ctx.err, -errno, "joining the tree's time namespace");
	log_set_elapsed(elapsed);
	return 0;
}

const struct ns_kind time_ns_kind = {
	.type = NS_TIME,
	.name = "time",
	.clone_flag = CLONE_NEWTIME,
	.dump = time_ns_dump,
	.read = time_ns_read,
	.restore = time_ns_restore,
	.read_part = time_ns_read_part,
};
