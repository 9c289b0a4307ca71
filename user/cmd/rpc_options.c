// SPDX-License-Identifier: GPL-2.0
/*
 * The options of a request. Each becomes the option of the command line that means
 * the same, so that both are read, refused and explained in one place. The file that
 * config_file names has the last word.
 */
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cmd/rpc.h"
#include "lib/cleanup.h"
#include "lib/log.h"

#define DEFAULT_LOG "criu.log"

struct rpc_flag {
	const char *name;
	size_t has, value;
};

#define FLAG(option, field)                                                                        \
	{ option, offsetof(CriuOpts, has_##field), offsetof(CriuOpts, field) }

static const struct rpc_flag rpc_flags[] = {
	FLAG("leave-running", leave_running),
	FLAG("leave-stopped", leave_stopped),
	FLAG("ext-unix-sk", ext_unix_sk),
	FLAG("tcp-established", tcp_established),
	FLAG("tcp-close", tcp_close),
	FLAG("skip-in-flight", tcp_skip_in_flight),
	FLAG("evasive-devices", evasive_devices),
	FLAG("shell-job", shell_job),
	FLAG("file-locks", file_locks),
	FLAG("track-mem", track_mem),
	FLAG("auto-dedup", auto_dedup),
	FLAG("link-remap", link_remap),
	FLAG("force-irmap", force_irmap),
	FLAG("restore-sibling", rst_sibling),
	FLAG("enable-external-sharing", ext_sharing),
	FLAG("enable-external-masters", ext_masters),
	FLAG("weak-sysctls", weak_sysctls),
	FLAG("lazy-pages", lazy_pages),
	FLAG("orphan-pts-master", orphan_pts_master),
	FLAG("tls", tls),
	FLAG("tls-no-cn-verify", tls_no_cn_verify),
	FLAG("mntns-compat-mode", mntns_compat_mode),
	FLAG("skip-file-rwx-check", skip_file_rwx_check),
	FLAG("unprivileged", unprivileged),
	FLAG("display-stats", display_stats),
};

struct rpc_text {
	const char *name;
	size_t value;
};

#define TEXT(option, field) { option, offsetof(CriuOpts, field) }

static const struct rpc_text rpc_texts[] = {
	TEXT("root", root),
	TEXT("prev-images-dir", parent_img),
	TEXT("cgroup-props", cgroup_props),
	TEXT("cgroup-props-file", cgroup_props_file),
	TEXT("cgroup-yard", cgroup_yard),
	TEXT("freeze-cgroup", freeze_cgroup),
	TEXT("lsm-profile", lsm_profile),
	TEXT("lsm-mount-context", lsm_mount_context),
	TEXT("tls-cacert", tls_cacert),
	TEXT("tls-cacrl", tls_cacrl),
	TEXT("tls-cert", tls_cert),
	TEXT("tls-key", tls_key),
};

struct rpc_list {
	const char *name;
	size_t nr, items;
};

#define LIST(option, field)                                                                        \
	{ option, offsetof(CriuOpts, n_##field), offsetof(CriuOpts, field) }

static const struct rpc_list rpc_lists[] = {
	LIST("skip-mnt", skip_mnt),
	LIST("enable-fs", enable_fs),
	LIST("external", external),
	LIST("irmap-scan-path", irmap_scan_paths),
	LIST("cgroup-dump-controller", cgroup_dump_controller),
};

#define NR_OF(table) (sizeof(table) / sizeof((table)[0]))
#define AT(type, req, offset) (*(type const *)((const char *)(req) + (offset)))

/* One option, unless one before it failed. */
#define give(...)                                                                                  \
	do {                                                                                       \
		if (!err->ret)                                                                     \
			(void)options_give(opts, true, err, __VA_ARGS__);                          \
	} while (0)

static void give_tables(const CriuOpts *req, struct options *opts, struct err *err)
{
	for (size_t i = 0; i < NR_OF(rpc_flags) && !err->ret; i++)
		if (AT(protobuf_c_boolean, req, rpc_flags[i].has))
			(void)options_give(opts, AT(protobuf_c_boolean, req, rpc_flags[i].value),
					   err, rpc_flags[i].name, NULL);
	for (size_t i = 0; i < NR_OF(rpc_texts); i++) {
		const char *text = AT(char *, req, rpc_texts[i].value);

		if (text)
			give(rpc_texts[i].name, "%s", text);
	}
	for (size_t i = 0; i < NR_OF(rpc_lists); i++) {
		char *const *items = AT(char **, req, rpc_lists[i].items);

		for (size_t k = 0; k < AT(size_t, req, rpc_lists[i].nr); k++)
			give(rpc_lists[i].name, "%s", items[k]);
	}
}

static void give_mounts(const CriuOpts *req, struct options *opts, struct err *err)
{
	for (size_t i = 0; i < req->n_ext_mnt; i++)
		give("ext-mount-map", "%s:%s", req->ext_mnt[i]->key, req->ext_mnt[i]->val);
	if (req->has_auto_ext_mnt && req->auto_ext_mnt)
		give("ext-mount-map", "auto");
	for (size_t i = 0; i < req->n_inherit_fd; i++)
		give("inherit-fd", "fd[%d]:%s", req->inherit_fd[i]->fd, req->inherit_fd[i]->key);
	for (size_t i = 0; i < req->n_unix_sk_ino; i++)
		give("ext-unix-sk", "%u", req->unix_sk_ino[i]->inode);
}

static void give_cgroups(const CriuOpts *req, struct options *opts, struct err *err)
{
	static const char *const modes[] = {
		[CRIU_CG_MODE__IGNORE] = "ignore", [CRIU_CG_MODE__CG_NONE] = "none",
		[CRIU_CG_MODE__PROPS] = "props",   [CRIU_CG_MODE__SOFT] = "soft",
		[CRIU_CG_MODE__FULL] = "full",	   [CRIU_CG_MODE__STRICT] = "strict",
		[CRIU_CG_MODE__DEFAULT] = "soft",
	};

	if (req->has_manage_cgroups_mode) {
		unsigned int mode = (unsigned int)req->manage_cgroups_mode;

		if (mode < NR_OF(modes))
			give("manage-cgroups", "%s", modes[mode]);
		else
			fail_usage(err, "manage_cgroups_mode %u is none of the protocol", mode);
	} else if (req->has_manage_cgroups && req->manage_cgroups) {
		give("manage-cgroups", NULL);
	}
	for (size_t i = 0; i < req->n_cg_root; i++) {
		const char *ctrl = req->cg_root[i]->ctrl;

		give("cgroup-root", "%s%s%s", ctrl ? ctrl : "", ctrl ? ":" : "",
		     req->cg_root[i]->path);
	}
}

static void give_network(const CriuOpts *req, struct options *opts, struct err *err)
{
	for (size_t i = 0; i < req->n_veths; i++)
		give("veth-pair", "%s=%s", req->veths[i]->if_in, req->veths[i]->if_out);
	for (size_t i = 0; i < req->n_join_ns; i++) {
		const JoinNamespace *ns = req->join_ns[i];

		give("join-ns", "%s:%s%s%s", ns->ns, ns->ns_file, ns->extra_opt ? "," : "",
		     ns->extra_opt ? ns->extra_opt : "");
	}
	if (req->has_empty_ns && req->empty_ns & ~(uint32_t)CLONE_NEWNET)
		fail_refuse(err, "empty_ns %#x is refused: only the network namespace can be empty",
			    req->empty_ns);
	else if (req->has_empty_ns && req->empty_ns)
		give("empty-ns", "net");
	if (req->has_network_lock)
		give("network-lock", "%s",
		     req->network_lock == CRIU_NETWORK_LOCK_METHOD__NFTABLES ? "nftables" :
		     req->network_lock == CRIU_NETWORK_LOCK_METHOD__SKIP     ? "skip" :
									       "iptables");
	if (req->ps && (req->ps->address || req->ps->has_port || req->ps->has_fd))
		give("page-server", NULL);
}

static void give_numbers(const struct rpc *rpc, const CriuOpts *req, struct options *opts,
			 struct err *err)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} caps[] = { { CPU_CAP_FPU, ",fpu" }, { CPU_CAP_CPU, ",cpu" }, { CPU_CAP_INS, ",ins" } };
	char words[32] = ",none";

	/* one that names no process wants to be dumped itself */
	give("tree", "%d", req->has_pid ? req->pid : rpc->peer);
	if (req->has_ghost_limit)
		give("ghost-limit", "%u", req->ghost_limit);
	if (req->has_timeout)
		give("timeout", "%u", req->timeout);
	if (req->has_status_fd)
		give("status-fd", "%d", req->status_fd);
	if (req->has_pre_dump_mode)
		give("pre-dump-mode", "%s",
		     req->pre_dump_mode == CRIU_PRE_DUMP_MODE__VM_READ ? "read" : "splice");
	if (req->has_cpu_cap && req->cpu_cap != (uint32_t)CPU_CAP_DEFAULT) {
		for (size_t i = 0; i < NR_OF(caps); i++) {
			if (!(req->cpu_cap & caps[i].bit))
				continue;
			if (!strcmp(words, ",none"))
				words[0] = '\0';
			strcat(words, caps[i].word);
		}
		give("cpu-cap", "%s", words + 1);
	}
}

static void give_log(const CriuOpts *req, struct options *opts, struct err *err)
{
	int level = req->log_level;

	if (req->has_log_level)
		give("verbosity", "%d", level < LOG_NONE ? LOG_NONE :
					level > LOG_DEBUG ? LOG_DEBUG : level);
	if (req->log_file)
		give("log-file", "%s", req->log_file);
	else if (!req->has_log_to_stderr || !req->log_to_stderr)
		give("log-file", "%s", DEFAULT_LOG);
}

/* The command that takes crctl's place after a restore. */
static void give_command(const CriuOpts *req, struct options *opts, struct err *err)
{
	if (!req->n_exec_cmd)
		return;
	give("exec-cmd", NULL);
	for (size_t i = 0; i <= req->n_exec_cmd && !err->ret; i++) {
		char **slot = array_add(&opts->args);

		if (!slot)
			fail(err, -ENOMEM, "no memory to read options");
		else if (i < req->n_exec_cmd)
			*slot = req->exec_cmd[i];
	}
	if (!err->ret)
		opts->args.nr--;	/* the NULL behind the last */
}

/* A descriptor of the client's, reached through its /proc directory. */
static int dir_of_peer(const struct rpc *rpc, int number, const char *what, struct err *err,
		       int *ret_fd)
{
	char path[64];
	int fd;

	if (rpc->peer <= 0)
		return fail(err, -ESRCH, "the client is not in crctl's PID namespace, so its %s "
			    "%d cannot be reached", what, number);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", rpc->peer, number);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, -errno, "%s %d of the client (process %d) cannot be opened "
				  "as a directory", what, number, rpc->peer);
	*ret_fd = fd;
	return 0;
}

static int dir_by_path(const char *path, struct err *err, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, -errno, "the images directory %s cannot be opened", path);
	*ret_fd = fd;
	return 0;
}

static int dirs_open(const struct rpc *rpc, const CriuOpts *req, struct err *err,
		     struct options *opts)
{
	struct common_options *common = &opts->common;
	char link[64], path[4096], **slot;
	ssize_t len;
	int ret;

	if (req->images_dir_fd >= 0)
		ret = dir_of_peer(rpc, req->images_dir_fd, "images_dir_fd", err,
				  &common->images_fd);
	else if (req->images_dir)
		ret = dir_by_path(req->images_dir, err, &common->images_fd);
	else
		ret = fail_usage(err, "the request names no images directory");
	if (ret)
		return ret;
	if (req->has_work_dir_fd)
		ret = dir_of_peer(rpc, req->work_dir_fd, "work_dir_fd", err, &common->work_fd);
	else
		common->work_fd = fcntl(common->images_fd, F_DUPFD_CLOEXEC, 0);
	if (ret || common->work_fd < 0)
		return ret ? ret : fail_errno(err, -errno, "the work directory");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", common->images_fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	slot = array_add(&opts->owned);
	if (slot)
		*slot = strdup(len > 0 ? path : link);
	if (!slot || !*slot)
		return fail(err, -ENOMEM, "no memory to read options");
	common->images_path = *slot;
	return 0;
}

static void give_all(const struct rpc *rpc, const CriuOpts *req, struct options *opts,
		     struct err *err)
{
	give_log(req, opts, err);
	give_tables(req, opts, err);
	give_mounts(req, opts, err);
	give_cgroups(req, opts, err);
	give_network(req, opts, err);
	give_numbers(rpc, req, opts, err);
	give_command(req, opts, err);
	if (!err->ret && req->config_file)
		(void)options_read(opts, req->config_file, err);
}

int rpc_options(const struct rpc *rpc, const CriuOpts *req, uint32_t bit, struct err *err,
		struct options *opts)
{
	int ret = options_begin(opts, rpc->line, err);

	if (!ret)
		ret = dirs_open(rpc, req, err, opts);
	if (ret)
		return ret;
	give_all(rpc, req, opts, err);
	/* a refusal belongs into the log that the request names */
	if (!options_apply_log(opts, err))
		(void)options_open_log(opts, err);
	return err->ret ? err->ret : options_apply(opts, bit, err);
}
