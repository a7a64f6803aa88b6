#include "witness/request.h"

#include "crypto/provider.h"
#include "crypto/secret.h"
#include "tap.h"

#include <string.h>

#define HASH "Tjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0="
#define NOTE "log\n5\n" HASH "\n\n\xe2\x80\x94 log AAAAAAA=\n"

/* The example of the specification. */
#define EXAMPLE_NOTE                                                           \
	"example.com/behind-the-sofa\n20852163\n"                              \
	"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"                     \
	"\xe2\x80\x94 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/" \
	"5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
#define EXAMPLE                                                                \
	"old 20852014\n"                                                       \
	"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"                       \
	"jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"                       \
	"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"                       \
	"/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n" EXAMPLE_NOTE

static enum sp_code
parse(const char *s, size_t len, struct witness_request *out)
{
	struct witness_request rq = { .old = 4242 };
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = witness_request_parse(s, len, &rq, &err);

	CHECK((code == SP_OK) == (rq.old != 4242)); /* untouched on failure */
	CHECK(code == SP_OK || (code == err.code && *err.text != '\0'));
	*out = rq;
	return code;
}

static void
the_published_example(void)
{
	struct witness_request rq;
	SP_AUTO_BUF again = sp_buf_new(WITNESS_REQUEST_MAX);

	CHECK(parse(EXAMPLE, strlen(EXAMPLE), &rq) == SP_OK);
	CHECK(rq.old == 20852014 && rq.proof.n == 4);
	CHECK(rq.proof.hash[0].b[0] == 0x3e && rq.proof.hash[3].b[0] == 0xff);
	CHECK(rq.note_len == strlen(EXAMPLE_NOTE));
	CHECK(memcmp(rq.note, EXAMPLE_NOTE, rq.note_len) == 0);
	witness_request_text(&rq, &again);
	CHECK(strcmp(sp_buf_str(&again), EXAMPLE) == 0);
}

static void
rules_of_its_lines(void)
{
	static const struct {
		const char *body;
		const char *says; /* NULL: it is good */
	} rows[] = {
		{ "old 0\n\n" NOTE, NULL },
		{ "old 5\n" HASH "\n\n" NOTE, NULL },
		{ "old 9223372036854775807\n\n" NOTE, NULL },
		{ "old 0\n\nx", NULL }, /* the note is not looked into */
		{ "old 0\n\n\n\n", NULL },
		{ "", "line 1" },
		{ "\n", "line 1" },
		{ "old", "line 1" },
		{ "old 0", "line 1" },
		{ "old \n\n" NOTE, "line 1" },
		{ "old  0\n\n" NOTE, "line 1" },
		{ "old 00\n\n" NOTE, "line 1" },
		{ "old 01\n\n" NOTE, "line 1" },
		{ "old +1\n\n" NOTE, "line 1" },
		{ "old -1\n\n" NOTE, "line 1" },
		{ "old 1 \n\n" NOTE, "line 1" },
		{ "old 1\r\n\r\n" NOTE, "line 1" },
		{ "old 0x1\n\n" NOTE, "line 1" },
		{ "old 9223372036854775808\n\n" NOTE, "line 1" },
		{ "old 18446744073709551616\n\n" NOTE, "line 1" },
		{ "Old 1\n\n" NOTE, "line 1" },
		{ "size 1\n\n" NOTE, "line 1" },
		{ " old 1\n\n" NOTE, "line 1" },
		{ "old 1\n", "line 2" },
		{ "old 1\n" NOTE, "line 2" },
		{ "old 1\n" HASH "\n", "line 3" },
		{ "old 1\n" HASH "\nlog\n\n" NOTE, "line 3" },
		{ "old 1\n" HASH " \n\n" NOTE, "line 2" },
		{ "old 1\n" HASH "=\n\n" NOTE, "line 2" },
		{ "old 1\n" HASH HASH "\n\n" NOTE, "line 2" },
		{ "old "
		  "1\nTjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk1=\n\n" NOTE,
		    "line 2" }, /* spare bits */
		{ "old "
		  "1\nTjuy9gt96/yx-2MWMVGau88LyprvymEvi_zhPBAjJk0=\n\n" NOTE,
		    "line 2" }, /* the other alphabet */
		{ "old 1\n\n", "line 3" },
		{ "old 1\n" HASH "\n\n", "line 4" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct witness_request rq;
		struct sp_err err = { .code = SP_OK };
		enum sp_code code =
		    parse(rows[i].body, strlen(rows[i].body), &rq);

		if ((code == SP_OK) != (rows[i].says == NULL))
			tap_fail(__FILE__, __LINE__, rows[i].body, "");
		if (code == SP_OK)
			continue;
		CHECK_CODE(witness_request_parse(
			       rows[i].body, strlen(rows[i].body), &rq, &err),
		    SP_E_INVALID, &err);
		if (strncmp(err.text, rows[i].says, strlen(rows[i].says)) != 0)
			tap_fail(__FILE__, __LINE__, rows[i].body, err.text);
	}
}

static void
proofs_are_counted(void)
{
	for (int n = 0; n <= WITNESS_PROOF_MAX + 1; n++) {
		SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
		struct witness_request rq;

		sp_buf_text(&body, "old 1\n");
		for (int i = 0; i < n; i++)
			sp_buf_text(&body, HASH "\n");
		sp_buf_text(&body, "\n" NOTE);
		CHECK(parse(sp_buf_str(&body), body.len, &rq) ==
		    (n <= WITNESS_PROOF_MAX ? SP_OK : SP_E_INVALID));
		CHECK(n > WITNESS_PROOF_MAX || (int)rq.proof.n == n);
	}
}

/* The longest proof and the longest note fit; one byte more does not. */
static void
the_longest_fits(void)
{
	static char note[WITNESS_REQUEST_MAX];
	struct witness_request rq = { .old = INT64_MAX,
		.proof = { .n = WITNESS_PROOF_MAX },
		.note = note,
		.note_len = LEDGER_NOTE_MAX };
	struct witness_request got;
	SP_AUTO_BUF body = sp_buf_new((size_t)2 * WITNESS_REQUEST_MAX);

	memset(note, 'n', sizeof(note));
	witness_request_text(&rq, &body);
	CHECK(sp_buf_ok(&body) && body.len <= WITNESS_REQUEST_MAX);
	CHECK(parse(sp_buf_str(&body), body.len, &got) == SP_OK);
	sp_buf_add(&body, note, WITNESS_REQUEST_MAX - body.len);
	CHECK(parse(sp_buf_str(&body), body.len, &got) == SP_OK);
	sp_buf_u8(&body, 'n');
	CHECK(parse(sp_buf_str(&body), body.len, &got) == SP_E_INVALID);
}

/* Property: what is written is read; cut before the note it is refused. */
static void
requests_round_trip(void)
{
	for (unsigned i = 0; i < 200; i++) {
		struct witness_request rq = { .old = (uint64_t)i << (i % 50),
			.note = NOTE,
			.note_len = strlen(NOTE) };
		struct witness_request got;
		SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);

		rq.proof.n = i % (WITNESS_PROOF_MAX + 1);
		crypto_random(
		    rq.proof.hash, rq.proof.n * sizeof(rq.proof.hash[0]) + 1);
		witness_request_text(&rq, &body);
		CHECK(parse(sp_buf_str(&body), body.len, &got) == SP_OK);
		CHECK(got.old == rq.old && got.proof.n == rq.proof.n);
		CHECK(memcmp(got.proof.hash, rq.proof.hash,
			  rq.proof.n * sizeof(rq.proof.hash[0])) == 0);
		CHECK(got.note_len == rq.note_len);
		if (i % 20 != 0)
			continue;
		for (size_t n = 0; n <= body.len - strlen(NOTE); n++)
			CHECK(
			    parse(sp_buf_str(&body), n, &got) == SP_E_INVALID);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the published example", the_published_example },
		{ "rules of its lines", rules_of_its_lines },
		{ "proofs are counted", proofs_are_counted },
		{ "the longest fits", the_longest_fits },
		{ "requests round-trip", requests_round_trip },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
