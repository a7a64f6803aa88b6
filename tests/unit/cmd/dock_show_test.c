#include "cmd/dock_show.h"

#include "client/scratch.h"
#include "cmd/dock_site.h"
#include "crypto/provider.h"

#include <jansson.h>

#define ID  "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define SUM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct dock_show show;
static char said[20000];

/* Standard output and error go to a file each, from here on. */
static void
begin(bool json, bool bars)
{
	CHECK(freopen(scratch("out"), "w", stdout) != NULL);
	CHECK(freopen(scratch("err"), "w", stderr) != NULL);
	cmd_dock_show_begin(&show, json);
	CHECK(!show.bars); /* no terminal */
	show.bars = bars;
}

static const char *
text_of(const char *name)
{
	int fd = open(scratch(name), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fflush(stdout) == 0 && fflush(stderr) == 0 && fd >= 0);
	n = read(fd, said, sizeof(said) - 1);
	CHECK(n >= 0 && close(fd) == 0);
	said[n] = '\0';
	return said;
}

static void
tell(enum dock_event_kind kind, const char *path, enum dock_state state,
    const char *why)
{
	struct dock_event e = { .kind = kind,
		.path = path,
		.state = state,
		.camera = kind == DOCK_TOLD_CAMERA ? DOCK_GONE : DOCK_PRESENT,
		.size = 2000,
		.done = 500,
		.sha256 = SUM,
		.evidence = state >= DOCK_PROVEN ? ID : "",
		.why = why,
		.entry = 7 };

	cmd_dock_show_told(&show, &e);
}

static FILE *tap;

static void
lines_are_json(void)
{
	static const struct dock_result r = { .kept = 1, .failed = 2 };
	const char *at;
	size_t n = 0;

	begin(true, false);
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_FOUND, "");
	tell(DOCK_TOLD_FILE, "bad\xff\n\x1b[2J", DOCK_UPLOADING, "");
	tell(DOCK_TOLD_PROGRESS, "a.mp4", DOCK_UPLOADING, "");
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_PROVEN, "");
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_REFUSED, "it \"lies\"");
	tell(DOCK_TOLD_CAMERA, "/media/cam", DOCK_FOUND, "it is gone");
	tell(DOCK_TOLD_NOTE, "", DOCK_FOUND, "a note");
	cmd_dock_show_end(&show, &r);
	at = text_of("out");
	while (*at != '\0') {
		size_t len = strcspn(at, "\n");
		json_t *j = json_loadb(at, len, JSON_REJECT_DUPLICATES, NULL);

		CHECK(json_is_object(j) && at[len] == '\n');
		CHECK(json_is_string(json_object_get(j, "at")));
		CHECK(json_is_string(json_object_get(j, "event")));
		json_decref(j);
		at += len + 1;
		n++;
	}
	CHECK(n == 7); /* progress is not told at once */
	CHECK(strstr(said, "\"path_hex\":\"626164ff0a1b5b324a\"") != NULL);
	CHECK(strstr(said,
		  "\"entry\":7,\"event\":\"file\",\"evidence\":\"" ID
		  "\"") != NULL);
	CHECK(
	    strstr(said, "\"state\":\"gone\",\"why\":\"it is gone\"") != NULL);
	CHECK(strstr(said, "\"failed\":2,\"interrupted\":false,\"kept\":1") !=
	    NULL);
	CHECK(strchr(said, '\x1b') == NULL);
}

static void
text_is_for_people(void)
{
	static const struct dock_result r = { .cleared = 1,
		.interrupted = true };

	begin(false, false);
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_FOUND, "");
	tell(DOCK_TOLD_FILE, "a\x1b[2J.mp4", DOCK_UPLOADING, "");
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_PROVEN, "");
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_PROVEN, "it cannot be removed");
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_CLEARED, "");
	tell(DOCK_TOLD_CAMERA, "/media/cam", DOCK_FOUND, "");
	cmd_dock_show_end(&show, &r);
	CHECK(strcmp(text_of("out"),
		  "a?[2J.mp4  uploading  2.0 kB\n"
		  "a.mp4  proven  " ID "  2.0 kB  sha256 " SUM
		  "  receipt checked (entry 7)\n"
		  "a.mp4  proven  it cannot be removed\n"
		  "a.mp4  removed\n"
		  "/media/cam  gone\n"
		  "0 kept, 1 removed (interrupted)\n") == 0);
	CHECK(*text_of("err") == '\0');
}

static void
bars_come_and_go(void)
{
	static const struct dock_result r = { .cleared = 1 };
	char path[100];

	begin(false, true);
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_UPLOADING, "");
	CHECK(show.lines == 2); /* a bar, and the sum */
	show.drawn = 0;
	tell(DOCK_TOLD_PROGRESS, "a.mp4", DOCK_UPLOADING, "");
	CHECK(strstr(text_of("err"),
		  "a.mp4  uploading  [#####---------------]  25 %  500 B of "
		  "2.0 kB\n0 proven, 0 B\n") != NULL);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	tell(DOCK_TOLD_FILE, path, DOCK_HASHING, "");
	CHECK(show.lines == 3);
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_PROVEN, "");
	tell(DOCK_TOLD_FILE, "a.mp4", DOCK_CLEARED, "");
	CHECK(show.lines == 2);
	cmd_dock_show_end(&show, &r);
	CHECK(show.lines == 0);
	CHECK(strstr(text_of("err"), "1 proven, 2.0 kB, 1 removed\n") != NULL);
	CHECK(strstr(text_of("err"), "\033[A\033[2K") != NULL);
	/* No more lines than there are bars for, however many files. */
	begin(false, true);
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		tell(DOCK_TOLD_FILE, path, DOCK_HASHING, "");
	}
	CHECK(show.lines == DOCK_STREAMS_MAX + 1);
	cmd_dock_show_end(&show, &r);
}

static void
the_sites_side_is_shown(void)
{
	static const struct {
		const char *kind, *data;
		enum sp_code code;
	} rows[] = {
		{ "evidence.sealed", "{\"evidence\":\"" ID "\",\"size\":9}",
		    SP_OK },
		{ "evidence.corrupt", "{\"evidence\":\"" ID "\"}", SP_OK },
		{ "witness.behind", "{\"behind\":12,\"size\":99}", SP_OK },
		{ "upload.progress", "nonsense", SP_OK }, /* passed over */
		{ "something.new", "", SP_OK },
		{ "evidence.sealed", "{\"evidence\":\"../x\",\"size\":9}",
		    SP_OK },
		{ "evidence.sealed", "{}", SP_E_INVALID },
		{ "witness.behind", "{\"behind\":-1}", SP_E_INVALID },
		{ "evidence.corrupt", "[]", SP_E_INVALID },
		{ "evidence.corrupt", "{\"a\":1,\"a\":2}", SP_E_INVALID },
	};
	static const struct dock_result r;

	for (unsigned json = 0; json < 2; json++) {
		begin(json == 1, false);
		for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
			struct sp_err err;

			CHECK_CODE(cmd_dock_site_hear(
				       &show, rows[i].kind, rows[i].data, &err),
			    rows[i].code, &err);
		}
		cmd_dock_show_end(&show, &r);
		(void)text_of("out");
		CHECK(strstr(said, "../x") == NULL);
		if (json == 1) {
			CHECK(strstr(said,
				  "\"behind\":12,\"event\":\"site\","
				  "\"kind\":\"witness.behind\"}") != NULL);
			CHECK(strstr(said,
				  "\"event\":\"site\",\"evidence\":\"" ID
				  "\",\"kind\":\"evidence.sealed\",\"size\":"
				  "9}") != NULL);
		} else {
			CHECK(strcmp(said,
				  "site:  " ID
				  "  what is stored fails its check\n"
				  "site:  a witness is behind  by 12 entries\n"
				  "0 kept, 0 removed\n") == 0);
		}
	}
}

static enum sp_code
on_line(void *arg, const struct dock_line *l, struct sp_err *err)
{
	(void)arg;
	(void)l;
	(void)err;
	return SP_OK;
}

static void
a_journal_is_shown(void)
{
	static const struct dock_header h = { .agency = "harbor-pd",
		.site = "https://a.example",
		.dir = "/media/cam" };
	struct dock_replay replay = { .line = on_line };
	struct dock_journal *j = NULL;
	struct sp_err err;

	begin(false, false);
	CHECK_CODE(cmd_dock_show_status(scratch("none"), false, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_OK(
	    dock_journal_open(&j, scratch("journal"), &h, &replay, &err), &err);
	static const struct {
		enum dock_act act;
		const char *path;
	} lines[] = { { DOCK_HASHED, "b.mp4" }, { DOCK_HASHED, "a.mp4" },
		{ DOCK_STORED, "" }, { DOCK_PROVED, "" },
		{ DOCK_ERASED, "a.mp4" }, { DOCK_REFUSED_FOR, "c.mp4" } };

	for (size_t i = 0; i < SP_COUNTOF(lines); i++) {
		struct dock_line l = { .act = lines[i].act,
			.is = { .size = 2000 },
			.sha256 = SUM,
			.evidence = ID,
			.entry = 7,
			.why = "because" };

		(void)snprintf(l.path, sizeof(l.path), "%s", lines[i].path);
		CHECK_OK(dock_journal_add(j, &l, &err), &err);
	}
	dock_journal_free(j);
	CHECK_OK(cmd_dock_show_status(scratch("journal"), false, &err), &err);
	CHECK(strcmp(text_of("out"),
		  "/media/cam, docked to harbor-pd of https://a.example\n"
		  "STATE    SIZE    EVIDENCE                              "
		  "ENTRY  FILE\n"
		  "cleared  2.0 kB  " ID "  7      a.mp4\n"
		  "proven   2.0 kB  " ID "  7      b.mp4\n"
		  "refused  2.0 kB  -                                     -"
		  "      c.mp4\n") == 0);
	begin(false, false);
	CHECK_OK(cmd_dock_show_status(scratch("journal"), true, &err), &err);
	CHECK(strstr(text_of("out"), "\"path\":\"c.mp4\"") != NULL);
	CHECK(
	    strstr(said, "\"state\":\"refused\",\"why\":\"because\"") != NULL);
}

/* tap.h speaks on standard output, which these tests take away: what it says
 * goes to the descriptor that was there at first. */
int
main(void)
{
	static const struct tap_case cases[] = {
		{ "lines are JSON", lines_are_json },
		{ "text is for people", text_is_for_people },
		{ "bars come and go", bars_come_and_go },
		{ "the site's side is shown", the_sites_side_is_shown },
		{ "a journal is shown", a_journal_is_shown },
	};
	int out = dup(STDOUT_FILENO);
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	tap = fdopen(out, "w");
	CHECK(tap != NULL);
	scratch_make();
	(void)fprintf(tap, "1..%zu\n", SP_COUNTOF(cases));
	for (size_t i = 0; i < SP_COUNTOF(cases); i++) {
		cases[i].run();
		(void)fprintf(tap, "ok %zu - %s\n", i + 1, cases[i].name);
		(void)fflush(tap);
	}
	scratch_done();
	return 0;
}
