#ifndef EVIDENCE_ITEM_H
#define EVIDENCE_ITEM_H

#include "base/json.h"
#include "evidence/room.h"

/*
 * Evidence items: what is known of an original.
 *
 * Metadata comes with the upload (tus Upload-Metadata); every value is UTF-8
 * without control characters and within its limit:
 *
 *   filename 255 bytes, no '/' and not "." or ".." (default "unnamed")
 *   filetype 127 (RFC 9110 media type, its parameters are dropped;
 *   application/octet-stream when absent)
 *   title 200 · category 64 of a-z 0-9 _ - (default "uncategorized")
 *   captured_at RFC 3339 · device 100 · sha256 64 hex digits (declared)
 *   anything else: a name of 1-40 of A-Z a-z 0-9 _ . - and at most 1,000
 *   bytes; at most 20 of those; they are kept as they came.
 */
#define EVIDENCE_FILENAME_MAX 255
#define EVIDENCE_MEDIA_MAX    127
#define EVIDENCE_TITLE_MAX    200
#define EVIDENCE_CATEGORY_MAX 64
#define EVIDENCE_DEVICE_MAX   100
#define EVIDENCE_EXTRA_MAX    20
#define EVIDENCE_EXTRA_VALUE  1000
#define EVIDENCE_EXTRA_NAME   40

struct evidence_meta {
	char filename[EVIDENCE_FILENAME_MAX + 1];
	char media_type[EVIDENCE_MEDIA_MAX + 1];
	char title[EVIDENCE_TITLE_MAX + 1]; /* "" when absent */
	char category[EVIDENCE_CATEGORY_MAX + 1];
	char device[EVIDENCE_DEVICE_MAX + 1];
	char captured_at[40]; /* as given; "" when absent */
	bool has_sha256;
	uint8_t sha256[CRYPTO_SHA256_LEN]; /* as declared */
	size_t extras;
	char extra_name[EVIDENCE_EXTRA_MAX][EVIDENCE_EXTRA_NAME + 1];
	char *extra_value[EVIDENCE_EXTRA_MAX];
	struct sp_buf extra; /* all of them, canonical JSON; by _check */
};

/* Start empty; evidence_meta_done frees. */
void evidence_meta_init(struct evidence_meta *m);
void evidence_meta_done(struct evidence_meta *m);
/* One member; SP_E_INVALID / SP_E_LIMIT name the field and the rule. */
enum sp_code evidence_meta_set(struct evidence_meta *m, const char *name,
    const void *value, size_t len, struct sp_err *err) SP_MUST_USE;
/* All are in: defaults are filled, extras put in order. */
enum sp_code evidence_meta_check(
    struct evidence_meta *m, struct sp_err *err) SP_MUST_USE;

#define EVIDENCE_STATES(X)                                                     \
	X(EVIDENCE_SEALED, "sealed")                                           \
	X(EVIDENCE_CORRUPT, "corrupt") /* its object failed its own check */

enum evidence_state {
#define X(id, name) id,
	EVIDENCE_STATES(X)
#undef X
	    EVIDENCE_STATE_COUNT
};
const char *evidence_state_name(enum evidence_state s);

/* Something happened to an item: tell those who listen. */
void evidence_item_tell(
    struct evidence_room *r, enum events_kind kind, const struct sp_id *id);

/* Is there such an item in this agency? */
enum sp_code evidence_item_is(struct evidence_room *r, const struct sp_id *id,
    bool *there, struct sp_err *err) SP_MUST_USE;
/* One item as JSON (docs/api.md, Evidence): what …/evidence/{id} answers.  A
 * guest is not told which other items have the same content. */
enum sp_code evidence_item_json(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
/* A page, newest first: {"items":[...],"next":"<cursor>"|null}.  `cursor` is
 * the last page's next or NULL; n 1..EVIDENCE_LIST_MAX. */
#define EVIDENCE_LIST_MAX     1000
#define EVIDENCE_CUSTODY_PAGE 500
struct evidence_list {
	const char *cursor;
	size_t n;
	const char *sha256;   /* hex, or NULL: any */
	const char *category; /* or NULL */
	/* Only the items that this share names (then sha256 and category are
	 * not asked), or NULL. */
	const struct sp_id *share;
};
enum sp_code evidence_item_list(struct evidence_room *r, struct gate_pass *pass,
    const struct evidence_list *q, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

/* The receipt: the tlog-proof that covers its sealing, the proven entry's
 * bytes, and {"entry","id","sha256","size","state"}: what it is for, as it
 * stands.  The pass is for GATE_SHOW of the item, or for GATE_UPLOAD of it by
 * whoever brought it in, who needs no clearance to hear that it arrived. */
enum sp_code evidence_item_receipt(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code evidence_item_receipt_entry(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
enum sp_code evidence_item_receipt_json(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;
/* By which of the two this caller is to ask for a pass: GATE_UPLOAD when the
 * gate would not show them the item, and they, or another credential of the
 * same person's, brought it in. */
enum sp_code evidence_item_receipt_act(struct evidence_room *r,
    const struct gate_caller *who, const struct sp_id *id, enum gate_act *out,
    struct sp_err *err) SP_MUST_USE;

/* The actors of entries, and what this agency's database calls them: rows, not
 * the ledger's.  Not for whoever comes by a share or a grant. */
struct evidence_actors {
	struct evidence_actor {
		struct sp_id id;
		size_t kind;
	} * at; /* owned */
	size_t n, room;
};
void evidence_actors_done(struct evidence_actors *a);
#define EVIDENCE_AUTO_ACTORS                                                   \
	SP_CLEANUP(evidence_actors_done) struct evidence_actors
/* The actor of one more entry (its bytes, ended by NUL). */
enum sp_code evidence_actors_take(struct evidence_actors *a, const char *entry,
    struct sp_err *err) SP_MUST_USE;
/* The member "actors": {"<id>":"name",…}; with `kinds`
 * {"<id>":{"kind":"person","name":"…"},…}.  Who is not found is left out. */
enum sp_code evidence_actors_json(struct evidence_actors *a, struct sp_json *j,
    struct db *db, bool kinds, struct sp_err *err) SP_MUST_USE;
/* Its story: {"actors":{…},"events":[{"entry":{...},"index":n},...],
 * "evidence":id,"next":n|null}; `from` is the last page's next, 0 at first. */
enum sp_code evidence_item_custody(struct evidence_room *r,
    struct gate_pass *pass, const struct sp_id *id, uint64_t from,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

#endif
