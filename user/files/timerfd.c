// SPDX-License-Identifier: GPL-2.0
/*
 * Timerfds: clock, expirations not yet read, and the timer, seen in /proc/PID/fdinfo.
 * The images have the time that is left, as their format wants; a timer that was set
 * to a time of its clock goes off at that time, so that stands in the extra image.
 * That the clock was set, which the next read(2) would tell, only the kernel knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "image/timerfd.pb-c.h"
#include "kapi/proc.h"
#include "lib/cleanup.h"

#define SECOND_NS 1000000000ull
#define SET_TICKS _IOW('T', 0, uint64_t)	/* TFD_IOC_SET_TICKS of linux/timerfd.h */
#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET 2
#endif

/* ---- dump ---- */

static bool timerfd_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:[timerfd]");
}

/* "(seconds, nanoseconds)" */
static void pair_parse(const char *text, uint64_t *ret_sec, uint64_t *ret_nsec)
{
	char *end = NULL;

	if (!text || *text != '(')
		return;
	*ret_sec = strtoull(text + 1, &end, 10);
	if (*end == ',')
		*ret_nsec = strtoull(end + 1, NULL, 10);
}

static uint32_t number_parse_at(const char *text, int base)
{
	return text ? (uint32_t)strtoul(text, NULL, base) : 0;
}

static int timerfd_look(struct dump *d, const struct fd_info *fd, bool again, TimerfdEntry *e)
{
	const char *text, *ticks;
	int ret = fd_read_text(d, fd, again, &text);

	if (ret)
		return ret;
	ticks = proc_text_value(text, "ticks:");
	if (!ticks)
		return fail(d->ctx.err, -EOPNOTSUPP, "pid %d fd %d: this kernel does not tell the "
			    "state of a timerfd", fd->task->pid, fd->fd);
	e->ticks = strtoull(ticks, NULL, 10);
	e->clockid = number_parse_at(proc_text_value(text, "clockid:"), 10);
	e->settime_flags = number_parse_at(proc_text_value(text, "settime flags:"), 8);
	pair_parse(proc_text_value(text, "it_value:"), &e->vsec, &e->vnsec);
	pair_parse(proc_text_value(text, "it_interval:"), &e->isec, &e->insec);
	return 0;
}

/*
 * A timer that has gone off stands still until it is looked at, even one with an
 * interval (fs/timerfd.c, timerfd_tmrproc), and the text shows it as if it were
 * disarmed; so look at it, and read again.
 */
static int timerfd_wind(struct dump *d, const struct fd_info *fd, TimerfdEntry *e)
{
	struct itimerspec its;

	if (e->vsec || e->vnsec || d->ctx.check_only)
		return 0;
	(void)timerfd_gettime(fd->local_fd, &its);	/* what it tells is read again */
	return timerfd_look(d, fd, true, e);
}

static bool clock_is_wall(uint32_t clockid)
{
	return clockid == CLOCK_REALTIME || clockid == CLOCK_REALTIME_ALARM;
}

/* Alarm clocks can be read only where there is an RTC, but run like the others. */
static uint64_t clock_ns(uint32_t clockid)
{
	clockid_t clock = clock_is_wall(clockid)	 ? CLOCK_REALTIME :
			  clockid == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME :
							    (clockid_t)clockid;
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

/* When it goes off, by its clock: that now, and what is left now. */
static int timerfd_expiry(struct dump *d, const struct fd_info *fd, const struct dump_file *file)
{
	const TimerfdEntry *e = file->entry.tfd;
	struct itimerspec its;
	CrctlFileEntry *extra;
	uint64_t before, left;
	int ret;

	if (!(e->settime_flags & TFD_TIMER_ABSTIME) || (!e->vsec && !e->vnsec))
		return 0;
	before = clock_ns(e->clockid);
	if (timerfd_gettime(fd->local_fd, &its))
		return fail_errno(d->ctx.err, -errno, "pid %d fd %d: timerfd_gettime(2)",
				  fd->task->pid, fd->fd);
	left = (uint64_t)its.it_value.tv_sec * SECOND_NS + (uint64_t)its.it_value.tv_nsec;
	/* gone off just now, or the clock cannot be read: what the text said */
	if (!before || !left || left > e->vsec * SECOND_NS + e->vnsec)
		left = e->vsec * SECOND_NS + e->vnsec;
	ret = file_extra(fd->task, file->entry.id, &extra);
	if (ret)
		return ret;
	extra->has_expires_ns = true;
	extra->expires_ns = (before + clock_ns(e->clockid)) / 2 + left;
	return 0;
}

static int timerfd_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	TimerfdEntry *e = file_alloc(file, sizeof(*e));
	int ret;

	if (!e)
		return -ENOMEM;
	timerfd_entry__init(e);
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	file->entry.tfd = e;
	ret = timerfd_look(d, fd, false, e);
	if (!ret)
		ret = timerfd_wind(d, fd, e);
	if (!ret && e->settime_flags & TFD_TIMER_CANCEL_ON_SET && e->ticks && !e->isec &&
	    !e->insec && (e->vsec || e->vnsec))
		return dump_refuse(d, "pid %d fd %d: the timerfd was cancelled, as its clock was "
				   "set, and nobody has read that yet; try again later",
				   fd->task->pid, fd->fd);
	return ret ? ret : timerfd_expiry(d, fd, file);
}

/* ---- restore ---- */

static int timerfd_check(struct restore *r, const struct restore_file *file)
{
	const TimerfdEntry *e = file->entry->tfd;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no timerfd", file->id);
	if (e->vnsec >= SECOND_NS || e->insec >= SECOND_NS || e->vsec > INT64_MAX / SECOND_NS ||
	    e->isec > INT64_MAX / SECOND_NS ||
	    e->settime_flags & ~(uint32_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return fail(r->ctx.err, -EINVAL,
			    "files.img: open file %u is a timerfd whose time is impossible",
			    file->id);
	return 0;
}

static int timerfd_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const TimerfdEntry *e = file->entry->tfd;
	auto_close int fd = timerfd_create((int)e->clockid, TFD_CLOEXEC);
	int ret;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: timerfd of clock %u", file->id,
				  e->clockid);
	ret = file_flags_restore(r, file, fd, e->flags);
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

/*
 * The absolute time of a timer that was set to one. Where its clock has begun anew,
 * after a reboot or on another machine, only the time that was left has a meaning.
 */
static uint64_t timerfd_when(const struct restore_file *file, uint64_t left)
{
	const CrctlFileEntry *extra = file->extra;
	uint64_t now = clock_ns(file->entry->tfd->clockid);
	uint64_t then;

	if (!extra || !extra->has_expires_ns)
		return now + left;
	then = extra->expires_ns > left ? extra->expires_ns - left : 0;
	return now < then && !clock_is_wall(file->entry->tfd->clockid) ? now + left :
									extra->expires_ns;
}

/* Armed as late as can be: the time that is left begins to run. */
static int timerfd_link(struct restore *r, struct restore_file *file, int fd)
{
	const TimerfdEntry *e = file->entry->tfd;
	uint64_t value = e->vsec * SECOND_NS + e->vnsec;
	struct itimerspec its = { 0 };

	/* CRIU does not wind it: timerfd_wind() */
	if (!value && e->ticks)
		value = e->isec * SECOND_NS + e->insec;
	if (value && e->settime_flags & TFD_TIMER_ABSTIME)
		value = timerfd_when(file, value);
	its.it_value.tv_sec = (time_t)(value / SECOND_NS);
	its.it_value.tv_nsec = (long)(value % SECOND_NS);
	its.it_interval.tv_sec = (time_t)e->isec;
	its.it_interval.tv_nsec = (long)e->insec;
	if ((value || e->isec || e->insec) &&
	    timerfd_settime(fd, (int)e->settime_flags, &its, NULL))
		return fail_errno(r->ctx.err, -errno, "open file %u: setting its timer", file->id);
	if (e->ticks && ioctl(fd, SET_TICKS, &e->ticks))
		return fail_errno(r->ctx.err, -errno, "open file %u: its %lu expirations (the "
				  "kernel needs CONFIG_CHECKPOINT_RESTORE)", file->id, e->ticks);
	return 0;
}

const struct file_kind timerfd_kind = {
	.name = "timerfd",
	.type = FD_TYPES__TIMERFD,
	.match = timerfd_match,
	.dump = timerfd_dump,
	.check = timerfd_check,
	.restore = timerfd_restore,
	.link = timerfd_link,
};
