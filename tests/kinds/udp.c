// SPDX-License-Identifier: GPL-2.0
/*
 * UDP, UDP-Lite, ICMP and raw sockets: bound, connected and neither, of IPv4 and IPv6,
 * with options and multicast groups; a thread that sleeps in recvfrom(2). What waited
 * in a queue is lost.
 */
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "tcp.h"

#define GROUP4 "239.1.2.3"
#define GROUP6 "ff02::1234"

static int server, client, server6, lite, group, group6, sources, raw, raw6, ping;
static int server_port, ping_id;
static pthread_t reader;
static pid_t reader_tid;

static int port_of(int fd)
{
	union address a;
	socklen_t len = sizeof(a);

	must(getsockname(fd, &a.any, &len));
	return ntohs(a.v4.sin_port);
}

static int udp_make(int family, int proto, int port)
{
	int fd = must(socket(family, SOCK_DGRAM, proto));
	union address a;

	must(bind(fd, &a.any, address_make(&a, family, false, port)));
	return fd;
}

static void lite_make(void)
{
	lite = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
	if (lite < 0 && errno == EPROTONOSUPPORT)
		return;		/* newer kernels than 6.12 may have none */
	close(must(lite));
	lite = udp_make(AF_INET, IPPROTO_UDPLITE, 7202);
	opt_set(lite, IPPROTO_UDPLITE, 10 /* UDPLITE_SEND_CSCOV */, 20);
}

static void lite_check(void)
{
	same(opt_get(lite, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDPLITE, "protocol of UDP-Lite");
	same(opt_get(lite, IPPROTO_UDPLITE, 10), 20, "UDPLITE_SEND_CSCOV");
	same(port_of(lite), 7202, "port of UDP-Lite");
}

static void *read_one(void *arg)
{
	union address from;
	socklen_t len = sizeof(from);
	char buf[16];

	reader_tid = syscall(SYS_gettid);
	same(recvfrom(server6, buf, sizeof(buf), 0, &from.any, &len), 3, "a thread in recvfrom(2)");
	return NULL;
}

static void groups_join(void)
{
	struct group_req req = { .gr_interface = 1 };
	struct group_source_req source = { .gsr_interface = 1 };
	struct sockaddr_in *v4 = (void *)&req.gr_group, *from = (void *)&source.gsr_source;
	struct sockaddr_in6 *v6 = (void *)&req.gr_group;

	v4->sin_family = AF_INET;
	inet_pton(AF_INET, GROUP4, &v4->sin_addr);
	must(setsockopt(group, IPPROTO_IP, MCAST_JOIN_GROUP, &req, sizeof(req)));
	memcpy(&source.gsr_group, v4, sizeof(*v4));
	from->sin_family = AF_INET;
	inet_pton(AF_INET, "127.0.0.9", &from->sin_addr);
	must(setsockopt(sources, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &source, sizeof(source)));
	memset(&req.gr_group, 0, sizeof(req.gr_group));
	v6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, GROUP6, &v6->sin6_addr);
	must(setsockopt(group6, IPPROTO_IPV6, MCAST_JOIN_GROUP, &req, sizeof(req)));
}

static void set_up(void)
{
	struct icmp_filter { uint32_t data; } filter = { ~(1u << ICMP_ECHOREPLY) };
	struct icmp6_filter filter6;
	union address a;

	file_write("/proc/sys/net/ipv4/ping_group_range", "0 2000");
	server = udp_make(AF_INET, 0, 0);
	server_port = port_of(server);
	client = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(connect(client, &a.any, address_make(&a, AF_INET, false, server_port)));
	opt_set(client, IPPROTO_IP, IP_RECVERR, 1);
	opt_set(client, IPPROTO_UDP, 103 /* UDP_SEGMENT */, 1200);
	opt_set(client, IPPROTO_IP, IP_MULTICAST_TTL, 9);
	opt_set(client, SOL_SOCKET, SO_BROADCAST, 1);
	server6 = udp_make(AF_INET6, 0, 7201);
	lite_make();
	group = must(socket(AF_INET, SOCK_DGRAM, 0));
	sources = must(socket(AF_INET, SOCK_DGRAM, 0));
	group6 = must(socket(AF_INET6, SOCK_DGRAM, 0));
	opt_set(group, SOL_SOCKET, SO_REUSEADDR, 1);
	must(bind(group, &a.any, address_make(&a, AF_INET, true, 7203)));
	groups_join();
	raw = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	must(setsockopt(raw, 255 /* SOL_RAW */, 1 /* ICMP_FILTER */, &filter, sizeof(filter)));
	opt_set(raw, IPPROTO_IP, IP_HDRINCL, 1);
	raw6 = must(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	ICMP6_FILTER_SETBLOCKALL(&filter6);
	must(setsockopt(raw6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6)));
	ping = must(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	must(bind(ping, &a.any, address_make(&a, AF_INET, false, 0)));
	ping_id = port_of(ping);
	reader = thread_start(read_one, NULL);
	while (!reader_tid)
		sleep_ms(1);
	await_syscall(reader_tid, SYS_recvfrom);
	must(send(client, "lost", 4, 0));
}

static void drain(int fd)
{
	char buf[64];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		;
}

static void groups_check(void)
{
	int from = must(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7203) };
	struct group_filter gf = { .gf_interface = 1, .gf_numsrc = 1 };
	struct sockaddr_in *addr = (void *)&gf.gf_group;
	struct in_addr local = { htonl(INADDR_LOOPBACK) };
	struct timeval limit = { 5, 0 };
	socklen_t len = sizeof(gf);
	char buf[8];

	inet_pton(AF_INET, GROUP4, &to.sin_addr);
	must(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &local, sizeof(local)));
	must(setsockopt(group, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	must(sendto(from, "mcast", 5, 0, (struct sockaddr *)&to, sizeof(to)));
	same(recv(group, buf, sizeof(buf), 0), 5, "to the multicast group");
	*addr = to;
	must(getsockopt(sources, IPPROTO_IP, MCAST_MSFILTER, &gf, &len));
	same(gf.gf_fmode, MCAST_INCLUDE, "mode of a group with sources");
	same(gf.gf_numsrc, 1, "its sources");
	same(((struct sockaddr_in *)&gf.gf_slist[0])->sin_addr.s_addr, inet_addr("127.0.0.9"),
	     "its source");
	memset(&gf, 0, sizeof(gf));
	gf.gf_interface = 1;
	len = sizeof(gf);
	((struct sockaddr_in6 *)&gf.gf_group)->sin6_family = AF_INET6;
	inet_pton(AF_INET6, GROUP6, &((struct sockaddr_in6 *)&gf.gf_group)->sin6_addr);
	must(getsockopt(group6, IPPROTO_IPV6, MCAST_MSFILTER, &gf, &len));
}

static void ping_check(void)
{
	struct icmphdr echo = { .type = ICMP_ECHO, .un.echo.sequence = 7 };
	struct timeval limit = { 5, 0 };
	union address a;
	char buf[64];

	same(port_of(ping), ping_id, "number of the ICMP socket");
	must(setsockopt(ping, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	must(sendto(ping, &echo, sizeof(echo), 0, &a.any, address_make(&a, AF_INET, false, 0)));
	same(recv(ping, buf, sizeof(buf), 0), sizeof(echo), "answer to a ping");
}

static void check(void)
{
	struct icmp6_filter filter6 = { { 0 } };
	socklen_t len = 4;
	union address a;
	uint32_t filter;
	char buf[16];

	same(port_of(server), server_port, "port");
	drain(server);
	must(send(client, "hello", 5, 0));
	len = sizeof(a);
	same(recvfrom(server, buf, sizeof(buf), 0, &a.any, &len), 5, "from a connected socket");
	must(sendto(server, "back", 4, 0, &a.any, len));
	same(recv(client, buf, sizeof(buf), 0), 4, "answer");
	same(opt_get(client, IPPROTO_IP, IP_RECVERR), 1, "IP_RECVERR");
	same(opt_get(client, IPPROTO_UDP, 103), 1200, "UDP_SEGMENT");
	same(opt_get(client, IPPROTO_IP, IP_MULTICAST_TTL), 9, "IP_MULTICAST_TTL");
	same(opt_get(client, SOL_SOCKET, SO_BROADCAST), 1, "SO_BROADCAST");
	close(client);
	client = must(socket(AF_INET6, SOCK_DGRAM, 0));
	must(sendto(client, "six", 3, 0, &a.any, address_make(&a, AF_INET6, false, 7201)));
	thread_join(reader);
	if (lite >= 0)
		lite_check();
	groups_check();
	len = sizeof(filter);
	must(getsockopt(raw, 255, 1, &filter, &len));
	same(filter, ~(1u << ICMP_ECHOREPLY), "ICMP_FILTER");
	same(opt_get(raw, IPPROTO_IP, IP_HDRINCL), 1, "IP_HDRINCL");
	same(opt_get(raw, SOL_SOCKET, SO_PROTOCOL), IPPROTO_ICMP, "protocol of a raw socket");
	len = sizeof(filter6);
	must(getsockopt(raw6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, &len));
	same(ICMP6_FILTER_WILLBLOCK(ICMP6_ECHO_REPLY, &filter6), 1, "ICMP6_FILTER");
	ping_check();
}

const struct kind kind = {
	.criu = "keeps few options of IP, and no multicast groups",
	.network = true,
	.set_up = set_up,
	.check = check,
};
