/* SPDX-License-Identifier: GPL-2.0 */
/* Tun devices: packets in both directions. */
#include "kind.h"

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#define HERE  "10.9.0.1"
#define THERE "10.9.0.2"
#define PORT  4242

static struct ifreq tun_request(const char *name, int flags)
{
	struct ifreq q = { .ifr_flags = (short)flags };

	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
	return q;
}

static int tun_open(const char *name, int flags)
{
	struct ifreq q = tun_request(name, flags);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	if (fd < 0)
		skip("this kernel has no tun devices");
	must(ioctl(fd, TUNSETIFF, &q));
	return fd;
}

static void tun_up(const char *name)
{
	struct ifreq q = tun_request(name, 0);
	struct sockaddr_in *addr = (struct sockaddr_in *)&q.ifr_addr;
	int sock = must(socket(AF_INET, SOCK_DGRAM, 0));

	*addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr->sin_addr.s_addr = inet_addr(HERE);
	must(ioctl(sock, SIOCSIFADDR, &q));
	addr->sin_addr.s_addr = inet_addr("255.255.255.0");
	must(ioctl(sock, SIOCSIFNETMASK, &q));
	q.ifr_flags = IFF_UP;
	must(ioctl(sock, SIOCSIFFLAGS, &q));
	close(sock);
}

static int udp_open(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));

	name.sin_addr.s_addr = inet_addr(HERE);
	must(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	return fd;
}

/* A datagram from the other side, behind @skip bytes of zeros. */
static void tun_write(int fd, size_t skip, const char *text)
{
	char buf[128] = { 0 };
	struct ip *ip = (struct ip *)(buf + skip);
	struct udphdr *udp = (struct udphdr *)(ip + 1);
	size_t len = sizeof(*ip) + sizeof(*udp) + strlen(text);
	uint32_t sum = 0;

	*ip = (struct ip){ .ip_v = 4, .ip_hl = 5, .ip_len = htons((uint16_t)len), .ip_ttl = 9,
			   .ip_p = IPPROTO_UDP };
	ip->ip_src.s_addr = inet_addr(THERE);
	ip->ip_dst.s_addr = inet_addr(HERE);
	for (size_t i = 0; i < sizeof(*ip); i += 2)
		sum += *(uint16_t *)((char *)ip + i);
	ip->ip_sum = (uint16_t)~((sum & 0xffff) + (sum >> 16));
	udp->source = udp->dest = htons(PORT);
	udp->len = htons((uint16_t)(len - sizeof(*ip)));
	memcpy(udp + 1, text, strlen(text));
	same(write(fd, buf, skip + len), (long long)(skip + len), "bytes written to the device");
}

/* A packet in each direction. */
static void tun_try(int fd, int sock, size_t skip)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	char buf[256] = "";
	ssize_t len;

	while (read(fd, buf, sizeof(buf)) > 0)
		;
	tun_write(fd, skip, "in");
	same(recv(sock, buf, sizeof(buf), 0), 2, "bytes from the device");
	to.sin_addr.s_addr = inet_addr(THERE);
	must(sendto(sock, "out!", 4, 0, (struct sockaddr *)&to, sizeof(to)));
	/* the kernel may have a word of its own */
	while ((len = read(fd, buf, sizeof(buf))) > 0)
		if (len >= 4 && !memcmp(buf + len - 4, "out!", 4))
			return;
	fail("the packet did not come to the descriptor");
}
