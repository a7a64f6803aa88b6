#include "cmd/present.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void
what_drives_a_terminal_is_taken_out(void)
{
	static const struct {
		const char *in, *out;
		size_t characters;
	} rows[] = {
		{ "", "", 0 }, { "clip.mp4", "clip.mp4", 8 },
		{ "Müller \xe2\x82\xac", "Müller \xe2\x82\xac", 8 },
		{ "\xf0\x9f\x9a\x93", "\xf0\x9f\x9a\x93", 1 },
		{ "a\x1b[31mb", "a?[31mb", 7 },      /* ESC */
		{ "a\nb\rc\td\x7f", "a?b?c?d?", 8 }, /* C0, DEL */
		{ "a\xc2\x9b"
		  "b",
		    "a?b", 3 }, /* C1: CSI */
		/* NOLINTNEXTLINE: what misleads is what is tested */
		{ "\xe2\x80\xaegpj.exe", "?gpj.exe", 8 }, /* RLO */
		/* NOLINTNEXTLINE: what misleads is what is tested */
		{ "\xe2\x81\xa6x\xe2\x81\xa9", "?x?", 3 }, /* isolates */
		{ "a\xff\xfe"
		  "b",
		    "a??b", 4 },                   /* not UTF-8 */
		{ "\xc0\xaf", "??", 2 },           /* overlong */
		{ "\xed\xa0\x80", "???", 3 },      /* surrogate */
		{ "\xf4\x90\x80\x80", "????", 4 }, /* past the end */
		{ "a\xe2\x82", "a??", 3 },         /* cut short */
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char out[64];
		size_t n = cmd_present_clean(rows[i].in, out, sizeof(out));

		CHECK(strcmp(out, rows[i].out) == 0);
		CHECK(n == rows[i].characters);
	}
}

/* Property: never more than there is room for, never half a character. */
static void
it_is_cut_between_characters(void)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x93z";

	for (size_t room = 1; room <= sizeof(text); room++) {
		char out[sizeof(text) + 1];
		char again[sizeof(text) + 1];

		memset(out, 'X', sizeof(out));
		size_t n = cmd_present_clean(text, out, room);

		CHECK(strlen(out) < room && out[room] == 'X');
		CHECK(strncmp(text, out, strlen(out)) == 0);
		CHECK(cmd_present_clean(out, again, sizeof(again)) == n);
		CHECK(strcmp(out, again) == 0);
	}
}

static void
a_table_lines_up(void)
{
	static const char *const head[] = { "ID", "SIZE", "FILE", NULL };
	PRESENT_AUTO_TABLE t = cmd_present_table_new(head);
	struct sp_err err;
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	CHECK(to != NULL);
	cmd_present_table_add(&t, "1");
	cmd_present_table_add(&t, "10 B");
	cmd_present_table_add(&t, "Müller.mp4");
	cmd_present_table_add(&t, "1234");
	cmd_present_table_add(&t, "ü");
	cmd_present_table_add(&t, "a\nb");
	CHECK_OK(cmd_present_table_print(&t, to, &err), &err);
	CHECK(fclose(to) == 0);
	CHECK(strcmp(text,
		  "ID    SIZE  FILE\n"
		  "1     10 B  Müller.mp4\n"
		  "1234  ü     a?b\n") == 0);
	free(text);
}

static void
sizes_read_as_people_write_them(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.0 kB" },
		{ 1049, "1.0 kB" },
		{ 999949, "999.9 kB" },
		{ 999999, "1.0 MB" },
		{ 4200000, "4.2 MB" },
		{ UINT64_MAX, "18.4 EB" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		char out[PRESENT_SIZE];

		cmd_present_size(rows[i].bytes, out);
		CHECK(strcmp(out, rows[i].text) == 0);
	}
}

static void
members_that_are_missing_are_a_dash(void)
{
	json_t *j = json_pack(
	    "{s:s, s:s, s:i, s:n}", "a", "x\033y", "empty", "", "n", 7, "null");
	char out[8];

	CHECK(j != NULL);
	CHECK(strcmp(cmd_present_member(j, "a", out, sizeof(out)), "x?y") == 0);
	CHECK(strcmp(cmd_present_member(j, "n", out, sizeof(out)), "7") == 0);
	CHECK(
	    strcmp(cmd_present_member(j, "empty", out, sizeof(out)), "-") == 0);
	CHECK(
	    strcmp(cmd_present_member(j, "null", out, sizeof(out)), "-") == 0);
	CHECK(strcmp(cmd_present_member(j, "no", out, sizeof(out)), "-") == 0);
	CHECK(
	    strcmp(cmd_present_member(NULL, "no", out, sizeof(out)), "-") == 0);
	json_decref(j);
}

static void
values_in_a_cell(void)
{
	static const struct {
		const char *json, *value, *time, *texts;
	} rows[] = {
		{ "[null]", "-", "-", "" },
		{ "[\"2026-11-22T07:43:58.123456Z\"]",
		    "2026-11-22T07:43:58.123456Z", "2026-11-22T07:43:58", "" },
		{ "[\"2026-11-22\"]", "2026-11-22", "2026-11-22", "" },
		{ "[[]]", "-", "-", "" },
		{ "[[\"a\",\"b\\u001b\"]]", "-", "-", "a,b?" },
		{ "[[\"a\",7,\"b\"]]", "-", "-", "a,,b" },
		{ "[7]", "7", "7", "" },
		{ "[true]", "-", "-", "" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		json_t *j = json_loads(rows[i].json, 0, NULL);
		const json_t *v = json_array_get(j, 0);
		char out[40];

		CHECK(v != NULL);
		cmd_present_value(v, out, sizeof(out));
		CHECK(strcmp(out, rows[i].value) == 0);
		cmd_present_time(v, out, sizeof(out));
		CHECK(strcmp(out, rows[i].time) == 0);
		cmd_present_texts(v, out, sizeof(out));
		CHECK(strcmp(out, rows[i].texts) == 0);
		/* Never more than there is room for. */
		cmd_present_texts(v, out, 2);
		CHECK(strlen(out) <= 1);
		json_decref(j);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what drives a terminal is taken out",
		    what_drives_a_terminal_is_taken_out },
		{ "it is cut between characters",
		    it_is_cut_between_characters },
		{ "a table lines up", a_table_lines_up },
		{ "sizes read as people write them",
		    sizes_read_as_people_write_them },
		{ "values in a cell", values_in_a_cell },
		{ "members that are missing are a dash",
		    members_that_are_missing_are_a_dash },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
