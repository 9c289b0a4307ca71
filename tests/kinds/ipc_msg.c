// SPDX-License-Identifier: GPL-2.0
/* System V message queues and semaphores of an IPC namespace, and its limits. */
#include "kind.h"

#include <sys/msg.h>
#include <sys/sem.h>

struct message {
	long type;
	char text[4000];
};

static int queue, full, set;

static void put(int id, long type, const char *text, size_t len)
{
	struct message m = { .type = type };

	memcpy(m.text, text, len);
	must(msgsnd(id, &m, len, IPC_NOWAIT));
}

static void set_up(void)
{
	unsigned short values[5] = { 0, 7, 32767, 1, 2 };
	struct msqid_ds ds;

	must(unshare(CLONE_NEWIPC));
	file_write("/proc/sys/kernel/msgmax", "10000");
	file_write("/proc/sys/kernel/shmmni", "100");
	must(msgctl(must(msgget(1, IPC_CREAT)), IPC_RMID, NULL));
	queue = must(msgget(0xabc, IPC_CREAT | 0622));
	put(queue, 3, "three", 5);
	put(queue, 1, "", 0);
	put(queue, 3, "again!", 6);
	full = must(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
	must(msgctl(full, IPC_STAT, &ds));
	ds.msg_qbytes = 5000;
	ds.msg_perm.uid = 65534;
	must(msgctl(full, IPC_SET, &ds));
	put(full, 9, "x", 4000);
	must(semctl(must(semget(2, 1, IPC_CREAT)), 0, IPC_RMID));
	set = must(semget(0xdef, 5, IPC_CREAT | 0660));
	must(semctl(set, 0, SETALL, values));
}

static void check_queues(void)
{
	struct msqid_ds ds;
	struct message m;

	same(must(msgget(0xabc, 0)), queue, "identifier of the queue");
	same(msgrcv(queue, &m, sizeof(m.text), 1, IPC_NOWAIT), 0,
	     "length of the message of type 1");
	same(msgrcv(queue, &m, sizeof(m.text), 0, IPC_NOWAIT), 5, "length of the first message");
	same(m.type, 3, "type of the first message");
	same(memcmp(m.text, "three", 5), 0, "its text");
	same(msgrcv(queue, &m, sizeof(m.text), 3, IPC_NOWAIT), 6, "length of the last message");
	must(msgctl(full, IPC_STAT, &ds));
	same(ds.msg_qbytes, 5000, "room of the queue");
	same(ds.msg_qnum, 1, "messages in it");
	same(ds.msg_perm.uid, 65534, "its owner");
	same(msgsnd(full, &m, 1001, IPC_NOWAIT), -1, "a message too many");
	same(errno, EAGAIN, "errno of that");
}

static void check(void)
{
	unsigned short values[5];
	struct semid_ds ds;
	char buf[32];

	check_queues();
	same(must(semget(0xdef, 5, 0)), set, "identifier of the set");
	must(semctl(set, 0, GETALL, values));
	same(values[1], 7, "a semaphore");
	same(values[2], 32767, "another semaphore");
	must(semctl(set, 0, IPC_STAT, &ds));
	same(ds.sem_perm.mode & 0777, 0660, "permissions of the set");
	file_read("/proc/sys/kernel/msgmax", buf, sizeof(buf));
	same(atoi(buf), 10000, "largest message");
	file_read("/proc/sys/kernel/shmmni", buf, sizeof(buf));
	same(atoi(buf), 100, "number of segments");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "gives every queue the same room",
};
