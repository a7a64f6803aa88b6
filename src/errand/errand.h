#ifndef VOUCH_ERRAND_H
#define VOUCH_ERRAND_H

#include "vouch/asking.h"

/*
 * What the server and the messenger say to each other, over a pair of
 * SOCK_SEQPACKET sockets, one message a packet, numbers big-endian:
 *
 *   errand  u32 id || u8 kind || blob url || blob tls_ca || blob body
 *   answer  u32 id || u16 status || blob body || blob problem
 *
 * A blob is a u32 length and its bytes.  The kind says what may be sent: a
 * body to URL/add-checkpoint, or a timestamp query to URL; nothing else leaves
 * through a messenger.  Status 0: there was no answer, and `problem` says why.
 * Each side checks what the other says.
 */
#define ERRAND_BODY_MAX    ((size_t)72 << 10) /* of an errand */
#define ERRAND_PROBLEM_MAX 120
#define ERRAND_PACKET_MAX  ((size_t)160 << 10)

struct errand {
	uint32_t id;
	enum errand_kind kind;
	char url[ERRAND_URL_MAX + 1];
	struct sp_buf tls_ca; /* PEM; empty: the system's */
	struct sp_buf body;
};
struct errand errand_new(void);
void errand_free(struct errand *e);
#define ERRAND_AUTO SP_CLEANUP(errand_free) struct errand

void errand_write(const struct errand *e, struct sp_buf *out);
/* SP_E_INVALID: not one.  `out` is new. */
enum sp_code errand_read(const void *packet, size_t len,
    struct errand *out, struct sp_err *err) SP_MUST_USE;

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
