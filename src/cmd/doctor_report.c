#include "cmd/doctor_report.h"

#include "cmd/present.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const level_names[] = {
#define X(id, name) [id] = (name),
	DOCTOR_LEVELS(X)
#undef X
};

struct doctor_report
cmd_doctor_report_new(void)
{
	return (struct doctor_report){ .findings = json_array() };
}

void
cmd_doctor_report_free(struct doctor_report *r)
{
	json_decref(r->findings);
	r->findings = NULL;
}

/* Is this one more of many of a kind?  Good news is always told. */
static bool
one_too_many(
    struct doctor_report *r, enum doctor_level level, const char *advice)
{
	if (level == DOCTOR_GOOD || r->same != advice) {
		r->same = level == DOCTOR_GOOD ? NULL : advice;
		r->same_n = 0;
	}
	r->same_n++;
	return level != DOCTOR_GOOD && r->same_n > DOCTOR_SAME_MAX;
}

void
cmd_doctor_report_add(struct doctor_report *r, enum doctor_level level,
    const char *area, const char *advice, const char *fmt, ...)
{
	char text[600];
	char clean[600];
	va_list ap;

	r->count[level]++;
	if (one_too_many(r, level, advice))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)cmd_present_clean(text, clean, sizeof(clean));
	/* The count is what decides: a finding lost for want of memory is
	 * still counted. */
	(void)json_array_append_new(r->findings,
	    json_pack("{s:s, s:s, s:s, s:s*}", "level", level_names[level],
		"area", area, "text", clean, "advice", advice));
}

void
cmd_doctor_report_err(struct doctor_report *r, const char *area,
    const char *advice, const char *what, const struct sp_err *err)
{
	cmd_doctor_report_add(
	    r, DOCTOR_WRONG, area, advice, "%s: %s", what, err->text);
}

static const char *
member(const json_t *finding, const char *name)
{
	const char *s = json_string_value(json_object_get(finding, name));

	return s == NULL ? "" : s;
}

/* "wrong  keys     keeper/root may be read by others" and, below, what to do;
 * the advice is said once for those that share it. */
static void
print_text(const struct doctor_report *r)
{
	const char *last = "";
	size_t n = json_array_size(r->findings);

	for (size_t i = 0; i < n; i++) {
		const json_t *f = json_array_get(r->findings, i);
		const json_t *next = json_array_get(r->findings, i + 1);
		const char *advice = member(f, "advice");

		(void)printf("%-5s  %-8s  %s\n", member(f, "level"),
		    member(f, "area"), member(f, "text"));
		last = next == NULL ? "" : member(next, "advice");
		if (*advice != '\0' && strcmp(advice, last) != 0)
			(void)printf("%-5s  %-8s  -> %s\n", "", "", advice);
	}
	(void)printf("%" PRIu64 " wrong, %" PRIu64 " to note, %" PRIu64
		     " good\n",
	    r->count[DOCTOR_WRONG], r->count[DOCTOR_NOTE],
	    r->count[DOCTOR_GOOD]);
}

enum sp_code
cmd_doctor_report_print(
    const struct doctor_report *r, bool json, struct sp_err *err)
{
	if (!json) {
		print_text(r);
		return cmd_present_flush(err);
	}
	json_t *all =
	    json_pack("{s:b, s:I, s:I, s:O}", "ok", r->count[DOCTOR_WRONG] == 0,
		"wrong", (json_int_t)r->count[DOCTOR_WRONG], "notes",
		(json_int_t)r->count[DOCTOR_NOTE], "findings", r->findings);

	if (all == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for the report");
	enum sp_code code = cmd_present_json(all, err);

	json_decref(all);
	return code;
}
