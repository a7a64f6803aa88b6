#include "machine/certificate.h"

#define AGENCY_FIXTURE_MORE                                                    \
	, machine_certificate_schema, machine_adder_schema,                    \
	    machine_adder_epoch_schema
#include "gate/agency_fixture.h"

#define DAY (86400 * SP_SECOND)

static struct agency_fixture a;
static struct db *db; /* to write with, beside the writer */
static struct sp_id device;

static void
run_sql(const char *text)
{
	const struct db_sql sql = { text };
	DB_STMT st = db_use(db, &sql);
	struct sp_err err;

	db_bind_blob(st, 1, device.b, SP_ID_LEN);
	CHECK_OK(db_run(st, NULL, &err), &err);
}

static void
open_agency(void)
{
	struct sp_err err;

	agency_fixture_open(&a, "example.org/a");
	CHECK_OK(db_open(&db, a.db_path, DB_WRITE, &err), &err);
	device = sp_id_new();
	run_sql("INSERT INTO device(id, label, days, created, code, code_ends)"
		" VALUES(?1, 'x', 90, 0, zeroblob(32), 0)");
}

static void
close_agency(void)
{
	db_close(db);
	agency_fixture_close(&a);
}

/* One for so many days from `from`, told apart by `mark`. */
static struct machine_certificate
made(uint8_t mark, sp_time from, sp_time until)
{
	struct crypto_leaf_key key = { { 0x30, 0x01, mark }, 3 };
	struct machine_certificate c = {
		.device = device,
		.from = from,
		.until = until,
	};
	const uint8_t der[] = { 0x30, 0x02, 0x00, mark };

	machine_certificate_set(&c, &key, der, sizeof(der));
	return c;
}

static void
pin(const struct machine_certificate *c, sp_time now)
{
	struct sp_err err;

	CHECK_OK(db_begin(db, &err), &err);
	CHECK_OK(machine_certificate_pin(db, c, now, &err), &err);
	CHECK_OK(db_commit(db, &err), &err);
}

static void
what_is_kept_is_found(void)
{
	struct machine_certificate c, got = { .len = 77 };
	const sp_time now = 100 * DAY;
	uint8_t other[32] = { 1 };
	struct sp_id nobody = sp_id_new();
	struct sp_err err;

	open_agency();
	CHECK_CODE(machine_certificate_newest(a.reader, &device, &got, &err),
	    SP_E_NOTFOUND, &err);
	c = made(1, now, now + 90 * DAY);
	pin(&c, now);
	CHECK_CODE(machine_certificate_by_pin(a.reader, other, &got, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(machine_certificate_by_key(
		       a.reader, &device, other, now, &got, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(machine_certificate_by_key(
		       a.reader, &nobody, c.key, now, &got, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(machine_certificate_by_key(
		       a.reader, &device, c.key, now + 90 * DAY, &got, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(got.len == 77);
	CHECK_OK(machine_certificate_by_pin(a.reader, c.pin, &got, &err), &err);
	CHECK(got.len == c.len && memcmp(got.der, c.der, c.len) == 0);
	CHECK(sp_id_equal(&got.device, &device) && !got.superseded);
	CHECK(got.from == c.from && got.until == c.until);
	CHECK_OK(machine_certificate_by_key(
		     a.reader, &device, c.key, now, &got, &err),
	    &err);
	CHECK(memcmp(got.pin, c.pin, sizeof(c.pin)) == 0);
	/* The same bytes are not pinned twice. */
	CHECK_OK(db_begin(db, &err), &err);
	CHECK_CODE(
	    machine_certificate_pin(db, &c, now, &err), SP_E_CONFLICT, &err);
	db_rollback(db);
	close_agency();
}

static sp_time
until(const struct machine_certificate *c)
{
	struct machine_certificate got;
	struct sp_err err;

	CHECK_OK(
	    machine_certificate_by_pin(a.reader, c->pin, &got, &err), &err);
	return got.until;
}

/* Property: after each rotation at most two are good, and none is good longer
 * than it was issued for. */
static void
at_most_two_are_good(void)
{
	struct machine_certificate c[8], newest;
	sp_time now = 1000 * DAY;
	struct sp_err err;

	open_agency();
	for (size_t i = 0; i < SP_COUNTOF(c); i++) {
		size_t good = 0;

		now += (sp_time)i * DAY / 4; /* within the overlap, and after */
		c[i] =
		    made((uint8_t)i, now, now + (i == 3 ? DAY / 8 : 9 * DAY));
		pin(&c[i], now);
		for (size_t k = 0; k <= i; k++) {
			CHECK(until(&c[k]) <= c[k].until);
			CHECK(k == i || until(&c[k]) <= now + MACHINE_OVERLAP);
			good += until(&c[k]) > now;
		}
		CHECK(good <= 2 && until(&c[i]) == c[i].until);
		CHECK_OK(machine_certificate_newest(
			     a.reader, &device, &newest, &err),
		    &err);
		CHECK(memcmp(newest.pin, c[i].pin, sizeof(newest.pin)) == 0);
	}
	close_agency();
}

static void
good_from_and_until(void)
{
	const sp_time now = sp_now(), minute = 60 * SP_SECOND;
	const struct {
		sp_time from, until;
		const char *why; /* NULL: good */
	} rows[] = {
		{ now - DAY, now + DAY, NULL },
		{ now, now + minute, NULL },
		{ now + 4 * minute, now + DAY, NULL },
		{ now + 6 * minute, now + DAY, "certificate.early" },
		{ now - DAY, now - 1, "certificate.expired" },
		{ now - DAY, now - minute, "certificate.expired" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct machine_certificate c =
		    made(1, rows[i].from, rows[i].until);
		struct sp_err err;
		enum sp_code code = machine_certificate_good(&c, now, &err);

		CHECK(code == (rows[i].why == NULL ? SP_OK : SP_E_UNKNOWN));
		CHECK(code == SP_OK || strcmp(err.reason, rows[i].why) == 0);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is kept is found", what_is_kept_is_found },
		{ "at most two are good", at_most_two_are_good },
		{ "good from and until", good_from_and_until },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
