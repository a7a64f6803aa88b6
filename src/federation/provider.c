#include "federation/provider.h"

#include "base/parse.h"
#include "crypto/digest.h"
#include "crypto/stream.h"

#include <stddef.h>
#include <string.h>

#define AD_MAX      160
#define DETAIL_MAX  256
#define CONFIG_MAX  ((size_t)48 << 10)
#define MAX_AGE     (SP_SECOND * 43200) /* IA-11: 12 hours */
#define MAX_AGE_MAX (SP_SECOND * 86400)

/*
 * provider   what is configured, as JSON (the members that the API tells), the
 *            CAs, and the secret, sealed
 * flow       sign-ins under way (flow.h)
 * identity   who is who there (mapping.h)
 */
const char federation_schema[] =
    "CREATE TABLE provider("
    " id BLOB NOT NULL PRIMARY KEY CHECK(length(id) = 16),"
    " name TEXT NOT NULL UNIQUE, config TEXT NOT NULL, tls_ca TEXT NOT NULL,"
    " sealed BLOB NOT NULL, added INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE provider_flow("
    " state BLOB NOT NULL PRIMARY KEY CHECK(length(state) = 32),"
    " browser BLOB NOT NULL CHECK(length(browser) = 32),"
    " provider BLOB NOT NULL REFERENCES provider(id) ON DELETE CASCADE,"
    " address TEXT NOT NULL, next TEXT NOT NULL,"
    " began INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX provider_flow_began ON provider_flow(began);"
    "CREATE INDEX provider_flow_address ON provider_flow(address);"
    "CREATE INDEX provider_flow_provider ON provider_flow(provider);"
    "CREATE TABLE identity("
    " issuer BLOB NOT NULL CHECK(length(issuer) = 32),"
    " subject BLOB NOT NULL CHECK(length(subject) = 32),"
    " person BLOB NOT NULL REFERENCES person(id),"
    " linked INTEGER NOT NULL,"
    " PRIMARY KEY(issuer, subject), UNIQUE(issuer, person)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX identity_person ON identity(person);";

/* `after`: what is proved there must have been after that; 0: whenever. */
const char federation_flow_schema[] =
    "ALTER TABLE provider_flow ADD COLUMN after INTEGER NOT NULL DEFAULT 0";

static const struct db_sql provider_count = {
	"SELECT count(*) FROM provider",
};
static const struct db_sql provider_insert = {
	"INSERT INTO provider(id, name, config, tls_ca, sealed, added)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
};
#define COLUMNS "id, config, tls_ca, sealed, added"
static const struct db_sql provider_by_name = {
	"SELECT " COLUMNS " FROM provider WHERE name = ?1",
};
static const struct db_sql provider_all = {
	"SELECT " COLUMNS " FROM provider ORDER BY name",
};
static const struct db_sql provider_delete = {
	"DELETE FROM provider WHERE id = ?1",
};
static const struct db_sql provider_delete_flows = {
	"DELETE FROM provider_flow WHERE provider = ?1",
};

static const struct {
	const char *name;
	bool secret;
} auths[] = {
#define X(id, name, secret) [id] = { name, secret },
	FEDERATION_AUTHS(X)
#undef X
};

const char *
federation_auth_name(enum federation_auth auth)
{
	SP_REQUIRE((size_t)auth < SP_COUNTOF(auths));
	return auths[auth].name;
}

bool
federation_auth_takes_secret(enum federation_auth auth)
{
	SP_REQUIRE((size_t)auth < SP_COUNTOF(auths));
	return auths[auth].secret;
}

struct federation_provider
federation_provider_new(void)
{
	return (struct federation_provider){
		.tls_ca = sp_buf_new(FEDERATION_PEM_MAX),
	};
}

void
federation_provider_free(struct federation_provider *p)
{
	sp_buf_free(&p->tls_ca);
}

/* ---- From JSON ---- */

/* Members that are text, in the order of their names. */
static const struct text_field {
	const char *member, *reason;
	size_t at, max;
	const char *otherwise; /* NULL: it must be there */
	bool words;
} text_fields[] = {
#define F(member, field, max, otherwise, words)                                \
	{                                                                      \
		member, "provider." member,                                    \
		    offsetof(struct federation_provider, field), max,          \
		    otherwise, words                                           \
	}
	F("acr_to_ask", ask_acr, FEDERATION_WORDS_MAX, "", true),
	F("acr_two_factors", second_acr, FEDERATION_WORDS_MAX, "", true),
	F("amr_two_factors", second_amr, FEDERATION_WORDS_MAX, "", true),
	F("client_id", client, FEDERATION_CLIENT_MAX, NULL, false),
	F("hosts", hosts, FEDERATION_WORDS_MAX, "", true),
	F("human_claim", human_claim, FEDERATION_CLAIM_MAX, "", false),
	F("issuer", issuer, FEDERATION_URL_MAX, NULL, false),
	F("login_claim", login_claim, FEDERATION_CLAIM_MAX, "", false),
	F("name", name, FEDERATION_NAME_MAX, NULL, false),
	F("name_claim", name_claim, FEDERATION_CLAIM_MAX, "name", false),
	F("origin", origin, FEDERATION_URL_MAX, NULL, false),
	F("provision_role", provision,
	    sizeof(((struct federation_provider *)0)->provision) - 1, "",
	    false),
	F("scope", scope, FEDERATION_WORDS_MAX, "openid profile", true),
	F("title", title, FEDERATION_TITLE_MAX, "", false),
#undef F
};

static char *
field_of(struct federation_provider *p, const struct text_field *f)
{
	return (char *)p + f->at;
}

static enum sp_code
wrong(struct sp_err *err, const char *reason, const char *rule)
{
	return sp_fail_as(err, SP_E_INVALID, reason, "%s: %s", reason, rule);
}

static enum sp_code
read_text(const json_t *in, const struct text_field *f,
    struct federation_provider *p, struct sp_err *err)
{
	const json_t *m = json_object_get(in, f->member);
	const char *s = federation_text_member(in, f->member, f->max);

	if (s == NULL && (m == NULL || json_is_null(m)))
		s = f->otherwise;
	else if (s == NULL && json_is_string(m) && json_string_length(m) == 0)
		s = f->otherwise == NULL ? NULL : "";
	if (s == NULL)
		return sp_fail_as(err, SP_E_INVALID, f->reason,
		    "%s: text of 1 to %zu bytes", f->reason, f->max);
	if (f->words && !federation_text_words_ok(s, f->max))
		return wrong(err, f->reason,
		    "visible ASCII words with single spaces between");
	memcpy(field_of(p, f), s, strlen(s) + 1);
	return SP_OK;
}

static enum sp_code
read_auth(const json_t *in, struct federation_provider *p, struct sp_err *err)
{
	const json_t *m = json_object_get(in, "auth");
	const char *s = m == NULL ? auths[FEDERATION_AUTH_BASIC].name
				  : federation_text_member(in, "auth", 32);

	for (size_t i = 0; s != NULL && i < SP_COUNTOF(auths); i++)
		if (strcmp(auths[i].name, s) == 0) {
			p->auth = (enum federation_auth)i;
			return SP_OK;
		}
	return wrong(err, "provider.auth",
	    "client_secret_basic, client_secret_post or none");
}

static enum sp_code
read_algorithms(
    const json_t *in, struct federation_provider *p, struct sp_err *err)
{
	const json_t *list = json_object_get(in, "algorithms");
	enum federation_algorithm one;

	p->algorithms = 0;
	if (list == NULL)
		p->algorithms = FEDERATION_DEFAULT_ALGORITHMS;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s == NULL || !federation_algorithm_parse(s, &one))
			return wrong(err, "provider.algorithms",
			    "only RS, PS and ES ones (docs/federation.md)");
		p->algorithms |= FEDERATION_HAS(one);
	}
	return p->algorithms == 0
	    ? wrong(err, "provider.algorithms", "name at least one")
	    : SP_OK;
}

static enum sp_code
read_max_age(
    const json_t *in, struct federation_provider *p, struct sp_err *err)
{
	const json_t *m = json_object_get(in, "max_age_seconds");
	json_int_t v = json_integer_value(m);

	p->max_age = MAX_AGE;
	if (m == NULL)
		return SP_OK;
	if (!json_is_integer(m) || v < 0 || v > MAX_AGE_MAX / SP_SECOND)
		return wrong(
		    err, "provider.max_age_seconds", "0 (any) to 86400");
	p->max_age = v * SP_SECOND;
	return SP_OK;
}

static enum sp_code
read_secret(const json_t *in, const struct federation_provider *p,
    struct sp_buf *secret, struct sp_err *err)
{
	const json_t *m = json_object_get(in, "secret");
	const char *s =
	    federation_text_member(in, "secret", FEDERATION_SECRET_MAX);

	if ((m != NULL) != federation_auth_takes_secret(p->auth) ||
	    (m != NULL && s == NULL))
		return sp_fail_as(err, SP_E_INVALID, "provider.secret",
		    "provider.secret: 1 to %d bytes, and none with auth "
		    "\"none\" (what was given is not repeated here)",
		    FEDERATION_SECRET_MAX);
	if (s != NULL)
		sp_buf_text(secret, s);
	return sp_buf_check(secret, "secret", err);
}

static enum sp_code
read_ca(const json_t *in, struct federation_provider *p, struct sp_err *err)
{
	const json_t *m = json_object_get(in, "tls_ca");
	const char *s = json_string_value(m);

	if (m == NULL || json_is_null(m))
		return SP_OK;
	if (s == NULL || strlen(s) > FEDERATION_PEM_MAX ||
	    strstr(s, "-----BEGIN CERTIFICATE-----") == NULL ||
	    strstr(s, "PRIVATE KEY") != NULL)
		return wrong(
		    err, "provider.tls_ca", "certificates in PEM, 32 KiB");
	sp_buf_text(&p->tls_ca, s);
	return sp_buf_check(&p->tls_ca, "CA", err);
}

/* Roles that a provider may hand out: none that administers or judges others,
 * and none of another house. */
static bool
provision_ok(const char *role)
{
	static const enum people_role given[] = { PEOPLE_OFFICER,
		PEOPLE_SUPERVISOR, PEOPLE_INVESTIGATOR, PEOPLE_RECORDS_CLERK,
		PEOPLE_PROSECUTOR };
	enum people_role as;

	if (role[0] == '\0')
		return true;
	if (!people_role_read(role, &as))
		return false;
	for (size_t i = 0; i < SP_COUNTOF(given); i++)
		if (as == given[i])
			return true;
	return false;
}

static bool
issuer_ok(const char *s, bool local)
{
	struct federation_url u;

	return federation_text_url(s, local, &u) && !u.query;
}

static enum sp_code
check_fields(
    const struct federation_provider *p, bool local, struct sp_err *err)
{
	if (!sp_slug_ok(p->name))
		return wrong(err, "provider.name",
		    "2 to 40 of a-z, 0-9 and single inner hyphens");
	if (!issuer_ok(p->issuer, local))
		return wrong(err, "provider.issuer",
		    "an https URL without query, fragment and user");
	if (!federation_text_origin_ok(p->origin, local))
		return wrong(err, "provider.origin",
		    "this site as browsers see it: https://host[:port]");
	if (!federation_text_listed(p->scope, "openid"))
		return wrong(err, "provider.scope", "it begins with openid");
	if (!provision_ok(p->provision))
		return wrong(err, "provider.provision_role",
		    "officer, supervisor, investigator, records-clerk, "
		    "prosecutor or nothing");
	if (p->human_claim[0] == '\0' && p->login_claim[0] == '\0')
		return wrong(err, "provider.login_claim",
		    "name a claim for the login, or for the human");
	if (p->provision[0] != '\0' && p->login_claim[0] == '\0')
		return wrong(err, "provider.login_claim",
		    "whom it adds needs a login: name its claim");
	return SP_OK;
}

static enum sp_code
refuse_others(json_t *in, struct sp_err *err)
{
	static const char *const more[] = { "algorithms", "auth",
		"max_age_seconds", "secret", "tls_ca" };
	const char *key;
	json_t *value;

	json_object_foreach(in, key, value)
	{
		bool known = false;

		for (size_t i = 0; i < SP_COUNTOF(more); i++)
			known = known || strcmp(more[i], key) == 0;
		for (size_t i = 0; i < SP_COUNTOF(text_fields); i++)
			known =
			    known || strcmp(text_fields[i].member, key) == 0;
		if (!known)
			return sp_fail_as(err, SP_E_INVALID, "provider.member",
			    "there is no member \"%.40s\"", key);
	}
	return SP_OK;
}

static enum sp_code
read_config(
    json_t *in, bool local, struct federation_provider *p, struct sp_err *err)
{
	for (size_t i = 0; i < SP_COUNTOF(text_fields); i++)
		SP_TRY(read_text(in, &text_fields[i], p, err));
	if (p->title[0] == '\0')
		(void)snprintf(p->title, sizeof(p->title), "%s", p->name);
	SP_TRY(read_auth(in, p, err));
	SP_TRY(read_algorithms(in, p, err));
	SP_TRY(read_max_age(in, p, err));
	return check_fields(p, local, err);
}

enum sp_code
federation_provider_read(json_t *in, bool local,
    struct federation_provider *out, struct sp_buf *secret, struct sp_err *err)
{
	SP_TRY(refuse_others(in, err));
	SP_TRY(read_config(in, local, out, err));
	SP_TRY(read_ca(in, out, err));
	SP_TRY(read_secret(in, out, secret, err));
	out->id = sp_id_new();
	return SP_OK;
}

/* ---- To JSON ---- */

static void
put_texts(struct sp_json *j, const struct federation_provider *p, size_t from,
    size_t to)
{
	for (size_t i = from; i < to; i++)
		sp_json_str(j, text_fields[i].member,
		    (const char *)p + text_fields[i].at);
}

static size_t
first_after(const char *member)
{
	size_t i = 0;

	while (i < SP_COUNTOF(text_fields) &&
	    strcmp(text_fields[i].member, member) < 0)
		i++;
	return i;
}

/* The members, in their order; `added` with what is not configured. */
static void
put_config(struct sp_json *j, const struct federation_provider *p, bool all)
{
	char id[SP_ID_TEXT], at[SP_TIME_TEXT];
	size_t amr = first_after("added_at"), client = first_after("auth");
	size_t issuer = first_after("id"),
	       name = first_after("max_age_seconds");

	put_texts(j, p, 0, amr);
	if (all) {
		sp_time_text(p->added, at);
		sp_json_str(j, "added_at", at);
	}
	sp_json_array(j, "algorithms");
	for (size_t i = 0; i < FEDERATION_ALGORITHM_COUNT; i++)
		if ((p->algorithms & FEDERATION_HAS(i)) != 0)
			sp_json_str(j, NULL,
			    federation_algorithm_name(
				(enum federation_algorithm)i));
	sp_json_end(j);
	put_texts(j, p, amr, client);
	sp_json_str(j, "auth", federation_auth_name(p->auth));
	put_texts(j, p, client, issuer);
	if (all) {
		sp_id_text(&p->id, id);
		sp_json_str(j, "id", id);
	}
	put_texts(j, p, issuer, name);
	sp_json_int(j, "max_age_seconds", p->max_age / SP_SECOND);
	put_texts(j, p, name, SP_COUNTOF(text_fields));
}

void
federation_provider_json(
    struct sp_json *j, const char *name, const struct federation_provider *p)
{
	sp_json_object(j, name);
	put_config(j, p, true);
	sp_json_end(j);
}

void
federation_provider_redirect(
    const struct federation_provider *p, const char *slug, struct sp_buf *out)
{
	sp_buf_fmt(out, "%s/v1/agencies/%s/signin/oidc/%s/callback", p->origin,
	    slug, p->name);
}

/* ---- The secret ---- */

static void
make_ad(const struct sp_id *agency, const struct sp_id *provider,
    char out[static AD_MAX])
{
	char a[SP_ID_TEXT], p[SP_ID_TEXT];

	sp_id_text(agency, a);
	sp_id_text(provider, p);
	(void)snprintf(out, AD_MAX, "sallyport/provider/1\n%s\n%s\n", a, p);
}

enum sp_code
federation_provider_seal(struct crypto_secret *key, const struct sp_id *agency,
    const struct sp_id *provider, const struct sp_buf *secret,
    struct sp_buf *out, struct sp_err *err)
{
	char ad[AD_MAX];

	SP_REQUIRE(crypto_secret_len(key) == FEDERATION_SECRET_KEY);
	make_ad(agency, provider, ad);
	return crypto_stream_seal_whole(
	    key, ad, secret->at, secret->len, out, err);
}

enum sp_code
federation_provider_open(struct crypto_secret *key, const struct sp_id *agency,
    const struct sp_id *provider, const struct sp_buf *sealed,
    struct sp_buf *out, struct sp_err *err)
{
	char ad[AD_MAX];

	SP_REQUIRE(out->secret);
	make_ad(agency, provider, ad);
	return crypto_stream_open_whole(
	    key, ad, sealed->at, sealed->len, out, err);
}

/* ---- Rows ---- */

static enum sp_code
enter(const struct people_act *a, const char *act, const struct sp_id *provider,
    const struct sp_buf *config, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(DETAIL_MAX);
	struct sp_json j = sp_json_to(&detail);
	uint8_t sum[CRYPTO_SHA256_LEN];

	sp_json_object(&j, NULL);
	if (config != NULL) {
		crypto_sha256(config->at, config->len, sum);
		sp_json_hex(&j, "config", sum, sizeof(sum));
	}
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(
	    a, act, "provider", provider, sp_buf_str(&detail), err);
}

static enum sp_code
check_room(struct db *db, const char *name, struct sp_err *err)
{
	DB_STMT count = db_use(db, &provider_count);
	DB_STMT same = db_use(db, &provider_by_name);
	bool found = false;

	SP_TRY(db_row(count, &found, err));
	if (db_col_i64(count, 0) >= FEDERATION_PROVIDERS_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "provider.many",
		    "an agency has at most %d providers: remove one first",
		    FEDERATION_PROVIDERS_MAX);
	db_bind_text(same, 1, name);
	SP_TRY(db_row(same, &found, err));
	if (found)
		return sp_fail_as(err, SP_E_CONFLICT, "provider.name",
		    "there is a provider %s: remove it first", name);
	return SP_OK;
}

static enum sp_code
insert(const struct people_act *a, const struct federation_provider *p,
    const struct sp_buf *sealed, const struct sp_buf *config,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &provider_insert);

	db_bind_blob(st, 1, p->id.b, SP_ID_LEN);
	db_bind_text(st, 2, p->name);
	db_bind_text(st, 3, sp_buf_str(config));
	db_bind_text(st, 4, sp_buf_str(&p->tls_ca));
	db_bind_blob(st, 5, sealed->len == 0 ? "" : (const void *)sealed->at,
	    sealed->len);
	db_bind_i64(st, 6, a->now);
	return db_run(st, NULL, err);
}

enum sp_code
federation_provider_add(const struct people_act *a,
    const struct federation_provider *p, const struct sp_buf *sealed,
    struct sp_err *err)
{
	SP_AUTO_BUF config = sp_buf_new(CONFIG_MAX);
	struct sp_json j = sp_json_to(&config);

	SP_REQUIRE(federation_auth_takes_secret(p->auth) == (sealed->len > 0));
	SP_TRY(check_room(ledger_tx_db(a->tx), p->name, err));
	sp_json_object(&j, NULL);
	put_config(&j, p, false);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&config, "a provider", err));
	SP_TRY(insert(a, p, sealed, &config, err));
	return enter(a, "provider.added", &p->id, &config, err);
}

static enum sp_code
take_sealed(struct db_stmt *st, struct sp_buf *out, struct sp_err *err)
{
	size_t len;
	const void *bytes = db_col_blob(st, 3, &len);

	sp_buf_clear(out);
	sp_buf_add(out, bytes, len);
	return sp_buf_check(out, "a sealed secret", err);
}

static enum sp_code
take_row(
    struct db_stmt *st, struct federation_provider *out, struct sp_err *err)
{
	static const struct federation_doc doc = { "a provider's row",
		"provider.row", CONFIG_MAX };
	FEDERATION_AUTO_JSON config = NULL;
	const char *text = db_col_text(st, 1);

	/* What was accepted once is accepted again: `local` is the site's to
	 * allow when it goes out. */
	if (federation_text_object(&doc, text, strlen(text), &config, err) !=
		SP_OK ||
	    read_config(config, true, out, err) != SP_OK)
		return sp_fail(
		    err, SP_E_CORRUPT, "a provider's row is not readable");
	sp_buf_clear(&out->tls_ca);
	sp_buf_text(&out->tls_ca, db_col_text(st, 2));
	SP_TRY(sp_buf_check(&out->tls_ca, "CA", err));
	out->added = db_col_i64(st, 4);
	return db_col_bytes(st, 0, out->id.b, SP_ID_LEN, err);
}

enum sp_code
federation_provider_get(struct db *db, const char *name,
    struct federation_provider *out, struct sp_buf *sealed, struct sp_err *err)
{
	DB_STMT st = db_use(db, &provider_by_name);
	bool found = false;

	db_bind_text(st, 1, name);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "provider.unknown",
		    "there is no such provider");
	SP_TRY(take_row(st, out, err));
	return sealed == NULL ? SP_OK : take_sealed(st, sealed, err);
}

enum sp_code
federation_provider_each(struct db *db,
    enum sp_code (*visit)(
	void *arg, const struct federation_provider *p, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	DB_STMT st = db_use(db, &provider_all);
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	bool found = false;

	SP_TRY(db_row(st, &found, err));
	while (found) {
		SP_TRY(take_row(st, &p, err));
		SP_TRY(visit(arg, &p, err));
		SP_TRY(db_row(st, &found, err));
	}
	return SP_OK;
}

enum sp_code
federation_provider_remove(
    const struct people_act *a, const char *name, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	FEDERATION_AUTO_PROVIDER p = federation_provider_new();
	DB_STMT flows = db_use(db, &provider_delete_flows);
	DB_STMT st = db_use(db, &provider_delete);

	SP_TRY(federation_provider_get(db, name, &p, NULL, err));
	db_bind_blob(flows, 1, p.id.b, SP_ID_LEN);
	SP_TRY(db_run(flows, NULL, err));
	db_bind_blob(st, 1, p.id.b, SP_ID_LEN);
	SP_TRY(db_run(st, NULL, err));
	return enter(a, "provider.removed", &p.id, NULL, err);
}
