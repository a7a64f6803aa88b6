#include "http/router.h"

#include <string.h>

size_t
http_routes_count(const struct http_routes *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->topics; i++)
		n += t->topic[i]->routes;
	return n;
}

const struct http_route *
http_routes_at(const struct http_routes *t, size_t i)
{
	for (size_t k = 0; k < t->topics; k++) {
		if (i < t->topic[k]->routes)
			return &t->topic[k]->route[i];
		i -= t->topic[k]->routes;
	}
	sp_panic(__FILE__, __LINE__, __func__, "no such route");
}

static const char *const method_names[] = {
#define X(id, name) [id] = (name),
	HTTP_METHODS(X)
#undef X
};

const char *
http_method_name(enum http_method m)
{
	SP_REQUIRE((size_t)m < SP_COUNTOF(method_names));
	return method_names[m];
}

enum http_method
http_method_parse(const char *s)
{
	for (size_t i = 0; i < SP_COUNTOF(method_names); i++)
		if (strcmp(s, method_names[i]) == 0)
			return (enum http_method)i;
	return HTTP_METHOD_COUNT;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
http_percent_decode(const char *s, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)s[i], high, low;

		if (c == '%') {
			if (len - i < 3)
				return false;
			high = hex_digit(s[i + 1]);
			low = hex_digit(s[i + 2]);
			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		}
		if (c == '\0')
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

/* A request's path: its segments, each decoded. */
#define SEGMENTS_MAX 24

struct path {
	size_t n;
	const char *segment[SEGMENTS_MAX];
	size_t used; /* of the match's text */
};

/* One segment: after the '/' up to the next one or the end. */
static enum sp_code
add_segment(struct http_match *m, struct path *p, const char *s, size_t len,
    struct sp_err *err)
{
	char *at = m->text + p->used;

	if (p->n == SEGMENTS_MAX)
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	if (!http_percent_decode(s, len, at))
		return sp_fail_as(err, SP_E_INVALID, "http.malformed",
		    "the path is not properly percent-encoded");
	if (strchr(at, '/') != NULL)
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	p->segment[p->n++] = at;
	p->used += strlen(at) + 1;
	return SP_OK;
}

/* A proxy may send "https://host/path" (RFC 9112, 3.2.2). */
static const char *
origin_form(const char *s)
{
	const char *rest = NULL;

	if (strncmp(s, "https://", 8) == 0)
		rest = strchr(s + 8, '/');
	else if (strncmp(s, "http://", 7) == 0)
		rest = strchr(s + 7, '/');
	return rest == NULL ? s : rest;
}

static enum sp_code
split(struct http_match *m, struct path *p, const char *s, struct sp_err *err)
{
	if (strnlen(s, HTTP_PATH_MAX) == HTTP_PATH_MAX)
		return sp_fail_as(err, SP_E_LIMIT, "http.uri",
		    "a path has less than %zu bytes", HTTP_PATH_MAX);
	s = origin_form(s);
	if (*s != '/')
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	while (*s == '/') {
		const char *end = strchr(s + 1, '/');
		size_t len =
		    end == NULL ? strlen(s + 1) : (size_t)(end - s) - 1;

		SP_TRY(add_segment(m, p, s + 1, len, err));
		s += 1 + len;
	}
	return SP_OK;
}

/* A template's next segment; moves *at past it. */
static bool
template_next(const char **at, const char **segment, size_t *len)
{
	const char *s = *at;

	if (*s != '/')
		return false;
	*segment = ++s;
	while (*s != '\0' && *s != '/')
		s++;
	*len = (size_t)(s - *segment);
	*at = s;
	return true;
}

static void
add_param(struct http_match *m, const char *name, size_t len, const char *value)
{
	SP_REQUIRE(m->params < HTTP_PARAMS);
	m->param[m->params].name = name;
	m->param[m->params].name_len = len;
	m->param[m->params].value = value;
	m->params++;
}

/* Does the path fit the template?  Then the parameters are in m. */
static bool
fits(struct http_match *m, const struct path *p, const char *template,
    size_t *rest)
{
	const char *name;
	size_t len, i = 0;

	m->params = 0;
	*rest = SEGMENTS_MAX;
	while (template_next(&template, &name, &len)) {
		if (i == p->n)
			return false;
		if (name[0] != '{') {
			if (strlen(p->segment[i]) != len ||
			    memcmp(p->segment[i], name, len) != 0)
				return false;
		} else if (name[len - 2] == '*') {
			add_param(m, name + 1, len - 3, p->segment[i]);
			*rest = i;
			return true;
		} else {
			add_param(m, name + 1, len - 2, p->segment[i]);
		}
		i++;
	}
	return i == p->n;
}

/* The segments from `rest` on lie one after the other: one text again. */
static void
join_rest(const struct path *p, char *text, size_t rest)
{
	for (size_t i = rest; i + 1 < p->n; i++)
		text[(p->segment[i + 1] - text) - 1] = '/';
}

static bool
takes_method(const struct http_route *r, enum http_method method)
{
	return r->method == method ||
	    (r->method == HTTP_GET && method == HTTP_HEAD);
}

static void
note_methods(struct http_match *m, const struct http_route *r)
{
	m->methods |= 1U << r->method;
	if (r->method == HTTP_GET)
		m->methods |= 1U << HTTP_HEAD;
}

/* How the matching of one request stands. */
struct search {
	const struct path *path;
	enum http_method method;
	const struct http_route *found;
	size_t rest; /* where "{name*}" begins */
};

static void
consider(struct http_match *m, struct search *s, const struct http_route *r)
{
	/* The first template that fits is the path's. */
	if (m->path != NULL && strcmp(m->path->path, r->path) != 0)
		return;
	if (m->path == NULL && !fits(m, s->path, r->path, &s->rest))
		return;
	if (m->path == NULL)
		m->path = r;
	note_methods(m, r);
	/* A route of its own goes before GET's for HEAD. */
	if (takes_method(r, s->method) &&
	    (s->found == NULL || r->method == s->method))
		s->found = r;
}

enum sp_code
http_router_match(struct http_match *m, const struct http_routes *t,
    enum http_method method, const char *path, struct sp_err *err)
{
	struct path p = { .n = 0 };
	struct search s = {
		.path = &p, .method = method, .rest = SEGMENTS_MAX
	};

	m->route = m->path = NULL;
	m->methods = 0;
	m->params = 0;
	SP_TRY(split(m, &p, path, err));
	for (size_t k = 0; k < t->topics; k++)
		for (size_t i = 0; i < t->topic[k]->routes; i++)
			consider(m, &s, &t->topic[k]->route[i]);
	if (m->path == NULL)
		return sp_fail(err, SP_E_NOTFOUND, "no such path");
	if (s.rest < SEGMENTS_MAX)
		join_rest(&p, m->text, s.rest);
	if (s.found == NULL)
		return sp_fail_as(err, SP_E_INVALID, "http.method",
		    "not a method of this resource");
	m->route = s.found;
	return SP_OK;
}

bool
http_match_has(const struct http_match *m, const char *name)
{
	for (size_t i = 0; i < m->params; i++)
		if (strlen(name) == m->param[i].name_len &&
		    memcmp(name, m->param[i].name, m->param[i].name_len) == 0)
			return true;
	return false;
}

const char *
http_match_param(const struct http_match *m, const char *name)
{
	for (size_t i = 0; i < m->params; i++)
		if (strlen(name) == m->param[i].name_len &&
		    memcmp(name, m->param[i].name, m->param[i].name_len) == 0)
			return m->param[i].value;
	sp_panic(__FILE__, __LINE__, __func__, name);
}
