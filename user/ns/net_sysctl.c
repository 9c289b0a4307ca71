// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a network namespace: all that is below /proc/sys/net, which shows the
 * caller's namespace, goes into crctl-sysctl as lines of text. The format has some of
 * them, by their place in lists; those are written too, and read where nothing better
 * is there. A restore sets only what differs in the new namespace: many can be read and
 * not set, or only once the kernel has made up its mind (stable_secret).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/sysctl.pb-c.h"
#include "lib/cleanup.h"
#include "lib/number.h"
#include "ns/net.h"

#define VALUE_LEN 4096

static const char *const conf4[] = {
	"accept_local", "accept_redirects", "accept_source_route", "arp_accept", "arp_announce",
	"arp_filter", "arp_ignore", "arp_notify", "bootp_relay", "disable_policy", "disable_xfrm",
	"force_igmp_version", "forwarding", "igmpv2_unsolicited_report_interval",
	"igmpv3_unsolicited_report_interval", "log_martians", "medium_id", "promote_secondaries",
	"proxy_arp", "proxy_arp_pvlan", "route_localnet", "rp_filter", "secure_redirects",
	"send_redirects", "shared_media", "src_valid_mark", "tag", "ignore_routes_with_linkdown",
	"drop_gratuitous_arp", "drop_unicast_in_l2_multicast",
};

static const char *const conf6[] = {
	"accept_dad", "accept_ra", "accept_ra_defrtr", "accept_ra_from_local",
	"accept_ra_min_hop_limit", "accept_ra_mtu", "accept_ra_pinfo", "accept_ra_rt_info_max_plen",
	"accept_ra_rtr_pref", "accept_redirects", "accept_source_route", "autoconf",
	"dad_transmits", "disable_ipv6", "drop_unicast_in_l2_multicast", "drop_unsolicited_na",
	"force_mld_version", "force_tllao", "forwarding", "hop_limit",
	"ignore_routes_with_linkdown", "keep_addr_on_down", "max_addresses", "max_desync_factor",
	"mldv1_unsolicited_report_interval", "mldv2_unsolicited_report_interval", "mtu",
	"ndisc_notify", "optimistic_dad", "proxy_ndp", "regen_max_retry", "router_probe_interval",
	"router_solicitation_delay", "router_solicitation_interval", "router_solicitations",
	"stable_secret", "suppress_frag_ndisc", "temp_prefered_lft", "temp_valid_lft",
	"use_oif_addrs_only", "use_optimistic", "use_tempaddr",
};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static int net_dir_open(void)
{
	int fd = open("/proc/sys/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The text without the last line's end; its length, or -errno. */
static ssize_t value_read(int dir_fd, const char *name, char *buf)
{
	auto_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, buf, VALUE_LEN - 1);

	if (len < 0)
		return -errno;
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len] = 0;
	return len;
}

/* ---- dump: the lists of the format ---- */

static void entries_free(SysctlEntry **list, size_t nr)
{
	for (size_t i = 0; list && i < nr; i++) {
		free(list[i]->sarg);
		free(list[i]);
	}
	free(list);
}

static SysctlEntry *entry_make(int dir_fd, const char *path, bool text)
{
	SysctlEntry *e = malloc(sizeof(*e));
	char value[VALUE_LEN];

	if (!e)
		return NULL;
	sysctl_entry__init(e);
	e->type = text ? SYSCTL_TYPE__CTL_STR : SYSCTL_TYPE__CTL_32;
	if (value_read(dir_fd, path, value) < 0)
		return e;
	if (text) {
		e->sarg = strdup(value);
	} else {
		e->has_iarg = true;
		e->iarg = atoi(value);
	}
	return e;
}

static int list_make(int dir_fd, const char *where, const char *const *names, size_t nr,
		     SysctlEntry ***ret_list, size_t *ret_nr)
{
	SysctlEntry **list = calloc(nr, sizeof(*list));
	char path[128];

	for (size_t i = 0; list && i < nr; i++) {
		snprintf(path, sizeof(path), "%s%s", where, names[i]);
		list[i] = entry_make(dir_fd, path, !strcmp(names[i], "stable_secret") ||
						  !strcmp(names[i], "ping_group_range"));
		if (!list[i]) {
			entries_free(list, i);
			return -ENOMEM;
		}
	}
	if (!list)
		return -ENOMEM;
	*ret_list = list;
	*ret_nr = nr;
	return 0;
}

static int conf_make(int dir_fd, const char *name, SysctlEntry ***ret4, size_t *ret_nr4,
		     SysctlEntry ***ret6, size_t *ret_nr6)
{
	char where[96], there[110];
	int ret;

	snprintf(where, sizeof(where), "ipv4/conf/%s/", name);
	ret = list_make(dir_fd, where, conf4, NR(conf4), ret4, ret_nr4);
	snprintf(where, sizeof(where), "ipv6/conf/%s/", name);
	snprintf(there, sizeof(there), "%smtu", where);
	if (!ret && !faccessat(dir_fd, there, F_OK, 0))
		ret = list_make(dir_fd, where, conf6, NR(conf6), ret6, ret_nr6);
	return ret;
}

int net_sysctl_dump_dev(struct dump *d, const char *name, NetDeviceEntry *dev)
{
	auto_close int dir_fd = net_dir_open();

	return dir_fd < 0 ? dir_fd : conf_make(dir_fd, name, &dev->conf4, &dev->n_conf4,
					       &dev->conf6, &dev->n_conf6);
}

int net_sysctl_dump_ns(struct dump *d, NetnsEntry *ns)
{
	static const char *const of_unix[] = { "max_dgram_qlen" };
	static const char *const of_ipv4[] = { "ping_group_range" };
	auto_close int dir_fd = net_dir_open();
	int ret;

	if (dir_fd < 0)
		return dir_fd;
	ret = conf_make(dir_fd, "default", &ns->def_conf4, &ns->n_def_conf4, &ns->def_conf6,
			&ns->n_def_conf6);
	if (!ret)
		ret = conf_make(dir_fd, "all", &ns->all_conf4, &ns->n_all_conf4, &ns->all_conf6,
				&ns->n_all_conf6);
	if (!ret)
		ret = list_make(dir_fd, "unix/", of_unix, 1, &ns->unix_conf, &ns->n_unix_conf);
	if (!ret)
		ret = list_make(dir_fd, "ipv4/", of_ipv4, 1, &ns->ipv4_sysctl, &ns->n_ipv4_sysctl);
	return ret;
}

void net_sysctl_free_dev(NetDeviceEntry *dev)
{
	entries_free(dev->conf4, dev->n_conf4);
	entries_free(dev->conf6, dev->n_conf6);
}

void net_sysctl_free_ns(NetnsEntry *ns)
{
	entries_free(ns->def_conf4, ns->n_def_conf4);
	entries_free(ns->def_conf6, ns->n_def_conf6);
	entries_free(ns->all_conf4, ns->n_all_conf4);
	entries_free(ns->all_conf6, ns->n_all_conf6);
	entries_free(ns->unix_conf, ns->n_unix_conf);
	entries_free(ns->ipv4_sysctl, ns->n_ipv4_sysctl);
}

/* ---- dump: all of them ---- */

/* "all" and "default" change what the devices have: they come first. */
static int entry_rank(const struct dirent *e)
{
	return e->d_type != DT_DIR ? 0 : !strcmp(e->d_name, "all") ? 1 :
	       !strcmp(e->d_name, "default") ? 2 : 3;
}

static int entry_order(const struct dirent **a, const struct dirent **b)
{
	int ra = entry_rank(*a), rb = entry_rank(*b);

	return ra != rb ? ra - rb : strcmp((*a)->d_name, (*b)->d_name);
}

static int entry_wanted(const struct dirent *e)
{
	/* a write to these empties a table, or they count what is going on */
	return e->d_name[0] != '.' && strcmp(e->d_name, "flush") &&
	       strcmp(e->d_name, "nf_conntrack_count") && strcmp(e->d_name, "dev_mac") &&
	       strcmp(e->d_name, "mc_forwarding");
}

static int tree_save(struct image_writer *w, int dir_fd, const char *path, int depth)
{
	struct dirent **list;
	int nr = scandirat(dir_fd, *path ? path : ".", &list, entry_wanted, entry_order), ret = 0;

	if (nr < 0)
		return -errno;
	for (int i = 0; i < nr; i++) {
		char name[512], value[VALUE_LEN];
		struct stat st;

		snprintf(name, sizeof(name), "%s%s%s", path, *path ? "/" : "", list[i]->d_name);
		if (!ret && list[i]->d_type == DT_DIR && depth < 5) {
			ret = tree_save(w, dir_fd, name, depth + 1);
		} else if (!ret && !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) &&
			   st.st_mode & 0200 && value_read(dir_fd, name, value) > 0 &&
			   !strchr(value, '\n')) {
			char line[VALUE_LEN + 600];
			int len = snprintf(line, sizeof(line), "%s = %s\n", name, value);

			ret = image_write_raw(w, line, (size_t)len);
		}
		free(list[i]);
	}
	free(list);
	return ret;
}

int net_sysctl_dump(struct dump *d, uint32_t id)
{
	auto_close int dir_fd = net_dir_open();
	struct image_writer *w;
	int ret =
		dir_fd < 0 ? dir_fd : image_write_open(d->ctx.images_fd, IMG_CRCTL_SYSCTL, id, &w);
	int close_ret;

	if (ret)
		return fail_errno(d->ctx.err, ret, "settings below /proc/sys/net");
	ret = tree_save(w, dir_fd, "", 0);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? fail_errno(d->ctx.err, ret, "settings below /proc/sys/net") : 0;
}

/* ---- restore ---- */

/* Set what is not so already. What the new namespace does not have is gone with its module. */
static void value_set(int dir_fd, const char *path, const char *value)
{
	auto_close int fd = -1;
	char now[VALUE_LEN];

	if (value_read(dir_fd, path, now) >= 0 && !strcmp(now, value))
		return;
	fd = openat(dir_fd, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		log_warn("the setting /proc/sys/net/%s cannot be %s: %s, continuing", path, value,
			 strerror(errno));
}

/* With this on, an address is of use only after a while: others of the same are looked for. */
static bool is_late(const char *path)
{
	size_t len = strlen(path);

	return len > 11 && !strcmp(path + len - 11, "/accept_dad");
}

static void value_restore(int dir_fd, const char *path, const char *value, bool late)
{
	if (is_late(path) && !late)
		value_set(dir_fd, path, "0");
	else if (is_late(path) == late)
		value_set(dir_fd, path, value);
}

static void list_restore(int dir_fd, const char *where, const char *const *names, size_t nr_names,
			 SysctlEntry *const *list, size_t nr, bool late)
{
	for (size_t i = 0; i < nr && i < nr_names; i++) {
		char path[128], number[16];

		snprintf(path, sizeof(path), "%s%s", where, names[i]);
		snprintf(number, sizeof(number), "%d", list[i]->iarg);
		if (list[i]->type == SYSCTL_TYPE__CTL_32 && list[i]->has_iarg)
			value_restore(dir_fd, path, number, late);
		else if (list[i]->sarg && *list[i]->sarg)
			value_restore(dir_fd, path, list[i]->sarg, late);
	}
}

static void conf_restore(int dir_fd, const char *name, SysctlEntry *const *list4, size_t nr4,
			 SysctlEntry *const *list6, size_t nr6, bool late)
{
	char where[96];

	snprintf(where, sizeof(where), "ipv4/conf/%s/", name);
	list_restore(dir_fd, where, conf4, NR(conf4), list4, nr4, late);
	snprintf(where, sizeof(where), "ipv6/conf/%s/", name);
	list_restore(dir_fd, where, conf6, NR(conf6), list6, nr6, late);
}

static void lists_restore(struct net_images *n, int dir_fd, bool late)
{
	static const char *const of_unix[] = { "max_dgram_qlen" };
	static const char *const of_ipv4[] = { "ping_group_range" };
	const NetnsEntry *ns = n->ns;

	if (ns) {
		conf_restore(dir_fd, "all", ns->all_conf4, ns->n_all_conf4, ns->all_conf6,
			     ns->n_all_conf6, late);
		conf_restore(dir_fd, "default", ns->def_conf4, ns->n_def_conf4, ns->def_conf6,
			     ns->n_def_conf6, late);
		list_restore(dir_fd, "unix/", of_unix, 1, ns->unix_conf, ns->n_unix_conf, late);
		list_restore(dir_fd, "ipv4/", of_ipv4, 1, ns->ipv4_sysctl, ns->n_ipv4_sysctl, late);
	}
	array_for_each(&n->links, l)
		conf_restore(dir_fd, l->dev->name, l->dev->conf4, l->dev->n_conf4, l->dev->conf6,
			     l->dev->n_conf6, late);
}

/* "NAME = VALUE"; a name that leads nowhere else than below /proc/sys/net. */
static bool line_split(char *line, const char **ret_value)
{
	char *equals = strstr(line, " = ");

	if (!equals || *line == '/' || strstr(line, ".."))
		return false;
	*equals = 0;
	*ret_value = equals + 3;
	return true;
}

int net_sysctl_restore(struct restore *r, struct net_images *n, bool late)
{
	struct image_reader *reader = n->raw[IMG_CRCTL_SYSCTL];
	auto_close int dir_fd = net_dir_open();
	auto_free char *text = NULL;
	const void *data;
	char *next, *line;

	if (dir_fd < 0)
		return fail_errno(r->ctx.err, dir_fd, "/proc/sys/net");
	if (!reader) {
		lists_restore(n, dir_fd, late);
		return 0;
	}
	if (!n->sysctl_text) {
		n->sysctl_len = image_read_left(reader);
		if (image_read_raw(reader, n->sysctl_len, &data))
			return fail(r->ctx.err, -EINVAL, "%s", image_error());
		n->sysctl_text = data;
	}
	text = strndup(n->sysctl_text, n->sysctl_len);
	if (!text)
		return fail_errno(r->ctx.err, -ENOMEM, "settings below /proc/sys/net");
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		const char *value;

		if (!line_split(line, &value))
			return fail(r->ctx.err, -EINVAL,
				    "crctl-sysctl-%u: the line %.60s is none of "
				    "NAME = VALUE",
				    n->id, line);
		value_restore(dir_fd, line, value, late);
	}
	return 0;
}
