// SPDX-License-Identifier: GPL-2.0
/* One task as JSON: who it is, its threads, what it shares, its files and memory. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cmd/show.h"
#include "engine/ctx.h"
#include "image/core.pb-c.h"
#include "image/fs.pb-c.h"
#include "image/json.h"
#include "image/pstree.pb-c.h"

static bool is_dead(const CoreEntry *core)
{
	return core->tc &&
	       (core->tc->task_state == TASK_DEAD || core->tc->task_state == TASK_ZOMBIE);
}

static const char *state_name(uint32_t state)
{
	switch (state) {
	case TASK_ALIVE:
		return "alive";
	case TASK_DEAD:
	case TASK_ZOMBIE:
		return "zombie";
	case TASK_STOPPED:
		return "stopped";
	}
	return "in an unknown state";
}

static json_t *exit_json(int status)
{
	if (WIFSIGNALED(status))
		return json_sprintf("killed by signal %d", WTERMSIG(status));
	return json_sprintf("exit code %d", WEXITSTATUS(status));
}

/* A capability set of two 32-bit words. */
static json_t *caps_json(const uint32_t *words, size_t nr)
{
	uint64_t set = 0;

	for (size_t i = 0; i < nr && i < 2; i++)
		set |= (uint64_t)words[i] << (32 * i);
	return image_json_hex(set);
}

static json_t *creds_json(const CredsEntry *c)
{
	json_t *groups = json_array(), *json;

	for (size_t i = 0; i < c->n_groups; i++)
		json_array_append_new(groups, json_integer(c->groups[i]));
	json = json_pack("{s:[IIII] s:[IIII] s:o}", "uids", (json_int_t)c->uid, (json_int_t)c->euid,
			 (json_int_t)c->suid, (json_int_t)c->fsuid, "gids", (json_int_t)c->gid,
			 (json_int_t)c->egid, (json_int_t)c->sgid, (json_int_t)c->fsgid, "groups",
			 groups);
	json_object_set_new(json, "effective", caps_json(c->cap_eff, c->n_cap_eff));
	json_object_set_new(json, "permitted", caps_json(c->cap_prm, c->n_cap_prm));
	json_object_set_new(json, "inheritable", caps_json(c->cap_inh, c->n_cap_inh));
	json_object_set_new(json, "bounding", caps_json(c->cap_bnd, c->n_cap_bnd));
	json_object_set_new(json, "ambient", caps_json(c->cap_amb, c->n_cap_amb));
	json_object_set_new(json, "securebits", image_json_hex(c->secbits));
	json_object_set_new(json, "no_new_privs", json_boolean(c->no_new_privs));
	return json;
}

static void thread_add(json_t *threads, uint32_t tid, const CoreEntry *core)
{
	const ThreadCoreEntry *t = core->thread_core;
	json_t *thread = json_pack("{s:I}", "tid", (json_int_t)tid);

	json_array_append_new(threads, thread);
	if (!t)
		return;
	if (t->comm)
		json_object_set_new(thread, "comm", image_json_text(t->comm));
	if (t->has_sched_nice && t->sched_nice)
		json_object_set_new(thread, "nice", json_integer(t->sched_nice));
	if (t->has_sched_policy && t->sched_policy)
		json_object_set_new(thread, "policy", json_integer(t->sched_policy));
	if (t->has_blk_sigset)
		json_object_set_new(thread, "blocked", image_json_hex(t->blk_sigset));
	if (t->signals_p && t->signals_p->n_signals)
		json_object_set_new(thread, "pending", json_integer(t->signals_p->n_signals));
	if (t->has_seccomp_mode && t->seccomp_mode != SECCOMP_MODE__disabled)
		json_object_set_new(
			thread, "seccomp",
			json_string(t->seccomp_mode == SECCOMP_MODE__strict ? "strict" : "filter"));
	if (t->creds)
		json_object_set_new(thread, "credentials", creds_json(t->creds));
}

/* Threads after the leader, which is in @threads. */
static void threads_add(struct show *s, json_t *threads, const PstreeEntry *item)
{
	for (size_t i = 0; i < item->n_threads; i++) {
		CoreEntry *core;

		if (item->threads[i] == item->pid)
			continue;
		core = (CoreEntry *)show_read(s, IMG_CORE, item->threads[i], true);
		if (!core)
			continue;
		thread_add(threads, item->threads[i], core);
		protobuf_c_message_free_unpacked(&core->base, NULL);
	}
}

static bool timer_runs(const ItimerEntry *t)
{
	return t && (t->vsec || t->vusec);
}

static void timers_add(json_t *task, const TaskTimersEntry *t)
{
	json_t *timers;

	if (!t ||
	    !(t->n_posix || timer_runs(t->real) || timer_runs(t->virt) || timer_runs(t->prof)))
		return;
	timers = json_pack("{s:I s:b s:b s:b}", "posix", (json_int_t)t->n_posix, "real",
			   (int)timer_runs(t->real), "virtual", (int)timer_runs(t->virt),
			   "profiling", (int)timer_runs(t->prof));
	json_object_set_new(task, "timers", timers);
}

static void signals_add(json_t *task, const TaskCoreEntry *tc)
{
	size_t handlers = 0;

	for (size_t i = 0; i < tc->n_sigactions; i++)
		handlers += tc->sigactions[i]->sigaction > (uint64_t)(uintptr_t)SIG_IGN;
	json_object_set_new(task, "signal_handlers", json_integer(handlers));
	if (tc->signals_s && tc->signals_s->n_signals)
		json_object_set_new(task, "pending", json_integer(tc->signals_s->n_signals));
}

static void rlimits_add(json_t *task, const TaskRlimitsEntry *rlimits)
{
	json_t *list = json_array();

	for (size_t i = 0; rlimits && i < rlimits->n_rlimits; i++)
		json_array_append_new(list, image_json(&rlimits->rlimits[i]->base));
	json_object_set_new(task, "rlimits", list);
}

static void core_add(json_t *task, const CoreEntry *core)
{
	const TaskCoreEntry *tc = core->tc;
	const ProtobufCEnumValue *arch =
		protobuf_c_enum_descriptor_get_value(&core_entry__march__descriptor, core->mtype);

	json_object_set_new(task, "architecture", json_string(arch ? arch->name : "unknown"));
	if (!tc)
		return;
	json_object_set_new(task, "comm", image_json_text(tc->comm));
	json_object_set_new(task, "state", json_string(state_name(tc->task_state)));
	if (is_dead(core))
		json_object_set_new(task, "exit", exit_json(tc->exit_code));
	json_object_set_new(task, "personality", image_json_hex(tc->personality));
	if (tc->has_oom_score_adj && tc->oom_score_adj)
		json_object_set_new(task, "oom_score_adj", json_integer(tc->oom_score_adj));
	if (tc->child_subreaper)
		json_object_set_new(task, "child_subreaper", json_true());
	signals_add(task, tc);
	timers_add(task, tc->timers);
	rlimits_add(task, tc->rlimits);
}

static void fs_add(struct show *s, json_t *task, uint32_t pid, bool required)
{
	FsEntry *fs = (FsEntry *)show_read(s, IMG_FS, pid, required);

	if (!fs)
		return;
	json_object_set_new(task, "cwd", show_file_path(s, fs->cwd_id));
	json_object_set_new(task, "root", show_file_path(s, fs->root_id));
	if (fs->has_umask)
		json_object_set_new(task, "umask", json_sprintf("%03o", fs->umask));
	protobuf_c_message_free_unpacked(&fs->base, NULL);
}

static void fds_add(struct show *s, json_t *task, uint32_t files_id)
{
	struct show_list list = show_read_list(s, IMG_FDINFO, files_id, true);
	json_t *files = json_array();

	array_for_each(&list, msg)
		json_array_append_new(files, show_fd(s, (FdinfoEntry *)*msg));
	json_object_set_new(task, "files", files);
	show_list_free(&list);
}

/*
 * What @owners (object to PID, for each kind of object) has under @id; when nothing,
 * @pid becomes the owner. Returns whether another task owns it.
 */
static bool shared_add(json_t *owners, json_t *shares, const char *what, uint32_t id, uint32_t pid)
{
	char key[48];
	json_t *owner;

	snprintf(key, sizeof(key), "%s %u", what, id);
	owner = json_object_get(owners, key);
	if (owner) {
		json_object_set(shares, what, owner);
		return true;
	}
	json_object_set_new(owners, key, json_integer(pid));
	return false;
}

static void ids_add(struct show *s, json_t *task, const TaskKobjIdsEntry *ids, uint32_t pid)
{
	json_t *shares = json_object();
	bool other_vm = shared_add(s->owners, shares, "memory", ids->vm_id, pid);
	bool other_files = shared_add(s->owners, shares, "files", ids->files_id, pid);
	bool other_fs = shared_add(s->owners, shares, "fs", ids->fs_id, pid);

	shared_add(s->owners, shares, "signal_handlers", ids->sighand_id, pid);
	json_object_set_new(task, "ids", image_json(&ids->base));
	if (json_object_size(shares))
		json_object_set(task, "shares", shares);
	json_decref(shares);
	fs_add(s, task, pid, !other_fs);
	show_mm(s, task, pid, !other_vm);
	if (!other_files)
		fds_add(s, task, ids->files_id);
}

static void leader_add(struct show *s, json_t *task, json_t *threads, const CoreEntry *core,
		       uint32_t pid)
{
	CredsEntry *creds = NULL;
	TaskKobjIdsEntry *ids = core->ids;

	core_add(task, core);
	thread_add(threads, pid, core);
	if (is_dead(core))
		return;
	if (core->thread_core && core->thread_core->creds)
		json_object_set_new(task, "credentials", creds_json(core->thread_core->creds));
	else
		creds = (CredsEntry *)show_read(s, IMG_CREDS, pid, true);
	if (creds) {
		json_object_set_new(task, "credentials", creds_json(creds));
		protobuf_c_message_free_unpacked(&creds->base, NULL);
	}
	if (ids) {
		ids_add(s, task, ids, pid);
		return;
	}
	ids = (TaskKobjIdsEntry *)show_read(s, IMG_IDS, pid, true);
	if (!ids)
		return;
	ids_add(s, task, ids, pid);
	protobuf_c_message_free_unpacked(&ids->base, NULL);
}

json_t *show_task(struct show *s, const PstreeEntry *item)
{
	json_t *task = json_pack("{s:I s:I s:I s:I}", "pid", (json_int_t)item->pid, "ppid",
				 (json_int_t)item->ppid, "pgid", (json_int_t)item->pgid, "sid",
				 (json_int_t)item->sid);
	CoreEntry *core = (CoreEntry *)show_read(s, IMG_CORE, item->pid, true);
	json_t *threads = json_array();

	json_object_set_new(task, "threads", threads);
	if (!core)
		return task;
	leader_add(s, task, threads, core, item->pid);
	/* CRIU writes any number at all as the thread of a zombie. */
	if (!is_dead(core))
		threads_add(s, threads, item);
	protobuf_c_message_free_unpacked(&core->base, NULL);
	return task;
}
