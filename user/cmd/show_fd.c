// SPDX-License-Identifier: GPL-2.0
/* Open files: what each description is, in one line, and the descriptors that name it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/show.h"
#include "image/json.h"
#include "image/memfd.pb-c.h"
#include "image/pipe_data.pb-c.h"
#include "image/tty.pb-c.h"

static int by_type_and_id(const void *a, const void *b)
{
	const FileEntry *x = *(FileEntry *const *)a, *y = *(FileEntry *const *)b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int by_pipe_id(const void *a, const void *b)
{
	const struct show_pipe_data *x = a, *y = b;

	return x->pipe_id < y->pipe_id ? -1 : x->pipe_id > y->pipe_id;
}

static int pipe_data_add(void *arg, const struct image_item *item)
{
	const PipeDataEntry *entry = (const PipeDataEntry *)item->msg;
	struct show_pipe_data *data = array_add(&((struct show *)arg)->pipes);

	if (!data)
		return -ENOMEM;
	data->pipe_id = entry->pipe_id;
	data->bytes = entry->bytes;
	return 0;
}

static void pipes_load(struct show *s, enum image_type type)
{
	struct image_reader *r;
	int ret = image_read_open(s->dir_fd, type, 0, &r);

	if (!ret) {
		ret = image_walk(r, type, pipe_data_add, s);
		image_read_close(r);
	}
	if (ret && ret != -ENOENT)
		show_problem(s);
}

void show_files_load(struct show *s)
{
	s->files = show_read_list(s, IMG_FILES, 0, false);
	s->tty_infos = show_read_list(s, IMG_TTY_INFO, 0, false);
	s->memfds = show_read_list(s, IMG_MEMFD_INODE, 0, false);
	if (s->files.nr)
		qsort(s->files.items, s->files.nr, sizeof(*s->files.items), by_type_and_id);
	pipes_load(s, IMG_PIPES_DATA);
	pipes_load(s, IMG_FIFO_DATA);
	if (s->pipes.nr)
		qsort(s->pipes.items, s->pipes.nr, sizeof(*s->pipes.items), by_pipe_id);
}

void show_files_free(struct show *s)
{
	show_list_free(&s->files);
	show_list_free(&s->tty_infos);
	show_list_free(&s->memfds);
	array_free(&s->pipes);
}

const FileEntry *show_file_find(struct show *s, FdTypes type, uint32_t id)
{
	FileEntry key = { .type = type, .id = id }, *key_place = &key;
	FileEntry **found;

	if (!s->files.nr)
		return NULL;
	found = bsearch(&key_place, s->files.items, s->files.nr, sizeof(*s->files.items),
			by_type_and_id);
	return found ? *found : NULL;
}

static const char *reg_path(struct show *s, uint32_t id)
{
	const FileEntry *file = show_file_find(s, FD_TYPES__REG, id);

	return file && file->reg ? file->reg->name : NULL;
}

json_t *show_file_path(struct show *s, uint32_t id)
{
	return image_json_text(reg_path(s, id));
}

static json_t *pipe_name(struct show *s, const char *kind, uint32_t pipe_id, uint32_t flags,
			 const char *path)
{
	static const char *const ends[] = { "read end", "write end", "both ends", "" };
	struct show_pipe_data key = { .pipe_id = pipe_id }, *data = NULL;
	char waiting[48] = "";

	if (s->pipes.nr)
		data = bsearch(&key, s->pipes.items, s->pipes.nr, sizeof(key), by_pipe_id);
	if (data && data->bytes)
		snprintf(waiting, sizeof(waiting), ", %u bytes waiting", data->bytes);
	if (path)
		return json_sprintf("%s %u, %s%s, %s", kind, pipe_id, ends[flags & 3], waiting,
				    path);
	return json_sprintf("%s %u, %s%s", kind, pipe_id, ends[flags & 3], waiting);
}

static void address_print(char *out, size_t size, uint32_t family, const uint32_t *addr, size_t nr,
			  uint32_t port)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (family == AF_INET && nr >= 1)
		inet_ntop(AF_INET, addr, text, sizeof(text));
	else if (family == AF_INET6 && nr >= 4)
		inet_ntop(AF_INET6, addr, text, sizeof(text));
	snprintf(out, size, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
}

static json_t *inet_name(const InetSkEntry *sk)
{
	char src[80], dst[80];
	const char *proto = sk->proto == IPPROTO_TCP   ? "TCP"
			    : sk->proto == IPPROTO_UDP ? "UDP"
						       : "IP";

	address_print(src, sizeof(src), sk->family, sk->src_addr, sk->n_src_addr, sk->src_port);
	address_print(dst, sizeof(dst), sk->family, sk->dst_addr, sk->n_dst_addr, sk->dst_port);
	return json_sprintf("%s socket protocol %u state %u, %s -> %s", proto, sk->proto, sk->state,
			    src, dst);
}

static json_t *unix_name(const UnixSkEntry *sk)
{
	json_t *name, *json;
	size_t len = sk->name.len;
	const char *at = "";
	const char *text = (const char *)sk->name.data;

	if (len && !text[0]) {
		at = "@";
		text++;
		len--;
	}
	while (len && !text[len - 1])
		len--;
	name = len ? image_json_text_len(text, len) : json_string("no name");
	json = json_sprintf("Unix socket %u type %u state %u, peer %u, %s%s", sk->ino, sk->type,
			    sk->state, sk->peer, at, json_string_value(name));
	json_decref(name);
	return json;
}

static json_t *tty_name(struct show *s, const TtyFileEntry *tty)
{
	const char *path = tty->has_regf_id ? reg_path(s, tty->regf_id) : NULL;

	array_for_each(&s->tty_infos, msg) {
		const TtyInfoEntry *info = (const TtyInfoEntry *)*msg;
		const ProtobufCEnumValue *type;

		if (info->id != tty->tty_info_id)
			continue;
		type = protobuf_c_enum_descriptor_get_value(&tty_type__descriptor, info->type);
		return json_sprintf("terminal %s, %s, session %u, foreground %u", path ? path : "?",
				    type ? type->name : "?", info->sid, info->pgrp);
	}
	return json_sprintf("terminal %s", path ? path : "?");
}

static json_t *memfd_name(struct show *s, const MemfdFileEntry *memfd)
{
	array_for_each(&s->memfds, msg) {
		const MemfdInodeEntry *inode = (const MemfdInodeEntry *)*msg;

		if (inode->inode_id == memfd->inode_id)
			return json_sprintf("memfd %s, %" PRIu64 " bytes", inode->name,
					    inode->size);
	}
	return json_sprintf("memfd, inode %u", memfd->inode_id);
}

/* What has flags but no more to tell than its type and one number. */
static json_t *simple_name(const FileEntry *f)
{
	if (f->efd)
		return json_sprintf("eventfd, counter %" PRIu64, f->efd->counter);
	if (f->epfd)
		return json_sprintf("epoll, watches %zu descriptors", f->epfd->n_tfd);
	if (f->sgfd)
		return json_sprintf("signalfd, mask 0x%" PRIx64, f->sgfd->sigmask);
	if (f->tfd)
		return json_sprintf("timerfd, clock %u, %" PRIu64 " unread, %" PRIu64 ".%03" PRIu64
				    " s left, then every %" PRIu64 ".%03" PRIu64 " s",
				    f->tfd->clockid, f->tfd->ticks, f->tfd->vsec,
				    f->tfd->vnsec / 1000000, f->tfd->isec, f->tfd->insec / 1000000);
	if (f->ify)
		return json_sprintf("inotify, %zu watches", f->ify->n_wd);
	if (f->ffy)
		return json_sprintf("fanotify, %zu marks", f->ffy->n_mark);
	if (f->nsf)
		return json_sprintf("namespace %u, CLONE flag 0x%x", f->nsf->ns_id,
				    f->nsf->ns_cflag);
	if (f->psk)
		return json_sprintf("packet socket, protocol 0x%x", f->psk->protocol);
	if (f->nlsk)
		return json_sprintf("netlink socket, protocol %u, port %u", f->nlsk->protocol,
				    f->nlsk->portid);
	if (f->tunf)
		return json_sprintf("TUN device %s", f->tunf->netdev ? f->tunf->netdev : "?");
	if (f->bpf)
		return json_sprintf("BPF map %s", f->bpf->map_name);
	if (f->pidfd)
		return f->pidfd->nspid == -1 ? json_string("pidfd of a process that was reaped") :
					       json_sprintf("pidfd of process %d", f->pidfd->nspid);
	if (f->ext)
		return json_string("external file");
	return json_string("of an unknown kind");
}

static json_t *file_name(struct show *s, const FileEntry *f)
{
	json_t *name = NULL;

	if (f->reg)
		return image_json_text(f->reg->name);
	if (f->pipe)
		name = pipe_name(s, "pipe", f->pipe->pipe_id, f->pipe->flags, NULL);
	else if (f->fifo)
		name = pipe_name(s, "fifo", f->fifo->pipe_id, 3,
				 f->fifo->has_regf_id ? reg_path(s, f->fifo->regf_id) : NULL);
	else if (f->isk)
		name = inet_name(f->isk);
	else if (f->usk)
		name = unix_name(f->usk);
	else if (f->tty)
		name = tty_name(s, f->tty);
	else if (f->memfd)
		name = memfd_name(s, f->memfd);
	else
		name = simple_name(f);
	/* A name that is not UTF-8 went into the format. */
	return name ? name : json_string("with a name that cannot be shown");
}

/* The open(2) flags, where the entry has them. */
static bool file_flags(struct show *s, const FileEntry *f, uint32_t *ret_flags)
{
	const FileEntry *reg;

	if (f->fifo && f->fifo->has_regf_id) {
		reg = show_file_find(s, FD_TYPES__REG, f->fifo->regf_id);
		if (!reg || !reg->reg)
			return false;
		*ret_flags = reg->reg->flags;
		return true;
	}
#define FLAGS_OF(member)                                                                           \
	if (f->member) {                                                                           \
		*ret_flags = f->member->flags;                                                     \
		return true;                                                                       \
	}
	FLAGS_OF(reg);
	FLAGS_OF(pipe);
	FLAGS_OF(isk);
	FLAGS_OF(usk);
	FLAGS_OF(tty);
	FLAGS_OF(memfd);
	FLAGS_OF(efd);
	FLAGS_OF(epfd);
	FLAGS_OF(sgfd);
	FLAGS_OF(tfd);
	FLAGS_OF(ify);
	FLAGS_OF(ffy);
	FLAGS_OF(nsf);
	FLAGS_OF(psk);
	FLAGS_OF(nlsk);
	FLAGS_OF(bpf);
	FLAGS_OF(pidfd);
#undef FLAGS_OF
	return false;
}

static json_t *flags_json(uint32_t flags)
{
	static const struct {
		uint32_t bits;
		const char *name;
	} words[] = {
		{ O_PATH, "O_PATH" },		{ O_APPEND, "O_APPEND" },
		{ O_NONBLOCK, "O_NONBLOCK" },	{ O_SYNC, "O_SYNC" },
		{ O_DSYNC, "O_DSYNC" },		{ O_ASYNC, "O_ASYNC" },
		{ O_DIRECT, "O_DIRECT" },	{ O_TMPFILE, "O_TMPFILE" },
		{ O_DIRECTORY, "O_DIRECTORY" }, { O_NOFOLLOW, "O_NOFOLLOW" },
		{ O_NOATIME, "O_NOATIME" },
	};
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "3" };
	char text[160] = "";
	size_t len = 0;

	if (!(flags & O_PATH))
		len = snprintf(text, sizeof(text), "%s", modes[flags & O_ACCMODE]);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((flags & words[i].bits) != words[i].bits)
			continue;
		flags &= ~words[i].bits;
		len += snprintf(text + len, sizeof(text) - len, "%s%s", len ? "|" : "",
				words[i].name);
	}
	return json_string(text);
}

static const char *type_name(FdTypes type)
{
	const ProtobufCEnumValue *known =
		protobuf_c_enum_descriptor_get_value(&fd_types__descriptor, type);

	return known ? known->name : "?";
}

json_t *show_fd(struct show *s, const FdinfoEntry *fd)
{
	const FileEntry *file = show_file_find(s, fd->type, fd->id);
	json_t *json = json_pack("{s:I s:s s:I s:b}", "fd", (json_int_t)fd->fd, "type",
				 type_name(fd->type), "id", (json_int_t)fd->id, "close_on_exec",
				 (int)(fd->flags & FD_CLOEXEC));
	uint32_t flags;

	if (!file) {
		json_object_set_new(json, "name", json_string("of which files.img says nothing"));
		return json;
	}
	json_object_set_new(json, "name", file_name(s, file));
	if (file_flags(s, file, &flags))
		json_object_set_new(json, "flags", flags_json(flags));
	if (!file->reg)
		return json;
	json_object_set_new(json, "position", json_integer(file->reg->pos));
	if (file->reg->has_size)
		json_object_set_new(json, "size", json_integer(file->reg->size));
	return json;
}
