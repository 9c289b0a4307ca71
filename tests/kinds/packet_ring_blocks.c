// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of blocks (TPACKET_V3): one with blocks read, one that waits and one that the
 * kernel was filling; and one that is full, which goes on when it was read. A child reads
 * through the mapping alone.
 */
#include "kind.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/socket.h>

#define PROTOCOL 0x88b8
#define BLOCK	 8192
#define NR	 4
#define LEN	 1000

static int sender;
static pid_t child;
static struct reader {
	int sock, next, protocol; /* number of the packet that is read next */
	int block;
	char *ring;
} part, full;

static struct tpacket_hdr_v1 *head(const struct reader *r)
{
	return &((struct tpacket_block_desc *)(r->ring + r->block * BLOCK))->hdr.bh1;
}

static struct sockaddr_ll loopback(int protocol)
{
	return (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(protocol),
				     .sll_ifindex = (int)if_nametoindex("lo"), .sll_halen = 6 };
}

static void send_numbers(const struct reader *r, int from, int nr)
{
	struct sockaddr_ll to = loopback(r->protocol);
	int packet[LEN / 4] = { 0 };

	for (int i = from; i < from + nr; i++) {
		packet[0] = i;
		must(sendto(sender, packet, LEN, 0, (struct sockaddr *)&to, sizeof(to)));
	}
}

static void open_ring(struct reader *r, int protocol)
{
	struct sockaddr_ll name = loopback(protocol);
	struct tpacket_req3 req = { .tp_block_size = BLOCK, .tp_block_nr = NR,
				    .tp_frame_size = 2048, .tp_frame_nr = NR * BLOCK / 2048,
				    .tp_retire_blk_tov = 60 };
	int version = TPACKET_V3;

	r->protocol = protocol;
	r->sock = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	must(setsockopt(r->sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	must(setsockopt(r->sock, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	must(bind(r->sock, (struct sockaddr *)&name, sizeof(name)));
	r->ring = mmap(NULL, NR * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, r->sock, 0);
	if (r->ring == MAP_FAILED)
		must(-1);
}

/* One block, for which there is at most a second; how many packets were in it. */
static int read_block(struct reader *r)
{
	struct tpacket_hdr_v1 *h = head(r);
	char *at;
	int nr;

	for (int i = 0; !(__atomic_load_n(&h->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER);
	     i++) {
		if (i > 1000)
			fail("block %d of %x does not come", r->block, r->protocol);
		sleep_ms(1);
	}
	nr = (int)h->num_pkts;
	at = (char *)h - offsetof(struct tpacket_block_desc, hdr) + h->offset_to_first_pkt;
	for (int i = 0; i < nr; i++) {
		struct tpacket3_hdr *p = (struct tpacket3_hdr *)at;
		int got;

		memcpy(&got, at + p->tp_net, sizeof(got));
		same(got, r->next++, "packet %d of %d in block %d", i, nr, r->block);
		same(p->tp_snaplen, LEN, "length of a packet");
		at += p->tp_next_offset;
		if (!p->tp_next_offset && i != nr - 1)
			fail("the block ends early");
	}
	__atomic_store_n(&h->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	r->block = (r->block + 1) % NR;
	return nr;
}

static void read_until(struct reader *r, int number)
{
	while (r->next < number)
		read_block(r);
	same(r->next, number, "packets in all");
}

static void child_body(void)
{
	close(part.sock);
	await_go();
	read_until(&part, 20);
	mark("read");
	read_until(&part, 40);
}

static void set_up(void)
{
	sender = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	open_ring(&part, PROTOCOL);
	open_ring(&full, PROTOCOL + 1);
	send_numbers(&part, 0, 10);
	read_until(&part, 10);
	send_numbers(&full, 0, 10);
	read_until(&full, 10);
	/* what finds no room is lost */
	send_numbers(&full, 10, 100);
	send_numbers(&part, 10, 10);
	child = child_start(child_body);
}

static void check(void)
{
	int nr = 0;

	while (head(&full)->block_status & TP_STATUS_USER && nr++ < NR)
		read_block(&full);
	same(nr, NR, "blocks that wait in the full ring");
	send_numbers(&full, full.next, 20);
	read_until(&full, full.next + 20);
	await_mark("read");
	send_numbers(&part, 20, 20);
	child_done(child);
}

const struct kind kind = {
	.network = true,
	.set_up = set_up,
	.check = check,
	.criu = "the image has neither what is in a ring nor where the kernel stands",
};
