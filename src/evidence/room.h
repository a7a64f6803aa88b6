#ifndef EVIDENCE_ROOM_H
#define EVIDENCE_ROOM_H

#include "events/hub.h"
#include "gate/gate.h"
#include "keeper/client.h"
#include "machine/guard.h"
#include "people/agency.h"
#include "people/clearance.h"
#include "signin/ceremony.h"
#include "vault/read.h"

/*
 * One agency's evidence room, open: its database, log, writer, gate, object
 * store.  Everything an agency owns hangs on this handle and nothing of any
 * other agency can be reached from it (promise 4).  Any thread.
 */
struct evidence_room;
struct evidence_desk;     /* session.h */
struct evidence_viewings; /* viewing.h */

struct evidence_limits {
	uint64_t upload_max;    /* bytes; 0: 1 TiB */
	sp_time upload_expires; /* after the last byte; 0: 7 days */
	sp_time viewing_idle;   /* 0: 10 minutes */
	size_t uploads_open;    /* per agency; 0: 10,000 */
};

struct evidence_room_options {
	const char *dir;    /* agencies/<slug> */
	const char *policy; /* folder of rules laid over the built-in ones, or
			     * NULL (people/rules.h) */
	const struct people_agency *agency;
	struct keeper_client *keeper;
	struct vault_pool *pool;
	struct evidence_limits limits;
};

/* Opens and repairs: see repair.h. */
enum sp_code evidence_room_open(struct evidence_room **out,
    const struct evidence_room_options *o, struct sp_err *err) SP_MUST_USE;
void evidence_room_close(struct evidence_room *r);

const struct people_agency *evidence_room_agency(const struct evidence_room *r);
struct gate *evidence_room_gate(struct evidence_room *r);
/* Watches who is turned away as a service. */
struct machine_guard *evidence_room_guard(struct evidence_room *r);
struct ledger_log *evidence_room_log(struct evidence_room *r);
struct ledger_writer *evidence_room_writer(struct evidence_room *r);
struct db_pool *evidence_room_readers(struct evidence_room *r);
/* What happens here is told through it, after it is durable; it ends before
 * the room closes. */
struct events_hub *evidence_room_events(struct evidence_room *r);
/* How many items there are; costs nothing.  Whoever works on new ones sees by
 * it that there is one. */
uint64_t evidence_room_items(const struct evidence_room *r);

/* For the other modules of this room, and for processing. */
struct keeper_client *evidence_room_keeper(struct evidence_room *r);
struct vault_store *evidence_room_store(struct evidence_room *r);
struct vault_pool *evidence_room_pool(struct evidence_room *r);
const struct evidence_limits *evidence_room_limits(
    const struct evidence_room *r);
/* Drawn when the room opened: says which process sealed last (upload.h). */
const struct sp_id *evidence_room_boot(const struct evidence_room *r);
struct evidence_desk *evidence_room_desk(struct evidence_room *r);
struct evidence_viewings *evidence_room_viewings(struct evidence_room *r);
/* An item was sealed / found corrupt: keeps the counts. */
void evidence_room_count_sealed(struct evidence_room *r, uint64_t bytes);
void evidence_room_count_corrupt(struct evidence_room *r);
/* The rules of this agency that are in force; they last as long as the room. */
const struct people_rules *evidence_room_rules(const struct evidence_room *r);
/* Read the rules anew: in force from the next request on.  SP_E_INVALID: they
 * cannot be read, and the old ones stay.  One thread at a time. */
enum sp_code evidence_room_reload(
    struct evidence_room *r, bool *changed, struct sp_err *err) SP_MUST_USE;
/* Where one signs in to this agency. */
const struct signin_place *evidence_room_signin(const struct evidence_room *r);
/* The key of what is kept sealed of people's credentials (SIGNIN_KEY bytes),
 * unwrapped by the keeper; made when it is first asked for. */
enum sp_code evidence_room_key(struct evidence_room *r,
    struct crypto_secret **out, struct sp_err *err) SP_MUST_USE;
/* Expire uploads, close idle viewings, lock and end sessions, end accounts and
 * warn of what lapses (people/clearance.h), and cut off whoever was cleared
 * when they began and is not any more. */
void evidence_room_tick(struct evidence_room *r);

/* What a request shows to be known by; each may be NULL.  All borrowed. */
struct evidence_shown {
	const char *bearer;         /* Authorization: a token, or another's text
				     * that says by its first letters whose */
	const char *cookie;         /* the session out of the cookie */
	const uint8_t *certificate; /* SHA-256 of the client's, 32 bytes */
	const char *address;        /* numeric */
};

/* Who shows this?  Fails as gate_token_know does.  Fills all of *out but
 * `source`; the address is copied. */
enum sp_code evidence_room_know(struct evidence_room *r,
    const struct evidence_shown *shown, struct gate_caller *out,
    struct sp_err *err) SP_MUST_USE;

/* Revoke a token (gate_token_revoke): durable when it returns, and whoever
 * listens as this token hears nothing more. */
enum sp_code evidence_room_revoke(struct evidence_room *r,
    const struct gate_caller *by, const struct sp_id *token,
    struct sp_err *err) SP_MUST_USE;

/* Revoke a device (machine_device_revoke): durable when it returns, and what is
 * under way of it is cut off. */
enum sp_code evidence_room_revoke_device(struct evidence_room *r,
    const struct gate_caller *by, const struct sp_id *device,
    struct sp_err *err) SP_MUST_USE;

/* Whatever rests on this id ends now, in all rooms of the process: a credential
 * (who.token), a grant (who.via), a person or an issuer (gate/ongoing.h).
 * Streams of events; readers of content, whose viewings close as cut; bodies of
 * uploads, of which everything that came is kept.  Whoever was known before and
 * begins only now is refused.
 *
 * For credentials and persons nobody need call it: the room does, for what an
 * act has ended (ledger_tx_ends), once that is durable. */
void evidence_room_cut(struct evidence_room *r, const struct sp_id *id);

struct evidence_room_counts {
	uint64_t evidence, bytes, uploads, viewings, corrupt;
};
enum sp_code evidence_room_counts(struct evidence_room *r,
    struct evidence_room_counts *out, struct sp_err *err) SP_MUST_USE;

#endif
