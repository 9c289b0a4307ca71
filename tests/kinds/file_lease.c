// SPDX-License-Identifier: GPL-2.0
/* A read lease and a write lease, told of by the signal that was chosen. */
#include "kind.h"

static int reader, writer;
static volatile sig_atomic_t got;

static void on_signal(int sig)
{
	got = sig;
}

static void set_up(void)
{
	file_write("read", "r");
	file_write("write", "w");
	reader = must(open("read", O_RDONLY));
	must(fcntl(reader, F_SETLEASE, F_RDLCK));
	writer = must(open("write", O_RDWR));
	must(fcntl(writer, F_SETLEASE, F_WRLCK));
	must(fcntl(writer, F_SETSIG, SIGUSR2));
	signal(SIGUSR2, on_signal);
	signal(SIGIO, on_signal);
}

static void opener(void)
{
	same(open("write", O_RDONLY | O_NONBLOCK), -1, "opening a file with a write lease");
	same(errno, EWOULDBLOCK, "errno of that open");
	mark("opened");
}

static void check(void)
{
	pid_t child;

	same(must(fcntl(reader, F_GETLEASE)), F_RDLCK, "the read lease");
	same(must(fcntl(writer, F_GETLEASE)), F_WRLCK, "the write lease");
	child = child_start(opener);
	await_mark("opened");
	child_done(child);
	same(got, SIGUSR2, "signal for the writer");
	must(fcntl(writer, F_SETLEASE, F_UNLCK));
	got = 0;
	same(open("read", O_WRONLY | O_NONBLOCK), -1, "opening a file with a read lease");
	same(got, SIGIO, "signal for the reader");
}

const struct kind kind = { .options = "--file-locks", .set_up = set_up, .check = check };
