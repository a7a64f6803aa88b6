#include "evidence/item.h"

#include "base/encode.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- Metadata ---- */

struct text_rule {
	const char *name;
	size_t at;  /* offset in struct evidence_meta */
	size_t max; /* bytes */
	bool (*fits)(const char *s, size_t len);
	const char *rule;
};

static bool
all_of(const char *s, size_t len, const char *set)
{
	return strspn(s, set) == len;
}

static bool
fits_filename(const char *s, size_t len)
{
	return len > 0 && memchr(s, '/', len) == NULL && strcmp(s, ".") != 0 &&
	    strcmp(s, "..") != 0;
}

/* Its length without parameters: a browser's recorder says
 * "video/webm;codecs=vp9". */
static size_t
media_type_len(const char *s, size_t len)
{
	const char *end = memchr(s, ';', len);

	if (end == NULL)
		return len;
	len = (size_t)(end - s);
	while (len > 0 && s[len - 1] == ' ')
		len--;
	return len;
}

/* type "/" subtype of RFC 9110 8.3.1. */
static bool
fits_media_type(const char *s, size_t len)
{
	static const char token[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "!#$%&'*+-.^_`|~";
	const char *slash = strchr(s, '/');

	return slash != NULL && slash > s && slash[1] != '\0' &&
	    all_of(s, (size_t)(slash - s), token) &&
	    all_of(slash + 1, len - (size_t)(slash - s) - 1, token);
}

static bool
fits_category(const char *s, size_t len)
{
	return len > 0 &&
	    all_of(s, len, "abcdefghijklmnopqrstuvwxyz0123456789_-");
}

/* Wider than our own names: what common tus clients add (Uppy's relativePath)
 * must not cost the upload. */
static bool
fits_extra_name(const char *s, size_t len)
{
	return len > 0 && len <= EVIDENCE_EXTRA_NAME &&
	    all_of(s, len,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-");
}

static bool
fits_time(const char *s, size_t len)
{
	sp_time t;

	return sp_time_parse(s, len, &t);
}

static bool
fits_any(const char *s, size_t len)
{
	(void)s; /* control characters are refused for all */
	return len > 0;
}

#define FIELD(f) offsetof(struct evidence_meta, f)
static const struct text_rule rules[] = {
	{ "filename", FIELD(filename), EVIDENCE_FILENAME_MAX, fits_filename,
	    "a file name without '/'" },
	{ "filetype", FIELD(media_type), EVIDENCE_MEDIA_MAX, fits_media_type,
	    "a media type like video/mp4" },
	{ "title", FIELD(title), EVIDENCE_TITLE_MAX, fits_any, "text" },
	{ "category", FIELD(category), EVIDENCE_CATEGORY_MAX, fits_category,
	    "of a-z 0-9 _ -" },
	{ "device", FIELD(device), EVIDENCE_DEVICE_MAX, fits_any, "text" },
	{ "captured_at", FIELD(captured_at), 39, fits_time,
	    "an RFC 3339 time" },
};

void
evidence_meta_init(struct evidence_meta *m)
{
	*m = (struct evidence_meta){
		.extra = sp_buf_new((size_t)EVIDENCE_EXTRA_MAX *
		    (6 * EVIDENCE_EXTRA_VALUE + 64)),
	};
}

void
evidence_meta_done(struct evidence_meta *m)
{
	for (size_t i = 0; i < m->extras; i++)
		free(m->extra_value[i]);
	m->extras = 0;
	sp_buf_free(&m->extra);
}

static bool
plain_text(const char *s, size_t len)
{
	if (!sp_utf8_ok(s, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

static enum sp_code
set_text(struct evidence_meta *m, const struct text_rule *rule, const char *s,
    size_t len, struct sp_err *err)
{
	char *to = (char *)m + rule->at;

	if (len > rule->max)
		return sp_fail_as(err, SP_E_LIMIT, "metadata",
		    "%s has %zu bytes, its limit is %zu", rule->name, len,
		    rule->max);
	if (to[0] != '\0')
		return sp_fail_as(err, SP_E_INVALID, "metadata",
		    "%s is there twice", rule->name);
	if (len == 0)
		return SP_OK; /* as if it were absent */
	memcpy(to, s, len);
	to[len] = '\0';
	if (!plain_text(s, len) || !rule->fits(to, len)) {
		to[0] = '\0';
		return sp_fail_as(err, SP_E_INVALID, "metadata",
		    "%s must be %s, in UTF-8 without control characters",
		    rule->name, rule->rule);
	}
	return SP_OK;
}

static enum sp_code
set_sha256(
    struct evidence_meta *m, const char *s, size_t len, struct sp_err *err)
{
	if (m->has_sha256)
		return sp_fail_as(
		    err, SP_E_INVALID, "metadata", "sha256 is there twice");
	if (!sp_hex_parse(s, len, m->sha256, CRYPTO_SHA256_LEN))
		return sp_fail_as(err, SP_E_INVALID, "metadata",
		    "sha256 must be 64 hexadecimal digits");
	m->has_sha256 = true;
	return SP_OK;
}

static enum sp_code
set_extra(struct evidence_meta *m, const char *name, const char *s, size_t len,
    struct sp_err *err)
{
	size_t name_len = strlen(name);

	if (!fits_extra_name(name, name_len))
		return sp_fail_as(err, SP_E_INVALID, "metadata",
		    "a key of metadata must be 1 to %d of A-Z a-z 0-9 _ . -",
		    EVIDENCE_EXTRA_NAME);
	if (m->extras == EVIDENCE_EXTRA_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "metadata",
		    "there are more than %d further values",
		    EVIDENCE_EXTRA_MAX);
	if (len > EVIDENCE_EXTRA_VALUE)
		return sp_fail_as(err, SP_E_LIMIT, "metadata",
		    "%s has %zu bytes, its limit is %d", name, len,
		    EVIDENCE_EXTRA_VALUE);
	if (!plain_text(s, len))
		return sp_fail_as(err, SP_E_INVALID, "metadata",
		    "%s must be UTF-8 without control characters", name);
	for (size_t i = 0; i < m->extras; i++)
		if (strcmp(m->extra_name[i], name) == 0)
			return sp_fail_as(err, SP_E_INVALID, "metadata",
			    "%s is there twice", name);
	m->extra_value[m->extras] = strndup(s, len);
	if (m->extra_value[m->extras] == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for metadata");
	memcpy(m->extra_name[m->extras], name, name_len + 1);
	m->extras++;
	return SP_OK;
}

enum sp_code
evidence_meta_set(struct evidence_meta *m, const char *name, const void *value,
    size_t len, struct sp_err *err)
{
	/* An empty value may come without bytes. */
	const char *s = len == 0 ? "" : value;

	if (strcmp(name, "filetype") == 0)
		len = media_type_len(s, len);
	for (size_t i = 0; i < SP_COUNTOF(rules); i++)
		if (strcmp(name, rules[i].name) == 0)
			return set_text(m, &rules[i], s, len, err);
	if (strcmp(name, "sha256") == 0)
		return set_sha256(m, s, len, err);
	return set_extra(m, name, s, len, err);
}

static void
write_extras(struct evidence_meta *m)
{
	struct sp_json j = sp_json_to(&m->extra);
	const char *last = "";

	sp_buf_clear(&m->extra);
	sp_json_object(&j, NULL);
	for (size_t n = 0; n < m->extras; n++) {
		size_t next = SIZE_MAX;

		for (size_t i = 0; i < m->extras; i++)
			if (strcmp(m->extra_name[i], last) > 0 &&
			    (next == SIZE_MAX ||
				strcmp(m->extra_name[i], m->extra_name[next]) <
				    0))
				next = i;
		SP_REQUIRE(next < m->extras);
		last = m->extra_name[next];
		sp_json_str(&j, last, m->extra_value[next]);
	}
	sp_json_end(&j);
}

enum sp_code
evidence_meta_check(struct evidence_meta *m, struct sp_err *err)
{
	static const char unnamed[] = "unnamed";
	static const char any[] = "application/octet-stream";
	static const char none[] = "uncategorized";

	if (m->filename[0] == '\0')
		memcpy(m->filename, unnamed, sizeof(unnamed));
	if (m->media_type[0] == '\0')
		memcpy(m->media_type, any, sizeof(any));
	if (m->category[0] == '\0')
		memcpy(m->category, none, sizeof(none));
	write_extras(m);
	return sp_buf_check(&m->extra, "metadata", err);
}

/* ---- Items ---- */

static const char *const state_names[] = {
#define X(id, name) [id] = (name),
	EVIDENCE_STATES(X)
#undef X
};

const char *
evidence_state_name(enum evidence_state s)
{
	SP_REQUIRE((size_t)s < SP_COUNTOF(state_names));
	return state_names[s];
}

/* Of a page: what comes after so much is for the next one. */
#define LIST_BYTES ((size_t)4 << 20)

#define ITEM_COLUMNS                                                           \
	"id, size, sha256, filename, media_type, title, category, device,"     \
	" captured_at, extra, received, entry, uploaded_by, state,"            \
	" (SELECT CASE m.state WHEN 'unreadable' THEN 'unreadable: ' ||"       \
	" m.reason ELSE m.state END FROM media m"                              \
	" WHERE m.evidence = evidence.id)"
/* Column numbers of ITEM_COLUMNS. */
enum {
	ITEM_ID,
	ITEM_SIZE,
	ITEM_SHA256,
	ITEM_FILENAME,
	ITEM_MEDIA_TYPE,
	ITEM_TITLE,
	ITEM_CATEGORY,
	ITEM_DEVICE,
	ITEM_CAPTURED_AT,
	ITEM_EXTRA,
	ITEM_RECEIVED,
	ITEM_ENTRY,
	ITEM_UPLOADED_BY,
	ITEM_STATE,
	ITEM_MEDIA_STATE,
};

static const struct db_sql item_by_id = {
	"SELECT " ITEM_COLUMNS " FROM evidence WHERE id = ?1",
};
static const struct db_sql item_uploader = {
	"SELECT uploaded_by FROM evidence WHERE id = ?1",
};
/* Newest first; each with the index that serves it. */
static const struct db_sql items = {
	"SELECT " ITEM_COLUMNS " FROM evidence WHERE id < ?1"
	" ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql items_of_category = {
	"SELECT " ITEM_COLUMNS " FROM evidence WHERE id < ?1"
	" AND category = ?3 ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql items_of_sha256 = {
	"SELECT " ITEM_COLUMNS " FROM evidence WHERE id < ?1"
	" AND sha256 = ?4 AND (?3 IS NULL OR category = ?3)"
	" ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql items_of_share = {
	"SELECT " ITEM_COLUMNS " FROM evidence WHERE id < ?1"
	" AND id IN (SELECT evidence FROM share_item WHERE share = ?5)"
	" ORDER BY id DESC LIMIT ?2",
};
static const struct db_sql same_content = {
	"SELECT id FROM evidence WHERE sha256 = ?1 AND id <> ?2"
	" ORDER BY id LIMIT 100",
};
static const struct db_sql item_entry = {
	"SELECT entry FROM evidence WHERE id = ?1",
};

static enum sp_code
no_item(struct sp_err *err)
{
	return sp_fail_as(err, SP_E_NOTFOUND, "evidence.unknown",
	    "there is no such evidence");
}

static void
json_optional(
    struct sp_json *j, const char *name, struct db_stmt *st, int column)
{
	if (db_col_null(st, column))
		sp_json_null(j, name);
	else
		sp_json_str(j, name, db_col_text(st, column));
}

static enum sp_code
json_id(struct sp_json *j, const char *name, struct db_stmt *st, int column,
    struct sp_err *err)
{
	char text[SP_ID_TEXT];
	struct sp_id id;

	SP_TRY(db_col_bytes(st, column, id.b, SP_ID_LEN, err));
	sp_id_text(&id, text);
	sp_json_str(j, name, text);
	return SP_OK;
}

/* Came in by a share or a lockbox grant. */
static bool
is_guest(const struct gate_pass *pass)
{
	return gate_pass_caller(pass)->via.kind != NULL;
}

/* Items with the same content know of each other. */
static enum sp_code
json_same(
    struct sp_json *j, struct db *db, struct db_stmt *item, struct sp_err *err)
{
	DB_STMT st = db_use(db, &same_content);
	size_t id_len, sum_len;
	const void *id = db_col_blob(item, ITEM_ID, &id_len);
	const void *sum = db_col_blob(item, ITEM_SHA256, &sum_len);
	bool found;

	db_bind_blob(st, 1, sum, sum_len);
	db_bind_blob(st, 2, id, id_len);
	sp_json_array(j, "same_content");
	for (;;) {
		SP_TRY(db_row(st, &found, err));
		if (!found)
			break;
		SP_TRY(json_id(j, NULL, st, 0, err));
	}
	sp_json_end(j);
	return SP_OK;
}

static enum sp_code
json_item(struct sp_json *j, struct db *db, struct db_stmt *st, bool guest,
    struct sp_err *err)
{
	char received[SP_TIME_TEXT];
	uint8_t sum[CRYPTO_SHA256_LEN];

	SP_TRY(db_col_bytes(st, ITEM_SHA256, sum, sizeof(sum), err));
	sp_time_text(db_col_i64(st, ITEM_RECEIVED), received);
	sp_json_object(j, NULL);
	json_optional(j, "captured_at", st, ITEM_CAPTURED_AT);
	sp_json_str(j, "category", db_col_text(st, ITEM_CATEGORY));
	json_optional(j, "device", st, ITEM_DEVICE);
	sp_json_int(j, "entry", db_col_i64(st, ITEM_ENTRY));
	sp_json_raw(j, "extra", db_col_text(st, ITEM_EXTRA));
	sp_json_str(j, "filename", db_col_text(st, ITEM_FILENAME));
	SP_TRY(json_id(j, "id", st, ITEM_ID, err));
	sp_json_str(j, "media_state", db_col_text(st, ITEM_MEDIA_STATE));
	sp_json_str(j, "media_type", db_col_text(st, ITEM_MEDIA_TYPE));
	sp_json_str(j, "received_at", received);
	if (guest) {
		sp_json_array(j, "same_content");
		sp_json_end(j);
	} else {
		SP_TRY(json_same(j, db, st, err));
	}
	sp_json_hex(j, "sha256", sum, sizeof(sum));
	sp_json_int(j, "size", db_col_i64(st, ITEM_SIZE));
	sp_json_str(j, "state", db_col_text(st, ITEM_STATE));
	json_optional(j, "title", st, ITEM_TITLE);
	SP_TRY(json_id(j, "uploaded_by", st, ITEM_UPLOADED_BY, err));
	sp_json_end(j);
	return SP_OK;
}

enum sp_code
evidence_item_json(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &item_by_id);
	struct sp_json j = sp_json_to(out);
	bool found;

	gate_pass_require(pass, GATE_SHOW, id);
	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	if (!found)
		return no_item(err);
	SP_TRY(json_item(&j, reader.db, st, is_guest(pass), err));
	return sp_buf_check(out, "evidence", err);
}

static enum sp_code
uploader(struct evidence_room *r, const struct sp_id *id, struct sp_id *out,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &item_uploader);
	bool found;

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	SP_TRY(db_row(st, &found, err));
	return found ? db_col_bytes(st, 0, out->b, SP_ID_LEN, err)
		     : no_item(err);
}

void
evidence_item_tell(
    struct evidence_room *r, enum events_kind kind, const struct sp_id *id)
{
	struct events_event e = { .kind = kind, .object = *id };

	/* Without knowing whose it is those still hear of it who may list. */
	SP_IGNORE(uploader(r, id, &e.by, NULL));
	events_hub_tell(evidence_room_events(r), &e);
}

/* ---- Lists ---- */

struct list_query {
	struct sp_id before;
	bool by_sha256;
	uint8_t sha256[CRYPTO_SHA256_LEN];
};

static enum sp_code
list_parse(
    const struct evidence_list *q, struct list_query *out, struct sp_err *err)
{
	if (q->n == 0 || q->n > EVIDENCE_LIST_MAX)
		return sp_fail_as(err, SP_E_INVALID, "query",
		    "limit must be 1 to %d", EVIDENCE_LIST_MAX);
	memset(out->before.b, 0xff, SP_ID_LEN);
	if (q->cursor != NULL &&
	    !sp_id_parse(q->cursor, strlen(q->cursor), &out->before))
		return sp_fail_as(err, SP_E_INVALID, "query",
		    "cursor is not one that a page before gave");
	out->by_sha256 = q->sha256 != NULL;
	if (out->by_sha256 &&
	    !sp_hex_parse(
		q->sha256, strlen(q->sha256), out->sha256, CRYPTO_SHA256_LEN))
		return sp_fail_as(err, SP_E_INVALID, "query",
		    "sha256 must be 64 hexadecimal digits");
	return SP_OK;
}

struct list_page {
	struct sp_json *json;
	struct db *db;
	struct db_stmt *st;
	size_t n, most;
	struct sp_id last; /* of the items so far */
	bool found;        /* there is one more */
	bool guest;        /* for one */
};

/* A page is full with `most` items, or with fewer that are large. */
static bool
list_full(const struct list_page *p)
{
	return p->n == p->most || (p->n > 0 && p->json->out->len > LIST_BYTES);
}

static enum sp_code
list_item(struct list_page *p, struct sp_err *err)
{
	p->n++;
	SP_TRY(db_col_bytes(p->st, ITEM_ID, p->last.b, SP_ID_LEN, err));
	SP_TRY(json_item(p->json, p->db, p->st, p->guest, err));
	return db_row(p->st, &p->found, err);
}

static enum sp_code
list_items(struct list_page *p, struct sp_err *err)
{
	SP_TRY(db_row(p->st, &p->found, err));
	while (p->found && !list_full(p))
		SP_TRY(list_item(p, err));
	return SP_OK;
}

static const struct db_sql *
list_sql(const struct evidence_list *q, const struct list_query *query)
{
	if (q->share != NULL)
		return &items_of_share;
	if (query->by_sha256)
		return &items_of_sha256;
	return q->category != NULL ? &items_of_category : &items;
}

enum sp_code
evidence_item_list(struct evidence_room *r, struct gate_pass *pass,
    const struct evidence_list *q, struct sp_buf *out, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	struct list_query query;
	const struct db_sql *sql;
	struct sp_json j = sp_json_to(out);
	char next[SP_ID_TEXT];
	struct list_page page = {
		.json = &j,
		.db = reader.db,
		.most = q->n,
		.guest = is_guest(pass),
	};

	gate_pass_require(pass, GATE_LIST, NULL);
	SP_TRY(list_parse(q, &query, err));
	sql = list_sql(q, &query);
	DB_STMT st = db_use(reader.db, sql);
	db_bind_blob(st, 1, query.before.b, SP_ID_LEN);
	db_bind_u64(st, 2, q->n + 1);
	if (sql == &items_of_category || sql == &items_of_sha256)
		db_bind_text(st, 3, q->category);
	if (sql == &items_of_sha256)
		db_bind_blob(st, 4, query.sha256, CRYPTO_SHA256_LEN);
	if (sql == &items_of_share)
		db_bind_blob(st, 5, q->share->b, SP_ID_LEN);
	sp_json_object(&j, NULL);
	sp_json_array(&j, "items");
	page.st = st;
	SP_TRY(list_items(&page, err));
	sp_json_end(&j);
	sp_id_text(&page.last, next);
	if (page.found)
		sp_json_str(&j, "next", next);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return sp_buf_check(out, "the list", err);
}

/* ---- Custody ---- */

enum sp_code
evidence_item_is(struct evidence_room *r, const struct sp_id *id, bool *there,
    struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, &item_entry);

	db_bind_blob(st, 1, id->b, SP_ID_LEN);
	return db_row(st, there, err);
}

/* One page of the story, as it is written. */
struct story {
	struct evidence_room *r;
	struct db *db;
	struct evidence_actors actors;
	bool named; /* the reader may know who the actors are */
};

static enum sp_code
json_event(
    struct story *s, uint64_t index, struct sp_json *j, struct sp_err *err)
{
	SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);

	SP_TRY(ledger_log_entry(
	    evidence_room_log(s->r), s->db, index, &entry, err));
	if (s->named)
		SP_TRY(
		    evidence_actors_take(&s->actors, sp_buf_str(&entry), err));
	sp_json_object(j, NULL);
	sp_json_raw(j, "entry", sp_buf_str(&entry));
	sp_json_int(j, "index", (int64_t)index);
	sp_json_end(j);
	return SP_OK;
}

static void
story_done(struct story *s)
{
	evidence_actors_done(&s->actors);
}

/* A JSON array of its own, since the actors stand before it. */
static enum sp_code
json_events(struct story *s, const uint64_t *index, size_t n,
    struct sp_buf *out, struct sp_err *err)
{
	struct sp_json j = sp_json_to(out);

	sp_json_array(&j, NULL);
	for (size_t i = 0; i < n; i++)
		SP_TRY(json_event(s, index[i], &j, err));
	sp_json_end(&j);
	return sp_buf_check(out, "custody", err);
}

enum sp_code
evidence_item_custody(struct evidence_room *r, struct gate_pass *pass,
    const struct sp_id *id, uint64_t from, struct sp_buf *out,
    struct sp_err *err)
{
	uint64_t index[EVIDENCE_CUSTODY_PAGE + 1];
	SP_AUTO_BUF events = sp_buf_new(out->max);
	SP_CLEANUP(story_done)
	struct story s = {
		.r = r,
		.named = gate_pass_caller(pass)->via.kind == NULL,
	};
	struct sp_json j = sp_json_to(out);
	char text[SP_ID_TEXT];
	size_t n, page;
	bool there;

	gate_pass_require(pass, GATE_CUSTODY, id);
	SP_TRY(evidence_item_is(r, id, &there, err));
	if (!there)
		return no_item(err);
	/* One handle a thread: who held two could wait for itself. */
	DB_LENT(reader, evidence_room_readers(r));
	s.db = reader.db;
	SP_TRY(ledger_log_about(evidence_room_log(r), reader.db, id, from,
	    index, SP_COUNTOF(index), &n, err));
	page = n > EVIDENCE_CUSTODY_PAGE ? EVIDENCE_CUSTODY_PAGE : n;
	SP_TRY(json_events(&s, index, page, &events, err));
	sp_id_text(id, text);
	sp_json_object(&j, NULL);
	SP_TRY(evidence_actors_json(&s.actors, &j, reader.db, true, err));
	sp_json_raw(&j, "events", sp_buf_str(&events));
	sp_json_str(&j, "evidence", text);
	if (n > EVIDENCE_CUSTODY_PAGE)
		sp_json_int(&j, "next", (int64_t)index[EVIDENCE_CUSTODY_PAGE]);
	else
		sp_json_null(&j, "next");
	sp_json_end(&j);
	return sp_buf_check(out, "custody", err);
}
