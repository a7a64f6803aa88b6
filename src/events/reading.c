#include "events/reading.h"

#include <stdlib.h>
#include <string.h>

struct events_reading {
	struct sp_buf line; /* under way */
	struct sp_buf data; /* of the event under way; each line with its LF */
	char kind[EVENTS_NAME_MAX + 1];
	char id[EVENTS_NAME_MAX + 1];   /* said in the event under way */
	char last[EVENTS_NAME_MAX + 1]; /* of the last whole event */
	bool begun;                     /* a first line was read */
	bool cr; /* the last byte was one: an LF belongs to it */
};

/* Who hears, for the functions below. */
struct ear {
	enum sp_code (*hear)(
	    void *arg, const struct events_heard *e, struct sp_err *err);
	void *arg;
};

struct events_reading *
events_reading_new(void)
{
	struct events_reading *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->line = sp_buf_new(EVENTS_LINE_MAX);
	r->data = sp_buf_new(EVENTS_DATA_MAX);
	return r;
}

void
events_reading_free(struct events_reading *r)
{
	if (r == NULL)
		return;
	sp_buf_free(&r->line);
	sp_buf_free(&r->data);
	free(r);
}

const char *
events_reading_id(const struct events_reading *r)
{
	return r->last;
}

void
events_reading_again(struct events_reading *r)
{
	sp_buf_clear(&r->line);
	sp_buf_clear(&r->data);
	r->kind[0] = '\0';
	memcpy(r->id, r->last, sizeof(r->id));
	r->begun = r->cr = false;
}

/* An empty line: the event is whole, if there is any. */
static enum sp_code
dispatch(struct events_reading *r, const struct ear *ear, struct sp_err *err)
{
	struct events_heard e = { .kind =
				      r->kind[0] == '\0' ? "message" : r->kind,
		.data = sp_buf_str(&r->data),
		.id = r->last };
	enum sp_code code = SP_OK;

	memcpy(r->last, r->id, sizeof(r->last));
	if (r->data.len > 0) {
		r->data.at[r->data.len - 1] = '\0'; /* the last LF */
		code = ear->hear(ear->arg, &e, err);
	}
	sp_buf_clear(&r->data);
	r->kind[0] = '\0';
	return code;
}

static enum sp_code
set_name(
    char out[static EVENTS_NAME_MAX + 1], const char *value, struct sp_err *err)
{
	size_t len = strlen(value);

	if (len > EVENTS_NAME_MAX)
		return sp_fail(err, SP_E_LIMIT,
		    "an event's kind or id is over %d bytes", EVENTS_NAME_MAX);
	memcpy(out, value, len + 1);
	return SP_OK;
}

static enum sp_code
field(struct events_reading *r, const char *name, const char *value,
    struct sp_err *err)
{
	if (strcmp(name, "event") == 0)
		return set_name(r->kind, value, err);
	if (strcmp(name, "id") == 0)
		return set_name(r->id, value, err);
	if (strcmp(name, "data") != 0)
		return SP_OK; /* "retry", and what is not known */
	sp_buf_fmt(&r->data, "%s\n", value);
	return sp_buf_check(&r->data, "an event", err);
}

static enum sp_code
line(struct events_reading *r, const struct ear *ear, struct sp_err *err)
{
	char *name = r->line.len == 0 ? NULL : (char *)r->line.at;
	char *value;

	if (!r->begun && r->line.len >= 3 &&
	    memcmp(name, "\xef\xbb\xbf", 3) == 0)
		name += 3;
	r->begun = true;
	if (name == NULL || *name == '\0')
		return dispatch(r, ear, err);
	value = name + strcspn(name, ":");
	if (value == name)
		return SP_OK; /* a comment */
	if (*value == ':') {
		*value++ = '\0';
		value += *value == ' ' ? 1 : 0;
	}
	return field(r, name, value, err);
}

static enum sp_code
end_line(struct events_reading *r, const struct ear *ear, struct sp_err *err)
{
	enum sp_code code = line(r, ear, err);

	sp_buf_clear(&r->line);
	return code;
}

/* Up to the next end of a line, or as far as there is. */
static size_t
part(const char *at, size_t len)
{
	size_t n = 0;

	while (n < len && at[n] != '\n' && at[n] != '\r')
		n++;
	return n;
}

enum sp_code
events_reading_take(struct events_reading *r, const void *bytes, size_t len,
    enum sp_code (*hear)(
	void *arg, const struct events_heard *e, struct sp_err *err),
    void *arg, struct sp_err *err)
{
	const struct ear ear = { hear, arg };
	const char *at = bytes;

	if (len > 0 && memchr(at, '\0', len) != NULL)
		return sp_fail(
		    err, SP_E_INVALID, "a stream of events has a NUL");
	for (size_t i = 0; i < len;) {
		size_t n = part(at + i, len - i);
		bool of_cr = n == 0 && r->cr && at[i] == '\n';

		sp_buf_add(&r->line, at + i, n);
		SP_TRY(sp_buf_check(&r->line, "a line of an event", err));
		i += n;
		r->cr = i < len && at[i] == '\r';
		if (i < len && !of_cr)
			SP_TRY(end_line(r, &ear, err));
		i++; /* the end of the line */
	}
	return SP_OK;
}
