#ifndef FEDERATION_ROOM_H
#define FEDERATION_ROOM_H

#include "../people/people_fixture.h"
#include "federation/provider.h"

/* An agency's database with this room's tables, and providers for it. */
static inline void
room_open(struct people_fixture *f)
{
	static const char *const script[] = { ledger_log_schema,
		people_person_schema, people_record_schema, people_paper_schema,
		people_hand_schema, people_look_schema, federation_schema,
		federation_flow_schema };
	DB_AUTO db = NULL;

	people_fixture_open(f);
	CHECK_OK(db_open(&db, f->db_path, DB_WRITE, &f->err), &f->err);
	CHECK_OK(db_migrate(db, script, SP_COUNTOF(script), &f->err), &f->err);
}

#define ROOM_PROVIDER                                                          \
	"{\"name\":\"county\",\"issuer\":\"https://id.example.gov/realm\","    \
	"\"client_id\":\"sallyport\",\"auth\":\"none\",\"origin\":"            \
	"\"https://evidence.example.gov\",\"login_claim\":"                    \
	"\"preferred_username\"}"

/* What these members (JSON) make of the one above, where null takes one away:
 * SP_OK, or what it is refused as. */
static inline enum sp_code
room_provider(const char *changes, struct federation_provider *out,
    struct sp_buf *secret, struct sp_err *err)
{
	FEDERATION_AUTO_JSON j = json_loads(ROOM_PROVIDER, 0, NULL);
	FEDERATION_AUTO_JSON by =
	    json_loads(changes == NULL ? "{}" : changes, 0, NULL);
	const char *key;
	json_t *value;

	CHECK(j != NULL && by != NULL);
	json_object_foreach(by, key, value)
	{
		if (json_is_null(value))
			(void)json_object_del(j, key);
		else
			CHECK(json_object_set(j, key, value) == 0);
	}
	return federation_provider_read(j, false, out, secret, err);
}

struct room_add {
	const struct federation_provider *p;
	const struct sp_buf *sealed;
};

static inline enum sp_code
room_add_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	const struct room_add *n = arg;

	return federation_provider_add(a, n->p, n->sealed, err);
}

/* It has no secret. */
static inline enum sp_code
room_add(struct people_fixture *f, const struct federation_provider *p)
{
	struct sp_buf none = sp_buf_new(1);
	struct room_add n = { p, &none };

	return people_fixture_do(f, room_add_fn, &n);
}

static inline void
room_provided(struct people_fixture *f, const char *changes,
    struct federation_provider *out)
{
	SP_AUTO_BUF secret = sp_buf_secret(FEDERATION_SECRET_MAX);

	CHECK_OK(room_provider(changes, out, &secret, &f->err), &f->err);
	CHECK_OK(room_add(f, out), &f->err);
}

#endif
