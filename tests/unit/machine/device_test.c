#include "machine/device.h"

#include "base/encode.h"
#include "crypto/sign.h"

#define AGENCY_FIXTURE_MORE                                                    \
	, machine_certificate_schema, machine_adder_schema,                    \
	    machine_adder_epoch_schema
#include "gate/agency_fixture.h"

#include <pthread.h>

#define HOUR (3600 * SP_SECOND)
#define DAY  (24 * HOUR)

/* ---- Linked with --wrap: the clock, and the keeper's part ---- */

static _Atomic sp_time moved;
static atomic_bool keeper_away;
static atomic_int certified;

sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);

sp_time
__wrap_sp_now(void)
{
	return __real_sp_now() + atomic_load(&moved);
}

enum sp_code __wrap_keeper_client_certify(struct keeper_client *c,
    const struct sp_id *agency, const struct keeper_certify *what,
    struct sp_buf *der, struct sp_err *err);

enum sp_code
__wrap_keeper_client_certify(struct keeper_client *c,
    const struct sp_id *agency, const struct keeper_certify *what,
    struct sp_buf *der, struct sp_err *err)
{
	static const uint8_t fixed[CRYPTO_SIGN_SEED] = { 7 };
	CRYPTO_AUTO_SECRET seed = crypto_secret_from(fixed, sizeof(fixed));
	char owner[SP_ID_TEXT], subject[SP_ID_TEXT];
	struct crypto_leaf leaf = { owner, subject, what->key, what->from,
		what->until };

	CHECK(c == NULL);
	if (atomic_load(&keeper_away))
		return sp_fail(err, SP_E_UNAVAIL, "the test's keeper is away");
	atomic_fetch_add(&certified, 1);
	sp_id_text(agency, owner);
	sp_id_text(&what->device, subject);
	return crypto_leaf_issue(seed, &leaf, der, err);
}

/* The process never goes back behind the latest time that it has seen: each
 * test has days of its own. */
static sp_time base;

static void
clock_at(sp_time after)
{
	atomic_store(&moved, base + after);
}

/* ---- An agency with devices ---- */

static struct agency_fixture a;
static struct db_pool *readers;
static struct gate_caller admin;

static void
open_agency(void)
{
	struct sp_err err;

	base += 10 * DAY;
	clock_at(0);
	agency_fixture_open(&a, "example.org/a");
	CHECK_OK(db_pool_open(&readers, a.db_path, 4, &err), &err);
	admin = agency_fixture_caller(&a, GATE_ADMINISTRATOR);
}

static void
close_agency(void)
{
	db_pool_close(readers);
	agency_fixture_close(&a);
}

static struct machine_office
office(void)
{
	return (struct machine_office){
		.agency = a.id,
		.readers = readers,
		.writer = a.writer,
		.rules = a.rules,
	};
}

struct adding {
	struct machine_device_new new;
	struct sp_id id;
	char code[GATE_TEXT_MAX];
};

static enum sp_code
add_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct adding *x = arg;

	return machine_device_add(tx, &x->new, &x->id, x->code, err);
}

static struct adding
adding(void)
{
	return (struct adding){
		.new = { &admin, "Camera 7", 90, MACHINE_CODE_TIME },
	};
}

static struct adding
add(void)
{
	struct adding x = adding();
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a.writer, add_act, &x, &err), &err);
	return x;
}

static enum sp_code
revoke_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	return machine_device_revoke(tx, &admin, arg, err);
}

static enum sp_code
take_away(struct sp_id *id, struct sp_err *err)
{
	return ledger_writer_run(a.writer, revoke_act, id, err);
}

struct request {
	struct sp_buf key, csr;
};

static struct request
request(void)
{
	struct request r = { sp_buf_secret(4096), sp_buf_new(4096) };
	struct sp_err err;

	CHECK_OK(crypto_leaf_ask(&r.key, &r.csr, &err), &err);
	return r;
}

static void
request_free(struct request *r)
{
	sp_buf_free(&r->key);
	sp_buf_free(&r->csr);
}

static enum sp_code
enrol(const char *code, const struct request *r, struct machine_certificate *c,
    struct sp_err *err)
{
	struct machine_office o = office();
	struct machine_ask ask = { sp_buf_str(&r->csr), r->csr.len, "192.0.2.9",
		"api" };

	return machine_device_enrol(&o, code, &ask, c, err);
}

static enum sp_code
know(const uint8_t *pin, struct gate_caller *who, struct sp_err *err)
{
	DB_LENT(r, readers);

	return machine_device_know(r.db, &a.id, pin, who, err);
}

static enum sp_code
rotate(const struct machine_certificate *with, const struct request *r,
    struct machine_certificate *c, struct sp_err *err)
{
	struct machine_office o = office();
	struct machine_ask ask = { sp_buf_str(&r->csr), r->csr.len, "192.0.2.9",
		"api" };
	struct gate_caller who;

	SP_TRY(know(with->pin, &who, err));
	return machine_device_rotate(&o, &who, with->pin, &ask, c, err);
}

static struct machine_device
find(const struct sp_id *id)
{
	DB_LENT(r, readers);
	struct machine_device d;
	struct sp_err err;

	CHECK_OK(machine_device_find(r.db, id, &d, &err), &err);
	return d;
}

#define CHECK_REASON(call, want, why, err)                                     \
	do {                                                                   \
		CHECK_CODE(call, want, err);                                   \
		CHECK(strcmp((err)->reason, why) == 0);                        \
	} while (0)

/* ---- The life of a device ---- */

static void
a_device_enrols_and_is_known(void)
{
	struct adding x;
	struct request r = request();
	struct machine_certificate c;
	struct machine_device d;
	struct gate_caller who;
	SP_AUTO_BUF json = sp_buf_new(4096), pem = sp_buf_new(4096);
	struct sp_json j = sp_json_to(&json);
	sp_time from, until;
	struct sp_err err;

	open_agency();
	x = add();
	CHECK(strncmp(x.code, "spd_", 4) == 0);
	CHECK(find(&x.id).state == MACHINE_ENROLLING);
	CHECK_OK(enrol(x.code, &r, &c, &err), &err);
	crypto_leaf_pem(c.der, c.len, &pem);
	CHECK_OK(crypto_leaf_fits(
		     sp_buf_str(&pem), sp_buf_str(&r.key), &from, &until, &err),
	    &err);
	CHECK(from == c.from && until == c.until && until - from == 90 * DAY);
	d = find(&x.id);
	CHECK(d.state == MACHINE_ACTIVE && d.certified &&
	    memcmp(d.pin, c.pin, sizeof(d.pin)) == 0);
	CHECK_OK(know(c.pin, &who, &err), &err);
	CHECK(who.role == GATE_DEVICE && strcmp(who.kind, "device") == 0);
	CHECK(sp_id_equal(&who.token, &x.id) && sp_id_is_zero(&who.person));
	CHECK(who.expires == c.until);
	machine_device_json(&d, &j);
	CHECK(strstr(sp_buf_str(&json), "\"state\":\"active\"") != NULL);
	CHECK(strstr(sp_buf_str(&json), x.code) == NULL);
	/* The device did it; no name and no code stands in the ledger. */
	CHECK(agency_fixture_count(&a, "\"act\":\"device.added\"") == 1);
	CHECK(agency_fixture_count(
		  &a, "\"act\":\"device.enrolled\",\"actor\":{\"id\":") == 1);
	CHECK(agency_fixture_count(&a,
		  "\"kind\":\"device\"},\"address\":"
		  "\"192.0.2.9\"") == 1);
	CHECK(agency_fixture_count(&a, "Camera") == 0);
	CHECK(agency_fixture_count(&a, "spd_") == 0);
	request_free(&r);
	close_agency();
}

static void
what_a_device_is_added_with(void)
{
	static const struct {
		const char *label;
		unsigned days;
		sp_time code_time;
		const char *why; /* NULL: good */
	} rows[] = {
		{ "x", 1, SP_SECOND, NULL },
		{ "Körperkamera 7", 90, MACHINE_CODE_TIME, NULL },
		{ "", 90, DAY, "device.label" },
		{ "a\nb", 90, DAY, "device.label" },
		{ "a\x7f", 90, DAY, "device.label" },
		{ "\xe2\x80\xaex\xe2\x80\xac", 90, DAY, "device.label" },
		{ "\xff", 90, DAY, "device.label" },
		{ "x", 0, DAY, "device.days" },
		{ "x", 91, DAY, "device.days" },
		{ "x", 90, DAY + 1, "device.code" },
		{ "x", 90, 0, "device.code" },
	};
	char longest[MACHINE_DEVICE_LABEL + 2] = "";
	struct adding x;
	struct sp_err err;

	open_agency();
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		enum sp_code code;

		x = adding();
		x.new.label = rows[i].label;
		x.new.days = rows[i].days;
		x.new.code_time = rows[i].code_time;
		code = ledger_writer_run(a.writer, add_act, &x, &err);
		CHECK(code == (rows[i].why == NULL ? SP_OK : SP_E_INVALID));
		CHECK(code == SP_OK || strcmp(err.reason, rows[i].why) == 0);
		CHECK((x.code[0] != '\0') == (code == SP_OK));
	}
	memset(longest, 'x', sizeof(longest) - 1);
	x = adding();
	x.new.label = longest;
	CHECK_CODE(
	    ledger_writer_run(a.writer, add_act, &x, &err), SP_E_INVALID, &err);
	longest[MACHINE_DEVICE_LABEL] = '\0';
	CHECK_OK(ledger_writer_run(a.writer, add_act, &x, &err), &err);
	CHECK(strcmp(find(&x.id).label, longest) == 0);
	close_agency();
}

/* ---- Codes ---- */

static void
a_code_works_once(void)
{
	struct adding x, y;
	struct request mine = request(), thief = request();
	struct machine_certificate c, again;
	struct sp_err err;
	char harmed[GATE_TEXT_MAX];

	open_agency();
	x = add();
	y = add();
	for (size_t i = 0; i < strlen(x.code); i++) {
		memcpy(harmed, x.code, sizeof(harmed));
		harmed[i] = harmed[i] == 'A' ? 'E' : 'A';
		CHECK_REASON(enrol(harmed, &mine, &c, &err), SP_E_UNKNOWN,
		    "code.unknown", &err);
	}
	/* A keeper that is away costs nothing. */
	atomic_store(&keeper_away, true);
	CHECK_CODE(enrol(x.code, &mine, &c, &err), SP_E_UNAVAIL, &err);
	atomic_store(&keeper_away, false);
	/* Nor a log that cannot be signed. */
	atomic_store(&a.refuse, true);
	CHECK_CODE(enrol(x.code, &mine, &c, &err), SP_E_UNAVAIL, &err);
	atomic_store(&a.refuse, false);
	CHECK(find(&x.id).state == MACHINE_ENROLLING);
	CHECK_OK(enrol(x.code, &mine, &c, &err), &err);
	CHECK_REASON(enrol(x.code, &thief, &again, &err), SP_E_UNKNOWN,
	    "code.unknown", &err);
	/* Whose answer was lost asks again, and it is no second act. */
	CHECK_OK(enrol(x.code, &mine, &again, &err), &err);
	CHECK(memcmp(c.pin, again.pin, sizeof(c.pin)) == 0);
	CHECK(agency_fixture_count(&a, "\"act\":\"device.enrolled\"") == 1);
	/* A code that was revoked, or waited too long. */
	CHECK_OK(take_away(&y.id, &err), &err);
	CHECK_REASON(enrol(y.code, &thief, &again, &err), SP_E_UNKNOWN,
	    "code.unknown", &err);
	y = add();
	clock_at(DAY + SP_SECOND);
	CHECK_REASON(enrol(y.code, &thief, &again, &err), SP_E_UNKNOWN,
	    "code.unknown", &err);
	/* A clock that is set back makes it no better. */
	clock_at(0);
	CHECK_REASON(enrol(y.code, &thief, &again, &err), SP_E_UNKNOWN,
	    "code.unknown", &err);
	request_free(&mine);
	request_free(&thief);
	close_agency();
}

/* Whoever has left may have kept the code.  A device that enrolled before they
 * left is the agency's. */
static void
a_code_ends_with_whoever_had_it_made(void)
{
	const sp_time start = moved;

	for (unsigned n = 0; n < 2 * FATE_COUNT; n++) {
		enum agency_fixture_fate fate =
		    (enum agency_fixture_fate)(n % FATE_COUNT);
		bool stands = agency_fixture_stands(fate);
		struct agency_fixture_person eve;
		struct gate_caller by;
		struct request r = request(), s = request();
		struct adding used, x, machine;
		struct machine_certificate c;
		struct sp_err err = { .reason = "" };

		open_agency();
		eve = agency_fixture_person(&a);
		by = agency_fixture_in_session(&eve);
		used = x = machine = adding();
		used.new.by = x.new.by = &by;
		/* Also with a clock that was fast, and is set back later. */
		moved = start + (n < FATE_COUNT ? 0 : 60 * SP_SECOND);
		CHECK_OK(
		    ledger_writer_run(a.writer, add_act, &used, &err), &err);
		CHECK_OK(ledger_writer_run(a.writer, add_act, &x, &err), &err);
		/* By a token that she issued, too. */
		by.issuer = eve.id;
		by.person = (struct sp_id){ .b = { 0 } };
		by.kind = "token";
		machine.new.by = &by;
		CHECK_OK(
		    ledger_writer_run(a.writer, add_act, &machine, &err), &err);
		CHECK_OK(enrol(used.code, &r, &c, &err), &err);
		moved = start;
		agency_fixture_befall(&eve, fate);
		moved = start + (n < FATE_COUNT ? 0 : 61 * SP_SECOND);
		CHECK_OK(know(c.pin, &by, &err), &err);
		CHECK_OK(enrol(used.code, &r, &c, &err), &err);
		CHECK_CODE(enrol(x.code, &s, &c, &err),
		    stands ? SP_OK : SP_E_UNKNOWN, &err);
		CHECK(stands || strcmp(err.reason, "code.unknown") == 0);
		CHECK_CODE(enrol(machine.code, &s, &c, &err),
		    stands ? SP_OK : SP_E_UNKNOWN, &err);
		/* The site's outlives all of them. */
		x = add();
		CHECK_OK(enrol(x.code, &s, &c, &err), &err);
		request_free(&r);
		request_free(&s);
		close_agency();
		moved = start;
	}
}

/* Nobody without a good code has a request read, let alone certified. */
static void
a_bad_request_costs_no_code(void)
{
	struct adding x;
	struct request good = request();
	struct machine_office o;
	struct machine_ask bad = { "no request", 10, "192.0.2.9", "api" };
	struct machine_certificate c;
	struct sp_err err;
	int before;

	open_agency();
	x = add();
	o = office();
	before = atomic_load(&certified);
	CHECK_CODE(machine_device_enrol(&o, "spd_none", &bad, &c, &err),
	    SP_E_UNKNOWN, &err);
	CHECK_CODE(machine_device_enrol(&o, x.code, &bad, &c, &err),
	    SP_E_INVALID, &err);
	CHECK(atomic_load(&certified) == before);
	CHECK_OK(enrol(x.code, &good, &c, &err), &err);
	request_free(&good);
	close_agency();
}

struct racer {
	pthread_t thread;
	const char *code;
	struct request request;
	enum sp_code got;
};

static void *
race(void *arg)
{
	struct racer *r = arg;
	struct machine_certificate c;
	struct sp_err err;

	r->got = enrol(r->code, &r->request, &c, &err);
	return NULL;
}

static void
race_for_one_code(bool same)
{
	struct racer r[8];
	struct adding x;
	struct request all = request();
	int won = 0;

	open_agency();
	x = add();
	for (size_t i = 0; i < SP_COUNTOF(r); i++) {
		r[i] = (struct racer){ .code = x.code,
			.request = same ? all : request() };
		CHECK(pthread_create(&r[i].thread, NULL, race, &r[i]) == 0);
	}
	for (size_t i = 0; i < SP_COUNTOF(r); i++) {
		CHECK(pthread_join(r[i].thread, NULL) == 0);
		CHECK(r[i].got == SP_OK || r[i].got == SP_E_UNKNOWN);
		won += r[i].got == SP_OK;
		if (!same)
			request_free(&r[i].request);
	}
	/* With one key they are one device that asks often. */
	CHECK(won == (same ? (int)SP_COUNTOF(r) : 1));
	request_free(&all);
	CHECK(agency_fixture_count(&a, "\"act\":\"device.enrolled\"") == 1);
	close_agency();
}

static void
one_of_many_gets_it(void)
{
	race_for_one_code(false);
	race_for_one_code(true);
}

/* ---- Rotation ---- */

static void
rotation_overlaps_for_a_day(void)
{
	struct adding x;
	struct request first = request(), second = request();
	struct request third = request(), thief = request();
	struct machine_certificate one, two, again, three;
	struct gate_caller who;
	struct sp_err err;

	open_agency();
	x = add();
	CHECK_OK(enrol(x.code, &first, &one, &err), &err);
	CHECK_REASON(rotate(&one, &first, &two, &err), SP_E_INVALID,
	    "csr.same-key", &err);
	CHECK_OK(rotate(&one, &second, &two, &err), &err);
	/* Both are this device, and a lost answer is given again. */
	CHECK_OK(know(one.pin, &who, &err), &err);
	CHECK(who.expires <= sp_now() + DAY);
	CHECK_OK(know(two.pin, &who, &err), &err);
	CHECK(sp_id_equal(&who.token, &x.id) && who.expires == two.until);
	CHECK_OK(rotate(&one, &second, &again, &err), &err);
	CHECK(memcmp(again.pin, two.pin, sizeof(two.pin)) == 0);
	/* But who has only the old one gets nothing new, and nobody goes back
	 * to it. */
	CHECK_REASON(rotate(&one, &thief, &again, &err), SP_E_CONFLICT,
	    "device.rotated", &err);
	CHECK_REASON(rotate(&two, &first, &again, &err), SP_E_CONFLICT,
	    "device.rotated", &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"device.rotated\"") == 1);
	/* The next rotation ends the first at once, not the second. */
	CHECK_OK(rotate(&two, &third, &three, &err), &err);
	CHECK_REASON(know(one.pin, &who, &err), SP_E_UNKNOWN,
	    "certificate.expired", &err);
	CHECK_OK(know(two.pin, &who, &err), &err);
	clock_at(DAY + SP_SECOND);
	CHECK_REASON(know(two.pin, &who, &err), SP_E_UNKNOWN,
	    "certificate.expired", &err);
	CHECK_OK(know(three.pin, &who, &err), &err);
	CHECK(memcmp(find(&x.id).pin, three.pin, sizeof(three.pin)) == 0);
	request_free(&first);
	request_free(&second);
	request_free(&third);
	request_free(&thief);
	close_agency();
}

/* ---- What is not good ---- */

static void
whose_certificate_is_not_known(void)
{
	struct adding x;
	struct request r = request(), next = request();
	struct machine_certificate c, other;
	struct gate_caller who = { .role = GATE_ROLE_COUNT };
	uint8_t pin[MACHINE_PIN_LEN];
	struct sp_err err;

	open_agency();
	x = add();
	CHECK_OK(enrol(x.code, &r, &c, &err), &err);
	for (size_t i = 0; i < sizeof(pin); i++) {
		memcpy(pin, c.pin, sizeof(pin));
		pin[i] ^= 1;
		CHECK_REASON(know(pin, &who, &err), SP_E_UNKNOWN,
		    "certificate.unknown", &err);
	}
	CHECK(who.role == GATE_ROLE_COUNT);
	/* A little ahead of us, and too far. */
	clock_at(-MACHINE_SKEW + 30 * SP_SECOND);
	CHECK_OK(know(c.pin, &who, &err), &err);
	clock_at(-MACHINE_SKEW - 30 * SP_SECOND);
	CHECK_REASON(
	    know(c.pin, &who, &err), SP_E_UNKNOWN, "certificate.early", &err);
	clock_at(0);
	CHECK_OK(take_away(&x.id, &err), &err);
	CHECK_REASON(
	    know(c.pin, &who, &err), SP_E_UNKNOWN, "certificate.unknown", &err);
	CHECK_CODE(rotate(&c, &next, &other, &err), SP_E_UNKNOWN, &err);
	CHECK_REASON(
	    take_away(&x.id, &err), SP_E_CONFLICT, "device.revoked", &err);
	CHECK(find(&x.id).state == MACHINE_REVOKED);
	x.id = sp_id_new();
	CHECK_REASON(
	    take_away(&x.id, &err), SP_E_NOTFOUND, "device.unknown", &err);
	CHECK(agency_fixture_count(&a, "\"act\":\"device.revoked\"") == 1);
	request_free(&r);
	request_free(&next);
	close_agency();
}

/* Revoked between the first look and the act. */
static void
an_expired_device_is_told(void)
{
	struct adding x;
	struct request r = request();
	struct machine_certificate c;
	struct gate_caller who;
	struct sp_err err;

	open_agency();
	x = adding();
	x.new.days = 1;
	CHECK_OK(ledger_writer_run(a.writer, add_act, &x, &err), &err);
	CHECK_OK(enrol(x.code, &r, &c, &err), &err);
	clock_at(3 * DAY);
	CHECK(find(&x.id).state == MACHINE_EXPIRED);
	CHECK_REASON(
	    know(c.pin, &who, &err), SP_E_UNKNOWN, "certificate.expired", &err);
	/* A clock that is set back makes it no better. */
	clock_at(0);
	CHECK_REASON(
	    know(c.pin, &who, &err), SP_E_UNKNOWN, "certificate.expired", &err);
	request_free(&r);
	close_agency();
}

static bool
is_one_of(const struct sp_id *id, const struct sp_id *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sp_id_equal(id, &all[i]))
			return true;
	return false;
}

static void
devices_are_listed_in_pages(void)
{
	struct machine_device d[4];
	struct sp_id after = { { 0 } }, first[10];
	struct sp_err err;
	size_t n, seen = 0;

	open_agency();
	for (size_t i = 0; i < SP_COUNTOF(first); i++)
		first[i] = add().id;
	do {
		DB_LENT(r, readers);

		CHECK_OK(
		    machine_device_list(r.db, &after, d, 4, &n, &err), &err);
		for (size_t i = 0; i < n; i++) {
			seen += is_one_of(&d[i].id, first, 10);
			CHECK(memcmp(after.b, d[i].id.b, SP_ID_LEN) < 0);
			after = d[i].id;
		}
	} while (n > 0);
	CHECK(seen == SP_COUNTOF(first));
	close_agency();
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a device enrols and is known",
		    a_device_enrols_and_is_known },
		{ "what a device is added with", what_a_device_is_added_with },
		{ "a bad request costs no code", a_bad_request_costs_no_code },
		{ "a code ends with whoever had it made",
		    a_code_ends_with_whoever_had_it_made },
		{ "one of many gets it", one_of_many_gets_it },
		{ "whose certificate is not known",
		    whose_certificate_is_not_known },
		{ "devices are listed in pages", devices_are_listed_in_pages },
		{ "a code works once", a_code_works_once },
		{ "rotation overlaps for a day", rotation_overlaps_for_a_day },
		{ "an expired device is told", an_expired_device_is_told },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
