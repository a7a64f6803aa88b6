#ifndef SIGNIN_CEREMONY_H
#define SIGNIN_CEREMONY_H

#include "people/agency.h"
#include "signin/invite.h"
#include "signin/notice.h"
#include "signin/password.h"
#include "signin/recovery.h"
#include "signin/session.h"
#include "signin/throttle.h"
#include "signin/totp.h"

/*
 * Signing in, step by step (the states are drawn in session.h).  Each function
 * is one step: it looks at what is shown, leaves its entries, and gives the
 * session's next text and what is wanted then.
 *
 * Whoever is turned away hears one and the same thing, SP_E_UNKNOWN with the
 * reason "signin.refused": for a wrong password, a login that nobody has, an
 * account that is locked or disabled, a wrong, used or replayed code.  And each
 * of these costs the same work: one derivation of a password, one act of the
 * writer.  That a step failed is durable before it is said (throttle.h).
 *
 * Passkeys and other agencies' sign-in do their own proving, then call
 * signin_session_open or signin_session_raise in an act of theirs, and
 * signin_ceremony_failed when what was shown is wrong.
 *
 * Any thread, never inside an act: these wait for the writer.
 *
 * ceremony.c has signing in, ceremony_enrol.c the first time: an invitation
 * taken, an authenticator app enrolled.
 */

/* Where one signs in: an agency's room.  All borrowed. */
struct signin_place {
	const struct people_agency *agency;
	const struct people_rules *_Atomic rules; /* others after a reload */
	struct ledger_writer *writer;
	struct db_pool *readers;
	const struct signin_banned *banned;
	const struct signin_notice *notice;
	/* The agency's key for this room, SIGNIN_KEY bytes, unwrapped by the
	 * keeper: held no longer than a step takes. */
	enum sp_code (*key)(
	    void *self, struct crypto_secret **out, struct sp_err *err);
	void *self;
	/* Whoever proves to be somebody elsewhere is nobody here from now on:
	 * forget the person's links to accounts of other providers, in the act.
	 * The room that keeps them knows this one.  NULL: none are kept. */
	enum sp_code (*unlink)(const struct people_act *a,
	    const struct sp_id *person, struct sp_err *err);
};

/* Login and password.  Out: stage factor or enrol. */
struct signin_login {
	const char *login;
	struct crypto_secret *password;
};
enum sp_code signin_ceremony_password(const struct signin_place *p,
    const struct signin_from *from, const struct signin_login *l,
    struct signin_step *out, struct sp_err *err) SP_MUST_USE;

/* A second factor of the session with this text, which waits for one. */
struct signin_code {
	const char *text;
	const char *code;
	bool recovery; /* a recovery code; else of an authenticator app */
};
enum sp_code signin_ceremony_code(const struct signin_place *p,
    const struct signin_from *from, const struct signin_code *c,
    struct signin_step *out, struct sp_err *err) SP_MUST_USE;

/* The notice was read; sha256 in hex says which.  Out: open. */
enum sp_code signin_ceremony_notice(const struct signin_place *p,
    const struct signin_from *from, const char *text, const char *sha256,
    struct signin_step *out, struct sp_err *err) SP_MUST_USE;

/* Both factors again, in a session that is open or locked. */
enum sp_code signin_ceremony_renew(const struct signin_place *p,
    const struct signin_from *from, const struct signin_code *c,
    struct crypto_secret *password, struct signin_step *out,
    struct sp_err *err) SP_MUST_USE;

/* Another password, in a session that is open or waits for it: the old one is
 * shown again, all other sessions and the person's tokens end.  SP_E_INVALID,
 * reason "password.same" besides those of signin_password_check.  Out: the next
 * step of one that waited; of an open one its text goes on, and out->text is
 * "". */
struct signin_change {
	const char *text;
	bool open; /* of an open session, admitted by the gate; else of one that
		    * waits for it */
	struct crypto_secret *old, *password;
};
enum sp_code signin_ceremony_change(const struct signin_place *p,
    const struct signin_from *from, const struct signin_change *c,
    struct signin_step *out, struct sp_err *err) SP_MUST_USE;

/* An invitation is used: whatever opened the account before is gone, this is
 * its password.  Out: stage enrol. */
enum sp_code signin_ceremony_accept(const struct signin_place *p,
    const struct signin_from *from, const char *invitation,
    struct crypto_secret *password, struct signin_step *out,
    struct sp_err *err) SP_MUST_USE;

/* An authenticator app's seed, to be shown once.  Secret: wipe it. */
struct signin_offer {
	char secret[SIGNIN_TOTP_SECRET];
	char uri[SIGNIN_TOTP_URI];
	struct signin_totp parameters;
};
enum sp_code signin_ceremony_offer(const struct signin_place *p,
    const struct signin_from *from, const struct sp_id *person,
    enum crypto_digest_kind hash, struct signin_offer *out,
    struct sp_err *err) SP_MUST_USE;
/* The app's first code.  With the text of a session in stage enrol: the first
 * factor, so that recovery codes are made and the session goes on (*step);
 * with text NULL: a further one of `person`.  SP_E_INVALID, reason
 * "totp.code": not the code. */
struct signin_confirm {
	const char *text;
	struct sp_id person;
	const char *code, *label;
};
struct signin_codes {
	char code[SIGNIN_RECOVERY_CODES][SIGNIN_RECOVERY_TEXT];
};
enum sp_code signin_ceremony_confirm(const struct signin_place *p,
    const struct signin_from *from, const struct signin_confirm *c,
    struct signin_codes *codes, struct signin_step *step,
    struct sp_err *err) SP_MUST_USE;

/* A proof of another kind was wrong: counts as a failed logon of this person
 * (NULL: nobody's that is known), and gives "signin.refused". */
enum sp_code signin_ceremony_failed(const struct signin_place *p,
    const struct signin_from *from, const struct sp_id *person,
    const char *code, struct sp_err *err) SP_MUST_USE;
/* That answer. */
enum sp_code signin_ceremony_refused(struct sp_err *err) SP_MUST_USE;

/* For the sources of this module: the site acts while nobody is proved, and a
 * failure is counted inside an act. */
struct people_by signin_by_nobody(
    const struct signin_place *p, const struct signin_from *from);
enum sp_code signin_ceremony_count(const struct people_act *a,
    const struct sp_id *person, const char *code,
    struct sp_err *err) SP_MUST_USE;

#endif
