// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets a signal when a file is ready: F_SETOWN_EX and F_SETSIG; and the flags
 * that F_SETFL changes. The kernel
 * remembers the uids of the caller with the owner (fs/fcntl.c, f_modown), so the
 * owner is set under the uids that the image gives.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/files.h"
#include "image/fown.pb-c.h"

static const FownEntry *fown_of(const FileEntry *e)
{
#define FOWN_OF(member)                                                                            \
	if (e->member)                                                                             \
		return e->member->fown;
	FOWN_OF(reg);
	FOWN_OF(pipe);
	FOWN_OF(efd);
	FOWN_OF(epfd);
	FOWN_OF(sgfd);
	FOWN_OF(tfd);
	FOWN_OF(ify);
	FOWN_OF(ffy);
	FOWN_OF(pidfd);
	FOWN_OF(memfd);
	FOWN_OF(tty);
	FOWN_OF(usk);
#undef FOWN_OF
	return NULL;
}

bool fown_needs_task(const struct restore_file *file)
{
	const FownEntry *fown = fown_of(file->entry);

	return fown && fown->pid;
}

int fown_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const FownEntry *fown = fown_of(file->entry);
	struct f_owner_ex owner;
	int ret = 0;

	if (!fown || (!fown->pid && !fown->signum))
		return 0;
	if (fown->signum && fcntl(fd, F_SETSIG, fown->signum))
		return fail_errno(r->ctx.err, -errno, "open file %u: its signal %u", file->id,
				  fown->signum);
	if (!fown->pid)
		return 0;
	/* pid_type counts PID, TGID, PGID; F_OWNER_ counts TID, PID, PGRP */
	owner.type = fown->pid_type == 2 ? F_OWNER_PGRP :
		     fown->pid_type == 1 ? F_OWNER_PID :
					   F_OWNER_TID;
	owner.pid = (pid_t)fown->pid;
	if (fown->uid || fown->euid)
		syscall(SYS_setresuid, fown->uid, fown->euid, -1);
	if (fcntl(fd, F_SETOWN_EX, &owner))
		ret = -errno;
	if (fown->uid || fown->euid)
		syscall(SYS_setresuid, 0, 0, -1);
	if (ret == -ESRCH)
		return 0; /* the owner was dead: nobody gets a signal, as before */
	if (ret)
		return fail_errno(r->ctx.err, ret, "open file %u: its owner %u", file->id,
				  fown->pid);
	return 0;
}

int file_flags_restore(struct restore *r, const struct restore_file *file, int fd, uint32_t flags)
{
	int want = (int)flags & (O_NONBLOCK | O_APPEND | O_ASYNC | O_NOATIME);

	if (!want || !fcntl(fd, F_SETFL, want))
		return 0;
	return fail_errno(r->ctx.err, -errno, "open file %u: setting flags %#x", file->id, flags);
}
