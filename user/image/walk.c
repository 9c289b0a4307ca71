// SPDX-License-Identifier: GPL-2.0
/*
 * Going through any image without knowing what it is for: which messages come
 * in which order, and how many plain bytes follow each.
 */
#include <errno.h>

#include "image/bpfmap_data.pb-c.h"
#include "image/ghost_file.pb-c.h"
#include "image/internal.h"
#include "image/ipc_msg.pb-c.h"
#include "image/ipc_sem.pb-c.h"
#include "image/ipc_shm.pb-c.h"
#include "image/pipe_data.pb-c.h"
#include "image/sk_packet.pb-c.h"
#include "image/tcp_stream.pb-c.h"

struct walk {
	struct image_reader *r;
	int (*each)(void *arg, const struct image_item *item);
	void *arg;
};

/* @len rounded up to a power of two; the largest number stays too large for any file. */
static uint64_t padded(uint64_t len, uint64_t to)
{
	return len > UINT64_MAX - to ? len : (len + to - 1) & ~(to - 1);
}

/* How many bytes follow @msg. */
static uint64_t extra_len(const struct image_reader *r, const ProtobufCMessage *msg)
{
	const ProtobufCMessageDescriptor *desc = msg->descriptor;

	if (desc == &pipe_data_entry__descriptor)
		return ((const PipeDataEntry *)msg)->bytes;
	if (desc == &sk_packet_entry__descriptor)
		return ((const SkPacketEntry *)msg)->length;
	if (desc == &tcp_stream_entry__descriptor)
		return (uint64_t)((const TcpStreamEntry *)msg)->inq_len +
		       ((const TcpStreamEntry *)msg)->outq_len;
	if (desc == &bpfmap_data_entry__descriptor)
		return (uint64_t)((const BpfmapDataEntry *)msg)->keys_bytes +
		       ((const BpfmapDataEntry *)msg)->values_bytes;
	if (desc == &ipc_shm_entry__descriptor)
		return ((const IpcShmEntry *)msg)->in_pagemaps
			       ? 0
			       : padded(((const IpcShmEntry *)msg)->size, 4);
	if (desc == &ipc_sem_entry__descriptor)
		return padded((uint64_t)((const IpcSemEntry *)msg)->nsems * 2, 8);
	if (desc == &ipc_msg__descriptor)
		return padded(((const IpcMsg *)msg)->msize, 8);
	if (desc == &ghost_file_entry__descriptor)
		return ((const GhostFileEntry *)msg)->chunks ? 0 : image_read_left(r);
	if (desc == &ghost_chunk_entry__descriptor)
		return ((const GhostChunkEntry *)msg)->len;
	return 0;
}

/*
 * One message with its bytes. Returns 1, 0 at the end, or -errno. @ret_nested
 * counts the messages of another kind that follow it.
 */
static int item_walk(struct walk *w, const ProtobufCMessageDescriptor *desc, uint32_t *ret_nested)
{
	struct image_item item = { .offset = image_read_offset(w->r) };
	ProtobufCMessage *msg;
	int ret = image_read(w->r, desc, &msg);

	if (ret <= 0)
		return ret;
	item.msg = msg;
	item.extra_len = extra_len(w->r, msg);
	ret = image_read_raw(w->r, item.extra_len, &item.extra);
	if (!ret)
		ret = w->each(w->arg, &item);
	*ret_nested = desc == &ipc_msg_entry__descriptor ? ((IpcMsgEntry *)msg)->qnum : 0;
	protobuf_c_message_free_unpacked(msg, NULL);
	return ret ? ret : 1;
}

/* As item_walk(), where the end of the file is an error. */
static int item_must_walk(struct walk *w, const ProtobufCMessageDescriptor *desc)
{
	uint32_t nested;
	int ret = item_walk(w, desc, &nested);

	return ret ? ret : image_read_missing(w->r, desc);
}

int image_walk(struct image_reader *r, enum image_type type,
	       int (*each)(void *arg, const struct image_item *item), void *arg)
{
	const struct image_kind *kind = &image_kinds[type];
	struct walk w = { .r = r, .each = each, .arg = arg };
	uint32_t nested = 0;
	int ret = 1;

	if (!kind->magic)
		return 0;
	if (kind->first)
		ret = item_must_walk(&w, kind->first);
	while (ret == 1) {
		ret = item_walk(&w, kind->entry, &nested);
		while (ret == 1 && nested--)
			ret = item_must_walk(&w, &ipc_msg__descriptor);
	}
	return ret;
}
