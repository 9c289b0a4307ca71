/* SPDX-License-Identifier: GPL-2.0 */
/* Tun and tap devices: what rtnetlink, ethtool and an attached descriptor tell of one. */
#ifndef CRCTL_KAPI_TUN_H
#define CRCTL_KAPI_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What TUNSETIFF takes of the flags; <linux/if_tun.h> has them. */
#define TUN_ATTACH_FLAGS (IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_ONE_QUEUE | IFF_VNET_HDR | \
			  IFF_MULTI_QUEUE | IFF_NAPI | IFF_NAPI_FRAGS)

/* Of the device, by its IFLA_INFO_DATA. */
struct tun_link {
	uint32_t flags;			/* IFF_TUN, IFF_TAP, IFF_NO_PI, IFF_PERSIST, ... */
	int32_t owner, group;		/* -1: anybody */
};

/* False: the attributes do not say (before Linux 4.17). */
bool tun_link_parse(const void *data, size_t len, struct tun_link *ret_link);
/* The device of that name in the caller's network namespace. -ENODEV: it is no tun device. */
int tun_link_find(const char *name, struct tun_link *ret_link);

/* What an attached descriptor tells beyond that. */
struct tun_settings {
	int32_t sndbuf, vnet_header_len;
	bool little_endian, big_endian;	/* of that header */
	uint32_t flags;			/* IFF_NAPI and IFF_NAPI_FRAGS */
};

/* Those of a device that nobody changed. */
extern const struct tun_settings tun_settings_usual;

int tun_settings_get(int fd, struct tun_settings *ret);
int tun_settings_set(int fd, const struct tun_settings *s);

/* TUN_F_ of TUNSETOFFLOAD, by which features the device has now. */
int tun_offload_get(const char *name, uint32_t *ret_offload);

#endif
