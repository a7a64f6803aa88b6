#include "report/gather.h"

#include "evidence/item.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Indices of entries taken from the database at once. */
#define PAGE 256

enum report_paper
report_gather_paper(struct evidence_room *room)
{
	const struct people_agency *a = evidence_room_agency(room);

	return strcmp(a->geography, "us") == 0 ? REPORT_LETTER : REPORT_A4;
}

/* The log's entries about an item, up to the checkpoint. */
struct indices {
	uint64_t *at;
	size_t n;
};

static void
indices_free(struct indices *i)
{
	free(i->at);
}

/* A page of them from `from` on; a reader is held only for that. */
static enum sp_code
page(const struct report_order *o, const struct sp_id *id, uint64_t from,
    uint64_t index[static PAGE], size_t *n, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(o->room));

	SP_TRY(ledger_log_about(evidence_room_log(o->room), reader.db, id, from,
	    index, PAGE, n, err));
	while (*n > 0 && index[*n - 1] >= o->size)
		--*n;
	return SP_OK;
}

static enum sp_code
find(const struct report_order *o, const struct sp_id *id, struct indices *out,
    struct sp_err *err)
{
	uint64_t from = 0;
	size_t n = 0;

	do {
		uint64_t *grown;

		if (out->n > REPORT_ENTRIES_MAX)
			return sp_fail_as(err, SP_E_LIMIT, "report.entries",
			    "more than %d custody entries: too many for a "
			    "report",
			    REPORT_ENTRIES_MAX);
		grown = reallocarray(out->at, out->n + PAGE, sizeof(*grown));
		if (grown == NULL)
			return sp_fail(
			    err, SP_E_NOMEM, "no memory for a report");
		out->at = grown;
		SP_TRY(page(o, id, from, out->at + out->n, &n, err));
		if (n > 0)
			from = out->at[out->n + n - 1] + 1;
		out->n += n;
	} while (n > 0);
	return SP_OK;
}

/* --- what is handed over --- */

static void
put_head(const struct report_order *o, enum report_kind document,
    struct report_job *j)
{
	const struct people_agency *a = evidence_room_agency(o->room);
	SP_AUTO_BUF key = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_id by = gate_caller_actor(o->who, NULL);
	struct report_head h = {
		.document = document,
		.paper = o->paper,
		.made = o->made,
		.agency = a->name,
		.ori = a->ori,
		.state = a->state,
		.note = o->note,
		.by = &by,
		.role = gate_role_name(o->who->role),
		.bag = o->bag,
	};

	ledger_vkey_text(ledger_log_vkey(evidence_room_log(o->room)), &key);
	if (!sp_buf_ok(&key))
		sp_buf_poison(&j->out, key.bad);
	h.log_key = sp_buf_str(&key);
	report_wire_head(&j->out, &h);
}

static enum sp_code
put_entry(const struct report_order *o, uint64_t index, struct report_job *j,
    struct sp_err *err)
{
	SP_AUTO_BUF bytes = sp_buf_new(LEDGER_ENTRY_MAX);

	{
		DB_LENT(reader, evidence_room_readers(o->room));

		SP_TRY(ledger_log_entry(
		    evidence_room_log(o->room), reader.db, index, &bytes, err));
	}
	report_wire_entry(&j->out, index, bytes.at, bytes.len);
	return report_job_push(j, err);
}

/* What is told of an item, and where its entries are. */
struct known {
	struct sp_buf json;
	struct indices entries;
};

static void
known_done(struct known *k)
{
	sp_buf_free(&k->json);
	indices_free(&k->entries);
}
#define AUTO_KNOWN SP_CLEANUP(known_done) struct known

/* Names of so many actors at most: they share a frame with the item. */
#define ACTORS_MAX 2000

/* Who the actors were, by the agency's records, for its own people: a last
 * member of the item. */
static enum sp_code
know_actors(const struct report_order *o, struct known *k, struct sp_err *err)
{
	EVIDENCE_AUTO_ACTORS actors = { .n = 0 };
	SP_AUTO_BUF names = sp_buf_new((size_t)1 << 19);
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
	struct sp_json j = sp_json_to(&names);
	DB_LENT(reader, evidence_room_readers(o->room));

	if (o->who->via.kind != NULL)
		return SP_OK;
	for (size_t i = 0; i < k->entries.n && actors.n < ACTORS_MAX; i++) {
		sp_buf_clear(&entry);
		SP_TRY(ledger_log_entry(evidence_room_log(o->room), reader.db,
		    k->entries.at[i], &entry, err));
		SP_TRY(evidence_actors_take(&actors, sp_buf_str(&entry), err));
	}
	sp_json_object(&j, NULL);
	SP_TRY(evidence_actors_json(&actors, &j, reader.db, false, err));
	sp_json_end(&j);
	SP_TRY(sp_buf_check(&names, "names", err));
	/* {…,"title":…} and {"actors":…}: one object. */
	sp_buf_cut(&k->json, k->json.len - 1);
	sp_buf_text(&k->json, ",");
	sp_buf_text(&k->json, sp_buf_str(&names) + 1);
	return sp_buf_check(&k->json, "item", err);
}

static enum sp_code
know(const struct report_order *o, struct gate_pass *show,
    const struct sp_id *id, struct known *k, struct sp_err *err)
{
	k->json = sp_buf_new((size_t)1 << 20);
	SP_TRY(evidence_item_json(o->room, show, id, &k->json, err));
	SP_TRY(find(o, id, &k->entries, err));
	return know_actors(o, k, err);
}

static enum sp_code
put_item(const struct known *k, struct report_job *j, struct sp_err *err)
{
	report_wire_item(&j->out, k->entries.n, k->json.at, k->json.len);
	return report_job_push(j, err);
}

enum sp_code
report_gather_custody(const struct report_order *o, struct gate_pass *show,
    const struct sp_id *id, struct sp_buf *pdf, struct sp_err *err)
{
	AUTO_KNOWN k = { .entries = { .n = 0 } };
	REPORT_AUTO_JOB j = { .deadline = 0 };

	SP_TRY(know(o, show, id, &k, err));
	SP_TRY(report_job_begin(&j, o->press, err));
	put_head(o, REPORT_CUSTODY, &j);
	SP_TRY(put_item(&k, &j, err));
	for (size_t i = 0; i < k.entries.n; i++)
		SP_TRY(put_entry(o, k.entries.at[i], &j, err));
	return report_job_end(&j, pdf, err);
}

/* --- the certification --- */

static enum sp_code
sealing_of(const struct known *k, uint64_t *index, struct sp_err *err)
{
	json_error_t why;
	json_t *item =
	    json_loadb((const char *)k->json.at, k->json.len, 0, &why);
	json_int_t n = json_integer_value(json_object_get(item, "entry"));

	json_decref(item);
	if (item == NULL || n < 0)
		return sp_fail(err, SP_E_NOMEM, "no memory for a report");
	*index = (uint64_t)n;
	return SP_OK;
}

/* Of each the first entry, the one that sealed it, and the last. */
static enum sp_code
put_certified(const struct report_order *o, const struct known *k,
    struct report_job *j, struct sp_err *err)
{
	uint64_t sealing = 0;

	SP_TRY(sealing_of(k, &sealing, err));
	SP_TRY(put_item(k, j, err));
	for (size_t i = 0; i < k->entries.n; i++)
		if (i == 0 || i == k->entries.n - 1 ||
		    k->entries.at[i] == sealing)
			SP_TRY(put_entry(o, k->entries.at[i], j, err));
	return SP_OK;
}

enum sp_code
report_gather_certification(const struct report_order *o,
    struct gate_pass *show, const struct sp_id *const *id, size_t n,
    struct sp_buf *pdf, struct sp_err *err)
{
	REPORT_AUTO_JOB j = { .deadline = 0 };

	SP_REQUIRE(o->bag != NULL);
	SP_TRY(report_job_begin(&j, o->press, err));
	put_head(o, REPORT_CERTIFICATION, &j);
	for (size_t i = 0; i < n; i++) {
		AUTO_KNOWN k = { .entries = { .n = 0 } };

		SP_TRY(know(o, show, id[i], &k, err));
		SP_TRY(put_certified(o, &k, &j, err));
	}
	return report_job_end(&j, pdf, err);
}
