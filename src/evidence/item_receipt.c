#include "base/json.h"
#include "evidence/item.h"
#include "gate/token.h"

/*
 * The receipt of an item: what was sealed, and the proof of it.  It is for
 * whoever sees the item, and for whoever brought it in: a camera is cleared,
 * and an officer may put the card away, once it is proven that what was on it
 * is safe, whatever else they may not see any more.
 */

static const struct db_sql item_sealed = {
	"SELECT entry, uploaded_by, sha256, size, state FROM evidence"
	" WHERE id = ?1",
};

struct sealed {
	uint64_t entry;
	struct sp_id by;
	uint8_t sha256[CRYPTO_SHA256_LEN];
	int64_t size;
	char state[16];
};

static enum sp_code
find(struct db *db, const struct sp_id *id, struct sealed *out,
    struct sp_err *err)
{
	DB_STMT st = db_use(db, &item_sealed);
	struct sealed s;
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return sp_fail_as(err, SP_E_NOTFOUND, "evidence.unknown",
		    "there is no such evidence");
	s.entry = (uint64_t)db_col_i64(st, 0);
	SP_TRY(db_col_bytes(st, 1, s.by.b, SP_ID_LEN, err));
	SP_TRY(db_col_bytes(st, 2, s.sha256, sizeof(s.sha256), err));
	s.size = db_col_i64(st, 3);
	(void)snprintf(s.state, sizeof(s.state), "%s", db_col_text(st, 4));
	*out = s;
	return SP_OK;
}

/* By this very credential, or by another of the same person's. */
static enum sp_code
is_theirs(struct db *db, const struct gate_caller *who, const struct sp_id *by,
    bool *out, struct sp_err *err)
{
	const struct sp_id actor = gate_caller_actor(who, NULL);
	struct sp_id owner;
	enum sp_code code;

	*out = who->via.kind == NULL && sp_id_equal(by, &actor);
	if (*out || who->via.kind != NULL || sp_id_is_zero(&who->person))
		return SP_OK;
	if (sp_id_equal(by, &who->person)) {
		*out = true;
		return SP_OK;
	}
	code = gate_token_owner(db, by, &owner, err);
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	*out = sp_id_equal(&owner, &who->person);
	return SP_OK;
}

enum sp_code
evidence_item_receipt_act(struct evidence_room *r,
    const struct gate_caller *who, const struct sp_id *id, enum gate_act *out,
    struct sp_err *err)
{
	struct gate_facts show = gate_caller_facts(who, GATE_SHOW);
	struct sealed s;
	bool theirs = false;
	enum sp_code code;

	*out = GATE_SHOW;
	gate_facts_here(evidence_room_gate(r), &show);
	if (gate_decide(&show).permit)
		return SP_OK;
	DB_LENT(reader, evidence_room_readers(r));
	/* Who may not see it is not told whether there is such an item. */
	code = find(reader.db, id, &s, err);
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	SP_TRY(is_theirs(reader.db, who, &s.by, &theirs, err));
	if (theirs)
		*out = GATE_UPLOAD;
	return SP_OK;
}

/* The item that this pass is for; one of whoever brought it in is no pass for
 * another's.  (One handle a thread: this one is back before the log is asked.)
 */
static enum sp_code
open_with(struct evidence_room *r, const struct gate_pass *pass,
    const struct sp_id *id, struct sealed *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	bool theirs = true;

	if (gate_pass_act(pass) == GATE_UPLOAD) {
		gate_pass_require(pass, GATE_UPLOAD, id);
		SP_TRY(find(reader.db, id, out, err));
		SP_TRY(is_theirs(
		    reader.db, gate_pass_caller(pass), &out->by, &theirs, err));
		SP_REQUIRE(theirs);
		return SP_OK;
	}
	gate_pass_require(pass, GATE_SHOW, id);
	return find(reader.db, id, out, err);
}

enum sp_code
evidence_item_receipt(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err)
{
	struct sealed s;

	SP_TRY(open_with(r, pass, id, &s, err));
	return ledger_log_proof(evidence_room_log(r), s.entry, out, err);
}

enum sp_code
evidence_item_receipt_entry(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err)
{
	struct sealed s;

	SP_TRY(open_with(r, pass, id, &s, err));
	DB_LENT(reader, evidence_room_readers(r));
	return ledger_log_entry(
	    evidence_room_log(r), reader.db, s.entry, out, err);
}

enum sp_code
evidence_item_receipt_json(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err)
{
	struct sp_json j = sp_json_to(out);
	char text[SP_ID_TEXT];
	struct sealed s;

	SP_TRY(open_with(r, pass, id, &s, err));
	sp_id_text(id, text);
	sp_json_object(&j, NULL);
	sp_json_int(&j, "entry", (int64_t)s.entry);
	sp_json_str(&j, "id", text);
	sp_json_hex(&j, "sha256", s.sha256, sizeof(s.sha256));
	sp_json_int(&j, "size", s.size);
	sp_json_str(&j, "state", s.state);
	sp_json_end(&j);
	return sp_buf_check(out, "what the receipt is for", err);
}
