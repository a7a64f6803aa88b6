#include "report/dossier.h"

#include "base/encode.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

void
report_dossier_done(struct report_dossier *d)
{
	for (size_t i = 0; i < d->items; i++)
		json_decref(d->item[i].json);
	free(d->item);
	free(d->entry);
	json_decref(d->head);
	*d = (struct report_dossier){ .items = 0 };
}

static enum sp_code
broken(struct sp_err *err, const char *what)
{
	return sp_fail(err, SP_E_INVALID, "a request to the press: %s", what);
}

/* --- members --- */

const char *
report_dossier_text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s == NULL ? "" : s;
}

uint64_t
report_dossier_number(const json_t *object, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n < 0 ? 0 : (uint64_t)n;
}

/* What an object must have: s a string, n a number, ? a string or null, a an
 * array of strings, o an object of strings. */
struct member {
	const char *name;
	char is;
};

static bool
strings(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!json_is_string(json_array_get(array, i)))
			return false;
	return json_is_array(array);
}

static bool
named_strings(json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(
	    object, name, value) if (!json_is_string(value)) return false;
	return json_is_object(object);
}

static bool
is(json_t *value, char what)
{
	switch (what) {
	case 's': return json_is_string(value);
	case 'n':
		return json_is_integer(value) && json_integer_value(value) >= 0;
	case '?': return json_is_string(value) || json_is_null(value);
	case 'a': return strings(value);
	default: return named_strings(value);
	}
}

static bool
has(const json_t *object, const struct member *member, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is(json_object_get(object, member[i].name), member[i].is))
			return false;
	return json_is_object(object);
}

static enum sp_code
load(json_t **out, const void *bytes, size_t len, struct sp_err *err)
{
	json_error_t why;
	json_t *j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);

	if (j == NULL && json_error_code(&why) == json_error_out_of_memory)
		return sp_fail(err, SP_E_NOMEM, "no memory for a report");
	if (j == NULL)
		return broken(err, why.text);
	*out = j;
	return SP_OK;
}

static enum sp_code
load_body(json_t **out, const struct sp_in *body, struct sp_err *err)
{
	return load(out, body->at, body->left, err);
}

/* --- the head --- */

static const struct member head_members[] = { { "agency", 's' }, { "bag", '?' },
	{ "by", 's' }, { "document", 's' }, { "log_key", 's' }, { "made", 's' },
	{ "note", 's' }, { "ori", 's' }, { "paper", 's' }, { "role", 's' },
	{ "state", 's' } };

static const char *const documents[] = {
#define X(id, name) [id] = (name),
	REPORT_DOCUMENTS(X)
#undef X
};

static bool
document_parse(const char *s, enum report_kind *out)
{
	for (size_t i = 0; i < SP_COUNTOF(documents); i++) {
		if (strcmp(s, documents[i]) == 0) {
			*out = (enum report_kind)i;
			return true;
		}
	}
	return false;
}

/* C2SP tlog-checkpoint: origin, size and root, a line each. */
static bool
checkpoint_parse(struct report_dossier *d, const char *note)
{
	size_t origin = strcspn(note, "\n");
	const char *size = note + origin + (note[origin] == '\n' ? 1 : 0);
	size_t digits = strcspn(size, "\n");
	const char *root = size + digits + (size[digits] == '\n' ? 1 : 0);
	size_t len = REPORT_ROOT;
	uint8_t hash[REPORT_ROOT];

	if (origin == 0 || origin > REPORT_ORIGIN_MAX ||
	    !sp_parse_u64(size, digits, 1, INT64_MAX, &d->size) ||
	    strcspn(root, "\n") != SP_BASE64_LEN(REPORT_ROOT) ||
	    !sp_base64_parse(root, SP_BASE64_LEN(REPORT_ROOT), hash, &len) ||
	    len != REPORT_ROOT)
		return false;
	memcpy(d->origin, note, origin);
	d->origin[origin] = '\0';
	memcpy(d->root, hash, sizeof(hash));
	return true;
}

/* The key is that log's: its name is the origin. */
static bool
is_key_of(const struct report_dossier *d, const char *key)
{
	size_t len = strlen(d->origin);

	return strncmp(key, d->origin, len) == 0 && key[len] == '+';
}

static enum sp_code
read_head(struct report_dossier *d, struct sp_in *body, struct sp_err *err)
{
	const char *made, *note;

	SP_TRY(load_body(&d->head, body, err));
	if (!has(d->head, head_members, SP_COUNTOF(head_members)))
		return broken(err, "its head lacks something");
	made = report_dossier_text(d->head, "made");
	note = report_dossier_text(d->head, "note");
	if (!document_parse(
		report_dossier_text(d->head, "document"), &d->document) ||
	    !report_paper_parse(
		report_dossier_text(d->head, "paper"), &d->paper) ||
	    !sp_time_parse(made, strlen(made), &d->made))
		return broken(err, "its head makes no sense");
	if (!checkpoint_parse(d, note) ||
	    !is_key_of(d, report_dossier_text(d->head, "log_key")))
		return broken(err, "its checkpoint makes no sense");
	return SP_OK;
}

/* --- items and entries --- */

static const struct member item_members[] = { { "captured_at", '?' },
	{ "category", 's' }, { "device", '?' }, { "entry", 'n' },
	{ "extra", 'o' }, { "filename", 's' }, { "id", 's' },
	{ "media_type", 's' }, { "received_at", 's' }, { "same_content", 'a' },
	{ "sha256", 's' }, { "size", 'n' }, { "state", 's' }, { "title", '?' },
	{ "uploaded_by", 's' } };

/* Room for one more of `size` bytes. */
static enum sp_code
room_for(void **array, size_t n, size_t *room, size_t size, struct sp_err *err)
{
	size_t more = *room == 0 ? ROOM_FIRST : 2 * *room;
	void *grown;

	if (n < *room)
		return SP_OK;
	grown = reallocarray(*array, more, size);
	if (grown == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a report");
	*array = grown;
	*room = more;
	return SP_OK;
}

static enum sp_code
read_item(struct report_dossier *d, struct sp_in *body, struct sp_err *err)
{
	struct report_item item = { .first = d->entries };
	void *array = d->item;
	json_t *actors;

	item.entries = sp_in_u64be(body);
	if (body->bad || d->items == REPORT_ITEMS_MAX)
		return broken(err, "an item too much");
	SP_TRY(
	    room_for(&array, d->items, &d->items_room, sizeof(*d->item), err));
	d->item = array;
	SP_TRY(load_body(&item.json, body, err));
	d->item[d->items++] = item;
	if (!has(item.json, item_members, SP_COUNTOF(item_members)))
		return broken(err, "an item lacks something");
	actors = json_object_get(item.json, "actors");
	if (actors != NULL && !is(actors, 'o'))
		return broken(err, "an item's actors have no names");
	return SP_OK;
}

static enum sp_code
read_entry(struct report_dossier *d, struct sp_in *body, struct sp_err *err)
{
	struct report_entry e = { .index = sp_in_u64be(body) };
	struct report_item *item;
	void *array = d->entry;

	if (body->bad || d->items == 0 || d->entries == REPORT_ENTRIES_MAX)
		return broken(err, "an entry too much");
	item = &d->item[d->items - 1];
	if (e.index >= d->size ||
	    (item->n > 0 && e.index <= d->entry[d->entries - 1].index))
		return sp_fail(err, SP_E_CORRUPT, "entry %ju is out of place",
		    (uintmax_t)e.index);
	e.len = body->left;
	e.bytes = (const char *)sp_in_bytes(body, body->left);
	SP_TRY(room_for(
	    &array, d->entries, &d->entries_room, sizeof(*d->entry), err));
	d->entry = array;
	d->entry[d->entries++] = e;
	item->n++;
	return SP_OK;
}

/* --- events --- */

static const struct member event_members[] = { { "act", 's' }, { "at", 's' },
	{ "outcome", 's' }, { "source", 's' } };
static const struct member named_members[] = { { "id", 's' }, { "kind", 's' } };

void
report_event_done(struct report_event *e)
{
	json_decref(e->json);
	e->json = NULL;
}

enum sp_code
report_event_read(
    struct report_event *out, const struct report_entry *e, struct sp_err *err)
{
	const json_t *actor;
	json_t *j = NULL;

	SP_TRY(load(&j, e->bytes, e->len, err));
	actor = json_object_get(j, "actor");
	if (!has(j, event_members, SP_COUNTOF(event_members)) ||
	    !has(actor, named_members, SP_COUNTOF(named_members)) ||
	    !json_is_object(json_object_get(j, "detail"))) {
		json_decref(j);
		return sp_fail(err, SP_E_CORRUPT, "entry %ju lacks something",
		    (uintmax_t)e->index);
	}
	*out = (struct report_event){
		.json = j,
		.index = e->index,
		.act = report_dossier_text(j, "act"),
		.at = report_dossier_text(j, "at"),
		.outcome = report_dossier_text(j, "outcome"),
		.source = report_dossier_text(j, "source"),
		.actor_kind = report_dossier_text(actor, "kind"),
		.actor_id = report_dossier_text(actor, "id"),
		.address = json_string_value(json_object_get(j, "address")),
		.detail = json_object_get(j, "detail"),
	};
	return SP_OK;
}

/* --- the whole --- */

const struct report_entry *
report_dossier_sealing(
    const struct report_dossier *d, const struct report_item *item)
{
	uint64_t index = report_dossier_number(item->json, "entry");

	for (size_t i = 0; i < item->n; i++)
		if (d->entry[item->first + i].index == index)
			return &d->entry[item->first + i];
	return NULL;
}

/* What the database says of an item is what the log says of it: a report that
 * told of two truths would be worse than none. */
static enum sp_code
check_sealing(const struct report_dossier *d, const struct report_item *item,
    struct sp_err *err)
{
	const struct report_entry *e = report_dossier_sealing(d, item);
	REPORT_AUTO_EVENT event = { .json = NULL };
	const json_t *object;

	if (e == NULL)
		return sp_fail(err, SP_E_CORRUPT,
		    "no entry says that the item was sealed");
	SP_TRY(report_event_read(&event, e, err));
	object = json_object_get(event.json, "object");
	if (strcmp(event.act, "evidence.sealed") != 0 ||
	    strcmp(report_dossier_text(object, "id"),
		report_dossier_text(item->json, "id")) != 0 ||
	    strcmp(report_dossier_text(event.detail, "sha256"),
		report_dossier_text(item->json, "sha256")) != 0 ||
	    report_dossier_number(event.detail, "size") !=
		report_dossier_number(item->json, "size"))
		return sp_fail(err, SP_E_CORRUPT,
		    "the item is not the one that entry %ju sealed",
		    (uintmax_t)e->index);
	return SP_OK;
}

static enum sp_code
check(const struct report_dossier *d, struct sp_err *err)
{
	if (d->items == 0 || (d->document == REPORT_CUSTODY && d->items != 1))
		return broken(err, "not as many items as the document has");
	for (size_t i = 0; i < d->items; i++)
		SP_TRY(check_sealing(d, &d->item[i], err));
	if (d->document == REPORT_CUSTODY && d->item[0].entries != d->entries)
		return broken(err, "not every entry came");
	return SP_OK;
}

static enum sp_code
read_end(struct report_dossier *d, struct sp_in *body, struct sp_err *err)
{
	(void)body; /* a frame of no bytes */
	return check(d, err);
}

static enum sp_code
read_frames(struct report_dossier *d, struct sp_in *in, struct sp_err *err)
{
	static enum sp_code (*const read[REPORT_FRAME_COUNT])(
	    struct report_dossier *, struct sp_in *, struct sp_err *) = {
		[REPORT_FRAME_HEAD] = read_head,
		[REPORT_FRAME_ITEM] = read_item,
		[REPORT_FRAME_ENTRY] = read_entry,
		[REPORT_FRAME_END] = read_end,
	};
	enum report_frame kind = REPORT_FRAME_COUNT;

	while (kind != REPORT_FRAME_END) {
		struct sp_in body;

		SP_TRY(report_wire_next(in, &kind, &body, err));
		if ((kind == REPORT_FRAME_HEAD) != (d->head == NULL))
			return broken(err, "one head comes first");
		SP_TRY(read[kind](d, &body, err));
	}
	return sp_in_done(in) ? SP_OK : broken(err, "something follows");
}

enum sp_code
report_dossier_read(struct report_dossier *out, const void *request, size_t len,
    struct sp_err *err)
{
	REPORT_AUTO_DOSSIER d = { .items = 0 };
	struct sp_in in = sp_in_from(request, len);

	SP_TRY(read_frames(&d, &in, err));
	*out = d;
	d = (struct report_dossier){ .items = 0 };
	return SP_OK;
}
