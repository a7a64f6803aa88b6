#ifndef ERRAND_ERRAND_H
#define ERRAND_ERRAND_H

#include "base/buf.h"

/*
 * What the server has others ask for it, and what they say: an errand goes to
 * a messenger (messenger.h) over a pair of SOCK_SEQPACKET sockets, an answer
 * comes back, one message a packet, numbers big-endian:
 *
 *   errand  u32 id || u8 kind || u8 local || blob url || blob tls_ca ||
 *           blob basic || blob body
 *   answer  u32 id || u16 status || blob body || blob problem
 *
 * A blob is a u32 length and its bytes.  The kind says what may be sent, and
 * nothing else leaves through a messenger:
 *
 *   witness    POST url/add-checkpoint, text     C2SP tlog-witness
 *   authority  POST url, a timestamp query       RFC 3161
 *   document   GET url                           OpenID Discovery, RFC 7517
 *   grant      POST url, a form; `basic` is the
 *              client's credential               RFC 6749
 *
 * The last two are for URLs that an agency's administrator names, and not the
 * site's: only https, never to a loopback or link-local address, and only JSON
 * is handed back.  `local` lifts that for loopback addresses, to which even
 * plain http is spoken then: for tests, and a provider beside the site.
 *
 * Status 0: there was no answer, and `problem` says why.  Each side checks
 * what the other says.
 */
#define ERRAND_URL_MAX     1024
#define ERRAND_PEM_MAX     ((size_t)32 << 10)
#define ERRAND_BASIC_MAX   3200               /* base64 */
#define ERRAND_BODY_MAX    ((size_t)72 << 10) /* of an errand */
#define ERRAND_ANSWER_MAX  ((size_t)64 << 10)
#define ERRAND_PROBLEM_MAX 120
#define ERRAND_PACKET_MAX  ((size_t)160 << 10)

#define ERRAND_KINDS(X)                                                        \
	X(ERRAND_WITNESS, "witness")                                           \
	X(ERRAND_AUTHORITY, "authority")                                       \
	X(ERRAND_DOCUMENT, "document")                                         \
	X(ERRAND_GRANT, "grant")

enum errand_kind {
#define X(id, name) id,
	ERRAND_KINDS(X)
#undef X
	    ERRAND_KIND_COUNT
};

struct errand {
	uint32_t id;
	enum errand_kind kind;
	bool local;
	char url[ERRAND_URL_MAX + 1];
	struct sp_buf tls_ca; /* PEM; empty: the system's */
	struct sp_buf basic;  /* secret; base64 of "id:secret", or empty */
	struct sp_buf body;   /* secret */
};
struct errand errand_new(void);
void errand_free(struct errand *e);
#define ERRAND_AUTO SP_CLEANUP(errand_free) struct errand

/* `out` is a secret buffer where the errand carries a secret. */
void errand_write(const struct errand *e, struct sp_buf *out);
/* SP_E_INVALID: not one.  `out` is new. */
enum sp_code errand_read(const void *packet, size_t len, struct errand *out,
    struct sp_err *err) SP_MUST_USE;

/* What came back: status 0 when nothing did, and then why. */
struct errand_reply {
	unsigned status;
	const char *body;
	size_t len;
	const char *problem;
};

struct errand_answer {
	uint32_t id;
	struct errand_reply reply; /* read: in the packet's bytes */
	char problem[ERRAND_PROBLEM_MAX + 1];
};
void errand_answer_write(const struct errand_answer *a, struct sp_buf *out);
/* out->reply.problem is out->problem afterwards: `out` stays where it is. */
enum sp_code errand_answer_read(const void *packet, size_t len,
    struct errand_answer *out, struct sp_err *err) SP_MUST_USE;

/* One packet, never waiting.  SP_E_UNAVAIL: the other end is gone;
 * SP_E_LOCKED: not just now. */
enum sp_code errand_packet_send(
    int sock, const struct sp_buf *packet, struct sp_err *err) SP_MUST_USE;
enum sp_code errand_packet_receive(
    int sock, struct sp_buf *packet, struct sp_err *err) SP_MUST_USE;

#endif
