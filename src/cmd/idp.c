#include "base/file.h"
#include "base/parse.h"
#include "cmd/listing.h"
#include "cmd/table.h"
#include "cmd/wish.h"

#include <fcntl.h>
#include <string.h>

/* What a subcommand of `idp` wants done. */
struct run {
	const char *name;
	const char *member[16]; /* of `members`, in its order */
	const char *secret_file, *ca_file, *max_age, *algorithms;
};

#define SECRET_MAX 512
#define CA_MAX     ((size_t)32 << 10)

/* Options that are a member of the same value. */
static const struct {
	const char *option, *value, *text, *member;
} members[] = {
	{ "issuer", "URL", "its issuer, to the byte", "issuer" },
	{ "client", "ID", "what it calls this site", "client_id" },
	{ "origin", "URL", "this site, as browsers see it", "origin" },
	{ "title", "TEXT", "for people (default: NAME)", "title" },
	{ "login-claim", "CLAIM",
	    "which names the login here (default preferred_username)",
	    "login_claim" },
	{ "human-claim", "CLAIM", "which names the human being",
	    "human_claim" },
	{ "name-claim", "CLAIM", "the name of whom it adds", "name_claim" },
	{ "provision", "ROLE", "add persons by themselves, with this role",
	    "provision_role" },
	{ "two-factor-amr", "WORDS", "values of amr that say two factors",
	    "amr_two_factors" },
	{ "two-factor-acr", "WORDS", "values of acr that say two factors",
	    "acr_two_factors" },
	{ "ask-acr", "WORDS", "acr to ask for", "acr_to_ask" },
	{ "scope", "WORDS", "(default: openid profile)", "scope" },
	{ "hosts", "WORDS", "hosts of its endpoints besides the issuer's",
	    "hosts" },
	{ "auth", "METHOD", "client_secret_basic, client_secret_post or none",
	    "auth" },
};
_Static_assert(SP_COUNTOF(members) <= 16, "struct run holds them");

/* ---- idp add ---- */

static enum sp_code
read_stdin(struct sp_buf *out, struct sp_err *err)
{
	char some[256];
	size_t n;

	while ((n = fread(some, 1, sizeof(some), stdin)) > 0)
		sp_buf_add(out, some, n);
	explicit_bzero(some, sizeof(some));
	return sp_buf_check(out, "standard input", err);
}

/* A file, "-" for what stands on standard input. */
static enum sp_code
read_file(const char *path, struct sp_buf *out, struct sp_err *err)
{
	if (strcmp(path, "-") == 0)
		return read_stdin(out, err);
	return sp_file_read(AT_FDCWD, path, out, err);
}

/* The secret is a line: its end is none of it. */
static enum sp_code
add_secret(const struct run *r, json_t *wish, struct sp_err *err)
{
	SP_AUTO_BUF secret = sp_buf_secret(SECRET_MAX + 2);

	if (r->secret_file == NULL)
		return SP_OK;
	SP_TRY(read_file(r->secret_file, &secret, err));
	sp_buf_cut(&secret, strcspn(sp_buf_str(&secret), "\r\n"));
	if (json_object_set_new(wish, "secret",
		json_stringn(sp_buf_str(&secret), secret.len)) != 0)
		return sp_fail(
		    err, SP_E_INVALID, "the secret is not proper UTF-8");
	return SP_OK;
}

static enum sp_code
add_ca(const struct run *r, json_t *wish, struct sp_err *err)
{
	SP_AUTO_BUF pem = sp_buf_new(CA_MAX);

	if (r->ca_file == NULL)
		return SP_OK;
	SP_TRY(read_file(r->ca_file, &pem, err));
	if (json_object_set_new(
		wish, "tls_ca", json_string(sp_buf_str(&pem))) != 0)
		return sp_fail(
		    err, SP_E_INVALID, "the CA file is not proper text");
	return SP_OK;
}

static enum sp_code
add_others(const struct run *r, json_t *wish, struct sp_err *err)
{
	uint64_t n = 0;

	if (r->max_age != NULL) {
		if (!sp_parse_u64(r->max_age, strlen(r->max_age), 0, 86400, &n))
			return sp_fail(err, SP_E_INVALID,
			    "--max-age is seconds, 0 to 86400");
		(void)json_object_set_new(
		    wish, "max_age_seconds", json_integer((json_int_t)n));
	}
	if (r->algorithms != NULL)
		(void)json_object_set_new(
		    wish, "algorithms", cmd_wish_words(r->algorithms));
	return SP_OK;
}

static enum sp_code
make_wish(const struct run *r, json_t *wish, struct sp_err *err)
{
	bool ok = cmd_wish_text(wish, "name", r->name);

	for (size_t i = 0; i < SP_COUNTOF(members); i++)
		ok = ok && cmd_wish_text(wish, members[i].member, r->member[i]);
	if (!ok)
		return sp_fail(
		    err, SP_E_INVALID, "a value is not proper UTF-8");
	SP_TRY(add_secret(r, wish, err));
	SP_TRY(add_ca(r, wish, err));
	return add_others(r, wish, err);
}

static enum sp_code
add(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON made = NULL;
	SITE_AUTO_JSON wish = json_object();

	SP_TRY(make_wish(r, wish, err));
	SP_TRY(cmd_client_send(c, "POST", wish, &made, err, "providers"));
	if (c->json)
		return cmd_present_json(made, err);
	(void)printf("%s added\n", r->name);
	return cmd_present_flush(err);
}

static int
one_name(const struct cmd *self, struct run *r, char **operand, size_t n)
{
	if (n != 1 || !sp_slug_ok(operand[0]))
		return cmd_usage(
		    self, "one name is wanted: a-z, 0-9 and inner hyphens");
	r->name = operand[0];
	return CMD_DONE;
}

/* The options of a table, and those that are none of it. */
static size_t
add_options(struct run *r, struct cmd_option *option)
{
	size_t n = 0;

	for (; n < SP_COUNTOF(members); n++)
		option[n] =
		    (struct cmd_option){ members[n].option, 0, members[n].value,
			    members[n].text, &r->member[n], NULL };
	option[n++] = (struct cmd_option){ "secret-file", 0, "FILE",
		"holds the client's secret; -: standard input", &r->secret_file,
		NULL };
	option[n++] = (struct cmd_option){ "provider-ca", 0, "FILE",
		"CAs of its certificate (default: the system's)", &r->ca_file,
		NULL };
	option[n++] = (struct cmd_option){ "max-age", 0, "SECONDS",
		"how long ago one may have signed in there (default 43200)",
		&r->max_age, NULL };
	option[n++] = (struct cmd_option){ "algorithms", 0, "NAMES",
		"that may sign (default RS256,PS256,ES256)", &r->algorithms,
		NULL };
	return n;
}

#define ADD_OPTIONS 18 /* the table's, and four */
_Static_assert(SP_COUNTOF(members) + 4 == ADD_OPTIONS, "all have a place");

/* Which member an option is. */
static const char **
member_of(struct run *r, const char *name)
{
	for (size_t i = 0; i < SP_COUNTOF(members); i++)
		if (strcmp(members[i].member, name) == 0)
			return &r->member[i];
	SP_REQUIRE(false);
	return NULL;
}

static int
run_add(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .name = NULL };
	const struct cmd_option shared[] = { CLIENT_OPTIONS(common) };
	struct cmd_option option[ADD_OPTIONS + SP_COUNTOF(shared)];
	char **operand;
	size_t n = add_options(&r, option);
	int code;

	memcpy(option + n, shared, sizeof(shared));
	code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);
	if (code == CMD_DONE)
		code = one_name(self, &r, operand, n);
	if (code != CMD_DONE)
		return code;
	if (*member_of(&r, "issuer") == NULL ||
	    *member_of(&r, "client_id") == NULL ||
	    *member_of(&r, "origin") == NULL)
		return cmd_usage(
		    self, "--issuer, --client and --origin are needed");
	if (*member_of(&r, "login_claim") == NULL &&
	    *member_of(&r, "human_claim") == NULL)
		*member_of(&r, "login_claim") = "preferred_username";
	if (*member_of(&r, "auth") == NULL && r.secret_file == NULL)
		return cmd_usage(self,
		    "--secret-file is needed, or --auth none for a client "
		    "without a secret");
	return cmd_client_with(self, &common, add, &r);
}

/* ---- idp list ---- */

static enum sp_code
list(struct client *c, void *arg, struct sp_err *err)
{
	static const struct listing providers = {
		.column = { { "NAME", "name", NULL },
		    { "ISSUER", "issuer", NULL },
		    { "CLIENT", "client_id", NULL },
		    { "TITLE", "title", NULL } },
	};

	(void)arg;
	return cmd_listing_show_at(c, &providers, "providers", err);
}

static int
run_list(const struct cmd *self, int argc, char **argv)
{
	return cmd_client_run(self, argc, argv, list);
}

/* ---- idp remove ---- */

static enum sp_code
take_away(struct client *c, void *arg, struct sp_err *err)
{
	const struct run *r = arg;
	SITE_AUTO_JSON none = NULL;

	SP_TRY(cmd_client_send(
	    c, "DELETE", NULL, &none, err, "providers/%s", r->name));
	return cmd_client_say_done(c, "name", r->name, "removed", err);
}

static int
run_remove(const struct cmd *self, int argc, char **argv)
{
	struct client_options common = { 0 };
	struct run r = { .name = NULL };
	char **operand;
	size_t n;
	const struct cmd_option option[] = { CLIENT_OPTIONS(common) };
	int code = cmd_parse(
	    self, option, SP_COUNTOF(option), argc, argv, &operand, &n);

	if (code == CMD_DONE)
		code = one_name(self, &r, operand, n);
	if (code != CMD_DONE)
		return code;
	return cmd_client_with(self, &common, take_away, &r);
}

int
cmd_idp_run(const struct cmd *self, int argc, char **argv)
{
	static const struct cmd row[] = {
		{ "idp add", "NAME",
		    "have people sign in there (OpenID Connect)", run_add,
		    false },
		{ "idp list", "", "the agency's identity providers", run_list,
		    false },
		{ "idp remove", "NAME", "nobody signs in there any more",
		    run_remove, false },
	};

	return cmd_dispatch(self, row, SP_COUNTOF(row), argc, argv);
}
