#include "grants/share.h"

#include "clock_fixture.h"
#include "grants/tick.h"
#include "runs_fixture.h"
#include "shares_fixture.h"

#define DAY (INT64_C(86400) * SP_SECOND)

static struct grants_house
house(
    struct shares *s, struct evidence_room *room, const struct gate_caller *who)
{
	return (struct grants_house){ s->h.f.site, room, who };
}

/* The member of a share as this house tells it. */
static const char *
told(struct shares *s, struct evidence_room *room, const struct sp_id *share,
    const char *member)
{
	static char text[200];
	struct gate_caller none = { .agency = evidence_room_agency(room)->id };
	struct grants_house h = house(s, room, &none);
	SP_AUTO_BUF out = sp_buf_new((size_t)1 << 20);
	struct sp_err err;
	json_t *in;
	const char *v;

	if (grants_share_json(&h, share, NULL, &out, &err) != SP_OK)
		return "none";
	in = json_loads(sp_buf_str(&out), 0, NULL);
	CHECK(in != NULL);
	v = json_string_value(json_object_get(in, member));
	(void)snprintf(text, sizeof(text), "%s", v == NULL ? "null" : v);
	json_decref(in);
	return text;
}
#define TOLD(s, room, share, member, want)                                     \
	CHECK(strcmp(told(s, room, share, member), want) == 0)

static bool
sees(struct shares *s, struct evidence_room *room,
    const struct gate_caller *who, const struct sp_id *share,
    const struct sp_id *item)
{
	const char *why;

	return shares_view(s, room, who, share, item, GATE_VIEW, &why);
}

/* Both ledgers have the act, and whoever has one house's answer has both
 * proofs. */
static void
check_proof(struct shares *s, struct evidence_room *room,
    const struct sp_id *share, const struct people_agency *here,
    const struct people_agency *other, size_t twins)
{
	struct gate_caller none = { .agency = here->id };
	struct grants_house h = house(s, room, &none);
	SP_AUTO_BUF out = sp_buf_new((size_t)4 << 20);
	struct sp_err err;
	json_t *in, *all, *own;

	CHECK_OK(grants_share_proof_json(&h, share, &out, &err), &err);
	in = json_loads(sp_buf_str(&out), 0, NULL);
	CHECK(in != NULL);
	all = json_object_get(in, "twins");
	own = json_object_get(in, "own");
	CHECK(json_array_size(all) == twins && json_array_size(own) == twins);
	for (size_t i = 0; i < twins; i++) {
		json_t *o = json_object_get(json_array_get(all, i), "other");
		json_t *w = json_array_get(own, i);
		const char *body =
		    json_string_value(json_object_get(o, "body"));
		const char *proof =
		    json_string_value(json_object_get(o, "proof"));
		const char *mine =
		    json_string_value(json_object_get(w, "body"));
		const char *there =
		    json_string_value(json_object_get(w, "proof"));
		const char *terms =
		    json_string_value(json_object_get(in, "terms"));
		const struct crypto_piece piece = { terms, strlen(terms) };
		uint8_t sum[CRYPTO_SHA256_LEN];
		char hex[65];

		CHECK_OK(ledger_proof_check(&other->vkey, proof, strlen(proof),
			     body, strlen(body), NULL, NULL, &err),
		    &err);
		CHECK_OK(ledger_proof_check(&here->vkey, there, strlen(there),
			     mine, strlen(mine), NULL, NULL, &err),
		    &err);
		crypto_sha256_of(&piece, 1, sum);
		sp_hex(sum, sizeof(sum), hex);
		CHECK(strstr(body, hex) != NULL && strstr(mine, hex) != NULL);
	}
	json_decref(in);
}

static void
test_life(void)
{
	struct shares s;
	struct sp_id item, share, again, none = sp_id_new();
	struct gate_caller who;
	struct sp_err err;

	shares_begin(&s);
	item = shares_item(&s);
	who = shares_person(s.h.b, "custodian", "agency", "CO FL");
	struct offer o = { .item = &item, .n = 1, .to = TO_B };
	struct grants_house a = house(&s, s.h.a, &s.h.by_a);
	struct grants_house b = house(&s, s.h.b, &s.h.by_b);
	struct grants_house c = house(&s, s.c, &s.by_c);

	share = shares_share(&s, &o);
	TOLD(&s, s.h.a, &share, "state", "active");
	TOLD(&s, s.h.a, &share, "direction", "given");
	TOLD(&s, s.h.b, &share, "direction", "received");
	TOLD(&s, s.h.b, &share, "reason", "a case");
	TOLD(&s, s.c, &share, "state", "none");
	check_proof(&s, s.h.a, &share, evidence_room_agency(s.h.a),
	    evidence_room_agency(s.h.b), 1);
	check_proof(&s, s.h.b, &share, evidence_room_agency(s.h.b),
	    evidence_room_agency(s.h.a), 1);
	CHECK(sees(&s, s.h.b, &who, &share, &item));

	/* Whose it is not cannot end it. */
	CHECK(grants_share_revoke(&c, &share, &err) == SP_E_NOTFOUND);
	CHECK(grants_share_revoke(&b, &share, &err) == SP_E_DENIED);
	CHECK(grants_share_decline(&a, &share, &err) == SP_E_NOTFOUND);
	CHECK(grants_share_decline(&c, &share, &err) == SP_E_NOTFOUND);
	CHECK(grants_share_revoke(&a, &none, &err) == SP_E_NOTFOUND);
	CHECK(sees(&s, s.h.b, &who, &share, &item));

	CHECK_OK(grants_share_revoke(&a, &share, &err), &err);
	TOLD(&s, s.h.a, &share, "state", "revoked");
	TOLD(&s, s.h.b, &share, "state", "revoked");
	CHECK(!sees(&s, s.h.b, &who, &share, &item));
	CHECK(grants_share_revoke(&a, &share, &err) == SP_E_CONFLICT);
	CHECK(grants_share_decline(&b, &share, &err) == SP_E_CONFLICT);
	check_proof(&s, s.h.b, &share, evidence_room_agency(s.h.b),
	    evidence_room_agency(s.h.a), 2);
	/* What was tried after that is in the owner's ledger. */
	CHECK(shares_entries(s.h.a, "\"code\":\"other-agency\"") == 1);

	again = shares_share(&s, &o);
	CHECK_OK(grants_share_decline(&b, &again, &err), &err);
	TOLD(&s, s.h.a, &again, "state", "declined");
	TOLD(&s, s.h.b, &again, "state", "declined");
	CHECK(!sees(&s, s.h.b, &who, &again, &item));
	CHECK(grants_share_decline(&b, &again, &err) == SP_E_CONFLICT);
	CHECK(grants_share_revoke(&a, &again, &err) == SP_E_CONFLICT);
	CHECK(
	    shares_entries(s.h.a, "\"act\":\"share.declined\",\"actor\"") == 1);
	CHECK(
	    shares_entries(s.h.b, "\"act\":\"share.declined\",\"actor\"") == 1);
	shares_end(&s);
}

static void
refused(struct shares *s, const struct offer *o, enum sp_code code,
    const char *reason)
{
	struct sp_id id = { .b = { 7 } };
	struct sp_err err = { .code = SP_OK };
	enum sp_code got = shares_offer(s, s->h.a, &s->h.by_a, o, &id, &err);

	CHECK_CODE(got, code, &err);
	CHECK(err.reason != NULL && strcmp(err.reason, reason) == 0);
	CHECK(id.b[0] == 7);
}

static void
test_refused(void)
{
	struct shares s;
	struct sp_id item, none = sp_id_new();
	struct gate_caller officer;
	char to[100], text[SP_ID_TEXT], far[SP_TIME_TEXT];

	shares_begin(&s);
	item = shares_item(&s);
	officer = shares_person(s.h.a, "officer", "agency", "FL");
	struct offer o = { .item = &item, .n = 1, .to = TO_B };
	struct offer bad = o;

	bad.item = &none;
	refused(&s, &bad, SP_E_INVALID, "share.evidence");
	bad = o;
	bad.to = "{\"agency\":\"nowhere\"}";
	refused(&s, &bad, SP_E_INVALID, "share.to");
	bad.to = "{\"agency\":\"harbor-pd\"}";
	refused(&s, &bad, SP_E_INVALID, "share.to");
	sp_id_text(&none, text);
	(void)snprintf(to, sizeof(to), "{\"group\":\"%s\"}", text);
	bad.to = to;
	refused(&s, &bad, SP_E_INVALID, "share.to");
	/* Persons: of this house, from outside, prosecutors. */
	(void)snprintf(to, sizeof(to), "{\"person\":\"%s\"}", text);
	refused(&s, &bad, SP_E_INVALID, "share.to");
	sp_id_text(&officer.person, text);
	(void)snprintf(to, sizeof(to), "{\"person\":\"%s\"}", text);
	refused(&s, &bad, SP_E_INVALID, "share.to");
	bad = o;
	bad.until = "2020-01-01T00:00:00Z";
	refused(&s, &bad, SP_E_INVALID, "share.until");
	sp_time_text(sp_now() + 367 * DAY, far);
	bad.until = far;
	refused(&s, &bad, SP_E_INVALID, "share.until");
	CHECK(
	    shares_entries(s.h.a, "\"act\":\"share.granted\",\"actor\"") == 0);
	CHECK(
	    shares_entries(s.h.b, "\"act\":\"share.granted\",\"actor\"") == 0);
	shares_end(&s);
}

/* The same Idempotency-Key makes one. */
static void
test_once(void)
{
	struct shares s;
	struct sp_id item, one, two;
	struct sp_err err;

	shares_begin(&s);
	item = shares_item(&s);
	struct offer o = { .item = &item, .n = 1, .to = TO_B };
	struct grants_house a = house(&s, s.h.a, &s.h.by_a);
	const struct crypto_piece body = { "x", 1 };
	struct gate_once once;

	CHECK_OK(gate_once_of(&s.h.by_a, "key", &body, 1, &once, &err), &err);
	for (int i = 0; i < 4; i++) {
		json_t *j = offer_json(&o);
		GRANTS_AUTO_WISH w = { .timed = false };
		struct grants_share_new n = { .wish = &w, .once = &once };

		CHECK_OK(grants_terms_wish(j, sp_now(), &w, &err), &err);
		json_decref(j);
		two = (struct sp_id){ .b = { 7 } };
		if (i == 2) { /* another request */
			const struct sp_id untouched = two;

			once.request[0] ^= 1;
			CHECK_CODE(grants_share_add(&a, &n, &two, &err),
			    SP_E_CONFLICT, &err);
			CHECK(strcmp(err.reason, "once.differs") == 0);
			CHECK(sp_id_equal(&two, &untouched));
			once.request[0] ^= 1;
			continue;
		}
		CHECK_OK(
		    grants_share_add(&a, &n, i == 0 ? &one : &two, &err), &err);
		CHECK(i == 0 || sp_id_equal(&one, &two));
	}
	CHECK(
	    shares_entries(s.h.a, "\"act\":\"share.granted\",\"actor\"") == 1);
	shares_end(&s);
}

/* --- sharing on --- */

static void
test_reshare(void)
{
	struct shares s;
	struct sp_id item[2], share, child, id;
	struct gate_caller b, c;
	struct sp_err err;

	shares_begin(&s);
	item[0] = shares_item(&s);
	item[1] = shares_item(&s);
	b = shares_person(s.h.b, "custodian", "agency", "CO FL");
	c = shares_person(s.c, "investigator", "agency", "GA FL");
	share = shares_share(&s,
	    &(struct offer){
		.item = item, .n = 1, .to = TO_B, .reshare = true });
	struct offer on = {
		.item = item, .n = 1, .to = TO_C, .parent = &share
	};
	struct offer bad = on;

	CHECK_OK(shares_offer(&s, s.h.b, &b, &on, &child, &err), &err);
	TOLD(&s, s.h.a, &child, "sharer", "summit-so");
	TOLD(&s, s.h.b, &child, "direction", "passed");
	TOLD(&s, s.c, &child, "direction", "received");
	TOLD(&s, s.c, &child, "owner", "harbor-pd");
	CHECK(sees(&s, s.c, &c, &child, &item[0]));
	CHECK(!sees(&s, s.c, &c, &child, &item[1]));
	CHECK(!sees(&s, s.c, &c, &share, &item[0]));
	CHECK(!sees(&s, s.h.b, &b, &child, &item[0]));

	/* More than it has, back to the owner, on from what may not go on. */
	bad.download = true;
	CHECK(shares_offer(&s, s.h.b, &b, &bad, &id, &err) == SP_E_DENIED);
	bad = on;
	bad.n = 2;
	CHECK(shares_offer(&s, s.h.b, &b, &bad, &id, &err) == SP_E_DENIED);
	bad = on;
	bad.to = "{\"agency\":\"harbor-pd\"}";
	CHECK(shares_offer(&s, s.h.b, &b, &bad, &id, &err) == SP_E_INVALID);
	bad = on;
	bad.to = TO_B;
	bad.parent = &child;
	CHECK(shares_offer(&s, s.c, &c, &bad, &id, &err) != SP_OK);
	CHECK(shares_offer(&s, s.c, &c, &on, &id, &err) == SP_E_NOTFOUND);

	/* The sharer takes it back; and the owner, with what was made of it. */
	struct grants_house at_b = house(&s, s.h.b, &b);
	struct grants_house at_a = house(&s, s.h.a, &s.h.by_a);

	CHECK_OK(grants_share_revoke(&at_b, &child, &err), &err);
	CHECK(!sees(&s, s.c, &c, &child, &item[0]));
	TOLD(&s, s.c, &child, "state", "revoked");
	CHECK(sees(&s, s.h.b, &b, &share, &item[0]));
	CHECK_OK(shares_offer(&s, s.h.b, &b, &on, &child, &err), &err);
	CHECK_OK(grants_share_revoke(&at_a, &share, &err), &err);
	CHECK(!sees(&s, s.c, &c, &child, &item[0]));
	TOLD(&s, s.h.a, &child, "state", "revoked");
	TOLD(&s, s.c, &child, "state", "revoked");
	TOLD(&s, s.h.b, &child, "state", "revoked");
	shares_end(&s);
}

/* What rests on a share that was declined ends with it. */
static void
test_declined_parent(void)
{
	struct shares s;
	struct sp_id item, share, child;
	struct gate_caller b, c;
	struct sp_err err;

	shares_begin(&s);
	item = shares_item(&s);
	b = shares_person(s.h.b, "custodian", "agency", "CO FL");
	c = shares_person(s.c, "investigator", "agency", "GA FL");
	share = shares_share(&s,
	    &(struct offer){
		.item = &item, .n = 1, .to = TO_B, .reshare = true });
	CHECK_OK(shares_offer(&s, s.h.b, &b,
		     &(struct offer){
			 .item = &item, .n = 1, .to = TO_C, .parent = &share },
		     &child, &err),
	    &err);
	struct grants_house at_b = house(&s, s.h.b, &b);

	CHECK_OK(grants_share_decline(&at_b, &share, &err), &err);
	CHECK(!sees(&s, s.c, &c, &child, &item));
	TOLD(&s, s.h.a, &child, "state", "ended");
	TOLD(&s, s.c, &child, "state", "ended");
	shares_end(&s);
}

/* --- what is under way by a tree of shares --- */

static const struct db_sql more_children = {
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	" WHERE i < 700) INSERT INTO share(id, sharer, parent, to_kind, to_id,"
	" download, reshare, granted, until, category, state, changed, terms)"
	" SELECT randomblob(16), sharer, parent, to_kind, to_id, download,"
	" reshare, granted, until, category, state, changed, terms"
	" FROM share, n WHERE id = ?1",
};

static enum sp_code
more_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct sp_id *child = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &more_children);

	db_bind_blob(st, 1, child->b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

/* However many were made from it, and though nothing else can be written:
 * whoever reads by one of them stops when the root is revoked. */
static void
test_cut_whole_tree(void)
{
	for (int whole = 0; whole < 2; whole++) {
		struct shares s;
		struct sp_id item, share, child;
		struct gate_caller b, c;
		struct grants_guest g;
		struct evidence_content content;
		struct evidence_reader *rd = NULL;
		uint8_t got[5];
		struct sp_err err;

		shares_begin(&s);
		item = shares_item(&s);
		b = shares_person(s.h.b, "custodian", "agency", "CO FL");
		c = shares_person(s.c, "investigator", "agency", "GA FL");
		share = shares_share(&s,
		    &(struct offer){
			.item = &item, .n = 1, .to = TO_B, .reshare = true });
		struct offer on = {
			.item = &item, .n = 1, .to = TO_C, .parent = &share
		};
		struct grants_house a = house(&s, s.h.a, &s.h.by_a);

		CHECK_OK(shares_offer(&s, s.h.b, &b, &on, &child, &err), &err);
		CHECK_OK(ledger_writer_run(evidence_room_writer(s.h.a),
			     more_run, &child, &err),
		    &err);
		CHECK_OK(
		    shares_enter(&s, s.c, &c, &child, &item, &g, &err), &err);
		CHECK_OK(evidence_reader_open(
			     &rd, g.room, &g.who, &item, &content, &err),
		    &err);
		CHECK_OK(evidence_reader_read(rd, 0, got, 5, &err), &err);
		/* Only the owner's own row, or all who are to be told. */
		runs_left = whole == 0 ? 1 : -1;
		CHECK_OK(grants_share_revoke(&a, &share, &err), &err);
		runs_left = -1;
		CHECK_CODE(evidence_reader_read(rd, 0, got, 5, &err),
		    SP_E_UNKNOWN, &err);
		evidence_reader_close(rd);
		shares_end(&s);
	}
}

/* --- the pace --- */

static const struct db_sql more_tellings = {
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	" WHERE i < ?2) INSERT INTO twin(id, side, state, other, kind, act,"
	" object_kind, object, actor_kind, actor, at, entry, detail, body,"
	" tries, due) SELECT randomblob(16), side, 'whole', other, kind, act,"
	" object_kind, object, actor_kind, actor, at, entry, detail, body,"
	" tries, due FROM twin, n WHERE object = ?1 AND side = 'first'"
	" AND act = 'share.granted' AND other = ?3",
};

struct telling {
	const struct sp_id *share;
	struct evidence_room *to;
	int64_t n;
};

static enum sp_code
tell_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct telling *t = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &more_tellings);

	db_bind_blob(st, 1, t->share->b, SP_ID_LEN);
	db_bind_i64(st, 2, t->n);
	db_bind_blob(st, 3, evidence_room_agency(t->to)->id.b, SP_ID_LEN);
	return db_run(st, NULL, err);
}

/* As if n more shares like this one had been told. */
static void
as_if_told(struct shares *s, const struct sp_id *share,
    struct evidence_room *to, int64_t n)
{
	struct telling t = { share, to, n };
	struct sp_err err;

	CHECK_OK(
	    ledger_writer_run(evidence_room_writer(s->h.a), tell_run, &t, &err),
	    &err);
}

static void
check_pace(enum sp_code code, const struct sp_err *err)
{
	CHECK(code == SP_E_LIMIT);
	CHECK(err->reason != NULL && strcmp(err->reason, "share.pace") == 0);
	CHECK(strstr(err->text, "go on at 20") != NULL);
}

/* Nothing of what is refused reaches the other; what ends something does. */
static void
test_pace(void)
{
	struct shares s;
	struct sp_id item, share, id, group, other;
	struct sp_err err = { .code = SP_OK };
	uint64_t size;

	shares_begin(&s);
	item = shares_item(&s);
	struct offer o = { .item = &item, .n = 1, .to = TO_B };
	struct offer to_c = { .item = &item, .n = 1, .to = TO_C };
	struct grants_house a = house(&s, s.h.a, &s.h.by_a);
	const struct sp_id id_b = evidence_room_agency(s.h.b)->id;
	const struct sp_id id_c = evidence_room_agency(s.c)->id;
	struct grants_group_new both = {
		.name = "Both", .member = &id_b, .n = 1
	};
	struct grants_group_new with_c = {
		.name = "With C", .member = &id_c, .n = 1
	};

	share = shares_share(&s, &o);
	as_if_told(&s, &share, s.h.b, GRANTS_TWIN_HOUR - 3);
	CHECK_OK(grants_group_form(&a, &both, &group, &err), &err);
	CHECK_OK(grants_group_form(&a, &with_c, &other, &err), &err);
	id = shares_share(&s, &o);
	size = ledger_log_size(evidence_room_log(s.h.b));
	check_pace(shares_offer(&s, s.h.a, &s.h.by_a, &o, &id, &err), &err);
	both.name = "Another";
	check_pace(grants_group_form(&a, &both, &id, &err), &err);
	check_pace(grants_group_add(&a, &other, &id_b, &err), &err);
	check_pace(grants_group_add(&a, &group, &id_c, &err), &err);
	grants_tick(s.h.f.site);
	CHECK(ledger_log_size(evidence_room_log(s.h.b)) == size);

	/* Others are told, and B of what is over. */
	(void)shares_share(&s, &to_c);
	CHECK_OK(grants_share_revoke(&a, &share, &err), &err);
	TOLD(&s, s.h.b, &share, "state", "revoked");
	CHECK_OK(grants_group_remove(&a, &group, &id_b, &err), &err);
	CHECK_OK(grants_group_end(&a, &other, &err), &err);
	CHECK(ledger_log_size(evidence_room_log(s.h.b)) == size + 2);

	ahead += 3600 * SP_SECOND + SP_SECOND;
	share = shares_share(&s, &o);
	as_if_told(&s, &share, s.h.b, GRANTS_TWIN_DAY - GRANTS_TWIN_HOUR);
	ahead += 3600 * SP_SECOND + SP_SECOND;
	check_pace(shares_offer(&s, s.h.a, &s.h.by_a, &o, &id, &err), &err);
	ahead += DAY;
	(void)shares_share(&s, &o);
	shares_end(&s);
}

/* A new member of a group hears of what the group has as fast as the pace
 * lets it, and of all in the end. */
static void
test_pace_of_members(void)
{
	struct shares s;
	struct sp_id item, share, first, group;
	char to[100], text[SP_ID_TEXT];
	struct sp_err err;

	shares_begin(&s);
	item = shares_item(&s);
	struct grants_house a = house(&s, s.h.a, &s.h.by_a);
	const struct sp_id id_b = evidence_room_agency(s.h.b)->id;
	const struct sp_id id_c = evidence_room_agency(s.c)->id;
	struct grants_group_new n = { .name = "G", .member = &id_c, .n = 1 };

	CHECK_OK(grants_group_form(&a, &n, &group, &err), &err);
	sp_id_text(&group, text);
	(void)snprintf(to, sizeof(to), "{\"group\":\"%s\"}", text);
	share = shares_share(
	    &s, &(struct offer){ .item = &item, .n = 1, .to = to });
	first = shares_share(
	    &s, &(struct offer){ .item = &item, .n = 1, .to = TO_B });
	/* Joining is the last that it may be told of. */
	as_if_told(&s, &first, s.h.b, GRANTS_TWIN_HOUR - 2);
	CHECK_OK(grants_group_add(&a, &group, &id_b, &err), &err);
	grants_tick(s.h.f.site);
	TOLD(&s, s.h.b, &share, "state", "none");
	TOLD(&s, s.c, &share, "state", "active");
	ahead += 3600 * SP_SECOND + SP_SECOND;
	grants_tick(s.h.f.site);
	TOLD(&s, s.h.b, &share, "state", "active");
	shares_end(&s);
}

static const struct db_sql more_shares = {
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	" WHERE i < ?2) INSERT INTO share(id, sharer, parent, to_kind, to_id,"
	" download, reshare, granted, until, category, state, changed, terms)"
	" SELECT randomblob(16), sharer, parent, to_kind, to_id, download,"
	" reshare, granted, until, category, state, changed, terms"
	" FROM share, n WHERE id = ?1",
};

static enum sp_code
many_run(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct telling *t = arg;
	DB_STMT st = db_use(ledger_tx_db(tx), &more_shares);

	db_bind_blob(st, 1, t->share->b, SP_ID_LEN);
	db_bind_i64(st, 2, t->n);
	return db_run(st, NULL, err);
}

/* What another shares on is that one's to answer for: neither its pace nor its
 * number keeps the owner from sharing. */
static void
test_pace_of_reshares(void)
{
	struct shares s;
	struct sp_id item, share, child, id;
	struct gate_caller b;
	struct sp_err err = { .code = SP_OK };

	shares_begin(&s);
	item = shares_item(&s);
	b = shares_person(s.h.b, "custodian", "agency", "CO FL");
	share = shares_share(&s,
	    &(struct offer){
		.item = &item, .n = 1, .to = TO_B, .reshare = true });
	struct offer on = {
		.item = &item, .n = 1, .to = TO_C, .parent = &share
	};
	struct offer own = { .item = &item, .n = 1, .to = TO_C };
	struct telling many = { &child, s.c, GRANTS_SHARES_ON };

	CHECK_OK(shares_offer(&s, s.h.b, &b, &on, &child, &err), &err);
	as_if_told(&s, &child, s.c, GRANTS_TWIN_HOUR);
	check_pace(shares_offer(&s, s.h.b, &b, &on, &id, &err), &err);
	(void)shares_share(&s, &own);
	/* Whomever it shares on with: the owner writes that down, too. */
	ahead += 3600 * SP_SECOND + SP_SECOND;
	CHECK_OK(shares_offer(&s, s.h.b, &b, &on, &id, &err), &err);
	as_if_told(&s, &id, s.h.b, GRANTS_TWIN_HOUR);
	check_pace(shares_offer(&s, s.h.b, &b, &on, &id, &err), &err);
	(void)shares_share(&s, &own);

	ahead += 3600 * SP_SECOND + SP_SECOND;
	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(s.h.a), many_run, &many, &err),
	    &err);
	err.reason = NULL;
	CHECK_CODE(
	    shares_offer(&s, s.h.b, &b, &on, &id, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "share.many") == 0);
	shares_end(&s);
}

/* So many are active with one; with another there may be as many. */
static void
test_many(void)
{
	struct shares s;
	struct sp_id item, share, id;
	struct sp_err err = { .reason = NULL };

	shares_begin(&s);
	item = shares_item(&s);
	struct offer o = { .item = &item, .n = 1, .to = TO_B };

	share = shares_share(&s, &o);
	struct telling many = { &share, s.h.b, GRANTS_SHARES_TO - 1 };

	CHECK_OK(ledger_writer_run(
		     evidence_room_writer(s.h.a), many_run, &many, &err),
	    &err);
	CHECK_CODE(shares_offer(&s, s.h.a, &s.h.by_a, &o, &id, &err),
	    SP_E_LIMIT, &err);
	CHECK(strcmp(err.reason, "share.many") == 0);
	shares_end(&s);
}

/* --- crashes --- */

/* Killed before the n-th durable step of granting or revoking: after a start
 * both houses come to know the same. */
static void
crash(struct shares *s, int n, const struct sp_id *item,
    const struct sp_id *share)
{
	pid_t child = fork();
	int status = 0;

	CHECK(child >= 0);
	if (child == 0) {
		struct sp_id id;

		shares_open(s);
		struct grants_house a = house(s, s->h.a, &s->h.by_a);

		runs_kill = true;
		runs_left = n;
		if (share != NULL)
			SP_IGNORE(grants_share_revoke(&a, share, NULL));
		else
			SP_IGNORE(shares_offer(s, s->h.a, &s->h.by_a,
			    &(struct offer){ .item = item, .n = 1, .to = TO_B },
			    &id, NULL));
		_exit(9);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static const struct db_sql last_share = {
	"SELECT lower(hex(id)) FROM share ORDER BY id DESC LIMIT 1",
};
static const struct db_sql half = {
	"SELECT count(*) FROM twin WHERE state = 'half'",
};

static void
test_crash(void)
{
	struct shares s;
	struct sp_id item;
	struct gate_caller who;

	memset(&s, 0, sizeof(s));
	shares_make(&s);
	shares_open(&s);
	item = shares_item(&s);
	who = shares_person(s.h.b, "custodian", "agency", "CO FL");
	houses_close(&s.h);
	for (int n = 0; n < 3; n++) {
		struct sp_id share;
		char hex[2000] = "";

		crash(&s, n, &item, NULL);
		shares_open(&s);
		grants_tick(s.h.f.site);
		CHECK(houses_ask(s.h.a, &half, NULL, NULL) == 0);
		(void)houses_ask(s.h.a, &last_share, NULL, hex);
		if (n == 0) {
			CHECK(hex[0] == '\0');
			share = shares_share(&s,
			    &(struct offer){
				.item = &item, .n = 1, .to = TO_B });
		} else {
			CHECK(sp_hex_parse(hex, 32, share.b, SP_ID_LEN));
		}
		CHECK(sees(&s, s.h.b, &who, &share, &item));
		houses_close(&s.h);
		crash(&s, n, &item, &share);
		shares_open(&s);
		/* Its row is the truth, before anybody is told. */
		CHECK(sees(&s, s.h.b, &who, &share, &item) == (n == 0));
		grants_tick(s.h.f.site);
		TOLD(&s, s.h.a, &share, "state", n == 0 ? "active" : "revoked");
		TOLD(&s, s.h.b, &share, "state", n == 0 ? "active" : "revoked");
		houses_close(&s.h);
	}
	houses_remove(&s.h);
}

/* --- time; the last, since the clock never goes back --- */

static void
test_time(void)
{
	struct shares s;
	struct sp_id item, month, day;
	struct gate_caller who;
	char until[SP_TIME_TEXT];

	shares_begin(&s);
	item = shares_item(&s);
	who = shares_person(s.h.b, "custodian", "agency", "CO FL");
	sp_time_text(sp_now() + DAY, until);
	month = shares_share(
	    &s, &(struct offer){ .item = &item, .n = 1, .to = TO_B });
	day = shares_share(&s,
	    &(struct offer){
		.item = &item, .n = 1, .to = TO_B, .until = until });
	TOLD(&s, s.h.b, &day, "until", until);
	ahead += DAY + SP_SECOND;
	/* By the clock, before anything was written. */
	CHECK(!sees(&s, s.h.b, &who, &day, &item));
	CHECK(sees(&s, s.h.b, &who, &month, &item));
	TOLD(&s, s.h.b, &day, "state", "ended");
	CHECK(shares_entries(s.h.a, "\"act\":\"share.ended\",\"actor\"") == 0);
	grants_tick(s.h.f.site);
	CHECK(shares_entries(s.h.a, "\"act\":\"share.ended\",\"actor\"") == 1);
	CHECK(shares_entries(s.h.b, "\"act\":\"share.ended\",\"actor\"") == 1);
	grants_tick(s.h.f.site);
	CHECK(shares_entries(s.h.a, "\"act\":\"share.ended\",\"actor\"") == 1);
	/* A clock that is set back revives nothing. */
	ahead -= DAY + SP_SECOND;
	CHECK(!sees(&s, s.h.b, &who, &day, &item));
	ahead += 31 * DAY;
	CHECK(!sees(&s, s.h.b, &who, &month, &item));
	shares_end(&s);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "shared, revoked, declined: in both ledgers", test_life },
		{ "what is no share", test_refused },
		{ "asked for twice, made once", test_once },
		{ "shared on, never more than there is", test_reshare },
		{ "what rests on a declined share ends", test_declined_parent },
		{ "a tree of shares is cut as a whole", test_cut_whole_tree },
		{ "nobody is told without bound", test_pace },
		{ "a new member hears of all in the end",
		    test_pace_of_members },
		{ "what is shared on counts as the sharer's",
		    test_pace_of_reshares },
		{ "so many shares with one", test_many },
		{ "killed before each step, both come to know", test_crash },
		{ "time is asked at each use", test_time },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	return tap_run(cases, SP_COUNTOF(cases));
}
