#include "evidence/site.h"

#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SITE_BUFFERS   2048 /* more than there are connections */
#define SITE_TOKEN_FOR (SP_SECOND * 365 * 24 * 3600)
#define SITE_PATH      4096

struct open_room {
	struct open_room *next;
	struct evidence_room *room;
};

struct evidence_site {
	char dir[SITE_PATH];
	struct evidence_limits limits;
	struct keeper_client *keeper;
	struct vault_pool *pool;
	pthread_mutex_t lock; /* over db and the opening of rooms */
	struct db *db;
	struct open_room *rooms;
};

/* One more than the cores: one of them often waits for the disk. */
static size_t
default_workers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 2 : (size_t)n + 1;
}

static enum sp_code
site_db(struct db **out, const char *dir, enum db_mode mode, struct sp_err *err)
{
	char path[SITE_PATH];
	DB_AUTO db = NULL;

	(void)snprintf(path, sizeof(path), "%s/site.db", dir);
	SP_TRY(db_open(&db, path, mode, err));
	SP_TRY(db_migrate(
	    db, people_agency_migrations, people_agency_migrations_count, err));
	*out = SP_STEAL(db);
	return SP_OK;
}

static enum sp_code
site_parts(struct evidence_site *s, const struct evidence_site_options *o,
    struct sp_err *err)
{
	size_t buffers = o->buffers == 0 ? SITE_BUFFERS : o->buffers;
	size_t workers = o->workers == 0 ? default_workers() : o->workers;

	if (strlen(o->dir) >= SITE_PATH - 100)
		return sp_fail(err, SP_E_LIMIT, "the site's path is too long");
	(void)snprintf(s->dir, sizeof(s->dir), "%s", o->dir);
	s->limits = o->limits;
	s->keeper = keeper_client_new();
	if (s->keeper == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a site");
	SP_TRY(vault_pool_new(&s->pool, buffers, workers, err));
	return site_db(&s->db, s->dir, DB_WRITE, err);
}

enum sp_code
evidence_site_open(struct evidence_site **out,
    const struct evidence_site_options *o, struct sp_err *err)
{
	struct evidence_site *s = calloc(1, sizeof(*s));
	enum sp_code code;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a site");
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	code = site_parts(s, o, err);
	if (code != SP_OK) {
		evidence_site_close(s);
		return code;
	}
	*out = s;
	return SP_OK;
}

void
evidence_site_close(struct evidence_site *s)
{
	if (s == NULL)
		return;
	while (s->rooms != NULL) {
		struct open_room *o = s->rooms;

		s->rooms = o->next;
		evidence_room_close(o->room);
		free(o);
	}
	db_close(s->db);
	vault_pool_free(s->pool);
	keeper_client_free(s->keeper);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

struct keeper_client *
evidence_site_keeper(struct evidence_site *s)
{
	return s->keeper;
}

struct vault_pool *
evidence_site_pool(struct evidence_site *s)
{
	return s->pool;
}

/* ---- Rooms ---- */

/* With the lock held. */
static enum sp_code
room_add(
    struct evidence_site *s, const struct people_agency *a, struct sp_err *err)
{
	struct open_room *o = calloc(1, sizeof(*o));
	char dir[SITE_PATH], policy[SITE_PATH];
	struct evidence_room_options options = {
		.dir = dir,
		.policy = policy,
		.agency = a,
		.keeper = s->keeper,
		.pool = s->pool,
		.limits = s->limits,
	};
	enum sp_code code;

	if (o == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a room");
	(void)snprintf(
	    dir, sizeof(dir), "%.3900s/agencies/%s", s->dir, a->slug);
	(void)snprintf(policy, sizeof(policy), "%.3900s/policy", s->dir);
	code = evidence_room_open(&o->room, &options, err);
	if (code != SP_OK) {
		free(o);
		return code;
	}
	o->next = s->rooms;
	__atomic_store_n(&s->rooms, o, __ATOMIC_RELEASE);
	return SP_OK;
}

/* Rooms are only ever added, at the front: readers need no lock. */
static struct evidence_room *
room_find(struct evidence_site *s, const char *slug)
{
	struct open_room *o = __atomic_load_n(&s->rooms, __ATOMIC_ACQUIRE);

	for (; o != NULL; o = o->next)
		if (strcmp(evidence_room_agency(o->room)->slug, slug) == 0)
			return o->room;
	return NULL;
}

static enum sp_code
room_open_locked(struct evidence_site *s, const char *slug, struct sp_err *err)
{
	struct people_agency a;

	if (room_find(s, slug) != NULL)
		return SP_OK;
	SP_TRY(people_agency_by_slug(s->db, slug, &a, err));
	return room_add(s, &a, err);
}

enum sp_code
evidence_site_room(struct evidence_site *s, const char *slug,
    struct evidence_room **out, struct sp_err *err)
{
	struct evidence_room *r = room_find(s, slug);
	enum sp_code code = SP_OK;

	if (r == NULL && !sp_slug_ok(slug))
		return sp_fail(err, SP_E_NOTFOUND, "there is no such agency");
	if (r == NULL) {
		SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
		code = room_open_locked(s, slug, err);
		SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
		SP_TRY(code);
		r = room_find(s, slug);
	}
	*out = r;
	return SP_OK;
}

static enum sp_code
open_one(void *arg, const struct people_agency *a, struct sp_err *err)
{
	struct evidence_site *s = arg;

	return room_find(s, a->slug) == NULL ? room_add(s, a, err) : SP_OK;
}

enum sp_code
evidence_site_open_rooms(struct evidence_site *s, struct sp_err *err)
{
	enum sp_code code;

	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	code = people_agency_each(s->db, open_one, s, err);
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
	return code;
}

static struct evidence_room *
room_find_id(struct evidence_site *s, const struct sp_id *agency)
{
	struct open_room *o = __atomic_load_n(&s->rooms, __ATOMIC_ACQUIRE);

	for (; o != NULL; o = o->next)
		if (sp_id_equal(&evidence_room_agency(o->room)->id, agency))
			return o->room;
	return NULL;
}

/* Rooms are open from the start but for agencies added since. */
enum sp_code
evidence_site_room_of(struct evidence_site *s, const struct sp_id *agency,
    struct evidence_room **out, struct sp_err *err)
{
	struct evidence_room *r = room_find_id(s, agency);

	if (r == NULL) {
		SP_TRY(evidence_site_open_rooms(s, err));
		r = room_find_id(s, agency);
	}
	if (r == NULL)
		return sp_fail(err, SP_E_NOTFOUND, "there is no such agency");
	*out = r;
	return SP_OK;
}

enum sp_code
evidence_site_provider(
    struct evidence_site *s, struct evidence_room **out, struct sp_err *err)
{
	struct people_agency a;
	enum sp_code code;

	SP_REQUIRE(pthread_mutex_lock(&s->lock) == 0);
	code = people_agency_of_provider(s->db, &a, err);
	SP_REQUIRE(pthread_mutex_unlock(&s->lock) == 0);
	SP_TRY(code);
	return evidence_site_room_of(s, &a.id, out, err);
}

void
evidence_site_each_room(struct evidence_site *s,
    void (*visit)(void *arg, struct evidence_room *room), void *arg)
{
	struct open_room *o = __atomic_load_n(&s->rooms, __ATOMIC_ACQUIRE);

	for (; o != NULL; o = o->next)
		visit(arg, o->room);
}

static void
tick(void *arg, struct evidence_room *room)
{
	(void)arg;
	evidence_room_tick(room);
}

void
evidence_site_tick(struct evidence_site *s)
{
	evidence_site_each_room(s, tick, NULL);
}

/* ---- Making ---- */

enum sp_code
evidence_site_make(const char *dir, struct sp_err *err)
{
	DB_AUTO db = NULL;
	SP_AUTO_FD fd = -1;

	SP_TRY(sp_file_mkdir(AT_FDCWD, dir, 0700, err));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sp_fail_os(err, "open %s", dir);
	if (faccessat(fd, "site.db", F_OK, 0) == 0)
		return sp_fail(err, SP_E_CONFLICT, "%s is a site already", dir);
	SP_TRY(sp_file_mkdir(fd, "agencies", 0700, err));
	return site_db(&db, dir, DB_CREATE, err);
}

struct first_act {
	const struct people_agency *agency;
	char *token;
};

static enum sp_code
first_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	struct first_act *a = arg;
	struct gate_caller site = {
		.agency = a->agency->id,
		.source = "cli",
	};
	struct gate_token_new token = {
		.agency = a->agency->id,
		.role = GATE_ADMINISTRATOR,
		.label = "first administrator",
		.expires = sp_now() + SITE_TOKEN_FOR,
	};
	struct ledger_entry created =
	    gate_entry(&site, "agency.created", "agency", NULL);
	struct sp_id id;

	SP_TRY(ledger_tx_append(tx, &created, NULL, err));
	return gate_token_issue(tx, &token, &id, a->token, err);
}

/* Database, log and first token in a folder of the agency's own. */
static enum sp_code
make_room(const char *dir, struct keeper_client *keeper,
    struct first_act *first, struct sp_err *err)
{
	struct evidence_room *room;
	struct vault_pool *pool;
	struct evidence_room_options options = {
		.dir = dir,
		.agency = first->agency,
		.keeper = keeper,
	};
	enum sp_code code;

	SP_TRY(vault_pool_new(&pool, 1, 1, err));
	options.pool = pool;
	code = evidence_room_open(&room, &options, err);
	if (code == SP_OK) {
		code = ledger_writer_run(
		    evidence_room_writer(room), first_run, first, err);
		evidence_room_close(room);
	}
	vault_pool_free(pool);
	return code;
}

/* The folder is made under a name that no slug can have, and renamed when
 * all of it is there. */
static enum sp_code
make_folder(
    int agencies, const char *slug, char fresh[static 64], struct sp_err *err)
{
	char log[80];

	if (faccessat(agencies, slug, F_OK, 0) == 0)
		return sp_fail(err, SP_E_CONFLICT,
		    "the site has a folder for agency %s already", slug);
	(void)snprintf(fresh, 64, "%s.%ld.new", slug, (long)getpid());
	(void)snprintf(log, sizeof(log), "%s/log", fresh);
	SP_TRY(sp_file_mkdir(agencies, fresh, 0700, err));
	return sp_file_mkdir(agencies, log, 0700, err);
}

static enum sp_code
make_agency(const char *dir, struct keeper_client *keeper,
    struct first_act *first, struct sp_err *err)
{
	SP_AUTO_FD agencies = -1;
	const char *slug = first->agency->slug;
	char path[SITE_PATH], fresh[64];

	(void)snprintf(path, sizeof(path), "%.3900s/agencies", dir);
	agencies = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (agencies < 0)
		return sp_fail_os(err, "open %s", path);
	SP_TRY(make_folder(agencies, slug, fresh, err));
	(void)snprintf(path, sizeof(path), "%.3900s/agencies/%s", dir, fresh);
	SP_TRY(make_room(path, keeper, first, err));
	if (renameat(agencies, fresh, agencies, slug) != 0)
		return sp_fail_os(err, "rename %s to %s", path, slug);
	return sp_file_sync_dir(agencies, ".", err);
}

enum sp_code
evidence_site_add_agency(const char *dir, struct keeper_client *keeper,
    const char *origin_host, struct people_agency *a,
    /* first_run writes it. NOLINTNEXTLINE(readability-non-const-parameter) */
    char token[static GATE_TOKEN_TEXT], struct sp_err *err)
{
	struct people_agency made = *a;
	struct first_act first = { .agency = &made, .token = token };
	char origin[LEDGER_NAME_MAX + 1];
	DB_AUTO db = NULL;

	made.id = sp_id_new();
	made.created = sp_now();
	SP_TRY(people_agency_check(&made, err));
	SP_TRY(site_db(&db, dir, DB_WRITE, err));
	SP_TRY(people_agency_check_free(db, &made, err));
	(void)snprintf(origin, sizeof(origin), "%.180s/v1/agencies/%s/log",
	    origin_host, made.slug);
	SP_TRY(keeper_client_create(keeper, &made.id, origin, &made.vkey, err));
	SP_TRY(make_agency(dir, keeper, &first, err));
	SP_TRY(people_agency_add(db, &made, err));
	*a = made;
	return SP_OK;
}
