#ifndef EVIDENCE_SITE_H
#define EVIDENCE_SITE_H

#include "evidence/room.h"

/*
 * The installation: site.db, and the evidence rooms of its agencies, each
 * opened the first time it is asked for.  Owns the buffer pool and the keeper
 * client.  Any thread.
 */
struct evidence_site;

struct evidence_site_options {
	const char *dir;
	size_t buffers; /* segment buffers; 0: 2048 */
	size_t workers; /* 0: one more than there are cores */
	struct evidence_limits limits;
};

enum sp_code evidence_site_open(struct evidence_site **out,
    const struct evidence_site_options *o, struct sp_err *err) SP_MUST_USE;
/* Ends viewings, rests uploads, closes logs.  All sessions must be over. */
void evidence_site_close(struct evidence_site *s);

/* The keeper's connection is handed to this client by whoever watches it. */
struct keeper_client *evidence_site_keeper(struct evidence_site *s);
struct vault_pool *evidence_site_pool(struct evidence_site *s);

/* SP_E_NOTFOUND for an unknown slug.  The room lives as long as the site. */
enum sp_code evidence_site_room(struct evidence_site *s, const char *slug,
    struct evidence_room **out, struct sp_err *err) SP_MUST_USE;
/* The same for an agency's id. */
enum sp_code evidence_site_room_of(struct evidence_site *s,
    const struct sp_id *agency, struct evidence_room **out,
    struct sp_err *err) SP_MUST_USE;
/* Open every agency's room now; start-up repair happens here. */
enum sp_code evidence_site_open_rooms(
    struct evidence_site *s, struct sp_err *err) SP_MUST_USE;
/* The provider's own house; SP_E_NOTFOUND, reason "agency.provider": the site
 * has none. */
enum sp_code evidence_site_provider(struct evidence_site *s,
    struct evidence_room **out, struct sp_err *err) SP_MUST_USE;
void evidence_site_each_room(struct evidence_site *s,
    void (*visit)(void *arg, struct evidence_room *room), void *arg);
/* Housekeeping: expire uploads, close idle viewings.  Called every few
 * seconds by a thread of the server's. */
void evidence_site_tick(struct evidence_site *s);

/* Make a site's folder and database (init); SP_E_CONFLICT when it is one. */
enum sp_code evidence_site_make(
    const char *dir, struct sp_err *err) SP_MUST_USE;
/* Make an agency: folders, keys, database, log, first administrator token.
 * `a` comes with slug, name, state, ori, geography; the rest is filled in.
 * The site's row is written last: until then there is no such agency. */
enum sp_code evidence_site_add_agency(const char *dir,
    struct keeper_client *keeper, const char *origin_host,
    struct people_agency *a, char token[static GATE_TOKEN_TEXT],
    struct sp_err *err) SP_MUST_USE;

#endif
