#ifndef MACHINE_FIXTURE_H
#define MACHINE_FIXTURE_H

#include "gate/agency_fixture.h"
#include "machine/service.h"

/* An agency with the tables of machines, and a clock that can be set; the
 * linker puts these in place of base's (meson.build). */
sp_time __real_sp_now(void);
sp_time __wrap_sp_now(void);
int64_t __real_sp_ticks(void);
int64_t __wrap_sp_ticks(void);

static _Atomic sp_time clock_ahead;

sp_time
__wrap_sp_now(void)
{
	return __real_sp_now() + clock_ahead;
}

int64_t
__wrap_sp_ticks(void)
{
	return __real_sp_ticks() + clock_ahead;
}

#define MINUTE (60 * SP_SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static inline void
machine_fixture_open(struct agency_fixture *a)
{
	struct sp_err err;
	struct db *db = NULL;
	static const char *const script[] = { ledger_log_schema,
		gate_token_schema, gate_once_schema, people_person_schema,
		people_record_schema, people_paper_schema, people_hand_schema,
		gate_token_person_schema, gate_token_issuer_schema,
		gate_token_good_schema, gate_recovery_schema,
		gate_recovery_settled_schema, gate_token_pace_schema,
		gate_token_paces_schema, machine_service_schema,
		machine_issuer_schema };

	agency_fixture_open(a, "evidence.example/miami");
	CHECK_OK(db_open(&db, a->db_path, DB_WRITE, &err), &err);
	CHECK_OK(db_migrate(db, script, SP_COUNTOF(script), &err), &err);
	db_close(db);
}

struct service_fixture {
	struct gate_caller by;
	struct machine_service_new new;
	struct sp_id id;
	sp_time overlap;
	char secret[GATE_TEXT_MAX];
};

static inline enum sp_code
service_add_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct service_fixture *s = arg;

	return machine_service_add(tx, &s->by, &s->new, &s->id, s->secret, err);
}

static inline enum sp_code
service_rotate_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct service_fixture *s = arg;

	return machine_service_rotate(
	    tx, &s->by, &s->id, s->overlap, s->secret, err);
}

static inline enum sp_code
service_revoke_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct service_fixture *s = arg;

	return machine_service_revoke(tx, &s->by, &s->id, err);
}

static inline struct service_fixture
service_fixture_new(
    struct agency_fixture *a, const char *scope, const char *ranges)
{
	struct service_fixture s = {
		.by = agency_fixture_caller(a, GATE_ADMINISTRATOR),
		.new = { .label = "the records system",
		    .expires = sp_now() + 30 * DAY },
	};
	struct sp_err err;

	CHECK_OK(machine_scope_parse(scope, &s.new.scope, &err), &err);
	CHECK_OK(machine_ranges_parse(ranges, &s.new.ranges, &err), &err);
	return s;
}

static inline struct service_fixture
service_fixture(struct agency_fixture *a, const char *scope, const char *ranges)
{
	struct service_fixture s = service_fixture_new(a, scope, ranges);
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, service_add_act, &s, &err), &err);
	return s;
}

#endif
