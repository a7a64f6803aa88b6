#include "signin/throttle.h"

#include "base/json.h"

#include <arpa/inet.h>
#include <string.h>

#define FLOOD_SPAN (60 * SP_SECOND)
/* Rows of failures that still count against somebody are those of the window,
 * and of an active account those since it was enabled: those that bear the
 * `since` it has now, for one time may be later than another only because the
 * clock was set back.  The rest is forgotten, with each failure more of it than
 * a failure adds. */
#define KEPT_NOBODY (SP_SECOND * 24 * 3600)
#define FORGOTTEN   "64"

static const struct db_sql failure_insert = {
	"INSERT INTO signin_failure(person, address, at, since)"
	" VALUES(?1, ?2, ?3, ?4)",
};
static const struct db_sql failure_of = {
	"SELECT coalesce(sum(at > ?2), 0), count(*) FROM signin_failure"
	" WHERE person = ?1 AND since = ?3",
};
static const struct db_sql failure_clear = {
	"DELETE FROM signin_failure WHERE person = ?1",
};
static const struct db_sql failure_from = {
	"SELECT count(*), coalesce(max(at) FILTER (WHERE at <= ?3), 0)"
	" FROM signin_failure WHERE address = ?1 AND at > ?2",
};
static const struct db_sql failure_old = {
	"DELETE FROM signin_failure WHERE id IN (SELECT id FROM signin_failure"
	" WHERE person IS NULL AND at <= ?1 LIMIT " FORGOTTEN ")",
};
static const struct db_sql failure_old_of = {
	"DELETE FROM signin_failure WHERE id IN (SELECT id FROM signin_failure"
	" WHERE person = ?2 AND at <= ?1 AND since <> ?3"
	" LIMIT " FORGOTTEN ")",
};
static const struct db_sql flood_get = {
	"SELECT since, count FROM signin_flood WHERE object = ?1 AND code = ?2",
};
static const struct db_sql flood_put = {
	"INSERT INTO signin_flood(object, code, since, count)"
	" VALUES(?1, ?2, ?3, ?4) ON CONFLICT(object, code)"
	" DO UPDATE SET since = ?3, count = ?4",
};

void
signin_throttle_network(const char *address, char out[static SIGNIN_NETWORK])
{
	struct in6_addr v6;

	_Static_assert(SIGNIN_NETWORK >= INET6_ADDRSTRLEN, "room for any");
	if (inet_pton(AF_INET6, address, &v6) == 1 &&
	    !IN6_IS_ADDR_V4MAPPED(&v6)) {
		memset(v6.s6_addr + 8, 0, 8);
		SP_REQUIRE(
		    inet_ntop(AF_INET6, &v6, out, SIGNIN_NETWORK) != NULL);
		return;
	}
	(void)snprintf(out, SIGNIN_NETWORK, "%s", address);
}

/* What failed from one place of late.  The last of it is not one from a time
 * that the clock has left again, or nobody there could try until that time. */
struct place {
	int64_t n;
	sp_time last;
};

static enum sp_code
count_from(struct db *db, const struct people_rules *rules, const char *address,
    sp_time now, struct place *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &failure_from);
	char from[SIGNIN_NETWORK];
	bool found = false;

	signin_throttle_network(address, from);
	db_bind_text(st, 1, from);
	db_bind_i64(st, 2, now - people_rules_time(rules, PEOPLE_LOGON_WINDOW));
	db_bind_i64(st, 3, now);
	SP_TRY(db_row(st, &found, err));
	out->n = found ? db_col_i64(st, 0) : 0;
	out->last = found ? db_col_i64(st, 1) : 0;
	return SP_OK;
}

enum sp_code
signin_throttle_ask(struct db *db, const struct people_rules *rules,
    const char *address, sp_time now, struct sp_err *err)
{
	return signin_throttle_ask_with(db, rules, address, now, 0, err);
}

enum sp_code
signin_throttle_ask_with(struct db *db, const struct people_rules *rules,
    const char *address, sp_time now, int64_t under_way, struct sp_err *err)
{
	struct place from = { .n = 0 };

	SP_TRY(count_from(db, rules, address, now, &from, err));
	if (from.n + under_way < SIGNIN_ADDRESS_FAILURES ||
	    (under_way == 0 && now - from.last >= SIGNIN_ADDRESS_PACE))
		return SP_OK;
	return sp_fail_as(err, SP_E_LIMIT, "signin.pace",
	    "too many failed to sign in from this address: try again in %d "
	    "seconds",
	    (int)(SIGNIN_ADDRESS_PACE / SP_SECOND));
}

enum sp_code
signin_throttle_count(struct db *db, const struct people_rules *rules,
    const struct people_person *p, sp_time now, struct signin_failures *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &failure_of);
	bool found = false;

	db_bind_blob(st, 1, p->id.b, SP_ID_LEN);
	db_bind_i64(st, 2, now - people_rules_time(rules, PEOPLE_LOGON_WINDOW));
	db_bind_i64(st, 3, p->since);
	SP_TRY(db_row(st, &found, err));
	out->within = found ? db_col_i64(st, 0) : 0;
	out->all = found ? db_col_i64(st, 1) : 0;
	return SP_OK;
}

/* What counts no more: of an account that is not active the window's are left,
 * for the address they came from. */
static enum sp_code
forget(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT st = db_use(db, p == NULL ? &failure_old : &failure_old_of);
	sp_time kept = p == NULL
	    ? KEPT_NOBODY
	    : people_rules_time(a->rules, PEOPLE_LOGON_WINDOW);

	db_bind_i64(st, 1, a->now - kept);
	if (p != NULL) {
		db_bind_blob(st, 2, p->id.b, SP_ID_LEN);
		db_bind_i64(st, 3, p->state == PEOPLE_ACTIVE ? p->since : 0);
	}
	return db_run(st, NULL, err);
}

static enum sp_code
insert(const struct people_act *a, const struct signin_failure *f,
    struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT st = db_use(db, &failure_insert);
	char from[SIGNIN_NETWORK];

	signin_throttle_network(a->by->address, from);
	if (f->person == NULL)
		db_bind_null(st, 1);
	else
		db_bind_blob(st, 1, f->person->id.b, SP_ID_LEN);
	db_bind_text(st, 2, from);
	db_bind_i64(st, 3, a->now);
	db_bind_i64(st, 4, f->person == NULL ? 0 : f->person->since);
	SP_TRY(db_run(st, NULL, err));
	return forget(a, f->person, err);
}

/* --- entries --- */

static enum sp_code
enter(const struct people_act *a, const struct signin_failure *f,
    int64_t stands_for, struct sp_err *err)
{
	SP_AUTO_BUF detail = sp_buf_new(128);
	struct sp_json j = sp_json_to(&detail);
	const struct people_by *by = a->by;
	struct ledger_entry e = {
		.act = "session.refused",
		.actor_kind = by->kind,
		.actor = by->id,
		.address = by->address[0] == '\0' ? NULL : by->address,
		.agency = by->agency,
		.at = a->now,
		.object_kind = f->person == NULL ? "agency" : "person",
		.object = f->person == NULL ? by->agency : f->person->id,
		.outcome = LEDGER_REFUSED,
		.source = by->source,
	};

	sp_json_object(&j, NULL);
	sp_json_str(&j, "code", f->code);
	sp_json_int(&j, "stands_for", stands_for);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, "detail", err));
	e.detail = sp_buf_str(&detail);
	return ledger_tx_append(a->tx, &e, NULL, err);
}

/* Count it; *n is how many an entry now stands for, 0: none is due. */
static enum sp_code
flood(const struct people_act *a, const struct sp_id *object, const char *code,
    sp_time span, int64_t *n, struct sp_err *err)
{
	struct db *db = ledger_tx_db(a->tx);
	DB_STMT get = db_use(db, &flood_get);
	DB_STMT put = db_use(db, &flood_put);
	sp_time since = a->now;
	int64_t count = 0;
	bool found = false;

	db_bind_blob(get, 1, object->b, SP_ID_LEN);
	db_bind_text(get, 2, code);
	SP_TRY(db_row(get, &found, err));
	if (found) {
		since = db_col_i64(get, 0);
		count = db_col_i64(get, 1);
	}
	*n = 0;
	count++;
	if (!found || a->now - since >= span || a->now < since) {
		*n = count;
		since = a->now;
		count = 0;
	}
	db_bind_blob(put, 1, object->b, SP_ID_LEN);
	db_bind_text(put, 2, code);
	db_bind_i64(put, 3, since);
	db_bind_i64(put, 4, count);
	return db_run(put, NULL, err);
}

/* Somebody tries many accounts from one place: seen once a window. */
static enum sp_code
tell_address(const struct people_act *a, struct sp_err *err)
{
	struct place from = { .n = 0 };
	int64_t due = 0;

	SP_TRY(count_from(
	    ledger_tx_db(a->tx), a->rules, a->by->address, a->now, &from, err));
	if (from.n < SIGNIN_ADDRESS_FAILURES)
		return SP_OK;
	SP_TRY(flood(a, &a->by->agency, "address",
	    people_rules_time(a->rules, PEOPLE_LOGON_WINDOW), &due, err));
	if (due == 0)
		return SP_OK;
	return people_act_entry(
	    a, "session.throttled", "agency", &a->by->agency, NULL, err);
}

static enum sp_code
refused(const struct people_act *a, const struct signin_failure *f,
    struct sp_err *err)
{
	bool known = f->person != NULL;
	int64_t n = 1;

	/* What is tried on an active account ends by itself. */
	if (!known || f->person->state != PEOPLE_ACTIVE)
		SP_TRY(flood(a, known ? &f->person->id : &a->by->agency,
		    f->code, FLOOD_SPAN, &n, err));
	return n == 0 ? SP_OK : enter(a, f, n, err);
}

/* --- the account --- */

static enum sp_code
lock(const struct people_act *a, const struct people_person *p,
    struct sp_err *err)
{
	struct signin_failures n = { .all = 0 };

	if (p->state != PEOPLE_ACTIVE)
		return SP_OK;
	SP_TRY(signin_throttle_count(
	    ledger_tx_db(a->tx), a->rules, p, a->now, &n, err));
	if (n.within < people_rules_get(a->rules, PEOPLE_LOGON_FAILURES) &&
	    n.all < people_rules_get(a->rules, PEOPLE_AUTHENTICATOR_FAILURES))
		return SP_OK;
	return people_person_disable(a, &p->id, PEOPLE_LOCKED, 0, err);
}

enum sp_code
signin_throttle_fail(const struct people_act *a, const struct signin_failure *f,
    struct sp_err *err)
{
	SP_TRY(insert(a, f, err));
	SP_TRY(refused(a, f, err));
	SP_TRY(tell_address(a, err));
	return f->person == NULL ? SP_OK : lock(a, f->person, err);
}

enum sp_code
signin_throttle_clear(
    const struct people_act *a, const struct sp_id *person, struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(a->tx), &failure_clear);

	db_bind_blob(st, 1, person->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}
