#include "client/site.h"

#include "base/encode.h"
#include "base/id.h"
#include "base/parse.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define RETRY_AFTER_MAX 120
#define DENIED_ROOM     ((size_t)200) /* of what a denial says */
#define PAUSE_FIRST     (SP_SECOND / 4)
#define PAUSE_MAX       (30 * SP_SECOND)

const char client_site_refused[] = "site.refused";
const char client_site_unreachable[] = "site.unreachable";
const char client_site_no_tls[] = "site.tls";
const char client_site_interrupted[] = "interrupted";

struct site_answer
client_site_answer_new(size_t body_max)
{
	return (struct site_answer){
		.head = sp_buf_new(SITE_HEAD_MAX),
		.body = sp_buf_new(body_max),
	};
}

void
client_site_answer_done(struct site_answer *an)
{
	sp_buf_free(&an->head);
	sp_buf_free(&an->body);
}

/* The value when `line` is a header of this name. */
static const char *
header_value(const char *line, size_t len, const char *name, size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	const char *at = line + n + 1;
	const char *end = line + len;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	*value_len = (size_t)(end - at);
	return at;
}

const char *
client_site_answer_header(
    const struct site_answer *an, const char *name, size_t *len)
{
	const char *line = sp_buf_str(&an->head);
	const char *found = NULL;
	size_t found_len = 0;

	while (*line != '\0') {
		size_t line_len = strcspn(line, "\n");
		size_t n = 0;
		const char *value = header_value(line, line_len, name, &n);

		if (value != NULL && found != NULL &&
		    (n != found_len || memcmp(value, found, n) != 0))
			return NULL;
		if (value != NULL) {
			found = value;
			found_len = n;
		}
		line += line_len + (line[line_len] == '\n');
	}
	if (found != NULL)
		*len = found_len;
	return found;
}

bool
client_site_answer_number(
    const struct site_answer *an, const char *name, uint64_t *out)
{
	size_t len = 0;
	const char *s = client_site_answer_header(an, name, &len);

	return s != NULL && sp_parse_u64(s, len, 0, INT64_MAX, out);
}

/* Does the answer tell a problem (RFC 9457) of this kind? */
static bool
problem_is(const struct site_answer *an, const char *kind)
{
	static const char prefix[] = "urn:sallyport:problem:";
	SITE_AUTO_JSON problem =
	    json_loadb(sp_buf_str(&an->body), an->body.len, 0, NULL);
	const char *type = json_string_value(json_object_get(problem, "type"));

	return type != NULL && strncmp(type, prefix, strlen(prefix)) == 0 &&
	    strcmp(type + strlen(prefix), kind) == 0;
}

/* What each status means to this program, beside the site's own words. */
static enum sp_code
code_of(unsigned status)
{
	switch (status) {
	case 401: return SP_E_UNKNOWN;
	case 403: return SP_E_DENIED;
	case 404:
	case 410: return SP_E_NOTFOUND;
	case 409: return SP_E_CONFLICT;
	case 413: return SP_E_LIMIT;
	case 423: return SP_E_LOCKED;
	case 460: return SP_E_MISMATCH;
	case 507: return SP_E_FULL;
	default: return status >= 500 ? SP_E_UNAVAIL : SP_E_INVALID;
	}
}

/* Is what was refused something else than the credential that was sent: a
 * password, an invitation, a code? */
static bool
of_its_own(const char *reason)
{
	static const char *const begin[] = { "signin.", "invite.", "code.",
		"challenge." };

	for (size_t i = 0; reason != NULL && i < SP_COUNTOF(begin); i++)
		if (strncmp(reason, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

/* What to do about a credential that is none. */
static const char *
advice_of_unknown(enum site_as as, const char *why)
{
	if (of_its_own(why))
		return "";
	if (why != NULL && strcmp(why, "person.inactive") == 0)
		return ": ask an administrator";
	if (as == SITE_AS_DEVICE)
		return ": the device was revoked, or its certificate is over: "
		       "have a new code made ('sallyport device add') and "
		       "enrol with it ('sallyport device enrol')";
	if (as == SITE_AS_SESSION ||
	    (why != NULL && strncmp(why, "session.", 8) == 0))
		return ": sallyport session login";
	return ": is SALLYPORT_TOKEN set, and not expired?";
}

/* What a person can do about it; for most, the site's own words say. */
static const char *
advice_of(const struct site_answer *an, bool said, const char *why)
{
	if (an->status == 401)
		return advice_of_unknown(an->as, why);
	if (said)
		return "";
	switch (an->status) {
	case 403: return ": this token's role may not do that";
	case 404: return ": nothing of that name for this token";
	case 429:
	case 503: return ": try again later";
	default: return "";
	}
}

/* The act that the words of a denial name, "evidence.custody: what it takes:
 * ..." or "the role auditor may not: evidence.edit": the first word with a dot
 * inside.  *len is 0 when there is none. */
static const char *
act_in(const char *words, size_t *len)
{
	for (const char *at = words; *at != '\0';) {
		size_t n =
		    strspn(at, "abcdefghijklmnopqrstuvwxyz.-_0123456789");
		const char *dot = memchr(at, '.', n);
		bool ends = strchr(": ", at[n]) != NULL; /* or the end */

		if (dot != NULL && dot > at && dot + 1 < at + n && ends) {
			*len = n;
			return at;
		}
		at += n + strcspn(at + n, " ");
		at += strspn(at, " ");
	}
	*len = 0;
	return words;
}

/* The id that a path is about, an item's before all; "-": none. */
static void
object_in(const char *path, char out[static SP_ID_TEXT])
{
	const char *item = strstr(path, "evidence/");

	(void)snprintf(out, SP_ID_TEXT, "-");
	if (item != NULL)
		path = item;
	for (const char *at = strchr(path, '/'); at != NULL;
	     at = strchr(at, '/')) {
		size_t n = strcspn(++at, "/");
		struct sp_id id;

		if (!sp_id_parse(at, n, &id))
			continue;
		sp_id_text(&id, out);
		return;
	}
}

/* " (screening.missing); see: sallyport explain '~' evidence.custody ID" */
static void
denial(const struct site_answer *an, const char *words, const char *why,
    char *out, size_t room)
{
	char code[64], object[SP_ID_TEXT];
	size_t len;
	const char *act = act_in(words, &len);

	if (an->status != 403 || why == NULL)
		return;
	(void)sp_utf8_quote(why, code, sizeof(code));
	object_in(an->asked, object);
	if (len == 0 || len > 40)
		(void)snprintf(out, room, " (%s)", code);
	else
		(void)snprintf(out, room,
		    " (%s); see: sallyport explain '~' %.*s %s", code, (int)len,
		    act, object);
}

/* Nobody is told whether it is not there or not for them, so what was asked
 * for must be said: it may have been mistyped. */
static enum sp_code
not_found(const struct site_answer *an, struct sp_err *err)
{
	return sp_fail_as(err, code_of(an->status), client_site_refused,
	    "the site answered %u: '%s' is not there, or it is not for this "
	    "credential to know of",
	    an->status, an->asked);
}

enum sp_code
client_site_answer_fail(const struct site_answer *an, struct sp_err *err)
{
	const char *reason =
	    an->status >= 500 ? client_site_unreachable : client_site_refused;
	char said[300] = "", more[160] = "";
	SITE_AUTO_JSON problem =
	    json_loadb(sp_buf_str(&an->body), an->body.len, 0, NULL);
	const char *detail =
	    json_string_value(json_object_get(problem, "detail"));
	const char *why = json_string_value(json_object_get(problem, "reason"));

	if (an->status == 404 && detail == NULL && an->asked[0] != '\0')
		return not_found(an, err);
	if (detail == NULL)
		detail = json_string_value(json_object_get(problem, "title"));
	if (detail != NULL) {
		denial(an, detail, why, more, sizeof(more));
		/* What to do is not cut. */
		(void)sp_utf8_quote(
		    detail, said, *more == '\0' ? sizeof(said) : DENIED_ROOM);
	}
	/* An answer, and no refusal: the site tells of a check that failed. */
	if (an->status == 500 && problem_is(an, "corrupt"))
		return sp_fail(err, SP_E_CORRUPT,
		    "what the site has stored fails its own check: see "
		    "'sallyport custody'");
	if (an->status < 300)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer is not one of this protocol (%u)",
		    an->status);
	return sp_fail_as(err, code_of(an->status), reason,
	    "the site answered %u%s%s%s%s", an->status,
	    *said == '\0' ? "" : ": ", said, more,
	    advice_of(an, *said != '\0', why));
}

enum sp_code
client_site_init(struct site_client *c, struct site_transport *t,
    const char *agency, struct sp_err *err)
{
	*c = (struct site_client){
		.t = t,
		.agency = sp_buf_new(SP_SLUG_MAX + 1),
		.tries = PATIENCE_TRIES,
	};
	sp_buf_text(&c->agency, agency);
	return sp_buf_check(&c->agency, "agency", err);
}

void
client_site_done(struct site_client *c)
{
	if (c->t != NULL)
		c->t->ops->free(c->t);
	c->t = NULL;
	sp_buf_free(&c->agency);
}

struct site_patience
client_site_patience_new(const struct site_client *c)
{
	return (struct site_patience){ .most = c->tries };
}

void
client_site_patience_progress(struct site_patience *p)
{
	p->failed = 0;
}

int64_t
client_site_patience_pause(unsigned failed)
{
	int64_t pause = PAUSE_FIRST;

	for (unsigned i = 1; i < failed && pause < PAUSE_MAX; i++)
		pause *= 2;
	return pause < PAUSE_MAX ? pause : PAUSE_MAX;
}

/* Between half and all of it.  Nothing hangs on this being a secret. */
static int64_t
by_chance(int64_t pause)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r))
		return pause;
	return pause / 2 + (int64_t)(r % 1024) * (pause / 2) / 1024;
}

enum sp_code
client_site_patience_wait(struct site_patience *p, struct site_client *c,
    const struct site_answer *an, const struct sp_err *why, struct sp_err *err)
{
	unsigned most = p->most;
	uint64_t after = 0;

	if (!c->met && most > PATIENCE_FIRST)
		most = PATIENCE_FIRST;
	p->failed++;
	if (p->failed >= most) {
		if (err != why)
			*err = *why;
		return why->code;
	}
	int64_t pause = by_chance(client_site_patience_pause(p->failed));

	if (an != NULL &&
	    client_site_answer_number(an, "Retry-After", &after)) {
		/* Nobody sits and waits for an hour's pace to be over. */
		if (an->status == 429 && after > RETRY_AFTER_MAX) {
			if (err != why)
				*err = *why;
			return why->code;
		}
		after = after < RETRY_AFTER_MAX ? after : RETRY_AFTER_MAX;
		if ((int64_t)after * SP_SECOND > pause)
			pause = (int64_t)after * SP_SECOND;
	}
	return c->t->ops->pause(c->t, pause, err);
}

bool
client_site_passing(
    enum sp_code code, const struct site_answer *an, const struct sp_err *err)
{
	static const unsigned passing[] = { 408, 425, 429, 500, 502, 503, 504,
		507 };

	if (code != SP_OK)
		return code == SP_E_UNAVAIL &&
		    err->reason == client_site_unreachable;
	for (size_t i = 0; i < SP_COUNTOF(passing); i++)
		if (an->status == passing[i])
			return !problem_is(an, "corrupt") &&
			    !problem_is(an, "stopped");
	return false;
}

enum sp_code
client_site_path(const struct site_client *c, struct sp_buf *out,
    struct sp_err *err, const char *fmt, ...)
{
	va_list ap;

	sp_buf_clear(out);
	sp_buf_fmt(out, "/v1/agencies/%s/", sp_buf_str(&c->agency));
	va_start(ap, fmt);
	sp_buf_vfmt(out, fmt, ap);
	va_end(ap);
	return sp_buf_check(out, "path", err);
}

void
client_site_escape(struct sp_buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char b = (unsigned char)*text;

		if ((b < 0x80 && isalnum(b)) || strchr("-._~", b) != NULL)
			sp_buf_u8(out, b);
		else
			sp_buf_fmt(out, "%%%02X", b);
	}
}

void
client_site_query(struct sp_buf *path, const char *name, const char *value)
{
	const char *mark = strchr(sp_buf_str(path), '?') == NULL ? "?" : "&";

	sp_buf_fmt(path, "%s%s=", mark, name);
	client_site_escape(path, value);
}

/* What a path asks for, without where it begins and its query. */
static void
keep_asked(struct site_answer *an, const char *path)
{
	static const char house[] = "/v1/agencies/";
	char plain[sizeof(an->asked)];
	const char *after;

	if (strncmp(path, house, strlen(house)) == 0) {
		after = strchr(path + strlen(house), '/');
		path = after == NULL ? path : after + 1;
	}
	(void)snprintf(
	    plain, sizeof(plain), "%.*s", (int)strcspn(path, "?"), path);
	(void)sp_utf8_quote(plain, an->asked, sizeof(an->asked));
}

enum sp_code
client_site_once(struct site_client *c, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	an->status = 0;
	an->as = c->t->as;
	keep_asked(an, rq->path);
	sp_buf_clear(&an->head);
	sp_buf_clear(&an->body);
	an->body.max = rq->body_max;
	SP_TRY(c->t->ops->exchange(c->t, rq, an, err));
	c->met = true;
	SP_TRY(sp_buf_check(&an->head, "head of the answer", err));
	return sp_buf_check(&an->body, "answer", err);
}

enum sp_code
client_site_ask(struct site_client *c, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	struct site_patience patience = client_site_patience_new(c);

	for (;;) {
		enum sp_code code = client_site_once(c, rq, an, err);

		if (code == SP_OK && an->status >= 200 && an->status < 300)
			return SP_OK;
		bool again = client_site_passing(code, an, err);

		if (code == SP_OK)
			code = client_site_answer_fail(an, err);
		if (!again)
			return code;
		SP_TRY(client_site_patience_wait(&patience, c, an, err, err));
	}
}

enum sp_code
client_site_get(struct site_client *c, const char *path, struct sp_buf *out,
    struct sp_err *err)
{
	SITE_AUTO_ANSWER an = client_site_answer_new(out->max);
	struct site_request rq = {
		.method = "GET", .path = path, .body_max = out->max
	};

	SP_TRY(client_site_ask(c, &rq, &an, err));
	if (an.status != 200)
		return client_site_answer_fail(&an, err);
	sp_buf_clear(out);
	sp_buf_add(out, an.body.at, an.body.len);
	return sp_buf_check(out, path, err);
}

enum sp_code
client_site_json_parse(const struct sp_buf *b, json_t **out, struct sp_err *err)
{
	json_error_t why;
	json_t *j =
	    json_loadb(sp_buf_str(b), b->len, JSON_REJECT_DUPLICATES, &why);

	if (!json_is_object(j)) {
		json_decref(j);
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer is not the JSON it should be");
	}
	*out = j;
	return SP_OK;
}

enum sp_code
client_site_get_json(
    struct site_client *c, const char *path, json_t **out, struct sp_err *err)
{
	SP_AUTO_BUF body = sp_buf_new(SITE_JSON_MAX);

	SP_TRY(client_site_get(c, path, &body, err));
	return client_site_json_parse(&body, out, err);
}

static enum sp_code
text_read(void *arg, uint64_t at, void *out, size_t room, size_t *got,
    struct sp_err *err)
{
	const char *text = arg;
	size_t len = strlen(text);

	(void)err;
	*got = at < len ? len - (size_t)at : 0;
	*got = *got < room ? *got : room;
	if (*got > 0)
		memcpy(out, text + at, *got);
	return SP_OK;
}

enum sp_code
client_site_send_json(struct site_client *c, const char *method,
    const char *path, const json_t *send, json_t **out, struct sp_err *err)
{
	SITE_AUTO_ANSWER an = client_site_answer_new(SITE_JSON_MAX);
	char *text = send == NULL ? NULL : json_dumps(send, JSON_COMPACT);
	struct site_source body = { .read = text_read, .arg = text };
	struct site_request rq = { .method = method,
		.path = path,
		.header = { text == NULL ? NULL
					 : "Content-Type: application/json" },
		.source = text == NULL ? NULL : &body,
		.body_max = SITE_JSON_MAX };

	if (send != NULL && text == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a request");
	body.len = text == NULL ? 0 : strlen(text);
	enum sp_code code = client_site_once(c, &rq, &an, err);

	free(text);
	SP_TRY(code);
	if (an.status < 200 || an.status >= 300)
		return client_site_answer_fail(&an, err);
	if (an.body.len == 0) {
		*out = NULL;
		return SP_OK;
	}
	return client_site_json_parse(&an.body, out, err);
}

enum sp_code
client_site_json_text(
    const json_t *o, const char *name, const char **out, struct sp_err *err)
{
	const char *s = json_string_value(json_object_get(o, name));

	if (s == NULL)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no text '%s'", name);
	*out = s;
	return SP_OK;
}

enum sp_code
client_site_json_number(
    const json_t *o, const char *name, uint64_t *out, struct sp_err *err)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return sp_fail_as(err, SP_E_INVALID, client_site_unreachable,
		    "the site's answer has no number '%s'", name);
	*out = (uint64_t)json_integer_value(v);
	return SP_OK;
}

void
client_site_json_freep(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
