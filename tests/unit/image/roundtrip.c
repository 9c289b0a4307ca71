// SPDX-License-Identifier: GPL-2.0
/* Every kind of image with every field set is written, read back and is the same. */
#include "check.h"
#include "fill.h"
#include "image/core.pb-c.h"
#include "image/ghost_file.pb-c.h"
#include "image/ipc_msg.pb-c.h"
#include "image/ipc_shm.pb-c.h"
#include "image/utsns.pb-c.h"

#define NR_ENTRIES 50
#define FOLLOW	   16

static const char extra_bytes[64] = "plain bytes that follow a message";

struct written {
	ProtobufCMessage *msgs[3 * NR_ENTRIES];
	size_t nr, seen;
};

static bool msg_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	size_t len = protobuf_c_message_get_packed_size(a);
	uint8_t *x = malloc(len + 1), *y = malloc(len + 1);
	bool equal = a->descriptor == b->descriptor && protobuf_c_message_get_packed_size(b) == len;

	if (equal) {
		protobuf_c_message_pack(a, x);
		protobuf_c_message_pack(b, y);
		equal = !memcmp(x, y, len);
	}
	free(x);
	free(y);
	return equal;
}

/* How many bytes this test writes after @msg, whose counts are all FOLLOW. */
static size_t follow_len(const ProtobufCMessage *msg)
{
	const char *name = msg->descriptor->name;

	if (!strcmp(name, "tcp_stream_entry") || !strcmp(name, "bpfmap_data_entry") ||
	    !strcmp(name, "ipc_sem_entry"))
		return 2 * FOLLOW;
	if (!strcmp(name, "pipe_data_entry") || !strcmp(name, "sk_packet_entry") ||
	    !strcmp(name, "ipc_msg") || !strcmp(name, "ghost_chunk_entry"))
		return FOLLOW;
	return 0;
}

static void entry_write(struct image_writer *w, struct written *written,
			const ProtobufCMessageDescriptor *desc, unsigned int *seed)
{
	ProtobufCMessage *msg = fill_message(desc, seed, FOLLOW, 3);

	if (desc == &ghost_file_entry__descriptor)
		((GhostFileEntry *)msg)->chunks = true;
	if (desc == &ghost_chunk_entry__descriptor)
		((GhostChunkEntry *)msg)->len = FOLLOW;
	if (desc == &ipc_shm_entry__descriptor)
		((IpcShmEntry *)msg)->in_pagemaps = true;
	if (desc == &ipc_msg_entry__descriptor)
		((IpcMsgEntry *)msg)->qnum = 2;
	written->msgs[written->nr++] = msg;
	CHECK(!image_write(w, msg));
	if (follow_len(msg))
		CHECK(!image_write_raw(w, extra_bytes, follow_len(msg)));
	for (int i = 0; desc == &ipc_msg_entry__descriptor && i < 2; i++)
		entry_write(w, written, &ipc_msg__descriptor, seed);
}

static int entry_compare(void *arg, const struct image_item *item)
{
	struct written *written = arg;
	size_t len = follow_len(item->msg);

	CHECK(written->seen < written->nr);
	CHECK(msg_equal(written->msgs[written->seen++], item->msg));
	CHECK(item->extra_len == len && !memcmp(item->extra, extra_bytes, len));
	return 0;
}

static void kind_check(int dir_fd, enum image_type type, unsigned int seed)
{
	const struct image_kind *kind = &image_kinds[type];
	struct written written = { .nr = 0 };
	struct image_writer *w;
	struct image_reader *r;
	enum image_type found;
	char name[64];

	CHECK(!image_write_open(dir_fd, type, 7, &w));
	if (kind->first)
		entry_write(w, &written, kind->first, &seed);
	for (int i = 0; i < NR_ENTRIES; i++)
		entry_write(w, &written, kind->entry, &seed);
	CHECK(!image_write_close(w));

	CHECK(!image_read_open(dir_fd, type, 7, &r));
	CHECK(!image_walk(r, type, entry_compare, &written));
	CHECK(written.seen == written.nr && !image_read_left(r));
	image_read_close(r);

	image_name(type, 7, name, sizeof(name));
	CHECK(!image_read_open_path(dir_fd, name, &found, &r) && found == type);
	image_read_close(r);
	for (size_t i = 0; i < written.nr; i++)
		protobuf_c_message_free_unpacked(written.msgs[i], NULL);
}

static void pages_check(int dir_fd)
{
	static char page[3 * 4096];
	struct image_writer *w;
	struct image_reader *r;
	const void *buf;

	memset(page, 'p', sizeof(page));
	CHECK(!image_write_open(dir_fd, IMG_PAGES, 1, &w));
	/* More than the buffer takes, past the mapping's threshold. */
	for (int i = 0; i < 1000; i++)
		CHECK(!image_write_raw(w, page, sizeof(page)));
	CHECK(!image_write_flush(w));
	CHECK(write(image_write_fd(w), "end", 3) == 3);
	CHECK(!image_write_close(w));
	CHECK(!image_read_open(dir_fd, IMG_PAGES, 1, &r));
	CHECK(image_read_left(r) == 1000 * sizeof(page) + 3 && !image_read_offset(r));
	for (int i = 0; i < 1000; i++)
		CHECK(!image_read_raw(r, sizeof(page), &buf) && !memcmp(buf, page, sizeof(page)));
	CHECK(!image_read_raw(r, 3, &buf) && !memcmp(buf, "end", 3));
	CHECK(!image_read_left(r));
	image_read_close(r);
}

/* A file in the way is replaced, not written through; the new one is private. */
static void replace_check(int dir_fd)
{
	UtsnsEntry uts = UTSNS_ENTRY__INIT;
	struct image_writer *w;
	struct stat st;
	char buf[16];

	uts.nodename = "node";
	uts.domainname = "domain";
	check_put(dir_fd, "victim", "keep", 4);
	CHECK(!fchmodat(dir_fd, "victim", 0644, 0));
	CHECK(!linkat(dir_fd, "victim", dir_fd, "utsns-1.img", 0));
	CHECK(!symlinkat("victim", dir_fd, "utsns-2.img"));
	for (int id = 1; id <= 2; id++) {
		CHECK(!image_write_one(dir_fd, IMG_UTSNS, id, &uts.base));
		snprintf(buf, sizeof(buf), "utsns-%d.img", id);
		CHECK(!fstatat(dir_fd, buf, &st, AT_SYMLINK_NOFOLLOW));
		CHECK(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600 && st.st_size > 8);
	}
	CHECK(!fstatat(dir_fd, "victim", &st, 0) && st.st_size == 4);
	CHECK(!image_write_open(dir_fd, IMG_UTSNS, 3, &w));
	image_write_abort(w);
	CHECK(fstatat(dir_fd, "utsns-3.img", &st, 0) && errno == ENOENT);
	image_write_abort(NULL);
	CHECK(!image_write_close(NULL));
	image_read_close(NULL);
	unlinkat(dir_fd, "victim", 0);
}

int main(void)
{
	int dir_fd = check_dir_open();

	for (int type = 0; type < IMG_NR_TYPES; type++)
		if (image_kinds[type].magic)
			kind_check(dir_fd, type, type + 1);
	pages_check(dir_fd);
	replace_check(dir_fd);
	return check_end(dir_fd);
}
