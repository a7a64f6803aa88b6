#ifndef CLIENT_RECEIPT_H
#define CLIENT_RECEIPT_H

#include "client/log_memory.h"

/*
 * The receipt of an item, fetched and checked: a C2SP tlog-proof that the
 * entry "evidence.sealed" about it is in the agency's log, signed by the key
 * this machine knows, under a checkpoint no older than the one it has seen.
 */
struct receipt {
	struct sp_buf proof; /* the tlog-proof's text */
	struct sp_buf entry; /* the proven entry's exact bytes */
	uint64_t index;
	struct ledger_checkpoint at;
	char sha256[65]; /* what the entry says of the evidence */
	uint64_t size;
};

/* SP_E_CORRUPT: it proves nothing, or something else. */
enum sp_code client_receipt_fetch(struct receipt *out, struct site_client *c,
    struct log_memory *memory, const char *id, struct sp_err *err) SP_MUST_USE;
/* The same without a site, for what was read already. */
enum sp_code client_receipt_check(struct receipt *r,
    const struct log_memory *memory, const char *id,
    struct sp_err *err) SP_MUST_USE;
/* Is it about these bytes? */
enum sp_code client_receipt_covers(const struct receipt *r, const char *sha256,
    uint64_t size, struct sp_err *err) SP_MUST_USE;
/* The signed checkpoint in a checked receipt's proof (borrowed). */
const char *client_receipt_note(const struct receipt *r);
/* {"index","log","log_size"} */
json_t *client_receipt_json(const struct receipt *r);
struct receipt client_receipt_new(void);
void client_receipt_done(struct receipt *r);

#define RECEIPT_AUTO SP_CLEANUP(client_receipt_done) struct receipt

#endif
