// SPDX-License-Identifier: GPL-2.0
/*
 * Every option, one row each, and the values that need reading. What belongs to
 * resources that crctl refuses to dump is HARMLESS: a tree without them is dumped
 * the same with or without the option. What would change the result is REFUSED.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "lib/cleanup.h"
#include "lib/log.h"
#include "lib/number.h"

static int set_verbosity(struct options *opts, const char *arg, struct err *err)
{
	size_t nr_v = arg ? strspn(arg, "v") : 0;
	uint64_t level;

	if (!arg || !arg[nr_v])
		level = (uint64_t)opts->verbosity + nr_v + 1;
	else if (number_parse(arg, 1000, &level) < 0)
		return fail_usage(err, "the verbosity %s is neither a number nor letters v; "
				  "use -v0 (silent) to -v4 (debug)", arg);
	opts->verbosity = level > LOG_DEBUG ? LOG_DEBUG : (int)level;
	return 0;
}

static int set_ghost_limit(struct options *opts, const char *arg, struct err *err)
{
	if (number_parse_size(arg, &opts->common.ghost_limit) < 0)
		return fail_usage(err, "--ghost-limit %s is no size; write bytes, or a number "
				  "with K, M or G", arg);
	return 0;
}

static int set_irmap_path(struct options *opts, const char *arg, struct err *err)
{
	struct common_options *c = &opts->common;

	if (*arg != '/')
		return fail_usage(err, "--irmap-scan-path %s: the path must begin with /", arg);
	if (c->nr_irmap_paths == sizeof(c->irmap_paths) / sizeof(c->irmap_paths[0]))
		return fail_usage(err, "--irmap-scan-path %s: there are too many of these", arg);
	c->irmap_paths[c->nr_irmap_paths++] = arg;
	return 0;
}

static int set_timeout(struct options *opts, const char *arg, struct err *err)
{
	uint64_t seconds;

	if (number_parse(arg, 1000000, &seconds) < 0)
		return fail_usage(err, "--timeout %s is no number of seconds", arg);
	opts->timeout = (unsigned int)seconds;
	return 0;
}

static int set_validation(struct options *opts, const char *arg, struct err *err)
{
	if (!strcmp(arg, "filesize"))
		opts->common.file_validation = VALIDATE_FILESIZE;
	else if (!strcmp(arg, "buildid"))
		opts->common.file_validation = VALIDATE_BUILDID;
	else
		return fail_usage(err, "--file-validation %s: the ways are filesize and buildid",
				  arg);
	return 0;
}

static int cpu_cap_word(const char *word, size_t len, uint32_t *ret_bits)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} names[] = { { "all", CPU_CAP_ALL }, { "cpu", CPU_CAP_CPU }, { "fpu", CPU_CAP_FPU },
		      { "ins", CPU_CAP_INS }, { "none", CPU_CAP_NONE } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == len && !memcmp(names[i].name, word, len)) {
			*ret_bits = names[i].bits;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_cpu_cap(struct options *opts, const char *arg, struct err *err)
{
	uint32_t all = 0, bits;

	if (!arg) {
		opts->common.cpu_cap = CPU_CAP_ALL;
		return 0;
	}
	for (const char *word = arg;; word++) {
		size_t len = strcspn(word, ",");

		if (cpu_cap_word(word, len, &bits) < 0)
			return fail_usage(err, "--cpu-cap=%s: the words are all, cpu, fpu, ins "
					  "and none", arg);
		all |= bits;
		word += len;
		if (!*word)
			break;
	}
	opts->common.cpu_cap = all;
	return 0;
}

static int list_add(struct external_list *list, const char *text, struct err *err)
{
	const char **slot = array_add(&list->items);

	if (!slot)
		return fail_errno(err, -ENOMEM, "options");
	*slot = text;
	return 0;
}

/* mnt[] finds mounts from outside by itself; mnt[]:ms also those that share with outside. */
static int set_mnt_auto(struct options *opts, const char *arg, struct err *err)
{
	const char *flags = arg[5] ? arg + 6 : "";

	if (flags[strspn(flags, "ms")])
		return fail_usage(err, "--external %s: the letters are m (masters) and s (sharing)",
				  arg);
	opts->common.mnt_auto = true;
	opts->common.mnt_masters |= strchr(flags, 'm') != NULL;
	opts->common.mnt_sharing |= strchr(flags, 's') != NULL;
	return 0;
}

static int add_skip_mnt(struct options *opts, const char *arg, struct err *err)
{
	if (*arg != '/')
		return fail_usage(err, "--skip-mnt %s: the mount point must begin with /", arg);
	return list_add(&opts->common.skip_mnt, arg, err);
}

static int add_enable_fs(struct options *opts, const char *arg, struct err *err)
{
	if (!*arg)
		return fail_usage(err, "--enable-fs needs names of file systems with commas "
				  "between, or all");
	return list_add(&opts->common.enable_fs, arg, err);
}

static int add_external(struct options *opts, const char *arg, struct err *err)
{
	if (!external_valid(arg))
		return fail_usage(err, "--external %s: write KIND[ID]:NAME, as mnt[/data]:data or "
				  "unix[4711]", arg);
	if (!strncmp(arg, "mnt[]", 5))
		return set_mnt_auto(opts, arg, err);
	return list_add(&opts->common.external, arg, err);
}

static int add_inherit_fd(struct options *opts, const char *arg, struct err *err)
{
	const char *end = strstr(arg, "]:");
	uint64_t fd;
	char text[16];

	if (strncmp(arg, "fd[", 3) || !end || !end[2] || end - arg - 3 > 10 || end == arg + 3)
		return fail_usage(err, "--inherit-fd %s: write fd[NUMBER]:ID, as fd[5]:pipe:[812]",
				  arg);
	snprintf(text, sizeof(text), "%.*s", (int)(end - arg - 3), arg + 3);
	if (number_parse(text, 0x7fffffff, &fd) < 0)
		return fail_usage(err, "--inherit-fd %s: %s is no descriptor number", arg, text);
	if (fcntl((int)fd, F_GETFD) < 0)
		return fail_usage(err, "--inherit-fd %s: descriptor %s is not open", arg, text);
	return list_add(&opts->common.inherit, arg, err);
}

static int add_join_ns(struct options *opts, const char *arg, struct err *err)
{
	const char *colon = strchr(arg, ':');

	if (!colon || colon == arg || !colon[1])
		return fail_usage(err, "--join-ns %s: write NS:FILE or NS:PID, as net:/run/netns/a",
				  arg);
	return list_add(&opts->common.join, arg, err);
}

static int set_empty_ns(struct options *opts, const char *arg, struct err *err)
{
	if (strcmp(arg, "net"))
		return fail_usage(err, "--empty-ns %s: only net can be left empty", arg);
	opts->common.empty_ns |= CLONE_NEWNET;
	return 0;
}

static int set_manage_cgroups(struct options *opts, const char *arg, struct err *err)
{
	if (cgroup_mode_parse(arg ? arg : "soft", &opts->common.cgroups.mode))
		return 0;
	if (!strcmp(arg, "cpuset"))
		return fail_refuse(err, "--manage-cgroups=cpuset is refused: cgroups of other "
				   "controllers are not left out; use soft");
	return fail_usage(err, "--manage-cgroups=%s: the modes are ignore, none, props, soft, full "
			  "and strict", arg);
}

static int add_cgroup_root(struct options *opts, const char *arg, struct err *err)
{
	const char *path = arg + (*arg == '/' ? 0 : strcspn(arg, ":") + 1);

	if (strlen(arg) < (size_t)(path - arg) || *path != '/')
		return fail_usage(err, "--cgroup-root %s: write [CONTROLLER:]/PATH", arg);
	return list_add(&opts->common.cgroups.roots, arg, err);
}

static int add_cgroup_controller(struct options *opts, const char *arg, struct err *err)
{
	return list_add(&opts->common.cgroups.controllers, arg, err);
}

static int add_cgroup_props(struct options *opts, const char *arg, struct err *err)
{
	const char *at;
	int ret = cgroup_props_parse(&opts->common.cgroups, arg, &at);

	return !ret ? 0 : fail_usage(err, "--cgroup-props: cannot be read from \"%.20s\" on; write "
				     "\"CONTROLLER\": - \"strategy\": \"append\" or \"replace\" - "
				     "\"properties\": [\"NAME\", ..]", at);
}

static int read_cgroup_props(struct options *opts, const char *arg, struct err *err)
{
	auto_fclose FILE *f = fopen(arg, "re");
	auto_free char *text = NULL;
	size_t room = 0;

	if (!f)
		return fail_errno(err, -errno, "--cgroup-props-file %s", arg);
	if (getdelim(&text, &room, 0, f) < 0)
		return ferror(f) ? fail_errno(err, -errno, "--cgroup-props-file %s", arg) : 0;
	return add_cgroup_props(opts, text, err);
}

/* The older spelling of --external mnt[KEY]:VALUE. */
static int add_ext_mount_map(struct options *opts, const char *arg, struct err *err)
{
	const char *colon = strchr(arg, ':');
	char **slot;

	if (!strcmp(arg, "auto")) {
		opts->common.mnt_auto = true;
		return 0;
	}
	if (!colon || colon == arg || !colon[1])
		return fail_usage(err, "--ext-mount-map %s: write KEY:VALUE, or auto", arg);
	slot = array_add(&opts->made);
	if (!slot || asprintf(slot, "mnt[%.*s]:%s", (int)(colon - arg), arg, colon + 1) < 0)
		return fail_errno(err, -ENOMEM, "options");
	return list_add(&opts->common.external, *slot, err);
}

/* The older spelling of --external veth[IN]:OUT. */
static int add_veth_pair(struct options *opts, const char *arg, struct err *err)
{
	const char *equals = strchr(arg, '=');
	char **slot;

	if (!equals || equals == arg || !equals[1])
		return fail_usage(err, "--veth-pair %s: write IN=OUT, as eth0=veth7", arg);
	slot = array_add(&opts->made);
	if (!slot || asprintf(slot, "veth[%.*s]:%s", (int)(equals - arg), arg, equals + 1) < 0)
		return fail_errno(err, -ENOMEM, "options");
	return list_add(&opts->common.external, *slot, err);
}

static int ext_unix_add(struct options *opts, const char *text, size_t len)
{
	struct common_options *c = &opts->common;
	char number[16];
	uint64_t ino;
	uint32_t *all;

	snprintf(number, sizeof(number), "%.*s", (int)len, text);
	if (len >= sizeof(number) || number_parse(number, UINT32_MAX, &ino) < 0)
		return -EINVAL;
	all = reallocarray(c->ext_unix, c->nr_ext_unix + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	c->ext_unix = all;
	all[c->nr_ext_unix++] = (uint32_t)ino;
	return 0;
}

static int set_ext_unix(struct options *opts, const char *arg, struct err *err)
{
	if (!arg || !*arg) {
		opts->common.ext_unix_all = true;
		return 0;
	}
	for (const char *at = arg;; at++) {
		size_t len = strcspn(at, ",");

		if (ext_unix_add(opts, at, len))
			return fail_usage(err, "--ext-unix-sk=%s: inodes of sockets are numbers "
					  "with commas between", arg);
		at += len;
		if (!*at)
			return 0;
	}
}

/* iptables and nftables are two commands for one thing: crctl asks the kernel itself. */
static int set_network_lock(struct options *opts, const char *arg, struct err *err)
{
	opts->common.skip_network_lock = !strcmp(arg, "skip");
	if (!strcmp(arg, "iptables") || !strcmp(arg, "nftables") || !strcmp(arg, "skip"))
		return 0;
	return fail_usage(err, "--network-lock %s: the ways are iptables, nftables and skip", arg);
}

static int check_pre_dump_mode(struct options *opts, const char *arg, struct err *err)
{
	if (!strcmp(arg, "splice") || !strcmp(arg, "read"))
		return 0;
	return fail_usage(err, "--pre-dump-mode %s: the ways are splice and read", arg);
}

static int set_close(struct options *opts, const char *arg, struct err *err)
{
	uint64_t fd;

	if (number_parse(arg, 0x7fffffff, &fd) < 0)
		return fail_usage(err, "--close %s is no descriptor number", arg);
	if (fd <= STDERR_FILENO)
		return fail_usage(err, "--close %s would close a standard stream of crctl itself; "
				  "close it in the shell (%s>&-)", arg, arg);
	/* One that is not open is closed already. */
	(void)close((int)fd);
	return 0;
}

#define AT(field)		   offsetof(struct options, field)
#define EARLY_FLAG(name, c, field) { name, c, NO_ARG, ON_ALL, EARLY, AT(field), NULL, NULL }
#define FLAG(name, c, on, field)   { name, c, NO_ARG, on, SETS_FLAG, AT(field), NULL, NULL }
#define TEXT(name, c, on, field)   { name, c, TAKES_ARG, on, SETS_STRING, AT(field), NULL, NULL }
#define CALL(name, c, arg, on, fn) { name, c, arg, on, CALLS, 0, fn, NULL }
#define SPARE(name, c, arg, on)	   { name, c, arg, on, HARMLESS, 0, NULL, NULL }
#define NEVER(name, c, arg, on, w) { name, c, arg, on, REFUSED, 0, NULL, w }

#define NO_SERVER "pages are not sent over a network yet; write images to a directory and copy it"
#define NO_LAZY	  "memory is not restored on demand yet; leave the option out"
#define NO_TRACK  "incremental dumps are not supported yet; make a full dump"
#define NO_NS	  "namespaces are not supported yet"
#define NO_LSM	  "labels of security modules are not restored yet"

#define ON_DUMPS (ON_DUMP | ON_PRE_DUMP)
#define ON_NET	 (ON_DUMPS | ON_RESTORE | ON_PAGE_SERVER | ON_LAZY_PAGES | ON_SERVICE)

const struct option_row option_rows[] = {
	/* for every command */
	EARLY_FLAG("help", 'h', help),
	EARLY_FLAG("version", 'V', version),
	EARLY_FLAG("no-default-config", 0, no_default_config),
	{ "config", 0, TAKES_ARG, ON_ALL, EARLY, AT(config), NULL, NULL },
	CALL("verbosity", 'v', MAY_ARG, ON_ALL, set_verbosity),
	TEXT("log-file", 'o', ON_ALL, log_file),
	TEXT("images-dir", 'D', ON_ALL, images_dir),
	TEXT("work-dir", 'W', ON_ALL, work_dir),
	SPARE("log-pid", 0, NO_ARG, ON_ALL),
	CALL("close", 0, TAKES_ARG, ON_ALL, set_close),

	/* dump and restore */
	TEXT("tree", 't', ON_DUMPS, tree),
	FLAG("leave-running", 'R', ON_DUMP, leave_running),
	FLAG("leave-stopped", 's', ON_BOTH, leave_stopped),
	FLAG("restore-detached", 'd', ON_RESTORE, detached),
	FLAG("restore-sibling", 'S', ON_RESTORE, sibling),
	FLAG("exec-cmd", 0, ON_RESTORE, exec_cmd),
	FLAG("shell-job", 'j', ON_BOTH | ON_CHECK, common.shell_job),
	TEXT("pidfile", 0, ON_BOTH | ON_PAGE_SERVER | ON_SERVICE, common.pidfile),
	FLAG("display-stats", 0, ON_BOTH, common.display_stats),
	TEXT("action-script", 0, ON_BOTH, common.action_script),
	CALL("timeout", 0, TAKES_ARG, ON_DUMPS, set_timeout),
	CALL("cpu-cap", 0, MAY_ARG, ON_BOTH | ON_CPUINFO, set_cpu_cap),
	FLAG("no-module", 0, ON_BOTH | ON_CHECK | ON_PRE_DUMP, common.no_module),

	/* files */
	CALL("ghost-limit", 0, TAKES_ARG, ON_BOTH | ON_CHECK, set_ghost_limit),
	FLAG("link-remap", 0, ON_BOTH | ON_CHECK, common.link_remap),
	FLAG("file-locks", 'l', ON_BOTH | ON_CHECK, common.file_locks),
	CALL("file-validation", 0, TAKES_ARG, ON_BOTH, set_validation),
	FLAG("skip-file-rwx-check", 0, ON_BOTH, common.skip_file_rwx_check),
	CALL("ext-unix-sk", 'x', MAY_ARG, ON_BOTH | ON_CHECK, set_ext_unix),
	SPARE("evasive-devices", 0, NO_ARG, ON_BOTH),
	FLAG("force-irmap", 0, ON_DUMPS | ON_BOTH | ON_CHECK, common.force_irmap),
	CALL("irmap-scan-path", 0, TAKES_ARG, ON_DUMPS | ON_BOTH | ON_CHECK, set_irmap_path),

	/* check and show */
	FLAG("all", 0, ON_CHECK, check_all),
	FLAG("extra", 0, ON_CHECK, check_extra),
	FLAG("experimental", 0, ON_CHECK, check_experimental),
	TEXT("feature", 0, ON_CHECK, feature),
	FLAG("json", 0, ON_SHOW, json),

	/* mounts and namespaces */
	TEXT("root", 'r', ON_BOTH | ON_CHECK, common.root),
	CALL("ext-mount-map", 0, TAKES_ARG, ON_BOTH | ON_CHECK, add_ext_mount_map),
	CALL("external", 0, TAKES_ARG, ON_BOTH | ON_CHECK, add_external),
	CALL("inherit-fd", 0, TAKES_ARG, ON_RESTORE, add_inherit_fd),
	CALL("join-ns", 0, TAKES_ARG, ON_RESTORE, add_join_ns),
	CALL("empty-ns", 0, TAKES_ARG, ON_BOTH, set_empty_ns),
	FLAG("enable-external-sharing", 0, ON_BOTH | ON_CHECK, common.mnt_sharing),
	FLAG("enable-external-masters", 0, ON_BOTH | ON_CHECK, common.mnt_masters),
	CALL("skip-mnt", 0, TAKES_ARG, ON_BOTH | ON_CHECK, add_skip_mnt),
	CALL("enable-fs", 0, TAKES_ARG, ON_BOTH | ON_CHECK, add_enable_fs),
	SPARE("mntns-compat-mode", 0, NO_ARG, ON_BOTH),
	FLAG("orphan-pts-master", 0, ON_BOTH | ON_CHECK, common.orphan_pts_master),
	SPARE("weak-sysctls", 0, NO_ARG, ON_RESTORE),

	/* cgroups */
	CALL("manage-cgroups", 0, MAY_ARG, ON_BOTH, set_manage_cgroups),
	CALL("cgroup-root", 0, TAKES_ARG, ON_BOTH, add_cgroup_root),
	CALL("cgroup-props", 0, TAKES_ARG, ON_BOTH, add_cgroup_props),
	CALL("cgroup-props-file", 0, TAKES_ARG, ON_BOTH, read_cgroup_props),
	CALL("cgroup-dump-controller", 0, TAKES_ARG, ON_DUMP, add_cgroup_controller),
	TEXT("cgroup-yard", 0, ON_BOTH, common.cgroups.yard),
	TEXT("freeze-cgroup", 0, ON_DUMPS, common.freeze_cgroup),

	/* network */
	FLAG("tcp-established", 0, ON_BOTH | ON_CHECK, common.tcp_established),
	FLAG("tcp-close", 0, ON_BOTH | ON_CHECK, common.tcp_close),
	FLAG("skip-in-flight", 0, ON_BOTH | ON_CHECK, common.skip_in_flight),
	CALL("network-lock", 0, TAKES_ARG, ON_BOTH, set_network_lock),
	CALL("veth-pair", 0, TAKES_ARG, ON_RESTORE, add_veth_pair),

	TEXT("runtime", 0, ON_CONTAINER, runtime),

	/* migration */
	NEVER("track-mem", 0, NO_ARG, ON_DUMPS, NO_TRACK),
	NEVER("prev-images-dir", 0, TAKES_ARG, ON_DUMPS, NO_TRACK),
	NEVER("auto-dedup", 0, NO_ARG, ON_DUMPS | ON_RESTORE | ON_PAGE_SERVER, NO_TRACK),
	CALL("pre-dump-mode", 0, TAKES_ARG, ON_DUMPS, check_pre_dump_mode),
	NEVER("page-server", 0, NO_ARG, ON_NET, NO_SERVER),
	TEXT("address", 0, ON_NET, address),
	SPARE("port", 0, TAKES_ARG, ON_NET),
	NEVER("ps-socket", 0, TAKES_ARG, ON_NET, NO_SERVER),
	NEVER("lazy-pages", 0, NO_ARG, ON_NET, NO_LAZY),
	NEVER("status-fd", 0, TAKES_ARG, ON_NET, "nothing crctl does yet serves others"),
	FLAG("daemon", 0, ON_PAGE_SERVER | ON_LAZY_PAGES | ON_SERVICE, daemon),
	NEVER("stream", 0, NO_ARG, ON_NET,
	      "images are files in a directory; streams are not "
	      "supported yet"),
	NEVER("tls", 0, NO_ARG, ON_NET, NO_SERVER),
	NEVER("tls-cacert", 0, TAKES_ARG, ON_NET, NO_SERVER),
	NEVER("tls-cacrl", 0, TAKES_ARG, ON_NET, NO_SERVER),
	NEVER("tls-cert", 0, TAKES_ARG, ON_NET, NO_SERVER),
	NEVER("tls-key", 0, TAKES_ARG, ON_NET, NO_SERVER),
	NEVER("tls-no-cn-verify", 0, NO_ARG, ON_NET, NO_SERVER),

	/* the machine */
	NEVER("lsm-profile", 0, TAKES_ARG, ON_RESTORE, NO_LSM),
	NEVER("lsm-mount-context", 0, TAKES_ARG, ON_RESTORE, NO_LSM),
	NEVER("unprivileged", 0, NO_ARG, ON_ALL, "crctl needs to run as root"),
	{ 0 },
};
