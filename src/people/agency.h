#ifndef PEOPLE_AGENCY_H
#define PEOPLE_AGENCY_H

#include "base/id.h"
#include "base/parse.h"
#include "db/db.h"
#include "ledger/note.h"

/*
 * Agencies of a site: the record in the site's database.  A slug names an
 * agency in URLs and folders (sp_slug_ok).
 */
#define PEOPLE_NAME_MAX 200

struct people_agency {
	struct sp_id id;
	char slug[SP_SLUG_MAX + 1];
	char name[PEOPLE_NAME_MAX + 1];
	char state[3]; /* USPS two letters */
	char ori[10];  /* NCIC ORI: nine of A-Z 0-9; the provider: may be "" */
	char geography[33];
	struct ledger_vkey vkey; /* its log; the name is the log's origin */
	sp_time created;
	/* The provider's own house, with its staff, their records and their
	 * ledger like any other, but no evidence.  At most one a site. */
	bool provider;
};

/* The site database's migrations. */
extern const char *const people_agency_migrations[];
extern const size_t people_agency_migrations_count;

/* Two letters of a state, district or territory (USPS); nine of A-Z 0-9. */
bool people_agency_state_ok(const char *state) SP_MUST_USE;
/* The same out of a request, in small letters as well. */
bool people_agency_state_read(const char *s, char out[static 3]) SP_MUST_USE;
bool people_agency_ori_ok(const char *ori) SP_MUST_USE;
/* Every field that a person gives (slug, name, state, ori, geography) against
 * its rule; SP_E_INVALID names the field and the rule. */
enum sp_code people_agency_check(
    const struct people_agency *a, struct sp_err *err) SP_MUST_USE;
/* SP_E_CONFLICT, as from _add, when slug or ORI is taken, or there is a
 * provider already: to be asked before anything is made for the agency. */
enum sp_code people_agency_check_free(struct db *site,
    const struct people_agency *a, struct sp_err *err) SP_MUST_USE;
/* The record must be whole (id, vkey and created as well).  SP_E_CONFLICT with
 * reason "agency.slug" or "agency.ori" when that is taken,
 * "agency.provider" when the site has one. */
enum sp_code people_agency_add(struct db *site, const struct people_agency *a,
    struct sp_err *err) SP_MUST_USE;
/* The provider's house; SP_E_NOTFOUND, reason "agency.provider": none. */
enum sp_code people_agency_of_provider(
    struct db *site, struct people_agency *out, struct sp_err *err) SP_MUST_USE;
/* SP_E_NOTFOUND: none has it, or it is no slug at all. */
enum sp_code people_agency_by_slug(struct db *site, const char *slug,
    struct people_agency *out, struct sp_err *err) SP_MUST_USE;
/* Each in order of slug; ends at the first failure of `visit`, which may not
 * use this handle for _each again. */
enum sp_code people_agency_each(struct db *site,
    enum sp_code (*visit)(
	void *arg, const struct people_agency *a, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

#endif
