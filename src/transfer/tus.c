#include "transfer/tus.h"

#include "base/encode.h"
#include "base/parse.h"
#include "evidence/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOCKED_TRIES 50 /* a second */

/* --- What comes in header fields --- */

/* A key of Upload-Metadata ends before its space, or before the comma. */
struct pair {
	const char *key;
	size_t key_len;
	const char *value; /* base64; NULL: left out */
	size_t value_len;
};

static bool
key_ok(const struct pair *p)
{
	for (size_t i = 0; i < p->key_len; i++)
		if (p->key[i] <= ' ' || p->key[i] >= 0x7f)
			return false;
	return p->key_len > 0;
}

/* The pair at `s`, which ends at a comma or at the end. */
static enum sp_code
pair_at(const char *s, struct pair *p, struct sp_err *err)
{
	size_t len = strcspn(s, ",");
	const char *space = memchr(s, ' ', len);

	p->key = s;
	p->key_len = space == NULL ? len : (size_t)(space - s);
	p->value = space == NULL ? NULL : space + 1;
	p->value_len = space == NULL ? 0 : len - p->key_len - 1;
	if (!key_ok(p))
		return sp_fail(err, SP_E_INVALID,
		    "Upload-Metadata: a key is printable ASCII without space "
		    "and comma");
	return SP_OK;
}

/* The names seen, to refuse one that comes twice. */
struct keys {
	size_t n;
	struct pair pair[TRANSFER_TUS_KEYS_MAX];
};

static enum sp_code
add_key(struct keys *k, const struct pair *p, struct sp_err *err)
{
	if (k->n == TRANSFER_TUS_KEYS_MAX)
		return sp_fail(err, SP_E_LIMIT,
		    "Upload-Metadata: at most %d keys", TRANSFER_TUS_KEYS_MAX);
	for (size_t i = 0; i < k->n; i++)
		if (k->pair[i].key_len == p->key_len &&
		    memcmp(k->pair[i].key, p->key, p->key_len) == 0)
			return sp_fail(err, SP_E_INVALID,
			    "Upload-Metadata: a key comes twice");
	k->pair[k->n++] = *p;
	return SP_OK;
}

typedef enum sp_code (*visit_pair)(void *arg, const char *name,
    const void *value, size_t len, struct sp_err *err);

static enum sp_code
tell_pair(const struct pair *p, visit_pair visit, void *arg, struct sp_err *err)
{
	char name[64] = "";
	uint8_t value[TRANSFER_TUS_VALUE_MAX];
	size_t len = sizeof(value);

	if (p->key_len >= sizeof(name))
		return sp_fail(err, SP_E_LIMIT,
		    "Upload-Metadata: a key has less than %zu characters",
		    sizeof(name));
	memcpy(name, p->key, p->key_len);
	if (p->value_len > SP_BASE64_LEN(sizeof(value)))
		return sp_fail(err, SP_E_LIMIT,
		    "Upload-Metadata: %s: at most %zu bytes", name,
		    sizeof(value));
	if (!sp_base64_parse(
		p->value == NULL ? "" : p->value, p->value_len, value, &len))
		return sp_fail(
		    err, SP_E_INVALID, "Upload-Metadata: %s: not base64", name);
	return visit(arg, name, value, len, err);
}

enum sp_code
transfer_tus_metadata(
    const char *s, visit_pair visit, void *arg, struct sp_err *err)
{
	struct keys keys = { .n = 0 };

	if (*s == '\0')
		return SP_OK;
	for (;;) {
		struct pair p;

		SP_TRY(pair_at(s, &p, err));
		SP_TRY(add_key(&keys, &p, err));
		SP_TRY(tell_pair(&p, visit, arg, err));
		s += strcspn(s, ",");
		if (*s == '\0')
			return SP_OK;
		s++;
	}
}

enum sp_code
transfer_tus_checksum(const char *s, enum crypto_digest_kind *kind,
    uint8_t sum[static CRYPTO_DIGEST_MAX], struct sp_err *err)
{
	const char *space = strchr(s, ' ');
	uint8_t bytes[CRYPTO_DIGEST_MAX];
	size_t len = sizeof(bytes);
	enum crypto_digest_kind k;

	if (space == NULL || !crypto_digest_parse(s, (size_t)(space - s), &k) ||
	    (k != CRYPTO_SHA1 && k != CRYPTO_SHA256))
		return sp_fail(err, SP_E_INVALID,
		    "Upload-Checksum: one of %s and a base64 digest",
		    TRANSFER_TUS_CHECKSUMS);
	if (!sp_base64_parse(space + 1, strlen(space + 1), bytes, &len) ||
	    len != crypto_digest_len(k))
		return sp_fail(err, SP_E_INVALID,
		    "Upload-Checksum: not the base64 of a %s digest",
		    crypto_digest_name(k));
	*kind = k;
	memcpy(sum, bytes, len);
	return SP_OK;
}

/* The id of the upload that a URL of `len` bytes names. */
static bool
part_id(const char *url, size_t len, const char *slug, struct sp_id *out)
{
	char text[256];
	static const struct http_topic *const topic = &transfer_tus_topic;
	static const struct http_routes own = { &topic, 1 };
	struct http_match m;
	struct sp_err err;
	const char *id;

	if (len >= sizeof(text))
		return false;
	memcpy(text, url, len);
	text[len] = '\0';
	/* It is echoed, and a tab is no part of a URL. */
	if (strchr(text, '\t') != NULL)
		return false;
	/* Of these routes, only those of an upload take a PATCH. */
	if (http_router_match(&m, &own, HTTP_PATCH, text, &err) != SP_OK ||
	    strcmp(http_match_param(&m, "agency"), slug) != 0)
		return false;
	id = http_match_param(&m, "id");
	return sp_id_parse(id, strlen(id), out);
}

enum sp_code
transfer_tus_parts(const char *s, const char *slug, struct sp_id *part,
    size_t max, size_t *n, struct sp_err *err)
{
	size_t got = 0;

	if (strncmp(s, "final;", 6) != 0)
		return sp_fail(err, SP_E_INVALID,
		    "Upload-Concat: \"partial\", or \"final;\" and URLs");
	s += 6;
	for (;;) {
		size_t len = strcspn(s, " ");

		if (got == max)
			return sp_fail(err, SP_E_LIMIT,
			    "Upload-Concat: at most %zu parts", max);
		if (!part_id(s, len, slug, &part[got]))
			return sp_fail(err, SP_E_INVALID,
			    "Upload-Concat: part %zu is no upload of this "
			    "agency",
			    got + 1);
		got++;
		s += len;
		if (*s == '\0')
			break;
		s++;
	}
	*n = got;
	return SP_OK;
}

/* --- Answers --- */

static void
set_location(
    struct http_request *q, struct http_answer *a, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	http_answer_fmt(a, "Location", "/v1/agencies/%s/uploads/%s",
	    http_match_param(&q->match, "agency"), text);
}

/* Offset, expiry, and what it became. */
static void
set_state(struct http_answer *a, const struct evidence_upload *u)
{
	char text[SP_ID_TEXT], date[30];

	http_answer_fmt(a, "Upload-Offset", "%ju", (uintmax_t)u->offset);
	if (u->expires != 0) {
		sp_time_http(u->expires, date);
		http_answer_set(a, "Upload-Expires", date);
	}
	if (u->done && !u->partial) {
		sp_id_text(&u->id, text);
		http_answer_set(a, "Sallyport-Evidence", text);
	}
}

static enum sp_code
describe_uploads(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	(void)err;
	a->status = 204;
	http_answer_set(a, "Tus-Version", HTTP_TUS_VERSION);
	http_answer_set(a, "Tus-Extension", TRANSFER_TUS_EXTENSIONS);
	http_answer_set(a, "Tus-Checksum-Algorithm", TRANSFER_TUS_CHECKSUMS);
	http_answer_fmt(
	    a, "Tus-Max-Size", "%ju", (uintmax_t)q->house->upload_max);
	return SP_OK;
}

/* A client whose connection broke asks again at once, while the session of
 * that connection is still putting away what came: give it a moment. */
static bool
worth_another_try(enum sp_code code, unsigned *tries)
{
	const struct timespec nap = { .tv_nsec = 20L * 1000 * 1000 };

	if (code != SP_E_LOCKED || ++*tries > LOCKED_TRIES)
		return false;
	(void)nanosleep(&nap, NULL);
	return true;
}

static enum sp_code
show_upload(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	EVIDENCE_AUTO_UPLOAD u = { .offset = 0 };
	unsigned tries = 0;
	enum sp_code code;

	do
		code = evidence_upload_find(q->room, q->pass, &q->id, &u, err);
	while (worth_another_try(code, &tries));
	if (code != SP_OK)
		return code;
	set_state(a, &u);
	if (u.length == EVIDENCE_LENGTH_UNKNOWN)
		http_answer_set(a, "Upload-Defer-Length", "1");
	else
		http_answer_fmt(a, "Upload-Length", "%ju", (uintmax_t)u.length);
	if (u.metadata.len > 0)
		http_answer_set(a, "Upload-Metadata", sp_buf_str(&u.metadata));
	if (u.concat.len > 0)
		http_answer_set(a, "Upload-Concat", sp_buf_str(&u.concat));
	return SP_OK;
}

static enum sp_code
end_upload(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	unsigned tries = 0;
	enum sp_code code;

	a->status = 204;
	do
		code = evidence_upload_remove(q->room, q->pass, &q->id, err);
	while (worth_another_try(code, &tries));
	return code;
}

/* --- Bodies --- */

struct taking {
	struct http_request *q; /* borrowed; outlives the sink */
	struct evidence_session *session;
	struct sp_id id;
	bool created; /* with the upload: Location, 201 */
	bool keep;    /* what is created, also when its body fails */
};

static enum sp_code
take_write(void *self, const void *bytes, size_t len, struct sp_err *err)
{
	struct taking *t = self;

	return evidence_session_write(t->session, bytes, len, err);
}

/* A creation that failed with its body: nobody learns the upload's URL, so
 * nobody could go on with it, or end it; unless it has an Idempotency-Key, by
 * which its client asks again. */
static void
take_back(const struct taking *t)
{
	if (!t->created || t->keep)
		return;
	/* Where this fails, too, it expires. */
	SP_IGNORE(evidence_upload_remove(t->q->room, t->q->pass, &t->id, NULL));
}

static enum sp_code
take_end(void *self, bool whole, struct http_answer *a, struct sp_err *err)
{
	struct taking *t = self;
	EVIDENCE_AUTO_UPLOAD u = { .offset = 0 };
	enum sp_code code = evidence_session_end(t->session, whole, &u, err);

	if (code != SP_OK || !whole)
		take_back(t);
	if (code == SP_OK && whole) {
		a->status = t->created ? 201 : 204;
		if (t->created)
			set_location(t->q, a, &t->id);
		set_state(a, &u);
	}
	free(t);
	return code;
}

static const struct http_sink take_sink = {
	.write = take_write,
	.end = take_end,
};

static enum sp_code
read_patch(struct http_request *q, struct evidence_patch *p, struct sp_err *err)
{
	const char *sum = q->field[HTTP_F_UPLOAD_CHECKSUM];

	if (!http_request_is(q, "application/offset+octet-stream"))
		return sp_fail_as(err, SP_E_INVALID, "http.media",
		    "the body is application/offset+octet-stream");
	p->content = q->content == HTTP_SIZE_UNKNOWN ? EVIDENCE_LENGTH_UNKNOWN
						     : q->content;
	p->cut = q->cut;
	p->cut_arg = q->cut_arg;
	if (sum == NULL)
		return SP_OK;
	p->checked = true;
	return transfer_tus_checksum(sum, &p->kind, p->sum, err);
}

/* Take up the body of q: from now on its bytes go to the session. */
static enum sp_code
take_up(struct http_request *q, const struct sp_id *id,
    const struct evidence_patch *p, bool created, struct sp_err *err)
{
	struct taking *t = calloc(1, sizeof(*t));
	enum sp_code code;

	if (t == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for an upload");
	t->q = q;
	t->id = *id;
	t->created = created;
	t->keep = q->field[HTTP_F_ONCE] != NULL;
	code =
	    evidence_session_begin(&t->session, q->room, q->pass, id, p, err);
	if (code != SP_OK) {
		take_back(t);
		free(t);
		return code;
	}
	q->sink = &take_sink;
	q->sink_self = t;
	return SP_OK;
}

/* An upload that takes no more bytes refuses them, but a wrong offset is told
 * first (core, PATCH); a final one is 403 whatever the offset (concatenation).
 */
static enum sp_code
closed(struct http_request *q, uint64_t offset, struct sp_err *err)
{
	EVIDENCE_AUTO_UPLOAD u = { .offset = 0 };

	if (evidence_upload_find(q->room, q->pass, &q->id, &u, NULL) != SP_OK ||
	    u.final || u.offset == offset)
		return SP_E_DENIED;
	return sp_fail_as(err, SP_E_CONFLICT, "upload.offset",
	    "Upload-Offset is %ju, the upload is at %ju and takes no more",
	    (uintmax_t)offset, (uintmax_t)u.offset);
}

static enum sp_code
continue_upload(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct evidence_patch p = { .length = EVIDENCE_LENGTH_UNKNOWN };
	enum sp_code code;

	(void)a; /* by take_end */
	SP_TRY(read_patch(q, &p, err));
	if (q->field[HTTP_F_UPLOAD_OFFSET] == NULL)
		return sp_fail(err, SP_E_INVALID, "Upload-Offset is missing");
	SP_TRY(http_request_u64(
	    q, HTTP_F_UPLOAD_OFFSET, INT64_MAX, &p.offset, err));
	SP_TRY(http_request_u64(
	    q, HTTP_F_UPLOAD_LENGTH, INT64_MAX, &p.length, err));
	code = take_up(q, &q->id, &p, false, err);
	return code == SP_E_DENIED ? closed(q, p.offset, err) : code;
}

/* --- Creation --- */

static enum sp_code
meta_pair(void *arg, const char *name, const void *value, size_t len,
    struct sp_err *err)
{
	return evidence_meta_set(arg, name, value, len, err);
}

/* The metadata of what is to be evidence; that of a partial upload is only
 * kept to be echoed. */
static enum sp_code
ignore_pair(void *arg, const char *name, const void *value, size_t len,
    struct sp_err *err)
{
	(void)arg;
	(void)name;
	(void)value;
	(void)len;
	(void)err;
	return SP_OK;
}

static enum sp_code
read_length(const struct http_request *q, uint64_t *length, struct sp_err *err)
{
	const char *defer = q->field[HTTP_F_UPLOAD_DEFER];
	bool given = q->field[HTTP_F_UPLOAD_LENGTH] != NULL;

	if (given == (defer != NULL))
		return sp_fail(err, SP_E_INVALID,
		    "one of Upload-Length and Upload-Defer-Length is needed");
	if (defer != NULL && strcmp(defer, "1") != 0)
		return sp_fail(
		    err, SP_E_INVALID, "Upload-Defer-Length can only be 1");
	*length = EVIDENCE_LENGTH_UNKNOWN;
	return http_request_u64(
	    q, HTTP_F_UPLOAD_LENGTH, INT64_MAX, length, err);
}

static enum sp_code
concat(struct http_request *q, struct evidence_upload_new *n,
    struct evidence_upload *u, struct sp_err *err)
{
	struct sp_id *part = calloc(EVIDENCE_PARTS_MAX, sizeof(*part));
	enum sp_code code;

	if (part == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the parts");
	code =
	    transfer_tus_parts(n->concat, http_match_param(&q->match, "agency"),
		part, EVIDENCE_PARTS_MAX, &n->parts, err);
	n->part = part;
	if (code == SP_OK)
		code = evidence_upload_concat(q->room, q->pass, n, u, err);
	n->part = NULL;
	free(part);
	return code;
}

static enum sp_code
make(struct http_request *q, struct evidence_upload_new *n,
    struct evidence_upload *u, struct sp_err *err)
{
	if (n->concat != NULL && !n->partial) {
		if (q->field[HTTP_F_UPLOAD_LENGTH] != NULL ||
		    q->field[HTTP_F_UPLOAD_DEFER] != NULL)
			return sp_fail(err, SP_E_INVALID,
			    "a final upload has no length of its own");
		if (q->content != 0)
			return sp_fail(err, SP_E_INVALID,
			    "a final upload has no body of its own");
		return concat(q, n, u, err);
	}
	SP_TRY(read_length(q, &n->length, err));
	/* Before anything is made. */
	if (q->content == HTTP_SIZE_UNKNOWN ? n->length == 0
					    : q->content > n->length)
		return sp_fail_as(err, SP_E_LIMIT, "upload.body",
		    "the body goes beyond the upload's length");
	return evidence_upload_create(q->room, q->pass, n, u, err);
}

/* Idempotency-Key: what makes a creation the same is all it declares. */
static enum sp_code
read_once(
    const struct http_request *q, struct gate_once *out, struct sp_err *err)
{
	static const enum http_field declared[] = { HTTP_F_UPLOAD_LENGTH,
		HTTP_F_UPLOAD_DEFER, HTTP_F_UPLOAD_METADATA,
		HTTP_F_UPLOAD_CONCAT };
	struct crypto_piece piece[SP_COUNTOF(declared)];

	if (q->field[HTTP_F_ONCE] == NULL)
		return SP_OK;
	for (size_t i = 0; i < SP_COUNTOF(declared); i++) {
		const char *value = q->field[declared[i]];

		/* With its NUL: fields do not run into each other. */
		piece[i].at = value == NULL ? "" : value;
		piece[i].len = strlen(piece[i].at) + 1;
	}
	return gate_once_of(
	    &q->who, q->field[HTTP_F_ONCE], piece, SP_COUNTOF(piece), out, err);
}

/* A part of a concatenation is described by the upload it becomes part of. */
static enum sp_code
read_meta(struct evidence_upload_new *n, struct evidence_meta *meta,
    struct sp_err *err)
{
	n->partial = n->concat != NULL && strcmp(n->concat, "partial") == 0;
	if (n->partial)
		return transfer_tus_metadata(
		    n->metadata, ignore_pair, NULL, err);
	SP_TRY(transfer_tus_metadata(n->metadata, meta_pair, meta, err));
	n->meta = meta;
	return evidence_meta_check(meta, err);
}

/* The metadata is read before anything is made. */
static enum sp_code
create(struct http_request *q, struct evidence_meta *meta,
    struct evidence_upload *u, struct sp_err *err)
{
	const char *text = q->field[HTTP_F_UPLOAD_METADATA];
	struct gate_once once;
	struct evidence_upload_new n = {
		.metadata = text == NULL ? "" : text,
		.concat = q->field[HTTP_F_UPLOAD_CONCAT],
	};

	SP_TRY(read_once(q, &once, err));
	if (q->field[HTTP_F_ONCE] != NULL)
		n.once = &once;
	SP_TRY(read_meta(&n, meta, err));
	return make(q, &n, u, err);
}

static enum sp_code
create_upload(struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct evidence_patch p = { .length = EVIDENCE_LENGTH_UNKNOWN };
	EVIDENCE_AUTO_UPLOAD u = { .offset = 0 };
	struct evidence_meta meta;
	enum sp_code code;

	/* Before anything is made. */
	if (q->content != 0)
		SP_TRY(read_patch(q, &p, err));
	evidence_meta_init(&meta);
	code = create(q, &meta, &u, err);
	evidence_meta_done(&meta);
	if (code != SP_OK)
		return code;
	/* What was made before is told as it is now; its client goes on there.
	 */
	if (q->content != 0 && !u.before)
		return take_up(q, &u.id, &p, true, err);
	a->status = 201;
	set_location(q, a, &u.id);
	set_state(a, &u);
	return SP_OK;
}

/* --- The routes --- */

#define UPLOADS  HTTP_AGENCY "uploads"
#define UPLOAD   HTTP_AGENCY "uploads/{id}"
#define OFFSET   "application/offset+octet-stream"
#define UPLOADED "Upload-Offset Upload-Expires Sallyport-Evidence"
#define VERSION  "{\"const\":\"1.0.0\",\"type\":\"string\"}"
#define TUS_RESUMABLE                                                          \
	{                                                                      \
		"header", "Tus-Resumable", VERSION, true,                      \
		    "The protocol's version."                                  \
	}

static const struct http_input upload_input[] = { TUS_RESUMABLE };

static const struct http_input create_input[] = {
	TUS_RESUMABLE,
	{ "header", "Upload-Length", HTTP_INTEGER, false,
	    "Size of the whole." },
	{ "header", "Upload-Defer-Length",
	    "{\"const\":\"1\",\"type\":\"string\"}", false,
	    "The size comes with a later PATCH." },
	{ "header", "Upload-Metadata", HTTP_STRING, false,
	    "Pairs of key and base64 value: filename, filetype, title, "
	    "category, captured_at, device, sha256, and up to 20 of your "
	    "own." },
	{ "header", "Idempotency-Key", HTTP_STRING, false, HTTP_ONCE },
	{ "header", "Upload-Concat", HTTP_STRING, false,
	    "\"partial\", or \"final;\" and the URLs of the parts." },
	{ "header", "Upload-Checksum", HTTP_STRING, false,
	    "sha1 or sha256 and the base64 digest of this request's body." },
};

static const struct http_input patch_input[] = {
	TUS_RESUMABLE,
	{ "header", "Upload-Offset", HTTP_INTEGER, true,
	    "Where the body goes: the upload's offset." },
	{ "header", "Upload-Length", HTTP_INTEGER, false,
	    "Once, when it was deferred." },
	{ "header", "Upload-Checksum", HTTP_STRING, false,
	    "sha1 or sha256 and the base64 digest of this request's body." },
};

static const struct http_route routes[] = {
	{
	    .method = HTTP_OPTIONS,
	    .path = UPLOADS,
	    .id = "describeUploads",
	    .summary = "What this server's uploads can do",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 204, "The extensions", NULL, NULL,
		"Tus-Version Tus-Extension Tus-Max-Size "
		"Tus-Checksum-Algorithm" } },
	    .tus = HTTP_TUS_TOLD,
	    .handle = describe_uploads,
	},
	{
	    .method = HTTP_POST,
	    .path = UPLOADS,
	    .id = "createUpload",
	    .summary = "Begin an upload, with its first bytes or without",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .takes = HTTP_TAKES_BYTES,
	    .takes_schema = OFFSET,
	    .tus = HTTP_TUS_ASKED,
	    HTTP_INPUT(create_input),
	    .success = { { 201, "Begun, or done with the last byte", NULL, NULL,
		"Location " UPLOADED } },
	    .problems = "409 412 413 415 423 429 460 507",
	    .handle = create_upload,
	},
	{
	    .method = HTTP_OPTIONS,
	    .path = UPLOAD,
	    .id = "describeUpload",
	    .summary = "What this server's uploads can do",
	    .door = HTTP_DOOR_OPEN,
	    .success = { { 204, "The extensions", NULL, NULL,
		"Tus-Version Tus-Extension Tus-Max-Size "
		"Tus-Checksum-Algorithm" } },
	    .tus = HTTP_TUS_TOLD,
	    .handle = describe_uploads,
	},
	{
	    .method = HTTP_HEAD,
	    .path = UPLOAD,
	    .id = "showUpload",
	    .summary = "How far an upload has come",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .tus = HTTP_TUS_ASKED,
	    HTTP_INPUT(upload_input),
	    .success = { { 200, "Its state", NULL, NULL,
		"Upload-Length Upload-Defer-Length Upload-Metadata "
		"Upload-Concat " UPLOADED } },
	    .problems = "412 423",
	    .handle = show_upload,
	},
	{
	    .method = HTTP_PATCH,
	    .path = UPLOAD,
	    .id = "continueUpload",
	    .summary = "Send the next bytes; the last one makes evidence",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .takes = HTTP_TAKES_BYTES,
	    .takes_schema = OFFSET,
	    .tus = HTTP_TUS_ASKED,
	    HTTP_INPUT(patch_input),
	    .success = { { 204, "Durably stored", NULL, NULL, UPLOADED } },
	    .problems = "409 412 413 415 423 460 507",
	    .handle = continue_upload,
	},
	{
	    .method = HTTP_DELETE,
	    .path = UPLOAD,
	    .id = "endUpload",
	    .summary = "Give an unfinished upload up",
	    .door = HTTP_DOOR_GATE,
	    .act = GATE_UPLOAD,
	    .kind = "upload",
	    .tus = HTTP_TUS_ASKED,
	    HTTP_INPUT(upload_input),
	    .success = { { 204, "Gone", NULL, NULL, NULL } },
	    .problems = "409 412 423",
	    .handle = end_upload,
	},
};

const struct http_topic transfer_tus_topic = { routes, SP_COUNTOF(routes), NULL,
	0 };
