#ifndef WITNESS_DESK_H
#define WITNESS_DESK_H

#include "witness/judge.h"
#include "witness/key.h"

/*
 * A witness: its key, its memory, the logs it knows; what it answers to a
 * request, without the wire (service.h).  Any thread, but for open and free.
 *
 *	DIR/key DIR/state/ DIR/forks/     key.h, state.h
 *
 * The cosignature's time is the clock's, but never before the last one of that
 * log: a witness whose clock went back by more than WITNESS_CLOCK_BACK seconds
 * cosigns nothing until it is right again.
 */
#define WITNESS_CLOCK_BACK 300

struct witness_desk;

/* What there is to be in a folder before it can be opened.  SP_E_CONFLICT:
 * there is a witness, or what is left of one. */
enum sp_code witness_desk_make(
    int dir, const char *name, struct sp_err *err) SP_MUST_USE;
/* `dir` stays the caller's. */
enum sp_code witness_desk_open(
    struct witness_desk **out, int dir, struct sp_err *err) SP_MUST_USE;
void witness_desk_free(struct witness_desk *d); /* NULL is a no-op */
const struct ledger_cosigner *witness_desk_public(const struct witness_desk *d);

/* Witness these from now on; takes them over.  What was cosigned for others
 * stays known. */
void witness_desk_set_logs(struct witness_desk *d, struct witness_logs *logs);

/* The body of an HTTP answer and its type. */
struct witness_answer {
	enum witness_verdict verdict;
	const char *type;
	struct sp_buf body;
};
#define WITNESS_ANSWER_MAX ((size_t)LEDGER_NOTE_MAX)

/* POST add-checkpoint.  out->body is new. */
void witness_desk_add_checkpoint(struct witness_desk *d, const char *body,
    size_t len, struct witness_answer *out);
/* GET <hex of the origin's digest>/checkpoint: SP_E_NOTFOUND when there is
 * none. */
enum sp_code witness_desk_checkpoint(struct witness_desk *d, const char *hex,
    size_t len, struct sp_buf *out, struct sp_err *err) SP_MUST_USE;
/* SP_E_STOPPED when the disk failed. */
enum sp_code witness_desk_health(
    struct witness_desk *d, struct sp_err *err) SP_MUST_USE;
/* Prometheus's text format. */
void witness_desk_metrics(struct witness_desk *d, struct sp_buf *out);

#endif
