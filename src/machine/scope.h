#ifndef MACHINE_SCOPE_H
#define MACHINE_SCOPE_H

#include "base/json.h"
#include "gate/caller.h"

/*
 * Scopes: the acts that a service account, or one token of it, may do (RFC
 * 6749, 3.3).  Only those that are open to the role "service" (gate/role.h),
 * and never those that only persons do.
 *
 * Plain values: any thread.
 */
#define MACHINE_SCOPE_TEXT 2048

/* May this act be in any service's scope? */
bool machine_scope_may(enum gate_act act);
bool machine_scope_empty(const struct gate_acts *s);
/* Is all of `a` in `b`? */
bool machine_scope_within(const struct gate_acts *a, const struct gate_acts *b);

/* Names of acts with single spaces between them, in any order.  SP_E_INVALID,
 * reason "service.scope": none, unknown, or not for a service. */
enum sp_code machine_scope_parse(
    const char *text, struct gate_acts *out, struct sp_err *err) SP_MUST_USE;
/* The same of a text in the database, whose acts may have been taken from
 * services since: those are not in it any more.  SP_E_CORRUPT. */
enum sp_code machine_scope_stored(
    const char *text, struct gate_acts *out, struct sp_err *err) SP_MUST_USE;
/* In the order of the table, as text and as an array. */
void machine_scope_text(const struct gate_acts *scope, struct sp_buf *out);
void machine_scope_json(
    struct sp_json *j, const char *name, const struct gate_acts *scope);

#endif
