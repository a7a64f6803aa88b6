#include "people/clearance.h"

#include "people/field.h"

#include <string.h>

/* What a failing check takes, in words, with %s for the state or course, or
 * for what is to be signed. */
static const char partner[] =
    "a %s agreement with the person's employer (sallyport person change "
    "--employer), in force and reviewed";
static const char *const remedies[PEOPLE_CHECK_COUNT] = {
	[PEOPLE_CHECK_STATE] =
	    "a fingerprint-based check in %s that is decided cleared",
	[PEOPLE_CHECK_RESIDENCE] =
	    "a check by fingerprint in %s, where they live, decided cleared",
	[PEOPLE_CHECK_LEVEL] = "training of %s or higher, completed",
	[PEOPLE_CHECK_PII] = "the course %s, completed",
	[PEOPLE_CHECK_DEMAND] = "the course %s that was demanded, completed",
	[PEOPLE_CHECK_PERSON] = "the %s, signed by the person",
	[PEOPLE_CHECK_COMPANY] = "the %s, signed by the person's employer",
	[PEOPLE_CHECK_USER] =
	    "a user agreement with the CSA of %s, in force and reviewed",
	[PEOPLE_CHECK_PARTNER] = partner,
};

static const char *
what_of(const struct people_step *s)
{
	switch (s->check) {
	case PEOPLE_CHECK_STATE:
	case PEOPLE_CHECK_RESIDENCE:
	case PEOPLE_CHECK_USER: return s->place;
	case PEOPLE_CHECK_LEVEL:
	case PEOPLE_CHECK_PII:
	case PEOPLE_CHECK_DEMAND: return people_course_name(s->course);
	case PEOPLE_CHECK_PERSON:
		return s->rule == PEOPLE_ADDENDUM_CONTRACTOR
		    ? "Security Addendum"
		    : "agency's terms of access";
	case PEOPLE_CHECK_COMPANY: return "Security Addendum";
	case PEOPLE_CHECK_PARTNER:
		return "management control or information exchange";
	case PEOPLE_CHECK_COUNT: break;
	}
	return "";
}

/* The remedy with its one %s filled in. */
static void
put_remedy(const struct people_step *s, struct sp_buf *out)
{
	const char *text = remedies[s->check];
	const char *hole = strstr(text, "%s");

	SP_REQUIRE(hole != NULL);
	sp_buf_add(out, text, (size_t)(hole - text));
	sp_buf_text(out, what_of(s));
	sp_buf_text(out, hole + 2);
}

void
people_clearance_change(const struct people_verdict *v,
    const struct people_rules *rules, struct sp_buf *out)
{
	const struct people_step *s = &v->step[v->first];
	char day[PEOPLE_DAY_TEXT];

	if (v->code == PEOPLE_OK && v->until == PEOPLE_DAY_NEVER)
		return;
	if (v->code == PEOPLE_OK) {
		people_day_text(v->until, day);
		sp_buf_fmt(out, "before %s: ", day);
	}
	put_remedy(s, out);
	sp_buf_fmt(out, " (%s)", people_rules_section(rules, s->rule));
}

/* --- each with its command --- */

/* As a shell takes it for one word. */
static void
put_quoted(struct sp_buf *out, const char *s)
{
	sp_buf_text(out, "'");
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			sp_buf_text(out, "'\\''");
		else
			sp_buf_add(out, s, 1);
	}
	sp_buf_text(out, "'");
}

/* Of whom nobody said for whom they work, that is still to be said. */
static void
put_employer(struct sp_buf *out, const struct people_remedy *r)
{
	if (r->employer[0] == '\0')
		sp_buf_text(out, "EMPLOYER");
	else
		put_quoted(out, r->employer);
}

/* Is it not the person's house, but whose evidence it is that records this? */
static bool
of_papers(enum people_check check)
{
	return check == PEOPLE_CHECK_COMPANY || check == PEOPLE_CHECK_USER;
}

static void
put_subject(const struct people_step *s, const struct people_remedy *r,
    struct sp_buf *out)
{
	const char *who =
	    s->check == PEOPLE_CHECK_COMPANY || s->check == PEOPLE_CHECK_PARTNER
	    ? r->employer
	    : r->person;

	if (s->check != PEOPLE_CHECK_USER && who[0] != '\0')
		sp_buf_fmt(out, "%s: ", who);
	put_remedy(s, out);
	if (s->state == PEOPLE_STEP_EXPIRED && s->check != PEOPLE_CHECK_DEMAND)
		sp_buf_text(out, ", anew");
	if (r->papers != NULL && of_papers(s->check))
		sp_buf_fmt(out, ", on record in %s", r->papers);
	if (r->guest && r->house != NULL)
		sp_buf_fmt(out, ", for %s", r->house);
	sp_buf_text(out, ": ");
}

/* One that was signed once is reviewed, unless it has ended. */
static void
put_agreement(const struct people_step *s, struct sp_buf *out)
{
	if (s->state == PEOPLE_STEP_EXPIRED)
		sp_buf_text(out,
		    "sallyport agreement review ID, or of one that has ended ");
	sp_buf_text(out, "sallyport agreement add");
}

static void
put_command(const struct people_step *s, const struct people_remedy *r,
    struct sp_buf *out)
{
	const char *course = people_course_name(s->course);

	switch (s->check) {
	case PEOPLE_CHECK_STATE:
	case PEOPLE_CHECK_RESIDENCE:
		sp_buf_fmt(out, "sallyport screening add %s --state %s",
		    r->person, s->place);
		break;
	case PEOPLE_CHECK_LEVEL:
	case PEOPLE_CHECK_PII:
	case PEOPLE_CHECK_DEMAND:
		sp_buf_fmt(out, "sallyport training add %s --course %s",
		    r->person, course);
		break;
	case PEOPLE_CHECK_PERSON:
		sp_buf_fmt(out, "sallyport addendum sign %s", r->person);
		break;
	case PEOPLE_CHECK_COMPANY:
		sp_buf_text(out, "sallyport addendum company ");
		put_employer(out, r);
		sp_buf_text(out, " --signer NAME");
		break;
	case PEOPLE_CHECK_USER:
		put_agreement(s, out);
		sp_buf_fmt(out, " %s", s->place);
		break;
	case PEOPLE_CHECK_PARTNER:
		put_agreement(s, out);
		sp_buf_text(out, " --kind management-control --partner ");
		put_employer(out, r);
		break;
	case PEOPLE_CHECK_COUNT: break;
	}
	if (r->papers != NULL && of_papers(s->check))
		sp_buf_fmt(out, " --agency %s", r->papers);
}

void
people_clearance_remedy(const struct people_step *s,
    const struct people_remedy *r, struct sp_buf *out)
{
	put_subject(s, r, out);
	put_command(s, r, out);
}

size_t
people_clearance_failing(const struct people_verdict *v,
    enum people_check out[static PEOPLE_CHECK_COUNT])
{
	size_t n = 0;

	for (unsigned c = PEOPLE_OK + 1; c < PEOPLE_CODE_COUNT; c++)
		for (unsigned i = 0; i < PEOPLE_CHECK_COUNT; i++)
			if (people_step_code(&v->step[i]) ==
			    (enum people_code)c)
				out[n++] = (enum people_check)i;
	return n;
}

/* --- as JSON --- */

static void
put_step(struct sp_json *j, const struct people_step *s,
    const struct people_rules *rules)
{
	bool needed = s->state != PEOPLE_STEP_NOT_NEEDED;

	sp_json_object(j, NULL);
	sp_json_str(j, "check", people_check_name(s->check));
	if (needed && s->check >= PEOPLE_CHECK_LEVEL &&
	    s->check <= PEOPLE_CHECK_DEMAND)
		sp_json_str(j, "course", people_course_name(s->course));
	if (needed && s->place[0] != '\0')
		sp_json_str(j, "place", s->place);
	sp_json_str(j, "rule", people_rules_name(s->rule));
	sp_json_str(j, "section",
	    s->check == PEOPLE_CHECK_LEVEL
		? "AT-3(a)"
		: people_rules_section(rules, s->rule));
	sp_json_str(j, "state", people_step_state_name(s->state));
	people_put_day(j, "until", s->until);
	sp_json_end(j);
}

static void
put_changes(struct sp_json *j, const struct people_verdict *v,
    const struct people_remedy *r)
{
	enum people_check failing[PEOPLE_CHECK_COUNT];
	size_t n = people_clearance_failing(v, failing);

	sp_json_array(j, "changes");
	for (size_t i = 0; i < n; i++) {
		const struct people_step *s = &v->step[failing[i]];
		SP_AUTO_BUF text = sp_buf_new(1024);

		people_clearance_remedy(s, r, &text);
		sp_json_object(j, NULL);
		sp_json_str(j, "check", people_check_name(s->check));
		sp_json_str(j, "code", people_code_name(people_step_code(s)));
		sp_json_str(j, "do", sp_buf_str(&text));
		sp_json_end(j);
	}
	sp_json_end(j);
}

static void
put(struct sp_json *j, const char *name, const struct people_verdict *v,
    const struct people_rules *rules, const struct people_remedy *r)
{
	SP_AUTO_BUF change = sp_buf_new(512);

	people_clearance_change(v, rules, &change);
	sp_json_object(j, name);
	if (change.len > 0)
		sp_json_str(j, "change", sp_buf_str(&change));
	if (r != NULL)
		put_changes(j, v, r);
	sp_json_str(j, "code", people_code_name(v->code));
	if (r != NULL && r->house != NULL)
		sp_json_str(j, "house", r->house);
	sp_json_array(j, "path");
	for (size_t i = 0; i < PEOPLE_CHECK_COUNT; i++)
		put_step(j, &v->step[i], rules);
	sp_json_end(j);
	people_put_day(j, "until", v->until);
	sp_json_end(j);
}

void
people_clearance_json(struct sp_json *j, const char *name,
    const struct people_verdict *v, const struct people_rules *rules)
{
	put(j, name, v, rules, NULL);
}

void
people_clearance_json_for(struct sp_json *j, const struct people_verdict *v,
    const struct people_rules *rules, const struct people_remedy *r)
{
	put(j, NULL, v, rules, r);
}
