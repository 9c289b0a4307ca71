// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of frames (TPACKET_V2) that went round already: what waits is read where the
 * program left off, what comes next follows it, and the next frame to be sent goes out.
 */
#include "kind.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#define PROTOCOL 0x88b8
#define PAGE	 4096
#define FRAME	 512
#define NR	 16 /* frames: two blocks */
#define BEFORE	 21 /* read before the dump */
#define WAITING	 3
#define SENT	 5

static int sock, sender, sink;
static char *ring, *tx;

static struct tpacket2_hdr *frame(char *base, int nr)
{
	return (struct tpacket2_hdr *)(base + nr % NR * FRAME);
}

static struct sockaddr_ll loopback(int protocol)
{
	return (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(protocol),
				     .sll_ifindex = (int)if_nametoindex("lo"), .sll_halen = 6 };
}

static void send_number(int nr)
{
	struct sockaddr_ll to = loopback(PROTOCOL);

	must(sendto(sender, &nr, sizeof(nr), 0, (struct sockaddr *)&to, sizeof(to)));
}

static void expect(int nr)
{
	struct tpacket2_hdr *f = frame(ring, nr);
	int got;

	if (!(f->tp_status & TP_STATUS_USER))
		fail("packet %d is not where it should be", nr);
	same(f->tp_snaplen, sizeof(int), "length of packet %d", nr);
	memcpy(&got, (char *)f + f->tp_net, sizeof(got));
	same(got, nr, "content of a packet");
	f->tp_status = TP_STATUS_KERNEL;
}

static void write_frame(int nr)
{
	struct tpacket2_hdr *f = frame(tx, nr);

	memcpy((char *)f + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll), &nr, sizeof(nr));
	f->tp_len = sizeof(nr);
}

static void send_frame(int nr)
{
	struct sockaddr_ll to = loopback(PROTOCOL + 1);
	int got = -1;

	frame(tx, nr)->tp_status = TP_STATUS_SEND_REQUEST;
	/* not until the frame is free: on some kernels it is not before it was received */
	must(sendto(sock, NULL, 0, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)));
	if (recv(sink, &got, sizeof(got), MSG_DONTWAIT) != sizeof(got) || got != nr)
		fail("frame %d was not sent, but %d", nr, got);
}

static void set_up(void)
{
	struct sockaddr_ll name = loopback(PROTOCOL), other = loopback(PROTOCOL + 1);
	struct tpacket_req req = { .tp_block_size = PAGE, .tp_block_nr = 2, .tp_frame_size = FRAME,
				   .tp_frame_nr = NR };
	int version = TPACKET_V2;

	sock = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	must(setsockopt(sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	must(setsockopt(sock, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	must(setsockopt(sock, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)));
	must(bind(sock, (struct sockaddr *)&name, sizeof(name)));
	ring = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, sock, 0);
	if (ring == MAP_FAILED)
		must(-1);
	tx = ring + 2 * PAGE;
	sender = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	sink = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	must(bind(sink, (struct sockaddr *)&other, sizeof(other)));
	for (int i = 0; i < BEFORE; i++) {
		send_number(i);
		expect(i);
	}
	for (int i = 0; i < WAITING; i++)
		send_number(BEFORE + i);
	for (int i = 0; i < SENT; i++) {
		write_frame(i);
		send_frame(i);
	}
	write_frame(SENT);
}

static void check(void)
{
	int next = BEFORE + WAITING;

	for (int i = BEFORE; i < next; i++)
		expect(i);
	/* round once, and one that has to wait for room is lost */
	for (int i = 0; i < NR; i++)
		send_number(next + i);
	send_number(-1);
	for (int i = 0; i < NR; i++)
		expect(next + i);
	send_frame(SENT);
	for (int i = SENT + 1; i < SENT + 1 + NR; i++) {
		write_frame(i);
		send_frame(i);
	}
}

const struct kind kind = {
	.network = true,
	.set_up = set_up,
	.check = check,
	.criu = "the image has neither what is in a ring nor where the kernel stands",
};
