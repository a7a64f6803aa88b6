#include "api/people.h"

#include "api/people_part.h"
#include "base/encode.h"
#include "evidence/object.h"
#include "roster/apply.h"
#include "roster/export.h"
#include "roster/report.h"
#include "roster/table.h"

#include <stdlib.h>
#include <string.h>

/*
 * The personnel file as CSV.  A file may hold SSNs: from the connection to the
 * cell it stays in buffers that are wiped.
 */

/* --- In --- */

struct taking {
	struct http_request *q; /* borrowed; outlives the sink */
	struct sp_buf csv;
	bool apply;
	uint8_t hash[CRYPTO_SHA256_LEN];
};

static void
taking_free(struct taking *t)
{
	sp_buf_free(&t->csv);
	free(t);
}

static enum sp_code
take_write(void *self, const void *bytes, size_t len, struct sp_err *err)
{
	struct taking *t = self;

	sp_buf_add(&t->csv, bytes, len);
	if (sp_buf_ok(&t->csv))
		return SP_OK;
	return sp_fail_as(err, SP_E_LIMIT, "http.size",
	    "a roster has at most %zu bytes", ROSTER_FILE_MAX);
}

static enum sp_code
report(struct taking *t, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);
	ROSTER_AUTO r = NULL;

	{
		DB_LENT(reader, evidence_room_readers(t->q->room));

		SP_TRY(roster_read(&r, reader.db, api_people_rules(t->q),
		    (struct crypto_piece){ t->csv.at, t->csv.len }, sp_now(),
		    err));
	}
	roster_json(&j, NULL, r);
	return http_json_answer(a, &out, "the report", err);
}

static void
counts_json(struct sp_buf *out, const struct roster_counts *c)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	sp_json_int(&j, "adds", (int64_t)c->adds);
	sp_json_int(&j, "changes", (int64_t)c->changes);
	sp_json_int(&j, "missing", (int64_t)c->missing);
	sp_json_int(&j, "records", (int64_t)c->records);
	sp_json_int(&j, "rows", (int64_t)c->rows);
	sp_json_int(&j, "same", (int64_t)c->same);
	sp_json_int(&j, "sealed", (int64_t)c->sealed);
	sp_json_end(&j);
}

/* --- May it all be? --- */

struct admitting {
	struct http_request *q;
	struct db *db;
	/* Acts that the gate has been asked for, of others and of oneself. */
	unsigned asked[GATE_DUTY_COUNT];
	/* The first line that may not be. */
	size_t row;
	struct sp_id person;
	enum gate_act act;
	enum gate_duty duty;
	bool denied, machine;
};

/* What the gate would be asked, without asking it: it waits for the writer, and
 * a reader is lent here.  Only the first denial goes before it. */
static bool
may(struct admitting *m, enum gate_act act, enum gate_duty duty)
{
	struct gate_facts f = gate_caller_facts(&m->q->who, act);

	f.duty = duty;
	gate_facts_here(evidence_room_gate(m->q->room), &f);
	return gate_decide(&f).permit;
}

static bool
is_new(struct admitting *m, unsigned bit, enum gate_duty duty)
{
	bool asked = (m->asked[duty] & bit) != 0;

	m->asked[duty] |= bit;
	return !asked;
}

static enum sp_code
judge_wish(void *arg, const struct roster_wish *w, struct sp_err *err)
{
	const unsigned changes = 1U << ROSTER_ADDS | 1U << ROSTER_CHANGES |
	    1U << ROSTER_PLACES | 1U << ROSTER_SHUTS;
	struct admitting *m = arg;
	enum gate_duty duty = GATE_DUTY_OTHER;

	if (m->denied)
		return SP_OK;
	m->row = w->row;
	m->person = w->person;
	if (!sp_id_is_zero(&w->person))
		SP_TRY(gate_caller_duty(m->db, &m->q->who, GATE_PERSON_IMPORT,
		    &w->person, &duty, err));
	m->duty = duty;
	for (unsigned i = 0; i < ROSTER_ACT_COUNT; i++) {
		const char *name = roster_act_name((enum roster_act)i);

		if ((w->acts & 1U << i) == 0 || !is_new(m, 1U << i, duty))
			continue;
		SP_REQUIRE(gate_act_parse(name, &m->act));
		m->denied = !may(m, m->act, duty);
		if (m->denied)
			return SP_OK;
	}
	m->denied = m->machine = w->leads && (w->acts & changes) != 0 &&
	    gate_caller_leads(&m->q->who, true, NULL) != SP_OK;
	return SP_OK;
}

/* The gate says it itself, so that the denial is in the ledger. */
static enum sp_code
refuse(struct admitting *m, struct sp_err *err)
{
	struct gate_facts facts = gate_caller_facts(&m->q->who, m->act);
	struct gate_request rq = {
		.who = &m->q->who,
		.act = m->act,
		.on = { .kind = "person", .id = m->person },
		.facts = &facts,
	};
	GATE_AUTO_PASS pass = NULL;
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	facts.duty = m->duty;
	code = m->machine
	    ? gate_caller_leads(&m->q->who, true, &why)
	    : gate_admit_with(evidence_room_gate(m->q->room), &rq, &pass, &why);
	SP_REQUIRE(code != SP_OK);
	return sp_fail_as(err, code, why.reason,
	    "row %zu: nothing of the file is done: %s", m->row, why.text);
}

/* A file is let do nothing that its sender may not do one at a time.  It is the
 * very report that is applied: the act compares the hash again. */
static enum sp_code
admit_all(struct taking *t, const struct roster_apply *p, struct sp_err *err)
{
	struct admitting m = { .q = t->q };

	{
		DB_LENT(reader, evidence_room_readers(t->q->room));
		ROSTER_AUTO r = NULL;

		m.db = reader.db;
		SP_TRY(
		    roster_read(&r, reader.db, p->rules, p->csv, p->now, err));
		SP_TRY(roster_agree(r, p->hash, err));
		SP_TRY(roster_each(r, judge_wish, &m, err));
	}
	return m.denied ? refuse(&m, err) : SP_OK;
}

/* --- Doing it --- */

static enum sp_code
apply_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct roster_apply *p = arg;
	struct db *db = ledger_tx_db(tx);
	struct gate_administrators before;

	SP_TRY(api_people_count(db, p->rules, &before, err));
	SP_TRY(roster_apply(tx, p, err));
	return api_people_kept(db, p->rules, &before, err);
}

/* The agency's key is asked for only by a file that has something to seal. */
static enum sp_code
apply(struct taking *t, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(512);
	CRYPTO_AUTO_SECRET dek = NULL;
	struct roster_apply p = {
		.by = gate_caller_by(&t->q->who),
		.rules = api_people_rules(t->q),
		.now = sp_now(),
		.csv = { t->csv.at, t->csv.len },
	};
	struct ledger_writer *w = evidence_room_writer(t->q->room);
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	memcpy(p.hash, t->hash, sizeof(p.hash));
	SP_TRY(admit_all(t, &p, err));
	code = ledger_writer_run(w, apply_run, &p, &why);
	if (code != SP_OK && why.reason != NULL &&
	    strcmp(why.reason, "roster.key") == 0) {
		SP_TRY(evidence_object_agency_key(t->q->room, &dek, err));
		p.dek = dek;
		code = ledger_writer_run(w, apply_run, &p, &why);
	}
	if (code != SP_OK)
		return sp_fail_as(err, code, why.reason, "%s", why.text);
	counts_json(&out, &p.done);
	return http_json_answer(a, &out, "counts", err);
}

static enum sp_code
take_end(void *self, bool whole, struct http_answer *a, struct sp_err *err)
{
	struct taking *t = self;
	enum sp_code code = SP_OK;

	if (whole)
		code = t->apply ? apply(t, a, err) : report(t, a, err);
	taking_free(t);
	return code;
}

static const struct http_sink take_sink = {
	.write = take_write,
	.end = take_end,
};

static enum sp_code
take_up(struct http_request *q, struct taking **out, struct sp_err *err)
{
	struct taking *t;

	SP_TRY(api_people_admit(q, GATE_PERSON_IMPORT, NULL, err));
	if (!http_request_is(q, "text/csv"))
		return sp_fail_as(
		    err, SP_E_INVALID, "http.media", "the body is text/csv");
	if (q->content != HTTP_SIZE_UNKNOWN && q->content > ROSTER_FILE_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "http.size",
		    "a roster has at most %zu bytes", ROSTER_FILE_MAX);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a roster");
	t->q = q;
	t->csv = sp_buf_secret(ROSTER_FILE_MAX);
	*out = t;
	return SP_OK;
}

static enum sp_code
report_roster(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct taking *t = NULL;

	(void)a;
	SP_TRY(take_up(q, &t, err));
	q->sink = &take_sink;
	q->sink_self = t;
	return SP_OK;
}

static enum sp_code
apply_roster(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	const char *hex = http_request_query(q, "hash");
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct taking *t = NULL;

	(void)a;
	if (hex == NULL || strlen(hex) != 2 * sizeof(hash) ||
	    !sp_hex_parse(hex, strlen(hex), hash, sizeof(hash)))
		return sp_fail(err, SP_E_INVALID,
		    "hash: of the report that was read, 64 hex digits");
	SP_TRY(take_up(q, &t, err));
	t->apply = true;
	memcpy(t->hash, hash, sizeof(hash));
	q->sink = &take_sink;
	q->sink_self = t;
	return SP_OK;
}

/* --- Out --- */

/* "personnel.exported" is in the ledger before anything is read. */
static enum sp_code
admit_export(struct http_request *q, struct sp_err *err)
{
	const struct gate_object on = {
		.kind = "agency",
		.id = evidence_room_agency(q->room)->id,
	};
	GATE_AUTO_PASS pass = NULL;

	return gate_admit(evidence_room_gate(q->room), &q->who,
	    GATE_PERSONNEL_EXPORT, &on, &pass, err);
}

static enum sp_code
export_csv(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);

	SP_TRY(admit_export(q, err));
	{
		DB_LENT(reader, evidence_room_readers(q->room));

		SP_TRY(roster_csv(
		    &out, reader.db, api_people_rules(q), sp_now(), err));
	}
	SP_TRY(sp_buf_check(&out, "the roster", err));
	http_answer_take(a, "text/csv; charset=utf-8; header=present", &out);
	http_answer_fmt(a, "Content-Disposition",
	    "attachment; filename=\"personnel-%s.csv\"",
	    evidence_room_agency(q->room)->slug);
	return SP_OK;
}

static enum sp_code
export_json(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	SP_AUTO_BUF out = sp_buf_new(HTTP_BODY_MAX);
	struct sp_json j = sp_json_to(&out);

	SP_TRY(admit_export(q, err));
	DB_LENT(reader, evidence_room_readers(q->room));
	SP_TRY(roster_export_json(
	    &j, NULL, reader.db, api_people_rules(q), sp_now(), err));
	return http_json_answer(a, &out, "the roster", err);
}

/* --- The routes --- */

#define ROSTER HTTP_AGENCY "roster"
#define CSV    "text/csv"

static const struct http_input apply_input[] = {
	{ "query", "hash", HTTP_STRING, true,
	    "\"hash\" of the report that was read." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_POST,
	    .path = ROSTER "/report",
	    .id = "reportRoster",
	    .summary = "What a personnel file (CSV) would do; nothing is done",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_IMPORT,
	    .kind = "person",
	    .takes = HTTP_TAKES_BYTES,
	    .takes_schema = CSV,
	    .success = { { 200, "The report", HTTP_JSON, "RosterReport",
		NULL } },
	    .problems = "413 415",
	    .handle = report_roster,
	},
	{
	    .method = HTTP_POST,
	    .path = ROSTER "/apply",
	    .id = "applyRoster",
	    .summary = "Do exactly what the report of this hash says, or "
		       "nothing",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSON_IMPORT,
	    .kind = "person",
	    .takes = HTTP_TAKES_BYTES,
	    .takes_schema = CSV,
	    HTTP_INPUT(apply_input),
	    .success = { { 200, "What was done", HTTP_JSON, "RosterCounts",
		NULL } },
	    .problems = "409 413 415 507",
	    .handle = apply_roster,
	},
	{
	    .method = HTTP_GET,
	    .path = ROSTER ".csv",
	    .id = "exportRoster",
	    .summary = "The personnel file for the CSO; recorded in the "
		       "ledger first",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSONNEL_EXPORT,
	    .kind = "agency",
	    .success = { { 200, "The file", CSV, NULL,
		"Content-Disposition" } },
	    .problems = "507",
	    .handle = export_csv,
	},
	{
	    .method = HTTP_GET,
	    .path = ROSTER ".json",
	    .id = "exportRosterJson",
	    .summary = "The same as JSON",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_PERSONNEL_EXPORT,
	    .kind = "agency",
	    .success = { { 200, "The file", HTTP_JSON, "RosterExport", NULL } },
	    .problems = "507",
	    .handle = export_json,
	},
};

static const struct http_schema schemas[] = {
	{ "RosterCounts",
	    "{\"properties\":{\"adds\":" HTTP_INTEGER
	    ",\"changes\":" HTTP_INTEGER ",\"missing\":" HTTP_INTEGER
	    ",\"records\":" HTTP_INTEGER ",\"rows\":" HTTP_INTEGER
	    ",\"same\":" HTTP_INTEGER ",\"sealed\":" HTTP_INTEGER
	    "},\"type\":\"object\"}" },
	{ "RosterExport",
	    "{\"properties\":{\"agreements\":{\"items\":{\"type\":\"object\"},"
	    "\"type\":\"array\"},\"at\":" HTTP_TIME
	    ",\"persons\":{\"items\":{\"type\":\"object\"},\"type\":"
	    "\"array\"},\"policy\":" HTTP_STRING ",\"state\":" HTTP_STRING
	    "},\"required\":[\"persons\"],\"type\":\"object\"}" },
	{ "RosterReport",
	    "{\"properties\":{\"acts\":{\"items\":" HTTP_STRING
	    ",\"type\":\"array\"},\"adds\":" HTTP_INTEGER
	    ",\"changes\":" HTTP_INTEGER ",\"conflicts\":" HTTP_INTEGER
	    ",\"errors\":" HTTP_INTEGER ",\"hash\":" HTTP_STRING
	    ",\"missing\":" HTTP_INTEGER ",\"records\":" HTTP_INTEGER
	    ",\"report\":{\"items\":{\"type\":\"object\"},\"type\":\"array\"}"
	    ",\"rows\":" HTTP_INTEGER ",\"same\":" HTTP_INTEGER
	    ",\"sealed\":" HTTP_INTEGER ",\"sha256\":" HTTP_STRING
	    "},\"required\":[\"hash\",\"report\"],\"type\":\"object\"}" },
};

const struct http_topic api_people_roster_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
