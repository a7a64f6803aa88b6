#include "machine/form.h"

#include "tap.h"

#include <string.h>

static enum sp_code
read(struct machine_form *f, const char *s, struct sp_err *err)
{
	return machine_form_read(f, s, strlen(s), err);
}

static void
what_is_sent_is_read(void)
{
	MACHINE_AUTO_FORM f = machine_form_new();
	struct sp_err err;

	CHECK_OK(read(&f, "", &err), &err);
	CHECK(f.n == 0 && machine_form_get(&f, "a") == NULL);
	CHECK_OK(
	    read(&f, "a=1&scope=x+y%20z&b=&c&%64=%2B%26%3D%25&e=%C3%A9", &err),
	    &err);
	CHECK(f.n == 6);
	CHECK(strcmp(machine_form_get(&f, "a"), "1") == 0);
	CHECK(strcmp(machine_form_get(&f, "scope"), "x y z") == 0);
	CHECK(machine_form_get(&f, "b") == NULL); /* as if it were not there */
	CHECK(machine_form_get(&f, "c") == NULL);
	CHECK(strcmp(machine_form_get(&f, "d"), "+&=%") == 0);
	CHECK(strcmp(machine_form_get(&f, "e"), "\xc3\xa9") == 0);
	CHECK(machine_form_get(&f, "A") == NULL);
}

static void
what_two_readers_could_read_in_two_ways_is_refused(void)
{
	static const char *const bad[] = { "&", "a=1&", "&a=1", "a=1&&b=2",
		"=1", "=", "a=1&a=2", "a=1&a", "a&a", "a=1&%61=2", "a=b=c",
		"a=%", "a=%4", "a=%4g", "a=%+4", "a=%00", "a%00=1", "a=1 ",
		" a=1", "a=1\n", "a=1\r\nb=2", "a=\x80", "a=\xc3\xa9", "a=%C3",
		"a=%ff", "a=%C0%80", "a=%ED%A0%80", "a=\x7f", "a=\t",
		("a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10&k=11&l=12&m=13&n=14&"
		 "o=15&p=16&q=17") };

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		MACHINE_AUTO_FORM f = machine_form_new();
		struct sp_err err = { .reason = NULL };

		CHECK_CODE(read(&f, bad[i], &err), SP_E_INVALID, &err);
		CHECK(strcmp(err.reason, "form") == 0);
		CHECK(f.n == 0 && machine_form_get(&f, "a") == NULL);
	}
}

static void
a_nul_hides_nothing(void)
{
	static const char body[] = "client_id=a\0&client_id=b";
	MACHINE_AUTO_FORM f = machine_form_new();
	struct sp_err err;

	CHECK_CODE(machine_form_read(&f, body, sizeof(body) - 1, &err),
	    SP_E_INVALID, &err);
}

/* Property: every byte comes back as what it was, whatever it is. */
static void
every_byte_can_be_written(void)
{
	for (unsigned c = 1; c < 0x80; c++) {
		MACHINE_AUTO_FORM f = machine_form_new();
		char body[32], want[2] = { (char)c, '\0' };
		struct sp_err err;

		(void)snprintf(body, sizeof(body), "k%%%02X=v%%%02x", c, c);
		CHECK_OK(read(&f, body, &err), &err);
		(void)snprintf(body, sizeof(body), "k%s", want);
		CHECK(machine_form_get(&f, body) != NULL);
		CHECK(machine_form_get(&f, body)[1] == (char)c);
	}
}

static void
it_is_bounded(void)
{
	static char body[MACHINE_FORM_BYTES + 16];
	MACHINE_AUTO_FORM f = machine_form_new();
	struct sp_err err;

	memset(body, 'x', sizeof(body));
	body[0] = 'a';
	body[1] = '=';
	CHECK_OK(
	    machine_form_read(&f, body, MACHINE_FORM_BYTES - 1, &err), &err);
	CHECK_CODE(machine_form_read(&f, body, sizeof(body), &err),
	    SP_E_INVALID, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what is sent is read", what_is_sent_is_read },
		{ "what two readers could read in two ways is refused",
		    what_two_readers_could_read_in_two_ways_is_refused },
		{ "a NUL hides nothing", a_nul_hides_nothing },
		{ "every byte can be written", every_byte_can_be_written },
		{ "it is bounded", it_is_bounded },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
