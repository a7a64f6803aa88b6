#include "gate/gate.h"
#include "gate/token.h"

#include <string.h>

#define HOUR (3600 * SP_SECOND)

/* Of each issuer those of the last hour, dropped when it has the next one made:
 * never more than the pace.  Tokens and services tell less: a secret is gone
 * when it was rotated. */
const char gate_token_pace_schema[] =
    "CREATE TABLE gate_issued("
    " number INTEGER PRIMARY KEY,"
    " issuer BLOB NOT NULL CHECK(length(issuer) = 16),"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX gate_issued_of ON gate_issued(issuer, at)";

/* Of what kind; `issuer` is the person, the credential where it is nobody's,
 * zeros for all that is nobody's, and the service of a rescue. */
const char gate_token_paces_schema[] =
    "DROP INDEX gate_issued_of;"
    "ALTER TABLE gate_issued ADD COLUMN kind TEXT NOT NULL"
    " DEFAULT 'credential';"
    "CREATE INDEX gate_issued_of ON gate_issued(issuer, kind, at)";

static const struct {
	const char *reason, *kind, *words;
	unsigned most;
} paces[] = {
#define X(id, most, reason, name, words) [id] = { reason, name, words, most },
	GATE_PACES(X)
#undef X
};

/* Also what a clock that was set back since has in the future. */
static const struct db_sql issued_forget = {
	"DELETE FROM gate_issued WHERE issuer = ?1 AND kind = ?2"
	" AND (at <= ?3 OR at > ?4)",
};
/* The ?3-th latest: they are at their pace until that is an hour old. */
static const struct db_sql issued_at = {
	"SELECT at FROM gate_issued WHERE issuer = ?1 AND kind = ?2"
	" ORDER BY at DESC LIMIT 1 OFFSET ?3 - 1",
};
static const struct db_sql issued_insert = {
	"INSERT INTO gate_issued(issuer, kind, at) VALUES(?1, ?2, ?3)",
};

/* Who has so many made in an hour. */
struct counted {
	struct sp_id issuer;
	enum gate_pace pace;
	unsigned most;
	sp_time now;
};

static enum sp_code
forget(struct db *db, const struct counted *c, struct sp_err *err)
{
	DB_STMT st = db_use(db, &issued_forget);

	db_bind_blob(st, 1, c->issuer.b, SP_ID_LEN);
	db_bind_text(st, 2, paces[c->pace].kind);
	db_bind_i64(st, 3, c->now - HOUR);
	db_bind_i64(st, 4, c->now);
	return db_run(st, NULL, err);
}

/* *at is 0 while there are fewer. */
static enum sp_code
full_since(
    struct db *db, const struct counted *c, sp_time *at, struct sp_err *err)
{
	DB_STMT st = db_use(db, &issued_at);
	bool found = false;

	db_bind_blob(st, 1, c->issuer.b, SP_ID_LEN);
	db_bind_text(st, 2, paces[c->pace].kind);
	db_bind_i64(st, 3, c->most);
	SP_TRY(db_row(st, &found, err));
	*at = found ? db_col_i64(st, 0) : 0;
	return SP_OK;
}

static enum sp_code
insert(struct db *db, const struct counted *c, struct sp_err *err)
{
	DB_STMT st = db_use(db, &issued_insert);

	db_bind_blob(st, 1, c->issuer.b, SP_ID_LEN);
	db_bind_text(st, 2, paces[c->pace].kind);
	db_bind_i64(st, 3, c->now);
	return db_run(st, NULL, err);
}

static enum sp_code
full(const struct counted *c, const char *whose, sp_time until,
    struct sp_err *err)
{
	char again[SP_TIME_TEXT];
	enum sp_code code;

	sp_time_text(until, again);
	code = sp_fail_as(err, SP_E_LIMIT, paces[c->pace].reason,
	    "%s had %u %s made within this hour, which is the most: go on at "
	    "%s; revoking goes on",
	    whose, c->most, paces[c->pace].words, again);
	if (err != NULL)
		err->wait = (unsigned)((until - c->now) / SP_SECOND) + 1;
	return code;
}

static enum sp_code
count(struct db *db, const struct counted *c, const char *whose,
    struct sp_err *err)
{
	sp_time at = 0;

	SP_TRY(forget(db, c, err));
	SP_TRY(full_since(db, c, &at, err));
	return at == 0 ? insert(db, c, err) : full(c, whose, at + HOUR, err);
}

enum sp_code
gate_token_pace(struct ledger_tx *tx, const struct people_by *by,
    enum gate_pace pace, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	struct counted c = {
		.issuer = people_by_whom(by),
		.pace = pace,
		.most = paces[pace].most,
		.now = sp_now(),
	};
	struct counted all = c;

	if (strcmp(by->kind, "site") == 0)
		return SP_OK;
	if (!sp_id_is_zero(&c.issuer))
		return count(db, &c, "you", err);
	all.most *= GATE_PACE_NOBODYS;
	c.issuer = by->id;
	SP_TRY(count(db, &c, "who shows this", err));
	return count(db, &all, "the site's own tokens", err);
}

enum sp_code
gate_token_pace_rescue(struct ledger_tx *tx, const struct people_by *by,
    const struct sp_id *service, struct sp_err *err)
{
	const struct counted c = {
		.issuer = *service,
		.pace = GATE_PACE_RESCUE,
		.most = paces[GATE_PACE_RESCUE].most,
		.now = sp_now(),
	};
	struct sp_err why;
	enum sp_code code = gate_token_pace(tx, by, GATE_PACE_CREDENTIAL, &why);

	if (code != SP_E_LIMIT) {
		if (code != SP_OK && err != NULL)
			*err = why;
		return code;
	}
	return count(ledger_tx_db(tx), &c, "this service", err);
}
