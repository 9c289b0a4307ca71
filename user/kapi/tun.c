// SPDX-License-Identifier: GPL-2.0
/* Questions and settings of tun devices; see tun.h. */
#include "kapi/tun.h"

#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kapi/netlink.h"
#include "kapi/nlmsg.h"
#include "lib/cleanup.h"

#define ANSWER_LEN   65536
#define STRINGS_MAX  1024
#define TUN_F_USO4_NR 0x20 /* Linux 6.2 */
#define TUN_F_USO6_NR 0x40

const struct tun_settings tun_settings_usual = { .sndbuf = INT_MAX, .vnet_header_len = 10 };

static uint8_t attr_u8(const struct netlink_attr *a)
{
	return a->len ? *(const uint8_t *)a->data : 0;
}

bool tun_link_parse(const void *data, size_t len, struct tun_link *ret)
{
	struct netlink_attr a[IFLA_TUN_MAX + 1];

	netlink_attrs(data, len, 0, a, IFLA_TUN_MAX + 1);
	if (!a[IFLA_TUN_TYPE].len)
		return false;
	ret->flags = attr_u8(&a[IFLA_TUN_TYPE]) | (attr_u8(&a[IFLA_TUN_PI]) ? 0 : IFF_NO_PI) |
		     (attr_u8(&a[IFLA_TUN_VNET_HDR]) ? IFF_VNET_HDR : 0) |
		     (attr_u8(&a[IFLA_TUN_PERSIST]) ? IFF_PERSIST : 0) |
		     (attr_u8(&a[IFLA_TUN_MULTI_QUEUE]) ? IFF_MULTI_QUEUE : 0);
	ret->owner = (int32_t)netlink_attr_u32(&a[IFLA_TUN_OWNER], (uint32_t)-1);
	ret->group = (int32_t)netlink_attr_u32(&a[IFLA_TUN_GROUP], (uint32_t)-1);
	return true;
}

static int answer_parse(const char *buf, ssize_t len, struct tun_link *ret)
{
	const struct nlmsghdr *m = (const void *)buf;
	struct netlink_attr a[IFLA_LINKINFO + 1], info[IFLA_INFO_DATA + 1];

	if (len < (ssize_t)NLMSG_LENGTH(sizeof(struct ifinfomsg)) || m->nlmsg_type != RTM_NEWLINK)
		return -ENODEV;
	netlink_attrs(NLMSG_DATA(m), (size_t)len - NLMSG_HDRLEN, sizeof(struct ifinfomsg), a,
		      IFLA_LINKINFO + 1);
	netlink_attrs(a[IFLA_LINKINFO].data, a[IFLA_LINKINFO].len, 0, info, IFLA_INFO_DATA + 1);
	if (!info[IFLA_INFO_KIND].len || strcmp(info[IFLA_INFO_KIND].data, "tun") ||
	    !tun_link_parse(info[IFLA_INFO_DATA].data, info[IFLA_INFO_DATA].len, ret))
		return -ENODEV;
	return 0;
}

int tun_link_find(const char *name, struct tun_link *ret)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} ask = { { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST }, { .ifi_index = (int)if_nametoindex(name) } };
	auto_close int fd = ask.info.ifi_index ? nlmsg_open(NETLINK_ROUTE) : -ENODEV;
	auto_free char *buf = malloc(ANSWER_LEN);
	ssize_t len;

	if (fd < 0 || !buf)
		return fd < 0 ? fd : -ENOMEM;
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return -errno;
	len = recv(fd, buf, ANSWER_LEN, 0);
	return len < 0 ? -errno : answer_parse(buf, len, ret);
}

int tun_settings_get(int fd, struct tun_settings *ret)
{
	struct ifreq q = { 0 };
	int little = 0, big = 0;

	*ret = tun_settings_usual;
	if (ioctl(fd, TUNGETIFF, &q) || ioctl(fd, TUNGETSNDBUF, &ret->sndbuf) ||
	    ioctl(fd, TUNGETVNETHDRSZ, &ret->vnet_header_len))
		return -errno;
	/* kernels without cross-endian virtio do not have the second */
	(void)ioctl(fd, TUNGETVNETLE, &little);
	(void)ioctl(fd, TUNGETVNETBE, &big);
	ret->little_endian = little;
	ret->big_endian = big;
	ret->flags = (uint32_t)q.ifr_flags & (IFF_NAPI | IFF_NAPI_FRAGS);
	return 0;
}

int tun_settings_set(int fd, const struct tun_settings *s)
{
	int on = 1;

	if ((s->sndbuf != INT_MAX && ioctl(fd, TUNSETSNDBUF, &s->sndbuf)) ||
	    (s->vnet_header_len != 10 && ioctl(fd, TUNSETVNETHDRSZ, &s->vnet_header_len)) ||
	    (s->little_endian && ioctl(fd, TUNSETVNETLE, &on)) ||
	    (s->big_endian && ioctl(fd, TUNSETVNETBE, &on)))
		return -errno;
	return 0;
}

/* ---- ethtool ---- */

static int ethtool_call(int fd, const char *name, void *arg)
{
	struct ifreq q = { .ifr_data = arg };

	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
	return ioctl(fd, SIOCETHTOOL, &q) ? -errno : 0;
}

/* Names of features by number, malloc'ed. */
static int features_names(int fd, const char *name, struct ethtool_gstrings **ret)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t nr;
	} set = { { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES }, 0 };
	struct ethtool_gstrings *names;
	int err = ethtool_call(fd, name, &set);

	if (err || !set.head.sset_mask || !set.nr || set.nr > STRINGS_MAX)
		return err ? err : -EOPNOTSUPP;
	names = calloc(1, sizeof(*names) + (size_t)set.nr * ETH_GSTRING_LEN);
	if (!names)
		return -ENOMEM;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = set.nr;
	err = ethtool_call(fd, name, names);
	if (err)
		free(names);
	else
		*ret = names;
	return err;
}

static uint32_t offload_of(const char *feature)
{
	static const struct { const char *name; uint32_t bits; } known[] = {
		{ "tx-checksum-ip-generic", TUN_F_CSUM },
		{ "tx-tcp-segmentation", TUN_F_TSO4 },
		{ "tx-tcp6-segmentation", TUN_F_TSO6 },
		{ "tx-tcp-ecn-segmentation", TUN_F_TSO_ECN },
		{ "tx-udp-segmentation", TUN_F_USO4_NR | TUN_F_USO6_NR },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(feature, known[i].name, ETH_GSTRING_LEN))
			return known[i].bits;
	return 0;
}

int tun_offload_get(const char *name, uint32_t *ret_offload)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	auto_free struct ethtool_gstrings *names = NULL;
	auto_free struct ethtool_gfeatures *features = NULL;
	uint32_t nr_blocks, offload = 0;
	int ret = fd < 0 ? -errno : features_names(fd, name, &names);

	if (ret)
		return ret;
	nr_blocks = (names->len + 31) / 32;
	features = calloc(1, sizeof(*features) + nr_blocks * sizeof(features->features[0]));
	if (!features)
		return -ENOMEM;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = nr_blocks;
	ret = ethtool_call(fd, name, features);
	for (uint32_t i = 0; !ret && i < names->len; i++)
		if (features->features[i / 32].active >> i % 32 & 1)
			offload |= offload_of((const char *)names->data + i * ETH_GSTRING_LEN);
	if (!ret)
		*ret_offload = offload;
	return ret;
}
