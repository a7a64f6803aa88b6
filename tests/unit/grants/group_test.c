#include "grants/group.h"

#include "grants/share.h"
#include "grants/tick.h"
#include "shares_fixture.h"

static struct grants_house
house(
    struct shares *s, struct evidence_room *room, const struct gate_caller *who)
{
	return (struct grants_house){ s->h.f.site, room, who };
}

static struct sp_id
form(struct shares *s, size_t members)
{
	const struct sp_id member[] = { evidence_room_agency(s->h.b)->id,
		evidence_room_agency(s->c)->id };
	struct grants_group_new n = {
		.name = "Bay task force",
		.member = member,
		.n = members,
	};
	struct grants_house a = house(s, s->h.a, &s->h.by_a);
	struct sp_id id;
	struct sp_err err;

	CHECK_OK(grants_group_form(&a, &n, &id, &err), &err);
	return id;
}

static bool
has(struct shares *s, struct evidence_room *of, const struct sp_id *group)
{
	struct grants_group_ask a = {
		.site = s->h.f.site,
		.room = s->h.a,
		.group = *group,
		.agency = evidence_room_agency(of)->id,
	};
	struct sp_err err;
	bool in = false;

	CHECK_OK(grants_group_has(&a, &in, &err), &err);
	return in;
}

static uint64_t
version(struct evidence_room *room, const struct sp_id *group)
{
	struct grants_group g;
	DB_LENT(reader, evidence_room_readers(room));

	if (grants_group_load(reader.db, group, &g, NULL) != SP_OK)
		return 0;
	return g.version;
}

static bool
sees(struct shares *s, struct evidence_room *room,
    const struct gate_caller *who, const struct sp_id *share,
    const struct sp_id *item)
{
	const char *why;

	return shares_view(s, room, who, share, item, GATE_VIEW, &why);
}

static void
test_members(void)
{
	struct shares s;
	struct sp_id g, none = sp_id_new();
	struct sp_err err;

	shares_begin(&s);
	struct grants_house a = house(&s, s.h.a, &s.h.by_a);
	struct grants_house b = house(&s, s.h.b, &s.h.by_b);
	struct grants_house c = house(&s, s.c, &s.by_c);
	const struct sp_id id_b = evidence_room_agency(s.h.b)->id;
	const struct sp_id id_c = evidence_room_agency(s.c)->id;

	g = form(&s, 1);
	CHECK(has(&s, s.h.a, &g) && has(&s, s.h.b, &g) && !has(&s, s.c, &g));
	CHECK(version(s.h.b, &g) == 1 && version(s.c, &g) == 0);
	CHECK(shares_entries(s.h.b, "\"act\":\"group.joined\",\"actor\"") == 1);

	/* Only the lead says who is in. */
	CHECK(grants_group_add(&b, &g, &id_c, &err) == SP_E_DENIED);
	CHECK(grants_group_add(&c, &g, &id_b, &err) == SP_E_NOTFOUND);
	CHECK(grants_group_remove(&b, &g, &id_c, &err) == SP_E_DENIED);
	CHECK(grants_group_end(&b, &g, &err) == SP_E_DENIED);
	CHECK(grants_group_leave(&a, &g, &err) == SP_E_CONFLICT);
	CHECK(grants_group_leave(&c, &g, &err) == SP_E_NOTFOUND);
	CHECK(grants_group_add(&a, &none, &id_c, &err) == SP_E_NOTFOUND);
	CHECK(grants_group_add(&a, &g, &id_b, &err) == SP_E_CONFLICT);
	CHECK(grants_group_remove(&a, &g, &id_c, &err) == SP_E_CONFLICT);

	CHECK_OK(grants_group_add(&a, &g, &id_c, &err), &err);
	CHECK(has(&s, s.c, &g));
	CHECK(version(s.h.a, &g) == 2 && version(s.h.b, &g) == 2 &&
	    version(s.c, &g) == 2);
	CHECK(
	    shares_entries(s.h.b, "\"act\":\"group.changed\",\"actor\"") == 1);
	CHECK_OK(grants_group_leave(&b, &g, &err), &err);
	CHECK(!has(&s, s.h.b, &g) && has(&s, s.c, &g));
	CHECK(version(s.c, &g) == 3);
	CHECK(grants_group_leave(&b, &g, &err) == SP_E_CONFLICT);
	CHECK_OK(grants_group_add(&a, &g, &id_b, &err), &err);
	CHECK(has(&s, s.h.b, &g));
	CHECK_OK(grants_group_remove(&a, &g, &id_b, &err), &err);
	CHECK(!has(&s, s.h.b, &g));
	CHECK(shares_entries(s.h.b, "\"act\":\"group.left\",\"actor\"") == 2);
	CHECK_OK(grants_group_end(&a, &g, &err), &err);
	CHECK(!has(&s, s.c, &g) && !has(&s, s.h.a, &g));
	CHECK(grants_group_end(&a, &g, &err) == SP_E_CONFLICT);
	CHECK(grants_group_add(&a, &g, &id_b, &err) == SP_E_CONFLICT);
	CHECK(shares_entries(s.c, "\"act\":\"group.ended\",\"actor\"") == 1);
	shares_end(&s);
}

static void
test_shares(void)
{
	struct shares s;
	struct sp_id g, item, share, only[1];
	struct gate_caller b, b2, c;
	char to[100], text[SP_ID_TEXT];
	struct sp_err err;

	shares_begin(&s);
	struct grants_house a = house(&s, s.h.a, &s.h.by_a);
	struct grants_house at_b = house(&s, s.h.b, &s.h.by_b);
	const struct sp_id id_c = evidence_room_agency(s.c)->id;

	item = shares_item(&s);
	b = shares_person(s.h.b, "custodian", "agency", "CO FL");
	b2 = shares_person(s.h.b, "investigator", "agency", "CO FL");
	c = shares_person(s.c, "investigator", "agency", "GA FL");
	g = form(&s, 1);
	sp_id_text(&g, text);
	(void)snprintf(to, sizeof(to), "{\"group\":\"%s\"}", text);
	share = shares_share(
	    &s, &(struct offer){ .item = &item, .n = 1, .to = to });
	CHECK(sees(&s, s.h.b, &b, &share, &item));
	CHECK(!sees(&s, s.c, &c, &share, &item));

	/* Whoever joins later has it too. */
	CHECK_OK(grants_group_add(&a, &g, &id_c, &err), &err);
	grants_tick(s.h.f.site);
	CHECK(sees(&s, s.c, &c, &share, &item));
	CHECK(shares_entries(s.c, "\"act\":\"share.granted\",\"actor\"") == 1);

	/* Named persons only. */
	only[0] = b2.person;
	CHECK_OK(grants_group_persons(&at_b, &g, only, 1, &err), &err);
	CHECK(!sees(&s, s.h.b, &b, &share, &item));
	CHECK(sees(&s, s.h.b, &b2, &share, &item));
	CHECK(grants_group_persons(&at_b, &g, &id_c, 1, &err) == SP_E_INVALID);
	CHECK(sees(&s, s.h.b, &b2, &share, &item));
	CHECK_OK(grants_group_persons(&at_b, &g, NULL, 0, &err), &err);
	CHECK(sees(&s, s.h.b, &b, &share, &item));

	/* Leaving and being taken out are felt at once. */
	CHECK_OK(grants_group_leave(&at_b, &g, &err), &err);
	CHECK(!sees(&s, s.h.b, &b, &share, &item));
	CHECK(sees(&s, s.c, &c, &share, &item));
	grants_tick(s.h.f.site);
	CHECK(shares_entries(s.h.b, "\"act\":\"share.ended\",\"actor\"") == 1);
	CHECK_OK(grants_group_remove(&a, &g, &id_c, &err), &err);
	CHECK(!sees(&s, s.c, &c, &share, &item));

	/* Back in: as before. */
	CHECK_OK(grants_group_add(&a, &g, &id_c, &err), &err);
	grants_tick(s.h.f.site);
	CHECK(sees(&s, s.c, &c, &share, &item));
	CHECK_OK(grants_group_end(&a, &g, &err), &err);
	CHECK(!sees(&s, s.c, &c, &share, &item));
	grants_tick(s.h.f.site);
	CHECK(shares_entries(s.h.a, "\"act\":\"share.ended\",\"actor\"") >= 2);
	shares_end(&s);
}

/* A member's share with the group ends when that member leaves. */
static void
test_sharer_leaves(void)
{
	struct shares s;
	struct sp_id g, item, share;
	struct gate_caller c;
	char to[100], text[SP_ID_TEXT];
	struct grants_group_new n = { .name = "Led from Georgia", .n = 2 };
	struct sp_err err;

	shares_begin(&s);
	const struct sp_id member[] = { evidence_room_agency(s.h.a)->id,
		evidence_room_agency(s.h.b)->id };
	struct grants_house at_a = house(&s, s.h.a, &s.h.by_a);
	struct grants_house at_c = house(&s, s.c, &s.by_c);

	item = shares_item(&s);
	c = shares_person(s.c, "investigator", "agency", "GA FL");
	n.member = member;
	CHECK_OK(grants_group_form(&at_c, &n, &g, &err), &err);
	sp_id_text(&g, text);
	(void)snprintf(to, sizeof(to), "{\"group\":\"%s\"}", text);
	share = shares_share(
	    &s, &(struct offer){ .item = &item, .n = 1, .to = to });
	CHECK(sees(&s, s.c, &c, &share, &item));
	CHECK_OK(grants_group_leave(&at_a, &g, &err), &err);
	CHECK(!sees(&s, s.c, &c, &share, &item));
	grants_tick(s.h.f.site);
	CHECK(shares_entries(s.c, "\"act\":\"share.ended\",\"actor\"") == 1);
	shares_end(&s);
}

static void
test_forming(void)
{
	struct shares s;
	struct sp_id id = { .b = { 7 } };
	struct sp_err err;

	shares_begin(&s);
	const struct sp_id own = evidence_room_agency(s.h.a)->id;
	const struct sp_id b = evidence_room_agency(s.h.b)->id;
	const struct sp_id twice[] = { b, b };
	struct grants_house a = house(&s, s.h.a, &s.h.by_a);
	char name[GRANTS_GROUP_NAME + 2];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	const struct grants_group_new bad[] = {
		{ .name = "", .n = 0 },
		{ .name = name, .n = 0 },
		{ .name = "a\nb", .n = 0 },
		{ .name = "a", .member = &own, .n = 1 },
		{ .name = "a", .member = twice, .n = 2 },
	};

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		CHECK(
		    grants_group_form(&a, &bad[i], &id, &err) == SP_E_INVALID);
		CHECK(id.b[0] == 7);
	}
	shares_end(&s);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "who is in, and who says so", test_members },
		{ "what is shared with a group", test_shares },
		{ "a share ends when its sharer leaves", test_sharer_leaves },
		{ "what is no group", test_forming },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
