// SPDX-License-Identifier: GPL-2.0
/*
 * What requests ask for, one function each. A failure is one sentence: in the log's
 * last line and in the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cmd/rpc.h"
#include "engine/cpuinfo.h"
#include "lib/cleanup.h"
#include "lib/log.h"

/* An answer with room for what it may carry. */
struct answer {
	CriuResp resp;
	CriuDumpResp dump;
	CriuRestoreResp restore;
	CriuFeatures features;
	CriuVersion version;
	char **exec_cmd;		/* to take crctl's place afterwards; NULL: none */
	const struct rpc *rpc;
	bool sent;
};

static int options_for(struct rpc *rpc, const CriuReq *req, uint32_t bit, struct err *err,
		       struct options *opts)
{
	int ret;

	if (!req->opts)
		return fail_usage(err, "the request has no options");
	ret = rpc_options(rpc, req->opts, bit, err, opts);
	if (!ret && req->opts->has_notify_scripts && req->opts->notify_scripts) {
		opts->common.notify = rpc_notify;
		opts->common.notify_arg = rpc;
	}
	return ret;
}

/* What a client finds that asked for a dump of itself, once it is restored. */
static int restored_answer(uint8_t **ret_data, size_t *ret_len)
{
	CriuResp resp = CRIU_RESP__INIT;
	CriuDumpResp dump = CRIU_DUMP_RESP__INIT;

	resp.type = CRIU_REQ_TYPE__DUMP;
	resp.success = true;
	resp.dump = &dump;
	dump.has_restored = dump.restored = true;
	*ret_len = criu_resp__get_packed_size(&resp);
	*ret_data = malloc(*ret_len);
	if (!*ret_data)
		return -ENOMEM;
	criu_resp__pack(&resp, *ret_data);
	return 0;
}

static int request_dump(struct rpc *rpc, const CriuReq *req, struct options *opts, struct err *err,
			struct answer *a)
{
	auto_free uint8_t *answer = NULL;
	struct dump_options dump;
	struct stat st;
	int ret = options_for(rpc, req, ON_DUMP, err, opts);

	if (!ret)
		ret = dump_from_options(opts, err, &dump);
	if (!ret && !fstat(rpc->fd, &st)) {
		dump.common.service_ino = (uint32_t)st.st_ino;
		ret = restored_answer(&answer, &dump.common.service_answer_len);
		dump.common.service_answer = answer;
	}
	if (!ret)
		ret = engine_dump(&dump, err);
	a->dump.has_restored = true;
	a->resp.dump = &a->dump;
	return ret;
}

/* While the tree still ends with crctl. */
static int restore_answer(void *arg, pid_t pid)
{
	struct answer *a = arg;

	a->restore.pid = pid;
	a->resp.restore = &a->restore;
	a->resp.success = a->sent = true;
	return rpc_send(a->rpc, &a->resp, -1);
}

static int request_restore(struct rpc *rpc, const CriuReq *req, struct options *opts,
			   struct err *err, struct answer *a)
{
	struct restore_options restore;
	int ret = options_for(rpc, req, ON_RESTORE, err, opts), status;
	pid_t pid;

	if (!ret && opts->sibling && rpc->service)
		ret = fail_refuse(err, "rst_sibling is refused: the parent of what a service "
				  "restores would be the service; use swrk");
	if (!ret)
		ret = restore_from_options(opts, err, &restore);
	if (ret)
		return ret;
	restore.detached = true;
	restore.answer = restore_answer;
	restore.answer_arg = a;
	ret = engine_restore(&restore, err, &pid, &status);
	a->exec_cmd = ret ? NULL : (char **)restore.exec_cmd;
	return ret;
}

static int request_check(struct rpc *rpc, const CriuReq *req, struct options *opts,
			 struct err *err, struct answer *a)
{
	return check_needed(err);
}

static int request_cpuinfo_dump(struct rpc *rpc, const CriuReq *req, struct options *opts,
				struct err *err, struct answer *a)
{
	int ret = options_for(rpc, req, ON_CPUINFO, err, opts);

	return ret ? ret : cpuinfo_dump(opts->common.images_fd, err);
}

static int request_cpuinfo_check(struct rpc *rpc, const CriuReq *req, struct options *opts,
				 struct err *err, struct answer *a)
{
	int ret = options_for(rpc, req, ON_CPUINFO, err, opts);

	return ret ? ret : cpuinfo_check(opts->common.images_fd, opts->common.cpu_cap, err);
}

/* What was asked for, and is not there: memory tracking, lazy pages, a store of pidfds. */
static int request_features(struct rpc *rpc, const CriuReq *req, struct options *opts,
			    struct err *err, struct answer *a)
{
	if (!req->features)
		return fail_usage(err, "the request names no features");
	a->features.has_mem_track = req->features->has_mem_track;
	a->features.has_lazy_pages = req->features->has_lazy_pages;
	a->features.has_pidfd_store = req->features->has_pidfd_store;
	a->resp.features = &a->features;
	return 0;
}

static int request_version(struct rpc *rpc, const CriuReq *req, struct options *opts,
			   struct err *err, struct answer *a)
{
	if (sscanf(INTERFACE_LEVEL, "%d.%d", &a->version.major_number, &a->version.minor_number) !=
	    2)
		return fail(err, -EINVAL, "the version %s is none", INTERFACE_LEVEL);
	a->version.name = (char *)"crctl " CRCTL_VERSION;
	a->resp.version = &a->version;
	return 0;
}

/* The end of a process that this connection restored. */
static int request_wait(struct rpc *rpc, const CriuReq *req, struct options *opts, struct err *err,
			struct answer *a)
{
	int status, ret = 0;

	if (!req->has_pid || !req->pid || req->pid > INT32_MAX)
		return fail_usage(err, "the request names no process to wait for");
	while (waitpid((pid_t)req->pid, &status, 0) < 0) {
		ret = -errno;
		if (ret != -EINTR)
			return fail_errno(err, ret, "process %u cannot be waited for", req->pid);
	}
	a->resp.has_status = true;
	a->resp.status = status;
	return 0;
}

struct rpc_handler {
	CriuReqType type;
	int (*run)(struct rpc *rpc, const CriuReq *req, struct options *opts, struct err *err,
		   struct answer *a);
	const char *refusal;
};

#define NO_TRACKING "incremental dumps are not supported yet; ask for DUMP"
#define NO_SERVER   "pages are not sent over a network yet; write images to a directory and copy it"

static const struct rpc_handler rpc_handlers[] = {
	{ CRIU_REQ_TYPE__DUMP, request_dump, NULL },
	{ CRIU_REQ_TYPE__RESTORE, request_restore, NULL },
	{ CRIU_REQ_TYPE__CHECK, request_check, NULL },
	{ CRIU_REQ_TYPE__FEATURE_CHECK, request_features, NULL },
	{ CRIU_REQ_TYPE__VERSION, request_version, NULL },
	{ CRIU_REQ_TYPE__WAIT_PID, request_wait, NULL },
	{ CRIU_REQ_TYPE__PRE_DUMP, NULL, NO_TRACKING },
	{ CRIU_REQ_TYPE__SINGLE_PRE_DUMP, NULL, NO_TRACKING },
	{ CRIU_REQ_TYPE__PAGE_SERVER, NULL, NO_SERVER },
	{ CRIU_REQ_TYPE__PAGE_SERVER_CHLD, NULL, NO_SERVER },
	{ CRIU_REQ_TYPE__CPUINFO_DUMP, request_cpuinfo_dump, NULL },
	{ CRIU_REQ_TYPE__CPUINFO_CHECK, request_cpuinfo_check, NULL },
};

static const char *type_name(CriuReqType type)
{
	const ProtobufCEnumValue *v =
		protobuf_c_enum_descriptor_get_value(&criu_req_type__descriptor, type);

	return v ? v->name : "unknown";
}

static int request_run(struct rpc *rpc, const CriuReq *req, struct options *opts, struct err *err,
		       struct answer *a)
{
	for (size_t i = 0; i < sizeof(rpc_handlers) / sizeof(rpc_handlers[0]); i++) {
		const struct rpc_handler *h = &rpc_handlers[i];

		if (h->type != req->type)
			continue;
		if (h->refusal)
			return fail_refuse(err, "%s is refused: %s", type_name(h->type),
					   h->refusal);
		return h->run(rpc, req, opts, err, a);
	}
	return fail_usage(err, "a request of type %s (%d) cannot be made of crctl",
			  type_name(req->type), (int)req->type);
}

static int answer_send(const struct rpc *rpc, struct answer *a, struct err *err, int ret)
{
	a->resp.success = !ret;
	if (ret) {
		if (!err->ret)
			fail_errno(err, ret, "the request failed");
		a->resp.has_cr_errno = true;
		a->resp.cr_errno = -err->ret;
		a->resp.cr_errmsg = err->text;
		a->resp.dump = NULL;
		log_last("%s", err->text);
	}
	return rpc_send(rpc, &a->resp, -1);
}

/* One request to its answer. 0, or -errno when the client cannot be reached. */
static int request_answer(struct rpc *rpc, const CriuReq *req, struct err *err)
{
	struct options opts = { 0 };
	struct answer a;
	int ret;

	criu_resp__init(&a.resp);
	criu_dump_resp__init(&a.dump);
	criu_restore_resp__init(&a.restore);
	criu_features__init(&a.features);
	criu_version__init(&a.version);
	a.exec_cmd = NULL;
	a.rpc = rpc;
	a.sent = false;
	a.resp.type = req ? req->type : CRIU_REQ_TYPE__EMPTY;
	opts.common.images_fd = opts.common.work_fd = -1;
	ret = err->ret;
	if (!ret)
		ret = request_run(rpc, req, &opts, err, &a);
	if (!a.sent)
		ret = answer_send(rpc, &a, err, ret);
	if (!ret && a.exec_cmd)
		(void)restore_exec(a.exec_cmd, err);
	options_free(&opts);
	return ret;
}

static int connection_open(int fd, const struct options *line, struct err *err, struct rpc *rpc)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return fail_errno(err, -errno, "descriptor %d is no Unix socket", fd);
	len = sizeof(type);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    (type != SOCK_SEQPACKET && type != SOCK_DGRAM))
		return fail(err, -EPROTOTYPE, "descriptor %d is no socket of type SOCK_SEQPACKET",
			    fd);
	if (cred.uid && cred.uid != geteuid())
		return fail(err, -EPERM, "process %d of user %u may not use crctl", cred.pid,
			    cred.uid);
	*rpc = (struct rpc){ .fd = fd, .peer = cred.pid, .line = line };
	return 0;
}

int rpc_serve(int fd, bool service, const struct options *line, struct err *err)
{
	bool more = true;
	struct rpc rpc;
	int code = EXIT_DONE, ret = connection_open(fd, line, err, &rpc);

	if (ret)
		return err->exit_code;
	rpc.service = service;
	while (more && !ret) {
		CriuReq *req = NULL;

		*err = (struct err){ 0 };
		ret = rpc_receive(&rpc, err, &req);
		if (!ret)
			break;
		more = req && req->has_keep_open && req->keep_open;
		ret = request_answer(&rpc, req, err);
		code = err->ret ? err->exit_code : EXIT_DONE;
		if (req)
			criu_req__free_unpacked(req, NULL);
	}
	/* the sentence was told: main() need not say it again */
	*err = (struct err){ 0 };
	return ret && code == EXIT_DONE ? EXIT_FAILED : code;
}
