#include "cmd/workers.h"

#include "base/file.h"
#include "cmd/child.h"
#include "keeper/spawn.h"
#include "media/worker.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whoever gave it the job has given it up before. */
#define LIVES (INT64_C(1) * (MEDIA_WORKER_SECONDS + 30) * SP_SECOND)

_Static_assert(MEDIA_SOCK_FD == 3, "the first descriptor that is given");

enum sp_code
cmd_workers_start(
    struct cmd_workers *w, const char *program, int *sock, struct sp_err *err)
{
	char name[] = "sallyport";
	char word[] = "media";
	char *argv[] = { name, word, NULL };
	SP_AUTO_FD mine = -1;
	SP_AUTO_FD theirs = -1;
	pid_t pid = -1;

	if (w->n == CMD_WORKERS_MOST)
		return sp_fail(err, SP_E_UNAVAIL,
		    "there are %d media workers already", CMD_WORKERS_MOST);
	SP_TRY(cmd_child_pair(SOCK_STREAM, &mine, &theirs, err));
	if (keeper_spawn_program(program, argv, &theirs, 1, &pid, err) != SP_OK)
		return sp_fail(err, SP_E_UNAVAIL, "%s cannot be started: %s",
		    program, strerrordesc_np(err == NULL ? 0 : err->os_errno));
	w->at[w->n].pid = pid;
	w->at[w->n].deadline = sp_ticks() + LIVES;
	w->n++;
	*sock = sp_file_steal(&mine);
	return SP_OK;
}

bool
cmd_workers_ended(struct cmd_workers *w, pid_t pid)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->at[i].pid != pid)
			continue;
		w->at[i] = w->at[--w->n];
		return true;
	}
	return false;
}

int64_t
cmd_workers_due(const struct cmd_workers *w)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < w->n; i++)
		if (w->at[i].deadline < due)
			due = w->at[i].deadline;
	return due;
}

void
cmd_workers_kill_late(struct cmd_workers *w, int64_t now)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->at[i].deadline > now)
			continue;
		(void)kill(w->at[i].pid, SIGKILL); /* ours, not waited for */
		w->at[i].deadline = INT64_MAX;
	}
}
