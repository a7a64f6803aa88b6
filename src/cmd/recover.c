#include "base/file.h"
#include "base/json.h"
#include "cmd/present.h"
#include "cmd/shares.h"
#include "cmd/site_file.h"
#include "cmd/table.h"
#include "cmd/unlock.h"
#include "evidence/site.h"
#include "gate/recovery.h"
#include "keeper/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>

/*
 * Recovery on the server itself, when nobody can sign in: two shares from
 * standard input, the site not being served.  Whoever runs the server has none.
 */
struct run {
	const char *dir, *agency, *unlock;
	bool json;
	char share[2][GATE_TEXT_MAX];
	struct sp_id id; /* of the agency */
	struct gate_recovered done;
};

static enum sp_code
act_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct run *r = arg;
	const char *const share[2] = { r->share[0], r->share[1] };

	return gate_recovery_offline(tx, &r->id, share, &r->done, err);
}

/* An agency's log has one writer: not beside a server that runs. */
static enum sp_code
lock_site(const char *dir, int *out, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(PATH_MAX);
	SP_AUTO_FD lock = -1;

	sp_buf_fmt(&path, "%s/lock", dir);
	SP_TRY(sp_buf_check(&path, "the lock's path", err));
	lock = open(sp_buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return sp_fail_os(err, "open %s", sp_buf_str(&path));
	if (flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return sp_fail(err, SP_E_LOCKED,
		    "the site is being served: stop it first, or use "
		    "'sallyport recovery' as long as anybody can sign in");
	*out = sp_file_steal(&lock);
	return SP_OK;
}

static enum sp_code
in_site(struct run *r, int keeper, struct sp_err *err)
{
	struct evidence_site_options o = {
		.dir = r->dir, .buffers = 4, .workers = 1
	};
	struct evidence_site *site = NULL;
	struct evidence_room *room = NULL;
	enum sp_code code;

	SP_TRY(evidence_site_open(&site, &o, err));
	keeper_client_attach(evidence_site_keeper(site), keeper);
	code = evidence_site_room(site, r->agency, &room, err);
	if (code == SP_OK) {
		r->id = evidence_room_agency(room)->id;
		code = ledger_writer_run(
		    evidence_room_writer(room), act_run, r, err);
	}
	evidence_site_close(site); /* closes the socket: the keeper ends */
	if (code == SP_OK && r->done.refused != GATE_RECOVERY_TAKEN)
		code = gate_recovery_refused(r->done.refused, err);
	return code;
}

static enum sp_code
print(const struct run *r, struct sp_err *err)
{
	SP_AUTO_BUF text = sp_buf_secret(1024);
	struct sp_json j = sp_json_to(&text);
	char until[SP_TIME_TEXT];

	sp_time_text(r->done.expires, until);
	if (r->json) {
		sp_json_object(&j, NULL);
		sp_json_str(&j, "agency", r->agency);
		sp_json_str(&j, "expires_at", until);
		sp_json_str(&j, "token", r->done.text);
		sp_json_end(&j);
		sp_buf_text(&text, "\n");
	} else {
		sp_buf_fmt(&text, "%s\n", r->done.text);
		(void)fprintf(stderr,
		    "an administrator's token of %s, until %s, shown this "
		    "once: serve the site, add a person with it, and make new "
		    "shares, for these are spent\n",
		    r->agency, until);
	}
	SP_TRY(sp_buf_check(&text, "what to tell", err));
	(void)fputs(sp_buf_str(&text), stdout); /* cmd_present_flush tells */
	return cmd_present_flush(err);
}

static enum sp_code
recover(struct run *r, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET unlock = NULL;
	SP_AUTO_FD lock = -1;
	struct site_file f = { .cert = "" };
	enum sp_code code;
	pid_t pid = -1;
	int sock = -1;

	SP_TRY(cmd_site_file_read(r->dir, &f, err));
	SP_TRY(lock_site(r->dir, &lock, err));
	SP_TRY(cmd_shares_read(r->share, 2, err));
	SP_TRY(cmd_unlock_read(r->dir, r->unlock, &unlock, err));
	SP_TRY(keeper_spawn(r->dir, unlock, &pid, &sock, err));
	code = in_site(r, sock, err);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	SP_TRY(code);
	return print(r, err);
}

int
cmd_recover_run(const struct cmd *self, int argc, char **argv)
{
	struct run r = { .json = false };
	CRYPTO_WIPE_ON_EXIT(r);
	const struct cmd_option option[] = {
		{ "agency", 0, "SLUG", "which agency of the site", &r.agency,
		    NULL },
		{ "unlock", 0, "SOURCE", UNLOCK_HELP, &r.unlock, NULL },
		{ "json", 0, NULL, "one JSON object on standard output", NULL,
		    &r.json },
	};
	struct sp_err err = { .code = SP_OK };
	char **operand;
	size_t n;
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code != CMD_DONE)
		return code;
	if (n != 1)
		return cmd_usage(self, "one DIR is wanted");
	if (r.agency == NULL)
		return cmd_usage(self, "say which agency with --agency");
	if (cmd_unlock_check(r.unlock, &err) != SP_OK)
		return cmd_usage(self, "%s", err.text);
	r.dir = operand[0];
	if (recover(&r, &err) != SP_OK)
		return cmd_fail(self, &err);
	return CMD_DONE;
}
