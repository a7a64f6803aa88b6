#include "signin/signin_fixture.h"

struct use {
	const char *code;
	struct sp_id person;
	bool ok;
};

static enum sp_code
use_fn(const struct people_act *a, void *arg, struct sp_err *err)
{
	struct use *u = arg;

	return signin_recovery_use(a, &u->person, u->code, &u->ok, err);
}

static bool
use(struct signin_fixture *s, const struct sp_id *person, const char *code)
{
	struct use u = { code, *person, false };

	CHECK_OK(people_fixture_do(&s->f, use_fn, &u), &s->f.err);
	return u.ok;
}

static void
each_is_for_once_and_for_one_person(void)
{
	struct signin_fixture s;
	struct sp_id other;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	other = people_fixture_person(&s.f, "Dora Lint", "officer");
	for (size_t i = 0; i < SIGNIN_RECOVERY_CODES; i++) {
		char *code = s.codes.code[i];

		/* 125 bits: 25 digits in fives. */
		CHECK(strlen(code) == 29);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(code, s.codes.code[j]) != 0);
		CHECK(!use(&s, &other, code));
		CHECK(use(&s, &s.person, code));
		CHECK(!use(&s, &s.person, code));
	}
	CHECK(people_fixture_count(&s.f, "\"credential.recovered\"") ==
	    SIGNIN_RECOVERY_CODES);
	fixture_close(&s);
}

static void
as_it_is_typed(void)
{
	struct signin_fixture s;
	char typed[80];
	size_t at = 0;

	fixture_open(&s);
	(void)fixture_enrol(&s);
	CHECK(!use(&s, &s.person, ""));
	CHECK(!use(&s, &s.person, "-----"));
	CHECK(!use(&s, &s.person, "this is no code at all!"));
	for (const char *c = s.codes.code[0]; *c != '\0'; c++) {
		char big = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);

		if (*c == '-')
			big = ' ';
		if (*c == '0')
			big = 'O';
		if (*c == '1')
			big = 'l';
		typed[at++] = big;
	}
	typed[at] = '\0';
	/* No part of one is one. */
	for (size_t n = 0; n < at; n++) {
		char cut[80];

		memcpy(cut, typed, n);
		cut[n] = '\0';
		CHECK(!use(&s, &s.person, cut));
	}
	CHECK(use(&s, &s.person, typed));
	fixture_close(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "each is for once and for one person",
		    each_is_for_once_and_for_one_person },
		{ "as it is typed", as_it_is_typed },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
