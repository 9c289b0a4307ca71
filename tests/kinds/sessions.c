// SPDX-License-Identifier: GPL-2.0
/* Sessions and process groups of living leaders. */
#include "kind.h"

static pid_t leader, member, grouped;

static void member_body(void)
{
	pid_t pid = getpid(), parent = getppid();

	must(setpgid(0, 0));
	mark("member");
	await_go();
	same(getsid(0), parent, "session of the member");
	same(getpgid(0), pid, "process group of the member");
}

static void leader_body(void)
{
	must(setsid());
	member = child_start(member_body);
	await_mark("member");
	mark("leader");
	await_go();
	same(getsid(0), getpid(), "session of the leader");
	same(getpgid(0), getpid(), "process group of the leader");
	child_done(member);
}

static void grouped_body(void)
{
	pid_t parent = getppid();

	await_mark("grouped");
	await_go();
	same(getpgid(0), leader, "process group joined");
	same(getsid(0), parent, "session of the task in another's group");
}

static void group_leader_body(void)
{
	must(setpgid(0, 0));
	mark("group-leader");
	await_go();
	same(getpgid(0), getpid(), "own process group");
}

static pid_t session_leader;

static void set_up(void)
{
	session_leader = child_start(leader_body);
	await_mark("leader");
	leader = child_start(group_leader_body);
	await_mark("group-leader");
	grouped = child_start(grouped_body);
	must(setpgid(grouped, leader));
	mark("grouped");
}

static void check(void)
{
	same(getsid(0), getpid(), "session of the root task");
	child_done(session_leader);
	child_done(grouped);
	child_done(leader);
}

const struct kind kind = { .set_up = set_up, .check = check };
