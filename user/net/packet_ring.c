// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of packet sockets (PACKET_RX_RING, PACKET_TX_RING): frames, or blocks of frames
 * (TPACKET_V3), that the program and the kernel hand each other by a status word. Each
 * knows for itself where it is, so a new ring is brought on to where the kernel was with
 * packets over the loopback device; then what the program had not read yet is put in,
 * and what it had written. A block that the kernel was filling goes to the program as if
 * its time was up. Numbers of blocks count anew.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kapi/peek_packet.h"
#include "lib/cleanup.h"
#include "net/inet.h"
#include "net/packet.h"

#define PROTOCOL_WIND	0x88b5	/* for local experiments: IEEE 802 */
#define PROTOCOL_NOBODY 0x88b6
#define WAIT_NS		50000
#define NR_WAITS	40000	/* two seconds */
#define PAYLOAD_MAX	60000
#define NR_ROUNDS	8

/* Both rings, mapped by this process. */
struct rings {
	const PacketSockEntry *e;
	int fd;
	char *base;
	uint64_t len, rx_len;
};

static uint32_t *word_at(const struct rings *w, uint64_t offset)
{
	return (uint32_t *)(w->base + offset);
}

/* Frames lie in blocks, and none across two. */
static uint64_t frame_offset(const PacketRing *ring, uint32_t nr)
{
	uint32_t in_block = ring->block_size / ring->frame_size;

	return (uint64_t)(nr / in_block) * ring->block_size +
	       (uint64_t)(nr % in_block) * ring->frame_size;
}

static bool has_blocks(const PacketSockEntry *e)
{
	return e->version == PACKET_V3 && e->rx_ring;
}

/* How many the kernel goes around by. */
static uint32_t rx_units(const PacketSockEntry *e)
{
	return has_blocks(e) ? e->rx_ring->block_nr : e->rx_ring->frame_nr;
}

static uint64_t rx_offset(const PacketSockEntry *e, uint32_t nr)
{
	return has_blocks(e) ? (uint64_t)nr * e->rx_ring->block_size :
			       frame_offset(e->rx_ring, nr);
}

static struct tpacket_hdr_v1 *block_head(const struct rings *w, uint32_t nr)
{
	return &((struct tpacket_block_desc *)(w->base + rx_offset(w->e, nr)))->hdr.bh1;
}

static uint32_t *rx_status(const struct rings *w, uint32_t nr)
{
	return has_blocks(w->e) ? &block_head(w, nr)->block_status :
				  word_at(w, rx_offset(w->e, nr));
}

static uint32_t *tx_status(const struct rings *w, uint32_t nr)
{
	uint64_t at = w->rx_len + frame_offset(w->e->tx_ring, nr);

	return word_at(w, at + (w->e->version == PACKET_V3 ?
					offsetof(struct tpacket3_hdr, tp_status) : 0));
}

uint64_t packet_ring_len(const PacketRing *ring)
{
	return ring ? (uint64_t)ring->block_size * ring->block_nr : 0;
}

uint64_t packet_rings_len(const PacketSockEntry *e)
{
	return packet_ring_len(e->rx_ring) + packet_ring_len(e->tx_ring);
}

static int rings_map(const PacketSockEntry *e, int fd, int prot, struct rings *ret)
{
	*ret = (struct rings){ .e = e, .fd = fd, .len = packet_rings_len(e),
			       .rx_len = packet_ring_len(e->rx_ring) };
	ret->base = mmap(NULL, ret->len, prot, MAP_SHARED, fd, 0);
	return ret->base == MAP_FAILED ? -errno : 0;
}

static void rings_unmap(struct rings *w)
{
	if (w->base != MAP_FAILED)
		munmap(w->base, w->len);
}

static bool status_get(const uint32_t *status, uint32_t bits)
{
	return __atomic_load_n(status, __ATOMIC_ACQUIRE) & bits;
}

/* ---- dump ---- */

static int part_add(CrctlRingEntry *ring, const struct rings *w, uint64_t offset, uint64_t len,
		    CrctlRingPart **ret_part)
{
	CrctlRingPart *part = NULL, **parts;

	/* full at each power of two */
	if (!(ring->n_parts & (ring->n_parts - 1))) {
		parts = reallocarray(ring->parts, ring->n_parts ? ring->n_parts * 2 : 1,
				     sizeof(part));
		if (!parts)
			return -ENOMEM;
		ring->parts = parts;
	}
	part = calloc(1, sizeof(*part));
	if (!part)
		return -ENOMEM;
	crctl_ring_part__init(part);
	part->data.data = malloc(len);
	if (!part->data.data) {
		free(part);
		return -ENOMEM;
	}
	part->offset = offset;
	part->data.len = len;
	memcpy(part->data.data, w->base + offset, len);
	ring->parts[ring->n_parts++] = part;
	*ret_part = part;
	return 0;
}

/* How much of a received frame was written, headers included. */
static uint32_t frame_used(const struct rings *w, uint64_t offset)
{
	const struct tpacket_hdr *v1 = (const void *)(w->base + offset);
	const struct tpacket2_hdr *v2 = (const void *)(w->base + offset);
	uint64_t used = w->e->version == PACKET_V1 ? (uint64_t)v1->tp_mac + v1->tp_snaplen :
						     (uint64_t)v2->tp_mac + v2->tp_snaplen;

	return used < w->e->rx_ring->frame_size ? (uint32_t)used : w->e->rx_ring->frame_size;
}

static bool is_between(uint32_t nr, uint32_t from, uint32_t to)
{
	return from <= to ? nr >= from && nr < to : nr >= from || nr < to;
}

/* Frames that came between two looks at the kernel's place are not in the image. */
static int frames_dump(const struct rings *w, uint32_t head, uint32_t head_after,
		       CrctlRingEntry *ring)
{
	int ret = 0;

	for (uint32_t i = 0; i < w->e->rx_ring->frame_nr && !ret; i++) {
		uint64_t at = frame_offset(w->e->rx_ring, i), used;
		CrctlRingPart *part;
		uint32_t status;

		if (!status_get(rx_status(w, i), TP_STATUS_USER) ||
		    (head != head_after && is_between(i, head, head_after)))
			continue;
		used = frame_used(w, at);
		ret = part_add(ring, w, at, used < 64 ? 64 : used, &part);
		if (ret)
			break;
		/* the whole packet would wait in the queue, and is lost */
		memcpy(&status, part->data.data, sizeof(status));
		status &= ~(uint32_t)TP_STATUS_COPY;
		memcpy(part->data.data, &status, sizeof(status));
	}
	return ret;
}

/* The block that was being filled ends with the packets that it had when it was looked at. */
static void block_close(CrctlRingPart *part, uint32_t nr_packets)
{
	struct tpacket_block_desc *block = (void *)part->data.data;
	struct tpacket_hdr_v1 *head = &block->hdr.bh1;
	uint64_t at = head->offset_to_first_pkt;
	struct tpacket3_hdr *packet = NULL;

	for (uint32_t i = 0; i < nr_packets && at + sizeof(*packet) <= part->data.len; i++) {
		packet = (void *)(part->data.data + at);
		at += packet->tp_next_offset;
	}
	if (packet) {
		packet->tp_next_offset = 0;
		head->ts_last_pkt.ts_sec = packet->tp_sec;
		head->ts_last_pkt.ts_nsec = packet->tp_nsec;
	}
	head->num_pkts = nr_packets;
	head->block_status = TP_STATUS_USER | TP_STATUS_BLK_TMO;
}

static int blocks_dump(const struct rings *w, uint32_t head, uint32_t nr_packets,
		       CrctlRingEntry *ring)
{
	uint32_t nr = w->e->rx_ring->block_nr;
	bool closed = nr_packets && !status_get(rx_status(w, head), TP_STATUS_USER);
	CrctlRingPart *part;
	int ret = 0;

	for (uint32_t i = 0; i < nr && !ret; i++) {
		uint32_t used = block_head(w, i)->blk_len, size = w->e->rx_ring->block_size;

		if (!(closed && i == head) && !status_get(rx_status(w, i), TP_STATUS_USER))
			continue;
		ret = part_add(ring, w, rx_offset(w->e, i),
			       used < sizeof(struct tpacket_block_desc) || used > size ? size :
											 used,
			       &part);
		if (!ret && closed && i == head)
			block_close(part, nr_packets);
	}
	ring->rx_head = closed ? (head + 1) % nr : head;
	ring->frozen = status_get(rx_status(w, ring->rx_head), TP_STATUS_USER);
	ring->has_frozen = true;
	return ret;
}

static bool is_zero(const char *data, uint64_t len)
{
	return !len || (!data[0] && !memcmp(data, data + 1, len - 1));
}

/* Also of frames that are the program's: it may be writing to one. */
static int tx_dump(const struct rings *w, CrctlRingEntry *ring)
{
	int ret = 0;

	for (uint32_t i = 0; i < w->e->tx_ring->frame_nr && !ret; i++) {
		uint64_t at = w->rx_len + frame_offset(w->e->tx_ring, i);
		uint64_t status_at = (uint64_t)((char *)tx_status(w, i) - w->base) - at;
		CrctlRingPart *part;
		uint32_t status;

		if (is_zero(w->base + at, w->e->tx_ring->frame_size))
			continue;
		ret = part_add(ring, w, at, w->e->tx_ring->frame_size, &part);
		if (ret)
			break;
		/* what the device has will be sent by it */
		memcpy(&status, part->data.data + status_at, sizeof(status));
		status = status & TP_STATUS_SENDING ? TP_STATUS_AVAILABLE : status;
		memcpy(part->data.data + status_at, &status, sizeof(status));
	}
	return ret;
}

static int rx_dump(struct dump *d, const struct rings *w, const struct packet_heads *heads,
		   CrctlRingEntry *ring)
{
	struct timespec nap = { 0, 1000000 };
	struct packet_heads after;
	uint32_t nr_packets;
	int ret;

	ring->has_rx_head = true;
	ring->rx_head = heads->rx;
	if (has_blocks(w->e)) {
		nr_packets = block_head(w, heads->rx)->num_pkts;
		/* the last one may not be written to its end */
		if (nr_packets)
			nanosleep(&nap, NULL);
		return blocks_dump(w, heads->rx, nr_packets, ring);
	}
	ret = peek_packet_heads(d->net->packets->peek, w->fd, false, &after);
	return ret ? ret : frames_dump(w, heads->rx, after.rx, ring);
}

static int content_dump(struct dump *d, struct rings *w, CrctlRingEntry *ring)
{
	struct packet_heads heads;
	int ret = d->net->packets->peek ? 0 : peek_packet_open(&d->net->packets->peek);

	if (!ret)
		ret = peek_packet_heads(d->net->packets->peek, w->fd, has_blocks(w->e), &heads);
	if (ret)
		return ret;
	if ((w->e->rx_ring && heads.rx >= rx_units(w->e)) ||
	    (w->e->tx_ring && heads.tx >= w->e->tx_ring->frame_nr))
		return -EOPNOTSUPP;
	ring->has_tx_head = w->e->tx_ring != NULL;
	ring->tx_head = ring->has_tx_head ? heads.tx : 0;
	if (w->e->rx_ring)
		ret = rx_dump(d, w, &heads, ring);
	if (!ret && w->e->tx_ring)
		ret = tx_dump(w, ring);
	return ret;
}

int packet_ring_dump(struct dump *d, const struct fd_info *fd, const PacketSockEntry *e,
		     CrctlRingEntry **ret_ring)
{
	CrctlRingEntry *ring = *ret_ring = calloc(1, sizeof(*ring));
	struct rings w;
	int ret;

	if (!ring)
		return -ENOMEM;
	crctl_ring_entry__init(ring);
	ret = rings_map(e, fd->local_fd, PROT_READ, &w);
	if (!ret)
		ret = content_dump(d, &w, ring);
	rings_unmap(&w);
	if (ret == -EOPNOTSUPP || ret == -EPERM || ret == -ENOENT)
		return dump_refuse(d, "pid %d fd %d: how far the packet socket's rings are cannot "
				   "be read (that takes BPF and /sys/kernel/btf); close it before "
				   "the dump", fd->task->pid, fd->fd);
	return ret ? fail_errno(d->ctx.err, ret, "pid %d fd %d: the packet socket's rings",
				fd->task->pid, fd->fd) : 0;
}

/* ---- restore ---- */

static bool ring_is_sane(const PacketRing *ring)
{
	return !ring || (ring->frame_size && ring->block_nr && ring->block_size % 4096 == 0 &&
			 ring->frame_size >= 64 && ring->frame_size <= ring->block_size &&
			 ring->frame_nr == (uint64_t)(ring->block_size / ring->frame_size) *
						   ring->block_nr);
}

int packet_ring_check(struct restore *r, uint32_t id, const PacketSockEntry *e,
		      const CrctlRingEntry *ring)
{
	bool sane = ring_is_sane(e->rx_ring) && ring_is_sane(e->tx_ring);
	uint64_t len = sane ? packet_rings_len(e) : 0;

	if (!sane)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u has a ring that cannot "
			    "be", id);
	if (!ring)
		return 0;
	sane = ring->rx_head < (e->rx_ring ? rx_units(e) : 1) &&
	       ring->tx_head < (e->tx_ring ? e->tx_ring->frame_nr : 1);
	for (size_t i = 0; sane && i < ring->n_parts; i++)
		sane = ring->parts[i]->offset <= len &&
		       ring->parts[i]->data.len <= len - ring->parts[i]->offset;
	return sane ? 0 : fail(r->ctx.err, -EINVAL, "crctl-sockets: the ring of open file %u is "
			       "impossible", id);
}

static int ring_make(int fd, int name, const PacketSockEntry *e, const PacketRing *ring)
{
	struct tpacket_req3 req = {
		.tp_block_size = ring->block_size, .tp_block_nr = ring->block_nr,
		.tp_frame_size = ring->frame_size, .tp_frame_nr = ring->frame_nr,
		.tp_retire_blk_tov = ring->retire_tmo, .tp_sizeof_priv = ring->sizeof_priv,
		.tp_feature_req_word = ring->features,
	};
	socklen_t len = e->version == PACKET_V3 ? sizeof(req) : sizeof(struct tpacket_req);

	return setsockopt(fd, SOL_PACKET, name, &req, len) ? -errno : 0;
}

static int loopback_bind(int fd, uint16_t protocol)
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol),
				    .sll_ifindex = (int)if_nametoindex("lo") };

	return bind(fd, (struct sockaddr *)&name, sizeof(name)) ? -errno : 0;
}

static int loopback_send(int fd, const void *data, size_t len)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTOCOL_WIND),
				  .sll_ifindex = (int)if_nametoindex("lo"), .sll_halen = 6 };

	return sendto(fd, data, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

/* Until one of @bits is set, or *@watched is not @was any more. */
static int status_await(const uint32_t *status, uint32_t bits, const uint32_t *watched,
			uint32_t was)
{
	struct timespec nap = { 0, WAIT_NS };

	for (int i = 0; i < NR_WAITS; i++) {
		if (status_get(status, bits) ||
		    (watched && __atomic_load_n(watched, __ATOMIC_ACQUIRE) != was))
			return 0;
		if (i > 20)
			nanosleep(&nap, NULL);
	}
	return -ETIMEDOUT;
}

/* One frame after the other is filled and taken. */
static int frames_wind(const struct rings *w, int send_fd, uint32_t head)
{
	int ret = 0;

	for (uint32_t i = 0; i < head && !ret; i++) {
		ret = loopback_send(send_fd, "", 1);
		if (!ret)
			ret = status_await(rx_status(w, i), TP_STATUS_USER, NULL, 0);
		__atomic_store_n(rx_status(w, i), TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	}
	return ret;
}

/* Packets until the block is full, the last ones small: little then comes into the next. */
static int block_fill(const struct rings *w, int send_fd, const char *payload, uint32_t nr)
{
	const struct tpacket_hdr_v1 *head = block_head(w, nr);
	uint32_t margin = 1024 + w->e->reserve, size = w->e->rx_ring->block_size;
	int ret = 0;

	while (!ret && !status_get(&head->block_status, TP_STATUS_USER)) {
		uint32_t used = head->blk_len, room = used < size ? size - used : 0;
		uint32_t len = room > 2 * margin ? room - margin : 1;

		ret = loopback_send(send_fd, payload, len < PAYLOAD_MAX ? len : PAYLOAD_MAX);
		if (!ret)
			ret = status_await(&head->block_status, TP_STATUS_USER, &head->blk_len,
					   used);
	}
	return ret;
}

/* The packet that did not fit into the block before is in this one: it is skipped. */
static void block_empty(struct tpacket_hdr_v1 *head)
{
	const struct tpacket3_hdr *packet;
	char *block = (char *)head - offsetof(struct tpacket_block_desc, hdr);

	if (!head->num_pkts)
		return;
	packet = (const void *)(block + head->offset_to_first_pkt);
	head->offset_to_first_pkt += packet->tp_next_offset;
	head->num_pkts = 0;
}

/* A block's time may be up at any moment: then it is round once more. */
static int blocks_wind(const struct rings *w, int send_fd, uint32_t head, bool frozen)
{
	uint32_t nr = w->e->rx_ring->block_nr, at = 0;
	uint32_t target = frozen ? (head + nr - 1) % nr : head;
	auto_free char *payload = calloc(1, PAYLOAD_MAX);
	int ret = payload ? 0 : -ENOMEM;

	for (int round = 0; !ret && round < NR_ROUNDS; round++) {
		for (; !ret && at != target; at = (at + 1) % nr) {
			ret = block_fill(w, send_fd, payload, at);
			__atomic_store_n(rx_status(w, at), TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		}
		if (!ret && frozen && nr > 1)
			__atomic_store_n(rx_status(w, head), TP_STATUS_USER, __ATOMIC_RELEASE);
		if (!ret && frozen)
			return block_fill(w, send_fd, payload, at);
		if (!ret)
			block_empty(block_head(w, at));
		if (ret || !status_get(rx_status(w, at), TP_STATUS_USER))
			return ret;
		__atomic_store_n(rx_status(w, at), TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		at = (at + 1) % nr;
	}
	return ret ? ret : -EAGAIN;
}

static int rx_wind(const struct rings *w, const CrctlRingEntry *ring)
{
	auto_close int send_fd = -1;
	int ret;

	if (!w->e->rx_ring || (!ring->rx_head && !ring->frozen))
		return 0;
	send_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ret = send_fd < 0 ? -errno : loopback_bind(w->fd, PROTOCOL_WIND);
	if (ret)
		return ret;
	ret = has_blocks(w->e) ? blocks_wind(w, send_fd, ring->rx_head, ring->frozen) :
				 frames_wind(w, send_fd, ring->rx_head);
	return ret ? ret : loopback_bind(w->fd, PROTOCOL_NOBODY);
}

/* Until the frame is the program's again. */
static int tx_await(const uint32_t *status)
{
	struct timespec nap = { 0, WAIT_NS };

	for (int i = 0; status_get(status, TP_STATUS_SEND_REQUEST | TP_STATUS_SENDING); i++) {
		if (i > NR_WAITS)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	return 0;
}

/* Empty frames are sent until the kernel is where it was. */
static int tx_wind(const struct rings *w, uint32_t head)
{
	int ret = 0;

	for (uint32_t i = 0; i < head; i++) {
		uint64_t at = w->rx_len + frame_offset(w->e->tx_ring, i);

		if (w->e->version == PACKET_V1)
			((struct tpacket_hdr *)(w->base + at))->tp_len = 60;
		else if (w->e->version == PACKET_V2)
			((struct tpacket2_hdr *)(w->base + at))->tp_len = 60;
		else
			((struct tpacket3_hdr *)(w->base + at))->tp_len = 60;
		__atomic_store_n(tx_status(w, i), TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
	}
	if (head)
		ret = loopback_send(w->fd, NULL, 0);
	for (uint32_t i = 0; i < head && !ret; i++)
		ret = tx_await(tx_status(w, i));
	return ret;
}

static void content_restore(const struct rings *w, const CrctlRingEntry *ring)
{
	if (w->e->tx_ring)
		memset(w->base + w->rx_len, 0, w->len - w->rx_len);
	for (size_t i = 0; i < ring->n_parts; i++)
		memcpy(w->base + ring->parts[i]->offset, ring->parts[i]->data.data,
		       ring->parts[i]->data.len);
}

int packet_ring_restore(struct restore *r, uint32_t id, const PacketSockEntry *e,
			const CrctlRingEntry *ring, int fd)
{
	struct rings w;
	int ret = e->rx_ring ? ring_make(fd, PACKET_RX_RING, e, e->rx_ring) : 0;

	if (!ret && e->tx_ring)
		ret = ring_make(fd, PACKET_TX_RING, e, e->tx_ring);
	if (ret)
		return fail_errno(r->ctx.err, ret, "open file %u: the packet socket's rings", id);
	if (!ring)
		return 0;
	ret = rings_map(e, fd, PROT_READ | PROT_WRITE, &w);
	if (!ret)
		ret = rx_wind(&w, ring);
	if (!ret && e->tx_ring)
		ret = tx_wind(&w, ring->tx_head);
	if (!ret)
		content_restore(&w, ring);
	rings_unmap(&w);
	return ret ? fail_errno(r->ctx.err, ret, "open file %u: bringing the packet socket's rings "
				"to where they were (is the loopback device up?)", id) : 0;
}
