#ifndef KEEPER_REQUEST_H
#define KEEPER_REQUEST_H

#include "base/buf.h"
#include "base/parse.h"

/*
 * What is said to the keeper, and how (docs/keeper.md):
 *
 *   message = u32be length of the rest || u8 version || u8 what || field*
 *   field   = u32be length || bytes
 *
 * In a request `what` is its number in the table below; in an answer it is a
 * status: the fields of the answer follow KEEPER_S_OK, one field of text for
 * people follows any other.  The first message on a connection is an answer
 * to no request: the keeper has opened its keys, or why not.
 *
 *   ping    -> nothing
 *   create  agency, origin        -> verifier key (text)
 *   vkey    agency                -> verifier key (text)
 *   wrap    agency, DEK           -> KEK id, wrapped DEK
 *   unwrap  agency, KEK id, wrapped DEK -> DEK
 *   sign    agency, checkpoint    -> signature line (text)
 *   certify agency, device, SubjectPublicKeyInfo, two u64be: from and until,
 *           in microseconds       -> certificate (DER)
 *
 * Numbers are for ever: a request or status that goes leaves a gap.
 *
 * id, number, name, largest body, requests a second, burst
 */
#define KEEPER_REQUESTS(X)                                                     \
	X(KEEPER_PING, 1, "ping", 2, 1000, 1000)                               \
	X(KEEPER_CREATE, 2, "create", 512, 10, 200)                            \
	X(KEEPER_VKEY, 3, "vkey", 64, 2000, 10000)                             \
	X(KEEPER_WRAP, 4, "wrap", 128, 5000, 20000)                            \
	X(KEEPER_UNWRAP, 5, "unwrap", 192, 5000, 20000)                        \
	X(KEEPER_SIGN, 6, "sign", 1024, 20000, 50000)                          \
	X(KEEPER_CERTIFY, 7, "certify", 640, 20, 500)

enum keeper_request {
#define X(id, number, name, max, rate, burst) id,
	KEEPER_REQUESTS(X)
#undef X
	    KEEPER_REQUEST_COUNT
};

/* id, number, code for the caller, reason */
#define KEEPER_STATUSES(X)                                                     \
	X(KEEPER_S_OK, 0, SP_OK, NULL)                                         \
	X(KEEPER_S_MALFORMED, 1, SP_E_INVALID, "keeper.malformed")             \
	X(KEEPER_S_NOTFOUND, 2, SP_E_NOTFOUND, "keeper.unknown")               \
	X(KEEPER_S_CONFLICT, 3, SP_E_CONFLICT, "keeper.exists")                \
	X(KEEPER_S_DENIED, 4, SP_E_DENIED, "keeper.denied")                    \
	X(KEEPER_S_CORRUPT, 5, SP_E_CORRUPT, "keeper.corrupt")                 \
	X(KEEPER_S_BUSY, 6, SP_E_UNAVAIL, "keeper.busy")                       \
	X(KEEPER_S_FULL, 7, SP_E_FULL, "keeper.full")                          \
	X(KEEPER_S_LIMIT, 8, SP_E_LIMIT, "keeper.limit")                       \
	X(KEEPER_S_FAILED, 9, SP_E_INTERNAL, "keeper.failed")

enum keeper_status {
#define X(id, number, code, reason) id,
	KEEPER_STATUSES(X)
#undef X
	    KEEPER_STATUS_COUNT
};

#define KEEPER_VERSION     1
#define KEEPER_HEAD        4    /* the length before a body */
#define KEEPER_BODY_MAX    1024 /* no row of the table is larger */
#define KEEPER_MESSAGE_MAX (KEEPER_HEAD + KEEPER_BODY_MAX)

struct keeper_rate {
	unsigned per_second;
	unsigned burst;
};

const char *keeper_request_name(enum keeper_request r);
struct keeper_rate keeper_request_rate(enum keeper_request r);

/* Messages may hold keys: a buffer for one is wiped when it moves or goes. */
struct sp_buf keeper_message_new(void);

/* Start a message in an empty buffer; fields follow by sp_buf_blob(). */
void keeper_request_start(struct sp_buf *b, enum keeper_request r);
void keeper_answer_start(struct sp_buf *b, enum keeper_status s);
/* An answer that says no, whatever the buffer held. */
void keeper_answer_error(struct sp_buf *b, const struct sp_err *err);

/* The body of a request: *r and the fields left to read in *fields.
 * SP_E_INVALID for another version, an unknown number or too large a body. */
enum sp_code keeper_request_parse(const void *body, size_t len,
    enum keeper_request *r, struct sp_in *fields,
    struct sp_err *err) SP_MUST_USE;
/* The body of an answer.  False when it is none; else *code is SP_OK and the
 * fields are left to read, or it is the refusal, told in *err. */
bool keeper_answer_parse(const void *body, size_t len, enum sp_code *code,
    struct sp_in *fields, struct sp_err *err) SP_MUST_USE;

/*
 * Over a socket.  `deadline` is in sp_ticks(), or KEEPER_NO_DEADLINE.
 * Sending fills in the length.  Receiving gives the body alone.
 * SP_E_UNAVAIL (keeper.away): closed, too slow, or not a message; the
 * connection is of no more use then.
 */
#define KEEPER_NO_DEADLINE INT64_MAX
enum sp_code keeper_message_send(int sock, struct sp_buf *b, int64_t deadline,
    struct sp_err *err) SP_MUST_USE;
enum sp_code keeper_message_receive(int sock, struct sp_buf *body,
    int64_t deadline, struct sp_err *err) SP_MUST_USE;

#endif
