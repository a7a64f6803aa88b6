#include "machine/device.h"

#include "base/encode.h"
#include "gate/gate.h"

#include <string.h>

#define DAY (86400 * SP_SECOND)

static const char *const state_names[] = {
#define X(id, name) [id] = (name),
	MACHINE_DEVICE_STATES(X)
#undef X
};

#define COLUMNS                                                                \
	"SELECT id, label, days, created, enrolled, revoked, code_ends,"       \
	" code_key, adder FROM device"

static const struct db_sql by_id = { COLUMNS " WHERE id = ?1" };
static const struct db_sql by_code = { COLUMNS " WHERE code = ?1" };
static const struct db_sql after_id = {
	COLUMNS " WHERE id > ?1 ORDER BY id LIMIT ?2",
};
static const struct db_sql count = { "SELECT count(*) FROM device" };
static const struct db_sql insert = {
	"INSERT INTO device(id, label, days, created, code, code_ends, adder)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
};
static const struct db_sql set_revoked = {
	"UPDATE device SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL",
};
static const struct db_sql use_code = {
	"UPDATE device SET enrolled = ?2, code_key = ?3"
	" WHERE id = ?1 AND enrolled IS NULL AND revoked IS NULL"
	" AND code_ends > ?2",
};

const char *
machine_device_state_name(enum machine_device_state state)
{
	SP_REQUIRE((size_t)state < SP_COUNTOF(state_names));
	return state_names[state];
}

/* ---- Rows ---- */

/* What the row alone says; `key` is that of the code's use, zero when unused.
 */
static enum sp_code
load_row(struct db_stmt *st, struct machine_device *d, uint8_t *key,
    struct sp_err *err)
{
	SP_TRY(db_col_bytes(st, 0, d->id.b, SP_ID_LEN, err));
	(void)snprintf(d->label, sizeof(d->label), "%s", db_col_text(st, 1));
	d->days = (unsigned)db_col_i64(st, 2);
	d->created = db_col_i64(st, 3);
	d->enrolled = db_col_i64(st, 4); /* NULL is 0 */
	d->revoked = db_col_i64(st, 5);
	d->code_ends = db_col_i64(st, 6);
	if (key != NULL && !db_col_null(st, 7))
		SP_TRY(db_col_bytes(st, 7, key, CRYPTO_SHA256_LEN, err));
	return SP_OK;
}

static enum sp_code
load_certificate(struct db *db, struct machine_device *d, struct sp_err *err)
{
	struct machine_certificate c;
	enum sp_code code = machine_certificate_newest(db, &d->id, &c, err);

	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	d->certified = true;
	memcpy(d->pin, c.pin, sizeof(d->pin));
	d->from = c.from;
	d->until = c.until;
	return SP_OK;
}

static void
set_state(struct machine_device *d, sp_time now)
{
	if (d->revoked != 0)
		d->state = MACHINE_REVOKED;
	else if (!d->certified)
		d->state = MACHINE_ENROLLING;
	else
		d->state = now < d->until ? MACHINE_ACTIVE : MACHINE_EXPIRED;
}

static enum sp_code
load_device(struct db *db, struct db_stmt *st, struct machine_device *out,
    struct sp_err *err)
{
	struct machine_device d = { .days = 0 };

	SP_TRY(load_row(st, &d, NULL, err));
	SP_TRY(load_certificate(db, &d, err));
	set_state(&d, sp_now());
	*out = d;
	return SP_OK;
}

enum sp_code
machine_device_find(struct db *db, const struct sp_id *id,
    struct machine_device *out, struct sp_err *err)
{
	DB_STMT st = db_use(db, &by_id);
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "device.unknown",
		    "there is no such device");
	return load_device(db, st, out, err);
}

enum sp_code
machine_device_list(struct db *db, const struct sp_id *after,
    struct machine_device *out, size_t most, size_t *n, struct sp_err *err)
{
	DB_STMT st = db_use(db, &after_id);
	size_t got = 0;
	bool found;

	db_bind_blob(st, 1, after->b, SP_ID_LEN);
	db_bind_u64(st, 2, most);
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_REQUIRE(got < most);
		SP_TRY(load_device(db, st, &out[got], err));
		got++;
	}
	*n = got;
	return SP_OK;
}

static void
json_pin(struct sp_json *j, const char *name, const uint8_t *pin)
{
	char hex[2 * MACHINE_PIN_LEN + 1];

	sp_hex(pin, MACHINE_PIN_LEN, hex);
	sp_json_str(j, name, hex);
}

void
machine_device_json(const struct machine_device *d, struct sp_json *j)
{
	sp_json_object(j, NULL);
	if (d->certified)
		json_pin(j, "certificate", d->pin);
	else
		sp_json_null(j, "certificate");
	sp_json_time_or_null(
	    j, "code_expires_at", d->enrolled == 0 ? d->code_ends : 0);
	sp_json_time_or_null(j, "created_at", d->created);
	sp_json_time_or_null(j, "enrolled_at", d->enrolled);
	sp_json_time_or_null(j, "expires_at", d->certified ? d->until : 0);
	sp_json_id(j, "id", &d->id);
	sp_json_str(j, "label", d->label);
	sp_json_time_or_null(j, "revoked_at", d->revoked);
	sp_json_str(j, "state", machine_device_state_name(d->state));
	sp_json_int(j, "valid_days", (int64_t)d->days);
	sp_json_end(j);
}

/* ---- Adding and revoking ---- */

static bool
label_ok(const char *s)
{
	size_t len = strnlen(s, MACHINE_DEVICE_LABEL + 1);

	if (len == 0 || len > MACHINE_DEVICE_LABEL)
		return false;
	for (size_t at = 0; at < len;) {
		size_t n = sp_utf8_next(s + at, len - at);

		if (n == 0 || !sp_utf8_shown(s + at, n))
			return false;
		at += n;
	}
	return true;
}

static enum sp_code
check_new(const struct machine_device_new *n, struct sp_err *err)
{
	if (!label_ok(n->label))
		return sp_fail_as(err, SP_E_INVALID, "device.label",
		    "label: 1 to %d bytes of UTF-8 without control characters",
		    MACHINE_DEVICE_LABEL);
	if (n->days < 1 || n->days > MACHINE_DEVICE_DAYS)
		return sp_fail_as(err, SP_E_INVALID, "device.days",
		    "a certificate holds 1 to %d days", MACHINE_DEVICE_DAYS);
	if (n->code_time < SP_SECOND || n->code_time > MACHINE_CODE_TIME)
		return sp_fail_as(err, SP_E_INVALID, "device.code",
		    "a code holds 1 second to 24 hours");
	return SP_OK;
}

static enum sp_code
check_count(struct db *db, struct sp_err *err)
{
	DB_STMT st = db_use(db, &count);
	bool found;

	SP_TRY(db_row(st, &found, err));
	if (found && db_col_i64(st, 0) >= MACHINE_DEVICES_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "device.many",
		    "an agency has at most %d devices", MACHINE_DEVICES_MAX);
	return SP_OK;
}

enum sp_code
machine_device_add(struct ledger_tx *tx, const struct machine_device_new *n,
    struct sp_id *id, char code[static GATE_TEXT_MAX], struct sp_err *err)
{
	DB_STMT st = db_use(ledger_tx_db(tx), &insert);
	struct sp_id made = sp_id_new();
	uint8_t hash[CRYPTO_SHA256_LEN];
	char text[GATE_TEXT_MAX] = "";
	CRYPTO_WIPE_ON_EXIT(text);
	const struct people_by by = gate_caller_by(n->by);
	struct sp_id adder = people_by_whom(&by);
	struct ledger_entry e =
	    gate_entry(n->by, "device.added", "device", &made);
	sp_time now = sp_now();

	SP_TRY(check_new(n, err));
	SP_TRY(check_count(ledger_tx_db(tx), err));
	SP_TRY(gate_token_pace(tx, &by, GATE_PACE_DEVICE, err));
	gate_text_make(GATE_TEXT_DEVICE, &n->by->agency, text);
	gate_text_hash(text, hash);
	db_bind_blob(st, 1, made.b, SP_ID_LEN);
	db_bind_text(st, 2, n->label);
	db_bind_i64(st, 3, n->days);
	db_bind_i64(st, 4, now);
	db_bind_blob(st, 5, hash, sizeof(hash));
	db_bind_i64(st, 6, now + n->code_time);
	db_bind_blob(st, 7, sp_id_is_zero(&adder) ? NULL : adder.b, SP_ID_LEN);
	SP_TRY(db_run(st, NULL, err));
	SP_TRY(ledger_tx_append(tx, &e, NULL, err));
	*id = made;
	memcpy(code, text, sizeof(text));
	return SP_OK;
}

enum sp_code
machine_device_revoke(struct ledger_tx *tx, const struct gate_caller *by,
    const struct sp_id *id, struct sp_err *err)
{
	struct db *db = ledger_tx_db(tx);
	DB_STMT st = db_use(db, &set_revoked);
	struct ledger_entry e = gate_entry(by, "device.revoked", "device", id);
	struct machine_device d;
	uint64_t changed;

	SP_TRY(machine_device_find(db, id, &d, err));
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	db_bind_i64(st, 2, sp_now());
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0)
		return sp_fail_as(err, SP_E_CONFLICT, "device.revoked",
		    "this device was revoked before");
	SP_TRY(ledger_tx_ends(tx, id, err));
	return ledger_tx_append(tx, &e, NULL, err);
}

/* ---- Knowing ---- */

static enum sp_code
unknown(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_UNKNOWN, "certificate.unknown",
	    "no device is known here by this certificate");
}

enum sp_code
machine_device_know(struct db *db, const struct sp_id *agency,
    const uint8_t pin[static MACHINE_PIN_LEN], struct gate_caller *out,
    struct sp_err *err)
{
	struct machine_certificate c;
	struct machine_device d = { .days = 0 };
	DB_STMT st = db_use(db, &by_id);
	enum sp_code code = machine_certificate_by_pin(db, pin, &c, err);
	bool found;

	if (code == SP_E_NOTFOUND)
		return unknown(err);
	SP_TRY(code);
	db_bind_blob(st, 1, c.device.b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail(err, SP_E_CORRUPT, "a certificate's device");
	SP_TRY(load_row(st, &d, NULL, err));
	if (d.revoked != 0)
		return unknown(err);
	SP_TRY(machine_certificate_good(&c, sp_now(), err));
	*out = (struct gate_caller){
		.agency = *agency,
		.token = d.id,
		.kind = "device",
		.role = GATE_DEVICE,
		.expires = c.until,
	};
	return SP_OK;
}

/* ---- Certificates ---- */

/* A certificate that is to be given, from first look to the entry. */
struct giving {
	const struct machine_office *office;
	const struct machine_ask *ask;
	struct machine_device device;
	struct people_doing code; /* whose doing the code is */
	struct crypto_leaf_key key;
	uint8_t key_hash[CRYPTO_SHA256_LEN];
	const uint8_t *from; /* the pin by which it was asked; NULL: a code */
	struct machine_certificate *made;
};

static enum sp_code
code_unknown(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_UNKNOWN, "code.unknown",
	    "this code is not good, or not any more: ask for a new one");
}

static enum sp_code
read_ask(struct giving *g, struct sp_err *err)
{
	SP_TRY(crypto_leaf_request(g->ask->request, g->ask->len, &g->key, err));
	crypto_sha256(g->key.der, g->key.len, g->key_hash);
	return SP_OK;
}

static enum sp_code
certify(struct giving *g, struct sp_err *err)
{
	SP_AUTO_BUF der = sp_buf_new(MACHINE_CERTIFICATE_DER);
	sp_time now = sp_now() / SP_SECOND * SP_SECOND; /* as it will say */
	struct machine_certificate *c = g->made;
	struct keeper_certify what = {
		.device = g->device.id,
		.key = &g->key,
		.from = now,
		.until = now + (sp_time)g->device.days * DAY,
	};

	SP_TRY(keeper_client_certify(
	    g->office->keeper, &g->office->agency, &what, &der, err));
	*c = (struct machine_certificate){
		.device = g->device.id,
		.from = what.from,
		.until = what.until,
	};
	machine_certificate_set(c, &g->key, der.at, der.len);
	return SP_OK;
}

/* The device itself did it. */
static enum sp_code
record(struct ledger_tx *tx, const struct giving *g, const char *act,
    struct sp_err *err)
{
	const struct gate_caller who = {
		.agency = g->office->agency,
		.token = g->device.id,
		.kind = "device",
		.role = GATE_DEVICE,
	};
	SP_AUTO_BUF detail = sp_buf_new(512);
	struct sp_json j = sp_json_to(&detail);
	struct ledger_entry e = gate_entry(&who, act, "device", &g->device.id);

	sp_json_object(&j, NULL);
	json_pin(&j, "certificate", g->made->pin);
	sp_json_time_or_null(&j, "expires", g->made->until);
	if (g->from != NULL)
		json_pin(&j, "instead_of", g->from);
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&detail, act, err));
	e.detail = sp_buf_str(&detail);
	e.address = g->ask->address;
	e.source = g->ask->source;
	return ledger_tx_append(tx, &e, NULL, err);
}

/* ---- Enrolling ---- */

/* A device that has enrolled is there, whoever added it. */
static enum sp_code
check_adder(struct db *db, const struct giving *g, struct sp_err *err)
{
	bool stands = true;

	if (g->device.enrolled == 0)
		SP_TRY(people_person_stands(
		    db, g->office->rules, &g->code, sp_now(), &stands, err));
	return stands ? SP_OK : code_unknown(err);
}

/* The device of the code; *used when it was used with some key. */
static enum sp_code
find_code(struct giving *g, const char *code, uint8_t *used, struct sp_err *err)
{
	DB_LENT(reader, g->office->readers);
	DB_STMT st = db_use(reader.db, &by_code);
	uint8_t hash[CRYPTO_SHA256_LEN];
	bool found;

	if (!gate_text_is(code, GATE_TEXT_DEVICE, &g->office->agency))
		return code_unknown(err);
	gate_text_hash(code, hash);
	db_bind_blob(st, 1, hash, sizeof(hash));
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return code_unknown(err);
	SP_TRY(load_row(st, &g->device, used, err));
	if (g->device.revoked != 0 || gate_token_expired(g->device.code_ends))
		return code_unknown(err);
	if (!db_col_null(st, 8))
		SP_TRY(db_col_bytes(st, 8, g->code.person.b, SP_ID_LEN, err));
	g->code.since = g->device.created;
	return check_adder(reader.db, g, err);
}

/* The answer was lost on the way, perhaps: the same again. */
static enum sp_code
find_given(struct giving *g, const uint8_t *used, struct sp_err *err)
{
	DB_LENT(reader, g->office->readers);
	enum sp_code code;

	if (memcmp(used, g->key_hash, CRYPTO_SHA256_LEN) != 0)
		return code_unknown(err);
	code = machine_certificate_by_key(
	    reader.db, &g->device.id, g->key_hash, sp_now(), g->made, err);
	return code == SP_E_NOTFOUND ? code_unknown(err) : code;
}

static enum sp_code
enrol_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct giving *g = arg;
	struct db *db = ledger_tx_db(tx);
	DB_STMT st = db_use(db, &use_code);
	sp_time now = sp_now();
	uint64_t changed;

	SP_TRY(check_adder(db, g, err)); /* they may have gone meanwhile */
	db_bind_blob(st, 1, g->device.id.b, SP_ID_LEN);
	db_bind_i64(st, 2, now);
	db_bind_blob(st, 3, g->key_hash, sizeof(g->key_hash));
	SP_TRY(db_run(st, &changed, err));
	if (changed == 0) /* somebody was faster */
		return code_unknown(err);
	SP_TRY(machine_certificate_pin(db, g->made, now, err));
	return record(tx, g, "device.enrolled", err);
}

static enum sp_code
give(struct giving *g, const char *text, struct sp_err *err)
{
	uint8_t used[CRYPTO_SHA256_LEN] = { 0 };
	enum sp_code code;

	SP_TRY(certify(g, err));
	code = ledger_writer_run(g->office->writer, enrol_run, g, err);
	if (code != SP_E_UNKNOWN)
		return code;
	/* Whoever was faster may have been itself, asking twice. */
	SP_TRY(find_code(g, text, used, err));
	return find_given(g, used, err);
}

enum sp_code
machine_device_enrol(const struct machine_office *o, const char *code,
    const struct machine_ask *ask, struct machine_certificate *out,
    struct sp_err *err)
{
	uint8_t used[CRYPTO_SHA256_LEN] = { 0 };
	struct machine_certificate made;
	struct giving g = { .office = o, .ask = ask, .made = &made };

	/* Nobody without a code has us read a request. */
	SP_TRY(find_code(&g, code, used, err));
	SP_TRY(read_ask(&g, err));
	if (g.device.enrolled != 0)
		SP_TRY(find_given(&g, used, err));
	else
		SP_TRY(give(&g, code, err));
	*out = made;
	return SP_OK;
}

/* ---- Rotating ---- */

static enum sp_code
rotated(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_CONFLICT, "device.rotated",
	    "this certificate was renewed already: go on with the new one");
}

/* *given: it has a certificate of this key, which is in g->made. */
static enum sp_code
look_rotate(struct giving *g, bool *given, struct sp_err *err)
{
	DB_LENT(reader, g->office->readers);
	struct machine_certificate now;
	enum sp_code code;

	SP_TRY(machine_certificate_by_pin(reader.db, g->from, &now, err));
	if (!sp_id_equal(&now.device, &g->device.id))
		return sp_fail(err, SP_E_INTERNAL, "another's certificate");
	if (memcmp(now.key, g->key_hash, sizeof(now.key)) == 0)
		return sp_fail_as(err, SP_E_INVALID, "csr.same-key",
		    "a new certificate takes a new key");
	code = machine_certificate_by_key(
	    reader.db, &g->device.id, g->key_hash, sp_now(), g->made, err);
	*given = code == SP_OK;
	if (code != SP_E_NOTFOUND)
		return *given && g->made->superseded ? rotated(err) : code;
	if (now.superseded)
		return rotated(err);
	return machine_device_find(reader.db, &g->device.id, &g->device, err);
}

static enum sp_code
rotate_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct giving *g = arg;
	struct db *db = ledger_tx_db(tx);
	struct machine_certificate now;
	struct machine_device d;

	/* Again, for others may have been faster. */
	SP_TRY(machine_device_find(db, &g->device.id, &d, err));
	SP_TRY(machine_certificate_by_pin(db, g->from, &now, err));
	if (d.revoked != 0)
		return unknown(err);
	if (now.superseded)
		return rotated(err);
	SP_TRY(machine_certificate_pin(db, g->made, sp_now(), err));
	return record(tx, g, "device.rotated", err);
}

enum sp_code
machine_device_rotate(const struct machine_office *o,
    const struct gate_caller *who, const uint8_t pin[static MACHINE_PIN_LEN],
    const struct machine_ask *ask, struct machine_certificate *out,
    struct sp_err *err)
{
	struct machine_certificate made;
	struct giving g = {
		.office = o, .ask = ask, .from = pin, .made = &made
	};
	bool given = false;

	g.device.id = who->token;
	SP_TRY(read_ask(&g, err));
	SP_TRY(look_rotate(&g, &given, err));
	if (!given) {
		SP_TRY(certify(&g, err));
		SP_TRY(ledger_writer_run(o->writer, rotate_run, &g, err));
	}
	*out = made;
	return SP_OK;
}
