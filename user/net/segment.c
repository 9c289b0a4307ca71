// SPDX-License-Identifier: GPL-2.0
/*
 * Segments as from the peer of a connection, for states that no call makes: the
 * peer's FIN, or its ACK of ours. They go through a raw socket to loopback with the
 * mark that the lock lets pass.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "net/inet.h"

struct segment {
	union {
		struct iphdr v4;
		struct ip6_hdr v6;
	} ip;
	size_t ip_len;
	struct tcphdr tcp;
};

static uint32_t sum_add(uint32_t sum, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void segment_fill(struct segment *s, const struct nft_conn *c, uint32_t seq, uint32_t ack,
			 bool fin)
{
	size_t addr_len = c->ipv6 ? 16 : 4;
	uint32_t sum = IPPROTO_TCP + sizeof(s->tcp);

	memset(s, 0, sizeof(*s));
	s->tcp.source = htons(c->peer_port);
	s->tcp.dest = htons(c->local_port);
	s->tcp.seq = htonl(seq);
	s->tcp.ack_seq = htonl(ack);
	s->tcp.doff = sizeof(s->tcp) / 4;
	s->tcp.ack = 1;
	s->tcp.fin = fin;
	s->tcp.window = htons(1024);
	sum = sum_add(sum, c->peer, addr_len);
	sum = sum_add(sum, c->local, addr_len);
	s->tcp.check = sum_fold(sum_add(sum, &s->tcp, sizeof(s->tcp)));
	if (c->ipv6) {
		s->ip_len = sizeof(s->ip.v6);
		s->ip.v6.ip6_vfc = 6 << 4;
		s->ip.v6.ip6_plen = htons(sizeof(s->tcp));
		s->ip.v6.ip6_nxt = IPPROTO_TCP;
		s->ip.v6.ip6_hlim = 64;
		memcpy(&s->ip.v6.ip6_src, c->peer, addr_len);
		memcpy(&s->ip.v6.ip6_dst, c->local, addr_len);
		return;
	}
	/* the kernel does the length and the sum of this one (raw_send_hdrinc) */
	s->ip_len = sizeof(s->ip.v4);
	s->ip.v4.version = 4;
	s->ip.v4.ihl = 5;
	s->ip.v4.ttl = 64;
	s->ip.v4.protocol = IPPROTO_TCP;
	memcpy(&s->ip.v4.saddr, c->peer, addr_len);
	memcpy(&s->ip.v4.daddr, c->local, addr_len);
}

static int segment_send(const InetSkEntry *e, const struct nft_conn *c, const struct segment *s)
{
	auto_close int fd = socket(c->ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC,
				   IPPROTO_RAW);
	union inet_addr to = { 0 };
	int mark = NFT_PASS_MARK;
	char packet[sizeof(*s)];
	socklen_t len;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		return -errno;
	if (c->ipv6) {
		len = inet_addr_get(e, false, &to);
		to.v6.sin6_port = 0;
	} else {
		len = sizeof(to.v4);
		to.v4.sin_family = AF_INET;
		memcpy(&to.v4.sin_addr, c->local, 4);
	}
	memcpy(packet, &s->ip, s->ip_len);
	memcpy(packet + s->ip_len, &s->tcp, sizeof(s->tcp));
	return sendto(fd, packet, s->ip_len + sizeof(s->tcp), 0, &to.any, len) < 0 ? -errno : 0;
}

int segment_inject(const InetSkEntry *e, uint32_t seq, uint32_t ack, bool fin)
{
	struct nft_conn conn;
	struct segment s;
	int ret = inet_tuple(e, &conn);

	if (ret)
		return ret;
	segment_fill(&s, &conn, seq, ack, fin);
	return segment_send(e, &conn, &s);
}
