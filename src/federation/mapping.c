#include "federation/mapping.h"

#include "crypto/digest.h"

#include <string.h>

#define DETAIL_MAX 128

static const struct db_sql identity_get = {
	"SELECT person FROM identity WHERE issuer = ?1 AND subject = ?2",
};
static const struct db_sql identity_of = {
	"SELECT 1 FROM identity WHERE issuer = ?1 AND person = ?2",
};
static const struct db_sql identity_insert = {
	"INSERT INTO identity(issuer, subject, person, linked)"
	" VALUES(?1, ?2, ?3, ?4)",
};
static const struct db_sql identity_delete = {
	"DELETE FROM identity WHERE person = ?1",
};
static const struct db_sql persons_of_human = {
	"SELECT id FROM person WHERE human = ?1 AND state <> 'terminated'"
	" ORDER BY id LIMIT 2",
};
static const struct db_sql human_was_here = {
	"SELECT 1 FROM person WHERE human = ?1 LIMIT 1",
};

/* One question and what is known of it. */
struct asked {
	const struct people_act *a;
	const struct federation_provider *p;
	const struct federation_claims *c;
	uint8_t issuer[CRYPTO_SHA256_LEN], subject[CRYPTO_SHA256_LEN];
	const char *human, *login; /* claims; NULL: not configured */
};

static enum sp_code
unknown(struct sp_err *err, const char *reason, const char *why)
{
	return sp_fail_as(err, SP_E_UNKNOWN, reason, "%s", why);
}

/* ---- Claims ---- */

/* An e-mail address counts only if the provider has verified it: anyone may
 * have written it there. */
static bool
is_verified(const struct federation_claims *c, const char *name)
{
	return strcmp(name, "email") != 0 ||
	    json_is_true(json_object_get(c->all, "email_verified"));
}

static enum sp_code
take_claim(const struct federation_claims *c, const char *name, size_t max,
    const char **out, struct sp_err *err)
{
	const char *s;

	if (name[0] == '\0')
		return SP_OK;
	s = federation_text_member(c->all, name, max);
	if (s == NULL || !is_verified(c, name))
		return sp_fail_as(err, SP_E_UNKNOWN, "identity.claim",
		    "the provider does not tell the claim \"%s\", or has not "
		    "verified it",
		    name);
	*out = s;
	return SP_OK;
}

static enum sp_code
take_claims(struct asked *k, struct sp_err *err)
{
	SP_TRY(take_claim(
	    k->c, k->p->human_claim, PEOPLE_PERSON_HUMAN, &k->human, err));
	return take_claim(
	    k->c, k->p->login_claim, PEOPLE_PERSON_LOGIN, &k->login, err);
}

/* ---- Links ---- */

static enum sp_code
find_link(const struct asked *k, struct sp_id *person, bool *found,
    struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(k->a->tx), &identity_get);

	db_bind_blob(st, 1, k->issuer, sizeof(k->issuer));
	db_bind_blob(st, 2, k->subject, sizeof(k->subject));
	SP_TRY(db_row(st, found, err));
	return *found ? db_col_bytes(st, 0, person->b, SP_ID_LEN, err) : SP_OK;
}

static enum sp_code
check_free(
    const struct asked *k, const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(k->a->tx), &identity_of);
	bool found = false;

	db_bind_blob(st, 1, k->issuer, sizeof(k->issuer));
	db_bind_blob(st, 2, person->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (found)
		return unknown(err, "identity.other",
		    "the person is linked to another account there: an "
		    "administrator can unlink that");
	return SP_OK;
}

static enum sp_code
enter(const struct asked *k, const struct sp_id *person, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(DETAIL_MAX);
	struct sp_json j = sp_json_to(&detail);
	char id[SP_ID_TEXT];

	sp_id_text(&k->p->id, id);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "provider", id);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	return people_act_entry(k->a, "identity.linked", "person", person,
	    sp_buf_str(&detail), err);
}

static enum sp_code
link_to(const struct asked *k, const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(k->a->tx), &identity_insert);

	SP_TRY(check_free(k, person, err));
	db_bind_blob(st, 1, k->issuer, sizeof(k->issuer));
	db_bind_blob(st, 2, k->subject, sizeof(k->subject));
	db_bind_blob(st, 3, person->b, SP_ID_LEN);
	db_bind_i64(st, 4, k->a->now);
	SP_TRY(db_run(st, NULL, err));
	return enter(k, person, err);
}

enum sp_code
federation_mapping_unlink(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &identity_delete);
	uint64_t changed = 0;

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0)
		return sp_fail_as(err, SP_E_NOTFOUND, "identity.unknown",
		    "the person is linked to no account elsewhere");
	return people_act_entry(
	    a, "identity.unlinked", "person", person, NULL, err);
}

/* ---- Matching ---- */

static enum sp_code
by_login(const struct asked *k, struct people_person *out, struct sp_err *err)
{
	enum sp_code code =
	    people_person_by_login(ledger_tx_db(k->a->tx), k->login, out, err);

	if (code == SP_E_NOTFOUND || code == SP_E_INVALID)
		return sp_fail_as(err, SP_E_NOTFOUND, "identity.unknown",
		    "nobody here has this login");
	if (code == SP_OK && k->human != NULL &&
	    strcmp(out->human, k->human) != 0)
		return sp_fail_as(err, SP_E_NOTFOUND, "identity.unknown",
		    "whoever has this login here is somebody else");
	return code;
}

/* Whoever's accounts here have all ended does not come back by what another
 * house says of them: somebody here adds them anew, or does not. */
static enum sp_code
never_here(const struct asked *k, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(k->a->tx), &human_was_here);
	bool found = false;

	db_bind_text(st, 1, k->human);
	SP_TRY(db_row(st, &found, err));
	if (found)
		return unknown(err, "identity.ended",
		    "the account here has ended: an administrator can make "
		    "another");
	return sp_fail_as(err, SP_E_NOTFOUND, "identity.unknown",
	    "nobody here is known by this name elsewhere");
}

static enum sp_code
by_human(const struct asked *k, struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(k->a->tx), &persons_of_human);
	struct people_person p;
	bool found = false, more = false;

	db_bind_text(st, 1, k->human);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return never_here(k, err);
	SP_TRY(db_col_bytes(st, 0, person->b, SP_ID_LEN, err));
	SP_TRY(db_row(st, &more, err));
	if (!more)
		return SP_OK;
	if (k->login == NULL || by_login(k, &p, NULL) != SP_OK)
		return unknown(err, "identity.many",
		    "the person has several accounts here, and which is meant "
		    "is not said");
	*person = p.id;
	return SP_OK;
}

static enum sp_code
match(const struct asked *k, struct sp_id *person, struct sp_err *err)
{
	struct people_person p;

	if (k->human != NULL)
		return by_human(k, person, err);
	SP_TRY(by_login(k, &p, err));
	*person = p.id;
	return SP_OK;
}

/* SP_E_CONFLICT: the login is somebody's here, who is not this one. */
static enum sp_code
provision(const struct asked *k, struct sp_id *person, struct sp_err *err)
{
	const char *name = k->p->name_claim[0] == '\0'
	    ? NULL
	    : federation_text_member(
		  k->c->all, k->p->name_claim, PEOPLE_PERSON_NAME);
	const struct people_person_new n = {
		.human = k->human,
		.name = name == NULL ? k->login : name,
		.login = k->login,
		.role = k->p->provision,
	};

	if (people_person_add(k->a, &n, person, err) == SP_OK)
		return SP_OK;
	return sp_fail_as(err, SP_E_UNKNOWN, "identity.unknown",
	    "nobody here is meant, and nobody can be added by these claims");
}

enum sp_code
federation_mapping_person(const struct people_act *a,
    const struct federation_provider *p, const struct federation_claims *c,
    struct sp_id *person, struct sp_err *err)
{
	struct asked k = { .a = a, .p = p, .c = c };
	struct sp_id id = { { 0 } };
	bool linked = false;
	enum sp_code code;

	crypto_sha256(p->issuer, strlen(p->issuer), k.issuer);
	crypto_sha256(c->subject, strlen(c->subject), k.subject);
	SP_TRY(find_link(&k, &id, &linked, err));
	if (linked) {
		*person = id;
		return SP_OK;
	}
	SP_TRY(take_claims(&k, err));
	code = match(&k, &id, err);
	if (code == SP_E_NOTFOUND && p->provision[0] != '\0')
		code = provision(&k, &id, err);
	if (code == SP_E_NOTFOUND)
		return unknown(err, "identity.unknown",
		    "nobody here is meant by that account: an administrator "
		    "adds persons");
	if (code != SP_OK)
		return code;
	SP_TRY(link_to(&k, &id, err));
	*person = id;
	return SP_OK;
}

/* ---- How strongly ---- */

enum gate_factor
federation_mapping_factor(
    const struct federation_provider *p, const struct federation_claims *c)
{
	const char *acr =
	    federation_text_member(c->all, "acr", FEDERATION_WORDS_MAX);
	const json_t *amr = json_object_get(c->all, "amr");

	if (acr != NULL && federation_text_listed(p->second_acr, acr))
		return GATE_FACTOR_SECOND;
	for (size_t i = 0; i < json_array_size(amr); i++) {
		const char *s = json_string_value(json_array_get(amr, i));

		if (s != NULL && s[0] != '\0' &&
		    federation_text_listed(p->second_amr, s))
			return GATE_FACTOR_SECOND;
	}
	return GATE_FACTOR_SINGLE;
}

sp_time
federation_mapping_proved(const struct people_rules *rules,
    const struct federation_claims *c, sp_time now)
{
	sp_time longest =
	    people_rules_time(rules, PEOPLE_SESSION_REAUTHENTICATE);

	if (c->proved <= 0 || c->proved <= now - longest)
		return now -
		    people_rules_time(rules, PEOPLE_SESSION_PRIVILEGED);
	return c->proved < now ? c->proved : now;
}
