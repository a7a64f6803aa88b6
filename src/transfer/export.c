#include "transfer/export.h"

#include "base/log.h"
#include "crypto/timestamp.h"
#include "http/json.h"
#include "vouch/record.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * The bag is written by a thread of its own into a ring that the connection's
 * thread reads from:
 *
 *   bag_export_write --> put --> [ring] --> take --> libmicrohttpd
 *
 * The writer waits while the ring is full; when the answer is given up
 * (`gone`), its next put fails.
 */
#define RING ((size_t)1 << 20)

struct bagging {
	struct bag_export *bag;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t head, used; /* of the ring */
	bool done, gone;
	enum sp_code code; /* when done */
	struct sp_err err;
	uint8_t ring[RING];
};

/* As much as fits without wrapping; under the lock. */
static size_t
put_some(struct bagging *b, const uint8_t *bytes, size_t len)
{
	size_t at = (b->head + b->used) % RING;
	size_t n = RING - b->used;

	if (n > RING - at)
		n = RING - at;
	if (n > len)
		n = len;
	memcpy(b->ring + at, bytes, n);
	b->used += n;
	return n;
}

static enum sp_code
put(void *arg, const void *bytes, size_t len, struct sp_err *err)
{
	struct bagging *b = arg;
	const uint8_t *from = bytes;
	bool gone;

	(void)pthread_mutex_lock(&b->lock);
	while (len > 0 && !b->gone) {
		size_t n = put_some(b, from, len);

		from += n;
		len -= n;
		(void)pthread_cond_broadcast(&b->changed);
		if (n == 0)
			(void)pthread_cond_wait(&b->changed, &b->lock);
	}
	gone = b->gone;
	(void)pthread_mutex_unlock(&b->lock);
	if (gone)
		return sp_fail(err, SP_E_UNAVAIL, "the caller has gone");
	return SP_OK;
}

static void *
write_bag(void *arg)
{
	struct bagging *b = arg;
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = bag_export_write(b->bag, put, b, &err);

	if (code == SP_OK && bag_export_unset(b->bag) > 0)
		sp_log(SP_LOG_WARN, "export.documents",
		    "%zu documents of a bag could not be set",
		    bag_export_unset(b->bag));
	(void)pthread_mutex_lock(&b->lock);
	b->code = code;
	b->err = err;
	b->done = true;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	return NULL;
}

static ssize_t
take(void *self, uint64_t at, char *out, size_t room)
{
	struct bagging *b = self;
	size_t n;

	(void)at;
	(void)pthread_mutex_lock(&b->lock);
	while (b->used == 0 && !b->done)
		(void)pthread_cond_wait(&b->changed, &b->lock);
	n = RING - b->head;
	if (n > b->used)
		n = b->used;
	if (n > room)
		n = room;
	memcpy(out, b->ring + b->head, n);
	b->head = (b->head + n) % RING;
	b->used -= n;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	if (n > 0)
		return (ssize_t)n;
	if (b->code == SP_OK)
		return HTTP_STREAM_END;
	sp_log_err(SP_LOG_ERROR, "http.export", &b->err, "a bag is cut off");
	return HTTP_STREAM_BROKEN;
}

static void
bagging_free(void *self)
{
	struct bagging *b = self;

	(void)pthread_mutex_lock(&b->lock);
	b->gone = true;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	bag_export_free(b->bag);
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

static const struct http_stream_ops bag_ops = {
	.read = take,
	.free = bagging_free,
};

static const char *const format_names[] = {
#define X(id, name, media) [id] = (name),
	BAG_FORMATS(X)
#undef X
};

static const char *const format_media[] = {
#define X(id, name, media) [id] = (media),
	BAG_FORMATS(X)
#undef X
};

static enum sp_code
start_bag(struct http_answer *a, struct bag_export *bag, struct sp_err *err)
{
	struct bagging *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		bag_export_free(bag);
		return sp_fail(err, SP_E_NOMEM, "no memory for an export");
	}
	b->bag = bag;
	SP_REQUIRE(pthread_mutex_init(&b->lock, NULL) == 0);
	SP_REQUIRE(pthread_cond_init(&b->changed, NULL) == 0);
	if (pthread_create(&b->thread, NULL, write_bag, b) != 0) {
		bag_export_free(bag);
		(void)pthread_cond_destroy(&b->changed);
		(void)pthread_mutex_destroy(&b->lock);
		free(b);
		return sp_fail(err, SP_E_NOMEM, "no thread for an export");
	}
	http_answer_stream(a, &bag_ops, b, HTTP_SIZE_UNKNOWN);
	return SP_OK;
}

static enum sp_code
wish_format(const json_t *format, enum bag_format *out, struct sp_err *err)
{
	const char *s = json_string_value(format);

	for (size_t i = 0; s != NULL && i < SP_COUNTOF(format_names); i++) {
		if (strcmp(s, format_names[i]) == 0) {
			*out = (enum bag_format)i;
			return SP_OK;
		}
	}
	return sp_fail(err, SP_E_INVALID, "format: \"zip\" or \"tar\"");
}

static enum sp_code
wish_items(const json_t *items, struct sp_id *id, struct sp_err *err)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		const char *s = json_string_value(item);

		if (s == NULL ||
		    !sp_id_parse(s, json_string_length(item), &id[i]))
			return sp_fail(err, SP_E_INVALID,
			    "items: number %zu is not an id", i + 1);
		for (size_t j = 0; j < i; j++)
			if (sp_id_equal(&id[i], &id[j]))
				return sp_fail(err, SP_E_INVALID,
				    "items: %s comes twice", s);
	}
	return SP_OK;
}

static enum sp_code
wish(const json_t *root, struct transfer_export_wish *w, struct sp_err *err)
{
	const json_t *items = json_object_get(root, "items");

	if (!json_is_object(root) || json_object_size(root) != 2)
		return sp_fail(err, SP_E_INVALID,
		    "an object with items and format, and nothing else");
	SP_TRY(wish_format(json_object_get(root, "format"), &w->format, err));
	w->n = json_array_size(items); /* 0 when it is none */
	if (w->n == 0 || w->n > BAG_EXPORT_ITEMS)
		return sp_fail(err, SP_E_INVALID,
		    "items: an array of 1 to %d ids", BAG_EXPORT_ITEMS);
	w->id = calloc(w->n, sizeof(*w->id));
	if (w->id == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the items");
	return wish_items(items, w->id, err);
}

enum sp_code
transfer_export_wish_read(const void *json, size_t len,
    struct transfer_export_wish *out, struct sp_err *err)
{
	struct transfer_export_wish w = { .n = 0 };
	json_auto_t *root = NULL;
	enum sp_code code;

	SP_TRY(http_json_read(json, len, &root, err));
	code = wish(root, &w, err);
	if (code == SP_OK)
		*out = w;
	else
		free(w.id);
	return code;
}

/* What witnesses and authorities said of the log so far. */
static enum sp_code
gather_vouched(
    struct evidence_room *room, struct bag_vouched *v, struct sp_err *err)
{
	DB_LENT(reader, evidence_room_readers(room));
	VOUCH_AUTO_STAMP stamp = vouch_stamp_new();
	enum sp_code code = vouch_record_newest(reader.db, &v->cosigned, err);

	if (code != SP_OK && code != SP_E_NOTFOUND)
		return code;
	code = vouch_record_stamp(reader.db, 0, &stamp, err);
	if (code == SP_E_NOTFOUND)
		return SP_OK;
	SP_TRY(code);
	sp_buf_add(&v->timestamped, stamp.note.at, stamp.note.len);
	crypto_timestamp_reply(stamp.token.at, stamp.token.len, &v->timestamp);
	SP_TRY(sp_buf_check(&v->timestamped, "a timestamp's note", err));
	return sp_buf_check(&v->timestamp, "a timestamp", err);
}

static enum sp_code
export_evidence(
    struct http_request *q, struct http_answer *a, struct sp_err *err)
{
	struct transfer_export_wish w = { .n = 0 };
	struct bag_export *bag = NULL;
	BAG_AUTO_VOUCHED vouched = bag_vouched_new();
	struct bag_export_wish ask;
	char name[BAG_EXPORT_NAME];
	enum sp_code code;

	/* Without chunks, a bag that breaks off would look complete. */
	if (!q->http11)
		return sp_fail_as(
		    err, SP_E_INVALID, "http.malformed", "needs HTTP/1.1");
	SP_TRY(transfer_export_wish_read(q->body.at, q->body.len, &w, err));
	ask = (struct bag_export_wish){ &q->who, w.id, w.n, w.format,
		q->house->press, &vouched };
	code = gather_vouched(q->room, &vouched, err);
	if (code == SP_OK)
		code = bag_export_begin(&bag, q->room, &ask, err);
	free(w.id);
	if (code != SP_OK)
		return code;
	(void)snprintf(name, sizeof(name), "%s", bag_export_name(bag));
	SP_TRY(start_bag(a, bag, err));
	http_answer_set(a, "Content-Type", format_media[w.format]);
	http_answer_fmt(a, "Content-Disposition",
	    "attachment; filename=\"%s.%s\"", name, format_names[w.format]);
	return SP_OK;
}

/* --- The routes --- */

static const struct http_route routes[] = {
	{
	    .method = HTTP_POST,
	    .path = HTTP_AGENCY "exports",
	    .id = "exportEvidence",
	    .summary = "A BagIt bag of items that proves itself; recorded in "
		       "the custody of each",
	    .door = HTTP_DOOR_KNOWN,
	    .act = GATE_EXPORT,
	    .kind = "evidence",
	    .takes = HTTP_TAKES_JSON,
	    .takes_schema = "ExportNew",
	    .success = { { 200, "The bag", "*/*", NULL,
		"Content-Disposition" } },
	    .handle = export_evidence,
	},
};

static const struct http_schema schemas[] = {
	{ "ExportNew",
	    "{\"additionalProperties\":false,\"properties\":{\"format\":{"
	    "\"enum\":[\"zip\",\"tar\"],\"type\":\"string\"},\"items\":{"
	    "\"items\":" HTTP_ID
	    ",\"maxItems\":1000,\"minItems\":1,\"type\":\"array\","
	    "\"uniqueItems\":true}},\"required\":[\"format\",\"items\"],"
	    "\"type\":\"object\"}" },
};

const struct http_topic transfer_export_topic = { routes, SP_COUNTOF(routes),
	schemas, SP_COUNTOF(schemas) };
