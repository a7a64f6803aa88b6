#include "client/receipt.h"

#include "ledger/entry.h"

#include <inttypes.h>
#include <string.h>

struct receipt
client_receipt_new(void)
{
	return (struct receipt){
		.proof = sp_buf_new((size_t)2 * LEDGER_NOTE_MAX),
		.entry = sp_buf_new(LEDGER_ENTRY_MAX),
	};
}

void
client_receipt_done(struct receipt *r)
{
	sp_buf_free(&r->proof);
	sp_buf_free(&r->entry);
}

static const char *
text_in(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s == NULL ? "" : s;
}

/* The proven entry: does it say that this item was sealed, and what of it? */
static enum sp_code
read_entry(struct receipt *r, const char *id, struct sp_err *err)
{
	SITE_AUTO_JSON entry = NULL;

	if (client_site_json_parse(&r->entry, &entry, err) != SP_OK)
		return sp_fail(
		    err, SP_E_CORRUPT, "the receipt proves no proper entry");
	const json_t *object = json_object_get(entry, "object");
	const json_t *detail = json_object_get(entry, "detail");
	const char *sha256 = text_in(detail, "sha256");

	if (strcmp(text_in(entry, "act"), "evidence.sealed") != 0 ||
	    strcmp(text_in(object, "kind"), "evidence") != 0 ||
	    strcmp(text_in(object, "id"), id) != 0)
		return sp_fail(err, SP_E_CORRUPT,
		    "the receipt is for something other than %.40s", id);
	if (strlen(sha256) != sizeof(r->sha256) - 1 ||
	    client_site_json_number(detail, "size", &r->size, err) != SP_OK)
		return sp_fail(err, SP_E_CORRUPT,
		    "the receipt does not say which bytes it is for");
	memcpy(r->sha256, sha256, sizeof(r->sha256));
	return SP_OK;
}

enum sp_code
client_receipt_check(struct receipt *r, const struct log_memory *memory,
    const char *id, struct sp_err *err)
{
	SP_TRY(ledger_proof_check(&memory->key, sp_buf_str(&r->proof),
	    r->proof.len, sp_buf_str(&r->entry), r->entry.len, &r->index,
	    &r->at, err));
	SP_TRY(client_log_memory_compare(memory, &r->at, err));
	return read_entry(r, id, err);
}

enum sp_code
client_receipt_fetch(struct receipt *out, struct site_client *c,
    struct log_memory *memory, const char *id, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(512);

	SP_TRY(client_log_memory_key(memory, c, NULL, err));
	SP_TRY(client_site_path(c, &path, err, "evidence/%s/receipt", id));
	SP_TRY(client_site_get(c, sp_buf_str(&path), &out->proof, err));
	SP_TRY(
	    client_site_path(c, &path, err, "evidence/%s/receipt/entry", id));
	SP_TRY(client_site_get(c, sp_buf_str(&path), &out->entry, err));
	return client_receipt_check(out, memory, id, err);
}

enum sp_code
client_receipt_covers(const struct receipt *r, const char *sha256,
    uint64_t size, struct sp_err *err)
{
	if (strcmp(r->sha256, sha256) != 0 || r->size != size)
		return sp_fail(err, SP_E_CORRUPT,
		    "the receipt (entry %" PRIu64 ") is for other bytes: "
		    "%.16s..., %" PRIu64 " bytes",
		    r->index, r->sha256, r->size);
	return SP_OK;
}

json_t *
client_receipt_json(const struct receipt *r)
{
	return json_pack("{s:I, s:s, s:I}", "index", (json_int_t)r->index,
	    "log", r->at.origin, "log_size", (json_int_t)r->at.size);
}

const char *
client_receipt_note(const struct receipt *r)
{
	/* ledger_proof_check found it there: a proof's first empty line. */
	const char *gap = memmem(r->proof.at, r->proof.len, "\n\n", 2);

	SP_REQUIRE(gap != NULL);
	return gap + 2;
}
