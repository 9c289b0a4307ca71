// SPDX-License-Identifier: GPL-2.0
/* Trees of files as archives, by libarchive. */
#include "lib/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/log.h"

/* Release by scope. */
#define auto_entry __attribute__((cleanup(entry_cleanup)))
#define auto_links __attribute__((cleanup(links_cleanup)))
#define auto_read  __attribute__((cleanup(read_cleanup)))
#define auto_write __attribute__((cleanup(write_cleanup)))

static void read_cleanup(struct archive **a)
{
	archive_read_free(*a);
}

static void write_cleanup(struct archive **a)
{
	archive_write_free(*a);
}

static void entry_cleanup(struct archive_entry **e)
{
	archive_entry_free(*e);
}

static void links_cleanup(struct archive_entry_linkresolver **links)
{
	archive_entry_linkresolver_free(*links);
}

/* What libarchive takes from the process: the working directory, and the character set of names. */
struct work_place {
	int back_fd;
	locale_t utf8, back_locale;
};

#define auto_leave __attribute__((cleanup(work_leave)))

static void work_leave(struct work_place *w)
{
	if (w->back_fd >= 0 && fchdir(w->back_fd))
		log_warn("the working directory is gone: %s, continuing", strerror(errno));
	if (w->back_fd >= 0)
		close(w->back_fd);
	if (w->utf8) {
		uselocale(w->back_locale);
		freelocale(w->utf8);
	}
}

/* -errno. Names that are no UTF-8 go through this one as they are. */
static int work_enter(struct work_place *w, int tree_fd)
{
	w->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (w->utf8)
		w->back_locale = uselocale(w->utf8);
	w->back_fd = open(".", O_PATH | O_CLOEXEC);
	return w->back_fd < 0 || fchdir(tree_fd) ? -errno : 0;
}

/* What was left out is a warning; a name that is no UTF-8 is kept as it is. */
static bool archive_ok(struct archive *a, int status)
{
	if (status == ARCHIVE_WARN && archive_errno(a) != EILSEQ)
		log_warn("%s, continuing", archive_error_string(a));
	return status == ARCHIVE_OK || status == ARCHIVE_WARN;
}

static int archive_fail(struct err *err, const char *what, const char *doing, struct archive *from,
			struct archive *to)
{
	struct archive *a = from && archive_error_string(from) ? from : to;
	const char *why = a ? archive_error_string(a) : NULL;
	int number = a && archive_errno(a) != EILSEQ ? archive_errno(a) : 0;

	return fail(err, -EIO, "%s cannot be %s: %s%s%s", what, doing,
		    why ? why : "out of memory", number > 0 ? ": " : "",
		    number > 0 ? strerror(number) : "");
}

/* ---- to the archive ---- */

/* Zeros for a hole: the archive leaves them out again. */
static bool hole_save(struct archive *to, int64_t len)
{
	static const char zeros[65536];

	while (len > 0) {
		la_ssize_t n = archive_write_data(to, zeros, len < (int64_t)sizeof(zeros) ?
						  (size_t)len : sizeof(zeros));

		if (n <= 0)
			return false;
		len -= n;
	}
	return true;
}

static bool data_save(struct archive *disk, struct archive *to, int64_t size)
{
	const void *data;
	size_t len;
	int64_t at = 0, offset;
	int status;

	while (archive_ok(disk, status = archive_read_data_block(disk, &data, &len, &offset))) {
		if (!hole_save(to, offset - at) ||
		    (len && archive_write_data(to, data, len) != (la_ssize_t)len))
			return false;
		at = offset + (int64_t)len;
	}
	return status == ARCHIVE_EOF && hole_save(to, size - at);
}

static bool entry_save(struct archive *disk, struct archive *to,
		       struct archive_entry_linkresolver *links, struct archive_entry *e)
{
	struct archive_entry *unused = NULL;

	/* a socket's name is made when it is bound again */
	if (archive_entry_filetype(e) == AE_IFSOCK)
		return true;
	archive_entry_linkify(links, &e, &unused);
	if (!archive_ok(to, archive_write_header(to, e)))
		return false;
	return archive_entry_size(e) <= 0 || data_save(disk, to, archive_entry_size(e));
}

static bool entries_save(struct archive *disk, struct archive *to,
			 struct archive_entry_linkresolver *links)
{
	auto_entry struct archive_entry *e = archive_entry_new();
	int status;

	while (e && archive_ok(disk, status = archive_read_next_header2(disk, e))) {
		archive_read_disk_descend(disk);
		if (!entry_save(disk, to, links, e))
			return false;
	}
	return e && status == ARCHIVE_EOF;
}

/*
 * What tar(1) reads, with attributes under the names that it knows. The compression is a fast
 * one: the tree is stopped meanwhile.
 */
static struct archive *tar_write_open(int fd)
{
	auto_write struct archive *to = archive_write_new();

	if (!to || archive_write_set_format_pax(to) || archive_write_add_filter_gzip(to) ||
	    archive_write_set_options(to, "pax:xattrheader=SCHILY,"
					  "gzip:compression-level=1,gzip:!timestamp") ||
	    archive_write_open_fd(to, fd))
		return NULL;
	return steal_ptr(to);
}

int tar_save(struct err *err, const char *what, int tree_fd, int fd)
{
	auto_read struct archive *disk = archive_read_disk_new();
	auto_write struct archive *to = tar_write_open(fd);
	auto_links struct archive_entry_linkresolver *links = archive_entry_linkresolver_new();
	auto_leave struct work_place work = { .back_fd = -1 };
	int ret = work_enter(&work, tree_fd);
	bool saved;

	if (ret)
		return fail_errno(err, ret, "%s", what);
	saved = disk && to && links &&
		!archive_read_disk_set_behavior(disk, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS) &&
		!archive_read_disk_open(disk, ".");
	if (saved) {
		archive_entry_linkresolver_set_strategy(links, archive_format(to));
		saved = entries_save(disk, to, links) && !archive_write_close(to);
	}
	if (!saved)
		ret = archive_fail(err, what, "saved", disk, to);
	return ret;
}

/* ---- and back ---- */

static bool tar_read_open(struct archive *from, int fd)
{
	return !archive_read_support_format_tar(from) && !archive_read_support_filter_gzip(from) &&
	       !archive_read_open_fd(from, fd, 65536);
}

/* Of what cannot be made whole nothing is said to be there: no warning will do. */
static bool entry_load(struct archive *from, struct archive *disk, struct archive_entry *e)
{
	const void *data;
	size_t len;
	int64_t at;
	int status;

	if (archive_write_header(disk, e))
		return false;
	while (!(status = archive_read_data_block(from, &data, &len, &at)))
		if (archive_write_data_block(disk, data, len, at))
			return false;
	return status == ARCHIVE_EOF && !archive_write_finish_entry(disk);
}

static bool entries_load(struct archive *from, struct archive *disk)
{
	struct archive_entry *e;
	int status;

	while (archive_ok(from, status = archive_read_next_header(from, &e)))
		if (!entry_load(from, disk, e))
			return false;
	return status == ARCHIVE_EOF;
}

int tar_load(struct err *err, const char *what, int tree_fd, int fd)
{
	auto_read struct archive *from = archive_read_new();
	auto_write struct archive *disk = archive_write_disk_new();
	auto_leave struct work_place work = { .back_fd = -1 };
	int ret = work_enter(&work, tree_fd);
	bool loaded;

	if (ret)
		return fail_errno(err, ret, "%s", what);
	loaded = from && disk && tar_read_open(from, fd) &&
		 !archive_write_disk_set_options(
			 disk, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
				       ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR |
				       ARCHIVE_EXTRACT_SPARSE | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
				       ARCHIVE_EXTRACT_SECURE_NODOTDOT |
				       ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS) &&
		 entries_load(from, disk) && !archive_write_close(disk);
	if (!loaded)
		ret = archive_fail(err, what, "restored", from, disk);
	return ret;
}
