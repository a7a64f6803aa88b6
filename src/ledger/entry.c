#include "ledger/entry.h"

#include "base/json.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const outcome_names[] = {
#define X(id, name) [id] = (name),
	LEDGER_OUTCOMES(X)
#undef X
};

/* On the list?  Called for every entry: the list is short. */
static bool
act_ok(const char *s)
{
	static const char *const acts[] = {
#define X(word) word,
		LEDGER_ACTS(X)
#undef X
	};

	for (size_t i = 0; i < SP_COUNTOF(acts); i++)
		if (strcmp(acts[i], s) == 0)
			return true;
	return false;
}

/* A kind or source: a word of a-z, 0-9, '.', '-' and '_', so that no
 * free text comes in by one. */
static bool
word_ok(const char *s)
{
	size_t len = strnlen(s, LEDGER_WORD_MAX + 1);

	if (len == 0 || len > LEDGER_WORD_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(s[i] >= 'a' && s[i] <= 'z') &&
		    !(s[i] >= '0' && s[i] <= '9') && s[i] != '.' &&
		    s[i] != '-' && s[i] != '_')
			return false;
	return true;
}

static bool
address_ok(const char *s)
{
	uint8_t unused[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, s, unused) == 1 ||
	    inet_pton(AF_INET6, s, unused) == 1;
}

/* {"id":"...","kind":"..."} */
static void
put_who(struct sp_json *j, const char *name, const struct sp_id *id,
    const char *kind)
{
	sp_json_object(j, name);
	sp_json_id(j, "id", id);
	sp_json_str(j, "kind", kind);
	sp_json_end(j);
}

static void
put_all(const struct ledger_entry *e, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);
	char at[SP_TIME_TEXT];

	sp_time_text(e->at, at);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "act", e->act);
	put_who(&j, "actor", &e->actor, e->actor_kind);
	if (e->address != NULL)
		sp_json_str(&j, "address", e->address);
	sp_json_id(&j, "agency", &e->agency);
	sp_json_str(&j, "at", at);
	sp_json_raw(&j, "detail", e->detail == NULL ? "{}" : e->detail);
	put_who(&j, "object", &e->object, e->object_kind);
	sp_json_str(&j, "outcome", outcome_names[e->outcome]);
	sp_json_str(&j, "source", e->source);
	sp_json_int(&j, "v", 1);
	sp_json_end(&j);
}

enum sp_code
ledger_entry_write(
    const struct ledger_entry *e, struct sp_buf *out, struct sp_err *err)
{
	size_t before = out->len;

	SP_REQUIRE((size_t)e->outcome < SP_COUNTOF(outcome_names));
	if (!act_ok(e->act))
		return sp_fail(err, SP_E_INVALID,
		    "ledger entry: an act that the log does not know");
	if (!word_ok(e->actor_kind) || !word_ok(e->object_kind) ||
	    !word_ok(e->source))
		return sp_fail(err, SP_E_INVALID,
		    "ledger entry: kinds and source are words of a-z, 0-9 "
		    "and .-_");
	if (e->detail != NULL && e->detail[0] != '{')
		return sp_fail(err, SP_E_INVALID,
		    "ledger entry: the detail is not an object");
	if (e->address != NULL && !address_ok(e->address))
		return sp_fail(err, SP_E_INVALID,
		    "ledger entry: the address is not a numeric one");
	put_all(e, out);
	SP_TRY(sp_buf_check(out, "ledger entry", err));
	if (out->len - before > LEDGER_ENTRY_MAX) {
		sp_buf_cut(out, before);
		return sp_fail(err, SP_E_LIMIT,
		    "ledger entry: more than %d bytes", LEDGER_ENTRY_MAX);
	}
	return SP_OK;
}
