#include "base/encode.h"
#include "cmd/listing.h"
#include "cmd/names.h"
#include "cmd/people.h"
#include "cmd/secret.h"
#include "cmd/table.h"

#include <stdlib.h>
#include <string.h>

/* What a subcommand of `session` wants done. */
struct run {
	const char *login;
	const char *password, *code, *invitation; /* where they come from */
	bool recovery, acknowledge, all;
	const char *id; /* of a session, or a person */
};

/* ---- signing in ---- */

/* One step: what is sent, and from then on the session's new text. */
static enum sp_code
step(struct client *c, const char *where, const json_t *body, json_t **out,
    struct sp_err *err)
{
	const char *text = NULL;

	if (body == NULL)
		return sp_fail(err, SP_E_INVALID, "not proper UTF-8");
	SP_TRY(cmd_client_send(c, "POST", body, out, err, "%s", where));
	SP_TRY(client_site_json_text(*out, "session", &text, err));
	return cmd_client_as(c, text, err);
}

static bool
is_stage(const json_t *answer, const char *stage)
{
	const char *s = json_string_value(json_object_get(answer, "stage"));

	return s != NULL && strcmp(s, stage) == 0;
}

/* A secret of the terminal, or from elsewhere, as one member's text. */
static enum sp_code
body_of(const char *member, const char *spec, const char *ask, json_t **out,
    struct sp_err *err)
{
	CRYPTO_AUTO_SECRET secret = NULL;

	SP_TRY(cmd_secret_read(spec, ask, &secret, err));
	*out = json_pack("{s:s%}", member,
	    (const char *)crypto_secret_bytes(secret),
	    crypto_secret_len(secret));
	if (*out == NULL)
		return sp_fail(err, SP_E_INVALID, "not proper UTF-8");
	return SP_OK;
}

static enum sp_code
show_code(
    struct client *c, const struct run *r, json_t **answer, struct sp_err *err)
{
	SITE_AUTO_JSON body = NULL;
	SITE_AUTO_JSON next = NULL;

	SP_TRY(body_of("code", r->code,
	    r->recovery ? "Recovery code: "
			: "Code of your authenticator app: ",
	    &body, err));
	SP_TRY(step(c, r->recovery ? "signin/recovery" : "signin/totp", body,
	    &next, err));
	json_decref(*answer);
	*answer = SP_STEAL(next);
	return SP_OK;
}

/* The notice of use is shown, and somebody says yes. */
static enum sp_code
ask_notice(const struct run *r, const char *text, struct sp_err *err)
{
	SP_AUTO_BUF clean = sp_buf_new((size_t)64 << 10);
	CRYPTO_AUTO_SECRET yes = NULL;

	sp_buf_text(&clean, text);
	SP_TRY(sp_buf_check(&clean, "the notice", err));
	for (size_t i = 0; i < clean.len; i++)
		if (clean.at[i] < ' ' && clean.at[i] != '\n')
			clean.at[i] = '?';
	(void)fprintf(stderr, "\n%s\n", sp_buf_str(&clean));
	if (r->acknowledge)
		return SP_OK;
	SP_TRY(
	    cmd_secret_read(NULL, "Type \"yes\" to acknowledge: ", &yes, err));
	if (crypto_secret_len(yes) != 3 ||
	    memcmp(crypto_secret_bytes(yes), "yes", 3) != 0)
		return sp_fail(
		    err, SP_E_INVALID, "the notice was not acknowledged");
	return SP_OK;
}

static enum sp_code
read_notice(struct client *c, const struct run *r, struct sp_err *err)
{
	SITE_AUTO_JSON notice = NULL;
	SITE_AUTO_JSON body = NULL;
	SITE_AUTO_JSON open = NULL;
	const char *text = NULL, *sha256 = NULL;

	SP_TRY(cmd_client_get(c, &notice, err, "signin/notice"));
	SP_TRY(client_site_json_text(notice, "text", &text, err));
	SP_TRY(client_site_json_text(notice, "sha256", &sha256, err));
	SP_TRY(ask_notice(r, text, err));
	body = json_pack("{s:s}", "sha256", sha256);
	return step(c, "signin/notice", body, &open, err);
}

/* The session of now, without what it is known by. */
static enum sp_code
get_own(struct client *c, json_t **own, struct sp_err *err)
{
	SP_TRY(cmd_client_get(c, own, err, "session"));
	if (json_is_object(json_object_get(*own, "session")))
		return SP_OK;
	return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
	    "the site's answer has no session");
}

static enum sp_code
print_opened(struct client *c, struct sp_err *err)
{
	SITE_AUTO_JSON own = NULL;
	SITE_AUTO_JSON said = NULL;
	const json_t *session;
	const char *id = NULL, *expires = NULL;

	SP_TRY(get_own(c, &own, err));
	session = json_object_get(own, "session");
	SP_TRY(client_site_json_text(session, "id", &id, err));
	SP_TRY(client_site_json_text(session, "expires_at", &expires, err));
	said = json_pack("{s:s, s:s}", "session", id, "expires_at", expires);
	return cmd_present_json(said, err);
}

/* From the last proof to a session that is kept. */
static enum sp_code
finish(struct client *c, const struct run *r, const json_t *answer,
    struct sp_err *err)
{
	if (is_stage(answer, "change"))
		return sp_fail(err, SP_E_INVALID,
		    "your password must be another: sign in in a browser, or "
		    "have yourself invited anew");
	if (!is_stage(answer, "notice"))
		return sp_fail(err, SP_E_INVALID,
		    "the site asks for what this program does not know");
	SP_TRY(read_notice(c, r, err));
	SP_TRY(client_settings_keep(client_settings_token(&c->settings), err));
	(void)fprintf(stderr, "signed in\n");
	return c->json ? print_opened(c, err) : SP_OK;
}

static enum sp_code
login(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON body = NULL;
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(body_of("password", r->password, "Password: ", &body, err));
	if (json_object_set_new(body, "login", json_string(r->login)) != 0)
		return sp_fail(err, SP_E_INVALID, "not proper UTF-8");
	SP_TRY(step(c, "signin", body, &answer, err));
	if (is_stage(answer, "enrol"))
		return sp_fail(err, SP_E_INVALID,
		    "you have no second factor: use your invitation (session "
		    "enrol)");
	SP_TRY(show_code(c, r, &answer, err));
	return finish(c, r, answer, err);
}

static enum sp_code
renew(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON body = NULL;
	SITE_AUTO_JSON code = NULL;
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(body_of("password", r->password, "Password: ", &body, err));
	SP_TRY(body_of(r->recovery ? "recovery" : "code", r->code,
	    r->recovery ? "Recovery code: "
			: "Code of your authenticator app: ",
	    &code, err));
	if (json_object_update(body, code) != 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for a request");
	SP_TRY(step(c, "session/renew", body, &answer, err));
	SP_TRY(client_settings_keep(client_settings_token(&c->settings), err));
	(void)fprintf(stderr, "renewed\n");
	return c->json ? print_opened(c, err) : SP_OK;
}

/* ---- enrolling ---- */

static enum sp_code
show_app(struct client *c, struct sp_err *err)
{
	SITE_AUTO_JSON offer = NULL;
	const char *secret = NULL, *uri = NULL;
	char clean[700];

	SP_TRY(cmd_client_send(c, "POST", NULL, &offer, err, "signin/enrol"));
	SP_TRY(client_site_json_text(offer, "secret", &secret, err));
	SP_TRY(client_site_json_text(offer, "uri", &uri, err));
	(void)cmd_present_clean(uri, clean, sizeof(clean));
	(void)fprintf(stderr, "for your authenticator app:\n  %s\n", clean);
	(void)cmd_present_clean(secret, clean, sizeof(clean));
	(void)fprintf(stderr, "or type in this secret:\n  %s\n", clean);
	return SP_OK;
}

static void
show_recovery(const json_t *answer)
{
	const json_t *codes = json_object_get(answer, "recovery_codes");
	char clean[100];

	(void)fprintf(stderr,
	    "recovery codes, each for once, shown this once; keep them apart "
	    "from your phone:\n");
	for (size_t i = 0; i < json_array_size(codes); i++) {
		const char *s = json_string_value(json_array_get(codes, i));

		(void)cmd_present_clean(
		    s == NULL ? "" : s, clean, sizeof(clean));
		(void)printf("%s\n", clean);
	}
	(void)fflush(stdout);
}

/* An invitation is for once: nothing is begun that cannot be ended. */
static enum sp_code
can_enrol(const struct run *r, struct sp_err *err)
{
	SP_TRY(cmd_secret_check(r->invitation, err));
	SP_TRY(cmd_secret_check(r->password, err));
	SP_TRY(cmd_secret_check(r->code, err));
	if (r->acknowledge)
		return SP_OK;
	if (cmd_secret_check(NULL, NULL) != SP_OK)
		return sp_fail(err, SP_E_INVALID,
		    "there is no terminal to show the notice of use on: give "
		    "--acknowledge");
	return SP_OK;
}

static enum sp_code
accept_invitation(struct client *c, const struct run *r, struct sp_err *err)
{
	SITE_AUTO_JSON body = NULL;
	SITE_AUTO_JSON invitation = NULL;
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(body_of("invitation", r->invitation,
	    "Invitation (spe_…): ", &invitation, err));
	SP_TRY(body_of(
	    "password", r->password, "A password for you: ", &body, err));
	if (json_object_update(body, invitation) != 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for a request");
	return step(c, "signin/accept", body, &answer, err);
}

static enum sp_code
enrol(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON code = NULL;
	SITE_AUTO_JSON answer = NULL;

	SP_TRY(can_enrol(r, err));
	SP_TRY(accept_invitation(c, r, err));
	SP_TRY(show_app(c, err));
	SP_TRY(
	    body_of("code", r->code, "The code that it shows: ", &code, err));
	SP_TRY(step(c, "signin/enrol/confirm", code, &answer, err));
	show_recovery(answer);
	return finish(c, r, answer, err);
}

/* ---- seeing and ending ---- */

static enum sp_code
whoami(struct client *c, void *arg, struct sp_err *err)
{
	SITE_AUTO_JSON own = NULL;
	const json_t *session;
	char login[PRESENT_CELL_MAX], role[PRESENT_CELL_MAX],
	    person[PRESENT_CELL_MAX], stage[PRESENT_CELL_MAX],
	    name[PRESENT_CELL_MAX];

	(void)arg;
	SP_TRY(get_own(c, &own, err));
	if (c->json)
		return cmd_present_json(own, err);
	session = json_object_get(own, "session");
	(void)printf("%s %s %s  %s, %s\n",
	    cmd_present_member(own, "login", login, sizeof(login)),
	    cmd_present_member(own, "role", role, sizeof(role)),
	    cmd_present_member(session, "stage", stage, sizeof(stage)),
	    cmd_present_member(own, "name", name, sizeof(name)),
	    cmd_present_member(session, "person", person, sizeof(person)));
	return cmd_present_flush(err);
}

static enum sp_code
print_sessions(struct client *c, json_t *items, struct sp_err *err)
{
	static const struct listing sessions = {
		.column = { { "ID", "id", NULL }, { "PERSON", "person", NULL },
		    { "STAGE", "stage", NULL }, { "METHOD", "method", NULL },
		    { "ADDRESS", "address", NULL },
		    { "USED (UTC)", "used_at", cmd_present_time } },
	};
	NAMES_AUTO names = cmd_names_new(c);

	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *one = json_array_get(items, i);
		const char *id =
		    json_string_value(json_object_get(one, "person"));
		char login[PRESENT_CELL_MAX];

		if (json_object_set_new(one, "person",
			json_string(cmd_names_login(&names, id, login))) != 0)
			return sp_fail(err, SP_E_NOMEM, "no memory for a list");
	}
	return cmd_listing_print(&sessions, items, err);
}

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON all = NULL;
	json_t *items;

	SP_TRY(cmd_client_get(
	    c, &all, err, "sessions%s", r->all ? "?of=all" : ""));
	items = json_object_get(all, "items");
	if (!c->json)
		return print_sessions(c, items, err);
	for (size_t i = 0; i < json_array_size(items); i++)
		SP_TRY(cmd_present_json(json_array_get(items, i), err));
	return SP_OK;
}

static enum sp_code
end_own(struct client *c, struct sp_err *err)
{
	SITE_AUTO_JSON own = NULL;
	SITE_AUTO_JSON none = NULL;
	const char *id = NULL;

	SP_TRY(get_own(c, &own, err));
	SP_TRY(client_site_json_text(
	    json_object_get(own, "session"), "id", &id, err));
	SP_TRY(cmd_client_send(c, "DELETE", NULL, &none, err, "session"));
	SP_TRY(client_settings_keep(NULL, err));
	return cmd_client_say_done(c, "id", id, "ended", err);
}

static enum sp_code
end(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON none = NULL;

	if (r->id == NULL)
		return end_own(c, err);
	if (!r->all) {
		SP_TRY(cmd_client_send(
		    c, "DELETE", NULL, &none, err, "sessions/%s", r->id));
		return cmd_client_say_done(c, "id", r->id, "ended", err);
	}
	SP_TRY(cmd_client_send(
	    c, "DELETE", NULL, &none, err, "persons/%s/sessions", r->id));
	if (c->json)
		return cmd_client_say_done(c, "person", r->id, "ended", err);
	(void)printf("%s: all sessions, and tokens of their own, ended\n",
	    strcmp(r->id, "~") == 0 ? "you" : r->id);
	return cmd_present_flush(err);
}

static enum sp_code
invite(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON body = json_object();
	SITE_AUTO_JSON made = NULL;
	const char *text = NULL;
	char clean[200];

	SP_TRY(cmd_client_send(
	    c, "POST", body, &made, err, "persons/%s/invitations", r->id));
	SP_TRY(client_site_json_text(made, "invitation", &text, err));
	if (c->json)
		return cmd_present_json(made, err);
	(void)cmd_present_clean(text, clean, sizeof(clean));
	(void)printf("%s\n", clean);
	(void)fprintf(stderr,
	    "good once, for three days; hand it to them in person. They run: "
	    "sallyport session enrol\n");
	return cmd_present_flush(err);
}

/* ---- the table ---- */

/* An id, a login, or "~": nothing that could be another path. */
static bool
operand_ok(const char *s)
{
	size_t len = strspn(s,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "._@-+~");

	return len > 0 && len <= 64 && s[len] == '\0' && s[0] != '.';
}

/* Options that are not everybody's, by place in run_any's table. */
#define PASSWORD    0x01U
#define CODE        0x02U
#define INVITATION  0x04U
#define RECOVERY    0x08U
#define ACKNOWLEDGE 0x10U
#define ALL_MINE    0x20U
#define ALL_THEIRS  0x40U
#define A_PERSON    0x80U /* the operand is a PERSON */

struct act {
	const char *name;
	cmd_client_act run;
	size_t least, most; /* operands */
	unsigned takes;
};

static const struct act *
act_of(const struct cmd *self)
{
	static const struct act acts[] = {
		{ "session login", login, 1, 1,
		    PASSWORD | CODE | RECOVERY | ACKNOWLEDGE },
		{ "session enrol", enrol, 0, 0,
		    PASSWORD | CODE | INVITATION | ACKNOWLEDGE },
		{ "session renew", renew, 0, 0, PASSWORD | CODE | RECOVERY },
		{ "session whoami", whoami, 0, 0, 0 },
		{ "session list", list, 0, 0, ALL_MINE },
		{ "session end", end, 0, 1, ALL_THEIRS },
		{ "session invite", invite, 1, 1, A_PERSON },
	};
	size_t at = 0;

	while (strcmp(acts[at].name, self->name) != 0)
		SP_REQUIRE(++at < SP_COUNTOF(acts));
	return &acts[at];
}

static int
check_operands(
    const struct cmd *self, const struct act *a, char **operand, size_t n)
{
	if (n > a->most)
		return cmd_usage(self, "'%s' is too much", operand[a->most]);
	if (n < a->least)
		return cmd_usage(self, "say whom it is about");
	if (n == 1 && operand[0][0] != '/' && !operand_ok(operand[0]))
		return cmd_usage(
		    self, "'%s' is no id and no login", operand[0]);
	return CMD_DONE;
}

/* The operand: a PERSON, or the id of a session, or whoever signs in. */
static int
take_operand(const struct cmd *self, const struct act *a, const char *operand,
    struct run *r)
{
	if (r->all && (a->takes & ALL_THEIRS) != 0 && operand == NULL)
		return cmd_usage(self,
		    "--all: say whose (a PERSON; me, for your own); without "
		    "--all this session ends");
	r->login = r->id = operand;
	if (operand == NULL)
		return CMD_DONE;
	if (r->all || (a->takes & A_PERSON) != 0 || operand[0] == '/')
		return cmd_people_take(self, operand, &r->id);
	return CMD_DONE;
}

static int
run_any(const struct cmd *self, int argc, char **argv)
{
	const struct act *act = act_of(self);
	struct client_options common = { 0 };
	struct run r = { .login = NULL };
	char **operand;
	size_t n, options = 0;
	const struct cmd_option own[] = {
		{ "password", 0, "FROM", SECRET_HELP, &r.password, NULL },
		{ "code", 0, "FROM", SECRET_HELP, &r.code, NULL },
		{ "invitation", 0, "FROM", SECRET_HELP, &r.invitation, NULL },
		{ "recovery", 0, NULL, "the code is a recovery code", NULL,
		    &r.recovery },
		{ "acknowledge", 0, NULL,
		    "acknowledge the notice of use, which is shown", NULL,
		    &r.acknowledge },
		{ "all", 0, NULL, "everybody’s", NULL, &r.all },
		{ "all", 0, NULL, "all of the person’s with this id", NULL,
		    &r.all },
	};
	const struct cmd_option shared[] = { CLIENT_OPTIONS(common) };
	struct cmd_option option[SP_COUNTOF(own) + SP_COUNTOF(shared)];

	for (size_t i = 0; i < SP_COUNTOF(own); i++)
		if ((act->takes & 1U << i) != 0)
			option[options++] = own[i];
	memcpy(&option[options], shared, sizeof(shared));
	options += SP_COUNTOF(shared);
	int code = cmd_parse(self, option, options, argc, argv, &operand, &n);

	if (code == CMD_DONE)
		code = check_operands(self, act, operand, n);
	if (code != CMD_DONE)
		return code;
	code = take_operand(self, act, n == 1 ? operand[0] : NULL, &r);
	if (code != CMD_DONE)
		return code;
	return cmd_client_with(self, &common, act->run, &r);
}

int
cmd_session_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "session login", "LOGIN", "sign in", run_any, false },
		{ "session enrol", "",
		    "use an invitation: password and second factor", run_any,
		    false },
		{ "session renew", "", "show both factors again", run_any,
		    false },
		{ "session whoami", "", "whose session it is", run_any, false },
		{ "session list", "", "sessions, newest first", run_any,
		    false },
		{ "session end", "[ID]", "sign out, or end another session",
		    run_any, false },
		{ "session invite", "PERSON",
		    "a one-time code to enrol (or enrol anew)", run_any,
		    false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
