#include "evidence/room_part.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define RULES_TEXT_MAX ((size_t)1 << 20)

struct evidence_past_rules {
	struct people_rules *rules;
	struct evidence_past_rules *before;
};

static enum sp_code
load(const struct evidence_rulebook *b, const struct people_agency *agency,
    struct people_rules **out, struct sp_err *err)
{
	struct people_rules_place at = {
		.state = agency->state,
		.slug = agency->slug,
		.dirfd = b->policy == NULL ? -1 : AT_FDCWD,
		.folder = b->policy,
		.provider = agency->provider,
	};

	return people_rules_load(out, &at, err);
}

enum sp_code
evidence_room_rules_open(struct evidence_rulebook *b,
    const struct people_agency *agency, const char *policy, struct sp_err *err)
{
	struct people_rules *rules = NULL;

	if (policy != NULL) {
		b->policy = strdup(policy);
		if (b->policy == NULL)
			return sp_fail(err, SP_E_NOMEM, "no memory for a room");
	}
	SP_TRY(load(b, agency, &rules, err));
	b->now = rules;
	return SP_OK;
}

static enum sp_code
same_rules(const struct people_rules *a, const struct people_rules *b,
    bool *same, struct sp_err *err)
{
	SP_AUTO_BUF one = sp_buf_new(RULES_TEXT_MAX);
	SP_AUTO_BUF two = sp_buf_new(RULES_TEXT_MAX);
	struct sp_json first = sp_json_to(&one), second = sp_json_to(&two);

	people_rules_json(&first, NULL, a);
	people_rules_json(&second, NULL, b);
	SP_TRY(sp_buf_check(&one, "rules", err));
	SP_TRY(sp_buf_check(&two, "rules", err));
	*same = one.len == two.len && memcmp(one.at, two.at, one.len) == 0 &&
	    strcmp(people_day_zone(a), people_day_zone(b)) == 0;
	return SP_OK;
}

enum sp_code
evidence_room_rules_reload(struct evidence_rulebook *b,
    const struct people_agency *agency, bool *changed, struct sp_err *err)
{
	PEOPLE_AUTO_RULES made = NULL;
	struct evidence_past_rules *past;
	bool same = false;

	SP_TRY(load(b, agency, &made, err));
	SP_TRY(same_rules(b->now, made, &same, err));
	*changed = !same;
	if (same)
		return SP_OK;
	past = malloc(sizeof(*past));
	if (past == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for rules");
	*past = (struct evidence_past_rules){ b->now, b->past };
	b->past = past;
	b->now = SP_STEAL(made);
	return SP_OK;
}

void
evidence_room_rules_close(struct evidence_rulebook *b)
{
	while (b->past != NULL) {
		struct evidence_past_rules *past = b->past;

		b->past = past->before;
		people_rules_free(past->rules);
		free(past);
	}
	people_rules_free(b->now);
	free(b->policy);
}
