#include "http/request.h"

#include "base/parse.h"
#include "gate/ongoing.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const field_names[] = {
#define X(id, name) [id] = (name),
	HTTP_FIELDS(X)
#undef X
};

const char *
http_field_name(enum http_field f)
{
	SP_REQUIRE((size_t)f < SP_COUNTOF(field_names));
	return field_names[f];
}

struct http_request *
http_request_new(const struct http_house *house)
{
	struct http_request *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->house = house;
	q->method = HTTP_METHOD_COUNT;
	q->body = sp_buf_secret(house->json_bytes); /* passwords are in some */
	http_answer_init(&q->answer);
	return q;
}

void
http_request_free(struct http_request *q)
{
	if (q == NULL)
		return;
	http_request_abort(q);
	gate_pass_unref(q->pass);
	http_answer_done(&q->answer);
	sp_buf_free(&q->body);
	free(q->query);
	explicit_bzero(q->cookie, sizeof(q->cookie));
	free(q);
}

const char *
http_request_route(const struct http_request *q)
{
	return q->match.route == NULL ? "none" : q->match.route->id;
}

const char *
http_request_query(const struct http_request *q, const char *name)
{
	for (size_t i = 0; i < q->queries; i++)
		if (strcmp(q->query[i].name, name) == 0)
			return q->query[i].value;
	return NULL;
}

enum sp_code
http_request_query_u64(const struct http_request *q, const char *name,
    uint64_t least, uint64_t most, uint64_t *out, struct sp_err *err)
{
	const char *s = http_request_query(q, name);

	if (s != NULL && !sp_parse_u64(s, strlen(s), least, most, out))
		return sp_fail(err, SP_E_INVALID,
		    "%s: a number from %ju to %ju", name, (uintmax_t)least,
		    (uintmax_t)most);
	return SP_OK;
}

enum sp_code
http_request_u64(const struct http_request *q, enum http_field f, uint64_t max,
    uint64_t *out, struct sp_err *err)
{
	const char *s = q->field[f];

	if (s != NULL && !sp_parse_u64(s, strlen(s), 0, max, out))
		return sp_fail(err, SP_E_INVALID,
		    "%s: a decimal number of at most %ju", http_field_name(f),
		    (uintmax_t)max);
	return SP_OK;
}

bool
http_request_is(const struct http_request *q, const char *media)
{
	const char *s = q->field[HTTP_F_CONTENT_TYPE];
	size_t len = strlen(media);

	if (s == NULL || strncasecmp(s, media, len) != 0)
		return false;
	s += len;
	s += strspn(s, " \t");
	return *s == '\0' || *s == ';';
}

/* --- The header --- */

/* RFC 9110, 5.6.2.  libmicrohttpd lets names with other characters pass, such
 * as "Content-Length " or the halves of a folded line. */
static bool
is_token(const char *s, size_t len)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z'))
			continue;
		if (c == '\0' || strchr(marks, c) == NULL)
			return false;
	}
	return len > 0;
}

static bool
is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f)
			return false;
	return true;
}

/* HTTP_FIELD_COUNT for one that is not read. */
static enum http_field
field_of(const struct http_pair *line)
{
	for (size_t i = 0; i < SP_COUNTOF(field_names); i++)
		if (strlen(field_names[i]) == line->name_len &&
		    strncasecmp(field_names[i], line->name, line->name_len) ==
			0)
			return (enum http_field)i;
	return HTTP_FIELD_COUNT;
}

/* libmicrohttpd appends a folded line to the name before it: a body's length
 * that is folded must not become a body of no length. */
static bool
is_folded(const struct http_pair *line)
{
	static const char *const framing[] = { "Content-Length",
		"Transfer-Encoding" };

	for (size_t i = 0; i < SP_COUNTOF(framing); i++) {
		size_t len = strlen(framing[i]);

		if (line->name_len > len &&
		    strncasecmp(line->name, framing[i], len) == 0)
			return true;
	}
	return false;
}

static enum sp_code
read_line(
    struct http_request *q, const struct http_pair *line, struct sp_err *err)
{
	enum http_field f;

	if (!is_token(line->name, line->name_len) || is_folded(line) ||
	    line->value == NULL || !is_text(line->value, line->value_len)) {
		q->untrusted = true;
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "a header line is malformed");
	}
	f = field_of(line);
	if (f == HTTP_FIELD_COUNT)
		return SP_OK;
	/* Each proxy on the way may add one of these. */
	if (f == HTTP_F_FORWARDED || f == HTTP_F_X_FORWARDED_FOR)
		q->field[f] = NULL;
	if (q->field[f] != NULL) {
		q->untrusted = true;
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "%s comes twice", http_field_name(f));
	}
	q->field[f] = line->value;
	return SP_OK;
}

/* How long is the body?  RFC 9112, 6: a request that says it in two ways may
 * be two requests to someone else. */
static enum sp_code
read_framing(struct http_request *q, struct sp_err *err)
{
	const char *coding = q->field[HTTP_F_TRANSFER_ENCODING];
	const char *length = q->field[HTTP_F_CONTENT_LENGTH];

	if (coding == NULL && length == NULL)
		return SP_OK;
	q->untrusted = true;
	if (coding != NULL && length != NULL)
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "Content-Length and Transfer-Encoding in one request");
	if (coding != NULL &&
	    (!q->http11 || strcasecmp(coding, "chunked") != 0))
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "Transfer-Encoding can only be chunked");
	if (length != NULL &&
	    !sp_parse_u64(length, strlen(length), 0, INT64_MAX, &q->content))
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "Content-Length is not a decimal number");
	if (coding != NULL)
		q->content = HTTP_SIZE_UNKNOWN;
	q->untrusted = false;
	return SP_OK;
}

static void
copy_address(char to[static 46], const char *from)
{
	size_t len = strlen(from);

	SP_REQUIRE(len < 46);
	memcpy(to, from, len + 1);
}

static enum sp_code
read_header(
    struct http_request *q, const struct http_wire *w, struct sp_err *err)
{
	q->target = w->target;
	q->http11 = w->http11;
	q->method = http_method_parse(w->method);
	q->head = q->method == HTTP_HEAD;
	copy_address(q->address, w->address);
	q->certificate = w->certificate;
	if (w->lines > HTTP_LINES_MAX || w->bytes > q->house->header_bytes) {
		q->untrusted = true;
		return sp_fail_as(err, SP_E_LIMIT, "http.headers",
		    "at most %d header lines and %zu bytes", HTTP_LINES_MAX,
		    q->house->header_bytes);
	}
	for (size_t i = 0; i < w->lines; i++)
		SP_TRY(read_line(q, &w->line[i], err));
	return read_framing(q, err);
}

/* The override of tus (core, "X-HTTP-Method-Override"), for clients that can
 * only POST. */
static enum sp_code
read_override(struct http_request *q, struct sp_err *err)
{
	const char *s = q->field[HTTP_F_METHOD_OVERRIDE];
	enum http_method m;

	if (s == NULL)
		return SP_OK;
	m = http_method_parse(s);
	if (q->method != HTTP_POST ||
	    (m != HTTP_PATCH && m != HTTP_DELETE && m != HTTP_HEAD))
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "X-HTTP-Method-Override turns POST into PATCH, DELETE or "
		    "HEAD");
	q->method = m;
	return SP_OK;
}

static bool
is_input(const struct http_route *r, const char *name)
{
	for (size_t i = 0; i < r->inputs; i++)
		if (strcmp(r->input[i].in, "query") == 0 &&
		    strcmp(r->input[i].name, name) == 0)
			return true;
	return false;
}

/* A filter that is misspelt must not quietly answer everything: unknown
 * parameters are refused. */
static enum sp_code
read_query(
    struct http_request *q, const struct http_pair *pair, struct sp_err *err)
{
	char *name = q->query[q->queries].name;
	char *value = q->query[q->queries].value;

	if (pair->name_len >= sizeof(q->query[0].name) ||
	    !http_percent_decode(pair->name, pair->name_len, name) ||
	    !is_input(q->match.route, name))
		return q->match.route->lenient
		    ? SP_OK
		    : sp_fail(err, SP_E_INVALID, "unknown query parameter");
	if (http_request_query(q, name) != NULL)
		return sp_fail(
		    err, SP_E_INVALID, "query parameter %s comes twice", name);
	if (pair->value == NULL || pair->value_len > HTTP_QUERY_TEXT)
		return sp_fail(err, SP_E_INVALID,
		    "query parameter %s: at most %d bytes", name,
		    HTTP_QUERY_TEXT);
	if (!http_percent_decode(pair->value, pair->value_len, value))
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "the query is not properly percent-encoded");
	q->queries++;
	return SP_OK;
}

static enum sp_code
read_queries(
    struct http_request *q, const struct http_wire *w, struct sp_err *err)
{
	if (w->queries > HTTP_QUERY_MAX)
		return sp_fail(err, SP_E_INVALID, "at most %d query parameters",
		    HTTP_QUERY_MAX);
	if (w->queries > 0)
		q->query = calloc(w->queries, sizeof(*q->query));
	if (w->queries > 0 && q->query == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a query");
	for (size_t i = 0; i < w->queries; i++)
		SP_TRY(read_query(q, &w->query[i], err));
	return SP_OK;
}

/* --- The door --- */

/* What may be shown as a bearer: the other texts are codes and secrets that are
 * handed in elsewhere, once. */
static bool
is_bearer(enum gate_text kind)
{
	return kind == GATE_TEXT_TOKEN || kind == GATE_TEXT_SESSION ||
	    kind == GATE_TEXT_ACCESS;
}

static enum sp_code
bearer(const struct http_request *q, const char **text, struct sp_err *err)
{
	const char *s = q->field[HTTP_F_AUTHORIZATION];
	struct sp_id agency;
	enum gate_text kind;

	if (s == NULL)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.missing",
		    "a bearer token is needed");
	if (strncasecmp(s, "Bearer ", 7) != 0)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "Authorization is not \"Bearer\" and a token");
	s += 7;
	if (!gate_text_parse(s, &kind, &agency) || !is_bearer(kind))
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "this is not the text of a token");
	*text = s;
	return SP_OK;
}

const char *
http_request_token(const struct http_request *q)
{
	const char *text = NULL;

	if (q->cookie[0] != '\0')
		return q->cookie;
	SP_REQUIRE(bearer(q, &text, NULL) == SP_OK);
	return text;
}

enum sp_code
http_request_shown(
    struct http_request *q, const char **text, struct sp_err *err)
{
	if (q->field[HTTP_F_AUTHORIZATION] != NULL ||
	    !http_request_cookie(q, q->cookie))
		return bearer(q, text, err);
	SP_TRY(http_request_same_site(q, err));
	*text = q->cookie;
	return SP_OK;
}

static enum sp_code
enter(struct http_request *q, struct sp_err *err)
{
	return evidence_site_room(q->house->site,
	    http_match_param(&q->match, "agency"), &q->room, err);
}

/* A path without an agency is about the token's own.  A token that names no
 * agency of this site's was not issued here. */
static enum sp_code
enter_own(struct http_request *q, const char *text, struct sp_err *err)
{
	struct sp_id agency;
	enum gate_text kind;
	enum sp_code code = SP_E_NOTFOUND;

	if (gate_text_parse(text, &kind, &agency))
		code = evidence_site_room_of(
		    q->house->site, &agency, &q->room, err);
	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, SP_E_UNKNOWN, "token.unknown",
		    "no such token was issued here");
	return code;
}

static bool
only_certificate(struct http_request *q)
{
	return q->certificate != NULL &&
	    q->field[HTTP_F_AUTHORIZATION] == NULL &&
	    http_match_has(&q->match, "agency") &&
	    !http_request_cookie(q, q->cookie);
}

/* A client certificate and nothing else: a device.  One that is not known in
 * the agency hears the same whether or not there is such an agency. */
static enum sp_code
know_certificate(struct http_request *q, const struct evidence_shown *shown,
    struct sp_err *err)
{
	enum sp_code code = enter(q, err);

	if (code == SP_E_NOTFOUND)
		return sp_fail_as(err, SP_E_UNKNOWN, "certificate.unknown",
		    "no device is known here by this certificate");
	SP_TRY(code);
	SP_TRY(evidence_room_know(q->room, shown, &q->who, err));
	q->who.source = "api";
	return SP_OK;
}

/* Nobody without a well-formed token hears whether the agency exists; with a
 * token of another agency's there is nothing here (promise 4). */
static enum sp_code
know(struct http_request *q, struct sp_err *err)
{
	struct evidence_shown shown = {
		.certificate = q->certificate,
		.address = q->address,
	};
	const char *text = NULL;

	if (only_certificate(q))
		return know_certificate(q, &shown, err);
	SP_TRY(http_request_shown(q, &text, err));
	if (q->cookie[0] != '\0')
		shown.cookie = text;
	else
		shown.bearer = text;
	if (http_match_has(&q->match, "agency"))
		SP_TRY(enter(q, err));
	else
		SP_TRY(enter_own(q, text, err));
	SP_TRY(evidence_room_know(q->room, &shown, &q->who, err));
	q->who.source = "api";
	return SP_OK;
}

static enum sp_code
admit(struct http_request *q, struct sp_err *err)
{
	const struct http_route *r = q->match.route;
	struct gate_object on = { .kind = r->kind };

	/* Uploads are admitted as a whole: who may begin one may go on. */
	if (r->act != GATE_UPLOAD)
		on.id = q->id;
	return gate_admit(
	    evidence_room_gate(q->room), &q->who, r->act, &on, &q->pass, err);
}

static enum sp_code
read_id(struct http_request *q, struct sp_err *err)
{
	const char *s;

	if (!http_match_has(&q->match, "id"))
		return SP_OK;
	s = http_match_param(&q->match, "id");
	if (!sp_id_parse(s, strlen(s), &q->id))
		return sp_fail(err, SP_E_NOTFOUND, "no such id");
	return SP_OK;
}

/* Is the body kept until all of it is there? */
static bool
collects(const struct http_route *r)
{
	return r->takes == HTTP_TAKES_JSON || r->takes == HTTP_TAKES_FORM;
}

static enum sp_code
pass_door(struct http_request *q, struct sp_err *err)
{
	switch (q->match.route->door) {
	case HTTP_DOOR_OPEN: return SP_OK;
	case HTTP_DOOR_PUBLIC: return enter(q, err);
	case HTTP_DOOR_KNOWN: SP_TRY(know(q, err)); return read_id(q, err);
	case HTTP_DOOR_GATE:
		SP_TRY(know(q, err));
		SP_TRY(read_id(q, err));
		/* An act with an entry of its own is entered once: when it is
		 * done, at the end of its body. */
		if (collects(q->match.route) &&
		    gate_act_recorded(q->match.route->act))
			return SP_OK;
		return admit(q, err);
	}
	return sp_fail(err, SP_E_INTERNAL, "no such door");
}

/* --- At the end of the body --- */

static bool
is_same(const struct gate_caller *a, const struct gate_caller *b)
{
	return sp_id_equal(&a->agency, &b->agency) &&
	    sp_id_equal(&a->token, &b->token) &&
	    sp_id_equal(&a->person, &b->person) && a->role == b->role;
}

/* Bytes may be on their way for longer than a credential lasts.  Time alone
 * undoes nothing that was begun in time; whoever took something away does. */
static bool
only_older(const struct http_request *q, const struct sp_err *why)
{
	return q->match.route->act == GATE_UPLOAD && why->reason != NULL &&
	    (strcmp(why->reason, "token.expired") == 0 ||
		strcmp(why->reason, "session.expired") == 0);
}

static enum sp_code
know_again(struct http_request *q, struct sp_err *err)
{
	const struct gate_caller was = q->who;
	struct sp_err why = { .code = SP_OK };
	enum sp_code code = know(q, &why);

	if (code != SP_OK && only_older(q, &why)) {
		q->who = was;
		return gate_ongoing_check(&q->who, err);
	}
	if (code != SP_OK) {
		*err = why;
		return code;
	}
	return is_same(&was, &q->who) ? SP_OK : gate_ongoing_refused(err);
}

/* Who asked was found out when the header came; the body may have taken an
 * hour since.  What is done now is done by whoever they are now: a credential
 * that was revoked, or a role that was taken away meanwhile, counts. */
static enum sp_code
pass_door_again(struct http_request *q, struct sp_err *err)
{
	const struct http_route *r = q->match.route;

	if (r->door != HTTP_DOOR_KNOWN && r->door != HTTP_DOOR_GATE)
		return SP_OK;
	SP_TRY(know_again(q, err));
	if (r->door != HTTP_DOOR_GATE || !collects(r))
		return SP_OK;
	gate_pass_unref(q->pass);
	q->pass = NULL;
	return admit(q, err);
}

/* --- From header to answer --- */

static enum sp_code
check_tus(const struct http_request *q, struct sp_err *err)
{
	const char *v = q->field[HTTP_F_TUS_RESUMABLE];

	if (q->match.route->tus != HTTP_TUS_ASKED ||
	    (v != NULL && strcmp(v, HTTP_TUS_VERSION) == 0))
		return SP_OK;
	return sp_fail_as(err, SP_E_INVALID, "tus.version",
	    "Tus-Resumable: %s is needed", HTTP_TUS_VERSION);
}

static enum sp_code
check_size(const struct http_request *q, struct sp_err *err)
{
	if (q->content != HTTP_SIZE_UNKNOWN &&
	    q->content > q->house->json_bytes)
		return sp_fail_as(err, SP_E_LIMIT, "http.size",
		    "a body has at most %zu bytes", q->house->json_bytes);
	return SP_OK;
}

static enum sp_code
check_body(const struct http_request *q, struct sp_err *err)
{
	switch (q->match.route->takes) {
	case HTTP_TAKES_BYTES: return SP_OK;
	case HTTP_TAKES_NOTHING:
		if (q->content == 0)
			return SP_OK;
		return sp_fail_as(
		    err, SP_E_INVALID, "http.malformed", "no body is taken");
	case HTTP_TAKES_FORM: return check_size(q, err);
	case HTTP_TAKES_JSON:
		if (!http_request_is(q, "application/json"))
			return sp_fail_as(err, SP_E_INVALID, "http.media",
			    "the body is application/json");
		return check_size(q, err);
	}
	return sp_fail(err, SP_E_INTERNAL, "no such body");
}

/* Everything that may refuse a request before its handler sees it. */
static enum sp_code
admit_request(
    struct http_request *q, const struct http_wire *w, struct sp_err *err)
{
	SP_TRY(read_header(q, w, err));
	SP_TRY(read_override(q, err));
	SP_TRY(http_router_match(
	    &q->match, q->house->routes, q->method, w->target, err));
	SP_TRY(pass_door(q, err));
	SP_TRY(read_queries(q, w, err));
	SP_TRY(check_tus(q, err));
	return check_body(q, err);
}

static enum sp_code
begin(struct http_request *q, const struct http_wire *w, enum http_turn *turn,
    struct sp_err *err)
{
	const struct http_route *r;

	SP_TRY(admit_request(q, w, err));
	r = q->match.route;
	if (!collects(r))
		SP_TRY(r->handle(q, &q->answer, err));
	if (collects(r) || q->sink != NULL)
		*turn = HTTP_GO_ON;
	return SP_OK;
}

static void
set_allow(struct http_request *q)
{
	SP_AUTO_BUF allow = sp_buf_new(64);

	for (unsigned m = 0; m < HTTP_METHOD_COUNT; m++)
		if ((q->match.methods & 1U << m) != 0)
			sp_buf_fmt(&allow, "%s%s", allow.len == 0 ? "" : ", ",
			    http_method_name((enum http_method)m));
	http_answer_set(&q->answer, "Allow", sp_buf_str(&allow));
}

static bool
is_tus_path(const struct http_request *q)
{
	return q->match.path != NULL && q->match.path->tus != HTTP_TUS_NOT;
}

/* What every answer carries. */
static void
dress(struct http_request *q)
{
	struct http_answer *a = &q->answer;

	http_answer_set(a, "Strict-Transport-Security", "max-age=31536000");
	http_answer_set(a, "X-Content-Type-Options", "nosniff");
	if (http_answer_get(a, "Cache-Control") == NULL)
		http_answer_set(a, "Cache-Control", "no-store");
	if (a->problem && a->which == HTTP_METHOD)
		set_allow(q);
	if (a->problem && a->which == HTTP_TUS)
		http_answer_set(a, "Tus-Version", HTTP_TUS_VERSION);
	if (is_tus_path(q) && q->method != HTTP_OPTIONS)
		http_answer_set(a, "Tus-Resumable", HTTP_TUS_VERSION);
}

static void
failed(struct http_request *q, const struct sp_err *err)
{
	SP_AUTO_BUF what = sp_buf_new(100);

	sp_buf_fmt(&what, "%s %s",
	    q->method == HTTP_METHOD_COUNT ? "?" : http_method_name(q->method),
	    http_request_route(q));
	http_answer_error(&q->answer, err, sp_buf_str(&what));
}

enum http_turn
http_request_begin(struct http_request *q, const struct http_wire *w)
{
	struct sp_err err = { .code = SP_OK };
	enum http_turn turn = HTTP_ANSWERED;

	if (begin(q, w, &turn, &err) != SP_OK)
		failed(q, &err);
	if (turn == HTTP_ANSWERED)
		dress(q);
	return turn;
}

enum http_turn
http_request_body(struct http_request *q, const void *bytes, size_t len)
{
	struct sp_err err = { .code = SP_OK }, ignored;
	const struct http_sink *sink = q->sink;

	if (sink == NULL) {
		sp_buf_add(&q->body, bytes, len);
		if (sp_buf_ok(&q->body))
			return HTTP_GO_ON;
		(void)sp_fail_as(&err, SP_E_LIMIT, "http.size",
		    "a body has at most %zu bytes", q->house->json_bytes);
	} else {
		if (sink->write(q->sink_self, bytes, len, &err) == SP_OK)
			return HTTP_GO_ON;
		q->sink = NULL;
		/* The failure of the write is the one to tell. */
		(void)sink->end(q->sink_self, false, &q->answer, &ignored);
	}
	failed(q, &err);
	dress(q);
	return HTTP_ANSWERED;
}

void
http_request_end(struct http_request *q)
{
	struct sp_err err = { .code = SP_OK }, ignored;
	const struct http_sink *sink = q->sink;
	enum sp_code code = pass_door_again(q, &err);

	q->sink = NULL;
	if (sink != NULL && code != SP_OK)
		(void)sink->end(q->sink_self, false, &q->answer, &ignored);
	else if (sink != NULL)
		code = sink->end(q->sink_self, true, &q->answer, &err);
	else if (code == SP_OK)
		code = q->match.route->handle(q, &q->answer, &err);
	if (code != SP_OK)
		failed(q, &err);
	dress(q);
}

void
http_request_abort(struct http_request *q)
{
	struct sp_err err = { .code = SP_OK };
	const struct http_sink *sink = q->sink;

	q->sink = NULL;
	/* Nobody is left to be told; what could be kept was kept. */
	if (sink != NULL)
		(void)sink->end(q->sink_self, false, &q->answer, &err);
}
