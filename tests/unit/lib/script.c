// SPDX-License-Identifier: GPL-2.0
#include "lib/script.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "unit/check.h"

int main(void)
{
	sigset_t blocked;

	CHECK(!script_run(NULL, "pre-dump", "/img", 0));
	CHECK(!script_run("exit 0", "pre-dump", "/img", 0));
	CHECK(script_run("exit 3", "pre-dump", "/img", 0) == -ECANCELED);
	CHECK(script_run("kill -9 $$", "pre-dump", "/img", 0) == -ECANCELED);
	CHECK(script_run("/nonexistent/script", "pre-dump", "/img", 0) == -ECANCELED);

	/* Exactly our three variables, whatever was there before, and arguments are allowed. */
	setenv("CRTOOLS_INIT_PID", "1", 1);
	setenv("CRTOOLS_SCRIPT_ACTION", "old", 1);
	CHECK(!script_run("test \"$CRTOOLS_SCRIPT_ACTION\" = post-dump", "post-dump", "/img", 0));
	CHECK(!script_run("test \"$CRTOOLS_IMAGE_DIR\" = '/a b'", "post-dump", "/a b", 0));
	CHECK(!script_run("test -z \"$CRTOOLS_INIT_PID\"", "post-dump", "/img", 0));
	CHECK(!script_run("test \"$CRTOOLS_INIT_PID\" = 17", "post-dump", "/img", 17));
	CHECK(!script_run("test -n \"$PATH\"", "post-dump", "/img", 0));

	/* What the engine blocks is not blocked in the script. */
	sigfillset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	CHECK(script_run("kill -TERM $$; sleep 5; exit 0", "pre-dump", "/img", 0) == -ECANCELED);
	return check_failed;
}
