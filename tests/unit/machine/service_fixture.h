#ifndef SERVICE_FIXTURE_H
#define SERVICE_FIXTURE_H

#include "machine/machine_fixture.h"
#include "machine/token.h"

/* A service that proves itself and gets tokens. */
#define NEAR "192.0.2.7"
#define FAR  "203.0.113.9"

static inline enum sp_code
prove(struct agency_fixture *a, const struct service_fixture *s,
    const char *secret, const char *address, struct machine_proven *out)
{
	char client[SP_ID_TEXT];
	struct machine_proof p = { a->id, a->rules, client, secret, address };
	struct sp_err err = { .reason = NULL };
	enum sp_code code;

	sp_id_text(&s->id, client);
	code = machine_service_prove(a->reader, &p, out, &err);
	CHECK(code == SP_OK || code == SP_E_UNKNOWN);
	if (code != SP_OK) { /* the same for all */
		CHECK(strcmp(err.reason, "oauth.invalid_client") == 0);
		CHECK(strcmp(err.text, "client authentication failed") == 0);
	}
	return code;
}

static inline bool
proven(struct agency_fixture *a, const struct service_fixture *s,
    const char *secret)
{
	struct machine_proven out;

	return prove(a, s, secret, NEAR, &out) == SP_OK;
}

struct issue {
	struct machine_token_new new;
	struct machine_token token;
};

static inline enum sp_code
issue_act(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct issue *i = arg;

	return machine_token_issue(tx, &i->new, &i->token, err);
}

static inline struct issue
issue_new(struct agency_fixture *a, const struct service_fixture *s)
{
	return (struct issue){ .new = { .agency = a->id,
				   .service = s->id,
				   .scope = s->new.scope,
				   .until = s->new.expires,
				   .address = NEAR } };
}

static inline struct issue
issue(struct agency_fixture *a, const struct service_fixture *s)
{
	struct issue i = issue_new(a, s);
	struct sp_err err;

	CHECK_OK(ledger_writer_run(a->writer, issue_act, &i, &err), &err);
	return i;
}

/* The reason it is refused for, or "". */
static inline const char *
refused(struct agency_fixture *a, const char *text, const char *address,
    struct gate_caller *who)
{
	struct machine_shown shown = { a->rules, text, address, NULL };
	enum machine_refusal why = MACHINE_PROVEN;
	struct sp_err err = { .reason = NULL };
	enum sp_code code =
	    machine_token_know(a->reader, &a->id, &shown, who, &why, &err);

	CHECK(code == SP_OK || code == SP_E_UNKNOWN);
	CHECK((why != MACHINE_PROVEN) ==
	    (code != SP_OK && strcmp(err.reason, "token.address") == 0));
	return code == SP_OK ? "" : err.reason;
}

static inline bool
is_refused(struct agency_fixture *a, const char *text, const char *reason)
{
	struct gate_caller who = { .source = "api" };

	return strcmp(refused(a, text, NEAR, &who), reason) == 0;
}

static inline void
rotate(struct agency_fixture *a, struct service_fixture *s, sp_time overlap)
{
	struct sp_err err;

	s->overlap = overlap;
	CHECK_OK(
	    ledger_writer_run(a->writer, service_rotate_act, s, &err), &err);
}

/* A token as the secret gives it: what was proved goes on to it. */
static inline struct issue
issue_by(struct agency_fixture *a, const struct service_fixture *s,
    const struct machine_proven *p)
{
	struct issue i = issue_new(a, s);
	struct sp_err err;

	i.new.doing = p->doing;
	CHECK_OK(ledger_writer_run(a->writer, issue_act, &i, &err), &err);
	return i;
}

static inline struct machine_service
look(struct agency_fixture *a, const struct service_fixture *s)
{
	struct machine_service got;
	struct sp_err err;

	CHECK_OK(
	    machine_service_get(a->reader, a->rules, &s->id, &got, &err), &err);
	return got;
}

static inline bool
is_issuer(struct agency_fixture *a, const struct service_fixture *s,
    const struct sp_id *person)
{
	struct machine_service got = look(a, s);

	return sp_id_equal(&got.issuer, person);
}

#endif
