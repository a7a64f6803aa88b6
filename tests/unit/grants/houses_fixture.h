#ifndef HOUSES_FIXTURE_H
#define HOUSES_FIXTURE_H

#include "../evidence/room_fixture.h"

#include "grants/twin.h"

/*
 * A site with three houses: room_fixture's harbor-pd (FL), summit-so (CO), and
 * the provider's, keystone.  Each may be closed and opened again with it.
 */
struct houses {
	struct room_fixture f;
	struct people_agency second, provider;
	char second_token[GATE_TOKEN_TEXT], provider_token[GATE_TOKEN_TEXT];
	struct evidence_room *a, *b, *p; /* harbor, summit, keystone */
	struct gate_caller by_a, by_b, by_p;
};

static inline void
houses_add(struct houses *h, struct people_agency *a, char *token)
{
	struct keeper_client *client = keeper_client_new();
	struct sp_err err;

	fixture_keeper_start(&h->f, client);
	CHECK_OK(evidence_site_add_agency(
		     h->f.dir, client, "127.0.0.1:8443", a, token, &err),
	    &err);
	keeper_client_free(client);
	CHECK(waitpid(h->f.keeper, NULL, 0) == h->f.keeper);
}

static inline void
houses_make(struct houses *h)
{
	fixture_make(&h->f);
	h->second = (struct people_agency){
		.slug = "summit-so",
		.name = "Summit County Sheriff",
		.state = "CO",
		.ori = "CO0590000",
		.geography = "us",
	};
	h->provider = (struct people_agency){
		.slug = "keystone",
		.name = "Keystone Hosting",
		.state = "FL",
		.ori = "FLKEYSTN0",
		.geography = "us",
	};
	houses_add(h, &h->second, h->second_token);
	houses_add(h, &h->provider, h->provider_token);
}

static inline void
houses_know(struct houses *h, const char *slug, const char *token,
    struct evidence_room **room, struct gate_caller *by)
{
	struct sp_err err;

	CHECK_OK(evidence_site_room(h->f.site, slug, room, &err), &err);
	CHECK_OK(fixture_know(*room, token, by, &err), &err);
	by->source = "api";
}

static inline void
houses_open(struct houses *h)
{
	fixture_open(&h->f);
	h->a = h->f.room;
	h->by_a = h->f.who;
	houses_know(h, "summit-so", h->second_token, &h->b, &h->by_b);
	houses_know(h, "keystone", h->provider_token, &h->p, &h->by_p);
}

static inline void
houses_close(struct houses *h)
{
	fixture_close(&h->f);
}

static inline void
houses_remove(struct houses *h)
{
	fixture_remove(&h->f);
}

/* One number or text out of a room's database, where `?1` is an id. */
static inline int64_t
houses_ask(struct evidence_room *r, const struct db_sql *sql,
    const struct sp_id *id, char *text)
{
	DB_LENT(reader, evidence_room_readers(r));
	DB_STMT st = db_use(reader.db, sql);
	struct sp_err err;
	bool found = false;
	int64_t n = -1;

	if (id != NULL)
		db_bind_blob(st, 1, id->b, SP_ID_LEN);
	CHECK_OK(db_row(st, &found, &err), &err);
	if (found) {
		n = text == NULL ? db_col_i64(st, 0) : 0;
		if (text != NULL)
			(void)snprintf(text, 2000, "%s", db_col_text(st, 0));
	}
	return n;
}

/* The exact bytes of an entry, as text. */
static inline void
houses_entry(struct evidence_room *r, uint64_t index, struct sp_buf *out)
{
	DB_LENT(reader, evidence_room_readers(r));
	struct sp_err err;

	sp_buf_clear(out);
	CHECK_OK(
	    ledger_log_entry(evidence_room_log(r), reader.db, index, out, &err),
	    &err);
}

#endif
