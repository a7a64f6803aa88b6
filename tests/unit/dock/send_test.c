#include "dock/send.h"

#include "base/encode.h"
#include "card.h"
#include "fake_site.h"

#include <limits.h>

#define SUM_ABC                                                                \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
a_file_is_described_by_what_the_card_says(void)
{
	static const struct dock_ident is = { .mtime = 1771000000000000000 };
	struct dock_describe d = { .device = "cam-114", .category = "traffic" };
	SP_AUTO_BUF b = sp_buf_new(8192);
	struct sp_err err;
	char got[1200];

	CHECK_OK(dock_send_metadata(
		     &d, "DCIM/100/MOVI0001.MP4", &is, SUM_ABC, &b, &err),
	    &err);
	static const char *const rows[][2] = {
		{ "filename", "MOVI0001.MP4" },
		{ "filetype", "video/mp4" },
		{ "device", "cam-114" },
		{ "category", "traffic" },
		{ "captured_at", "2026-02-13T16:26:40.000000Z" },
		{ "card_path", "DCIM/100/MOVI0001.MP4" },
		{ "sha256", SUM_ABC },
		{ "title", "" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		site_meta(sp_buf_str(&b), rows[i][0], got, sizeof(got));
		CHECK(strcmp(got, rows[i][1]) == 0);
	}
}

static void
a_wrong_clock_decides_nothing(void)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, 1, INT64_MAX };
	static const char *const told[] = { "", "",
		"1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z",
		"2262-04-11T23:47:16.854775Z" };
	struct dock_describe d = { .title = NULL };

	for (size_t i = 0; i < SP_COUNTOF(times); i++) {
		struct dock_ident is = { .mtime = times[i] };
		SP_AUTO_BUF b = sp_buf_new(8192);
		struct sp_err err;
		char got[60];

		CHECK_OK(
		    dock_send_metadata(&d, "a", &is, SUM_ABC, &b, &err), &err);
		site_meta(sp_buf_str(&b), "captured_at", got, sizeof(got));
		CHECK(strcmp(got, told[i]) == 0);
	}
}

static void
any_name_becomes_one_that_a_site_takes(void)
{
	char longest[NAME_MAX + 1];
	struct dock_describe d = { .title = NULL };
	struct dock_ident is = { .mtime = 0 };

	memset(longest, '\xff', NAME_MAX - 4);
	(void)snprintf(longest + NAME_MAX - 4, 5, ".mp4");
	const char *const names[] = { "\x1b[2J.mp4", "\xff\xfe", "a\nb",
		("\xe2\x80\xa8"
		 ".mp4"),
		longest, "Stra\xc3\x9f-e.mp4", "?" };

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		SP_AUTO_BUF b = sp_buf_new(8192);
		struct sp_err err;
		char got[1200];

		CHECK_OK(
		    dock_send_metadata(&d, names[i], &is, SUM_ABC, &b, &err),
		    &err);
		site_meta(sp_buf_str(&b), "filename", got, sizeof(got));
		size_t len = strlen(got);

		CHECK(len > 0 && len <= 255 && sp_utf8_ok(got, len));
		for (size_t at = 0; at < len; at++)
			CHECK((uint8_t)got[at] >= 0x20 && got[at] != '/' &&
			    got[at] != 0x7f);
	}
	/* A long one keeps its end. */
	char many[3 * 255 + 1] = "";
	char path[DOCK_PATH_MAX + 1];

	for (size_t i = 0; i < 84; i++)
		memcpy(many + 3 * i, "\xe2\x82\xac", 4);
	(void)snprintf(path, sizeof(path), "%s", many);
	(void)snprintf(path + strlen(path), 5, ".mp4");
	SP_AUTO_BUF b = sp_buf_new(8192);
	struct sp_err err;
	char got[1200];

	CHECK_OK(dock_send_metadata(&d, path, &is, SUM_ABC, &b, &err), &err);
	site_meta(sp_buf_str(&b), "filename", got, sizeof(got));
	CHECK(strlen(got) <= 255 && strlen(got) > 245);
	CHECK(strcmp(got + strlen(got) - 4, ".mp4") == 0);
	CHECK(sp_utf8_ok(got, strlen(got)));
}

static void
a_key_is_of_what_is_asked_for(void)
{
	char a[DOCK_KEY_TEXT];
	char b[DOCK_KEY_TEXT];

	dock_send_key("one", "metadata", a);
	dock_send_key("one", "metadata", b);
	CHECK(strcmp(a, b) == 0 && strlen(a) == 45);
	dock_send_key("two", "metadata", b);
	CHECK(strcmp(a, b) != 0);
	dock_send_key("one", "metadatA", b);
	CHECK(strcmp(a, b) != 0);
}

/* ---- Sending ---- */

struct talk {
	unsigned lost, made, asked;
	unsigned stop_at;
	char upload[SP_ID_TEXT];
};

static void
on_lost(void *arg, char key[static DOCK_KEY_TEXT])
{
	struct talk *t = arg;

	t->lost++;
	(void)snprintf(key, DOCK_KEY_TEXT, "dock-again-%u", t->lost);
}

static void
on_made(void *arg, const char *upload)
{
	struct talk *t = arg;

	t->made++;
	(void)snprintf(t->upload, sizeof(t->upload), "%s", upload);
}

static bool
on_go_on(void *arg, uint64_t done, uint64_t of)
{
	struct talk *t = arg;

	CHECK(done <= of);
	return ++t->asked != t->stop_at;
}

static enum sp_code
send_abc(struct fake_site *site, struct talk *t, const char *upload,
    const char *key, char evidence[static SP_ID_TEXT], struct sp_err *err)
{
	struct site_wire w;
	struct site_client c;
	struct dock_describe d = { .title = NULL };
	SP_AUTO_BUF metadata = sp_buf_new(8192);
	struct dock_sending s = {
		.lost = on_lost, .made = on_made, .go_on = on_go_on, .arg = t
	};

	s.fd = open(card("clip"), O_RDONLY | O_CLOEXEC);
	CHECK(s.fd >= 0);
	CHECK_OK(dock_place_ident(s.fd, &s.is, err), err);
	s.is.size = 3; /* as it was hashed */
	CHECK_OK(dock_send_metadata(&d, "clip", &s.is, SUM_ABC, &metadata, err),
	    err);
	s.metadata = sp_buf_str(&metadata);
	(void)snprintf(s.upload, sizeof(s.upload), "%s", upload);
	(void)snprintf(s.key, sizeof(s.key), "%s", key);
	site_wire(site, &w);
	CHECK_OK(client_site_init(&c, &w.fake.base, "harbor-pd", err), err);
	enum sp_code code = dock_send(&c, &s, evidence, err);

	client_site_done(&c);
	CHECK(close(s.fd) == 0);
	return code;
}

static struct fake_site site;

static void
bytes_become_evidence_once(void)
{
	struct talk t = { .lost = 0 };
	char evidence[SP_ID_TEXT] = "";
	char again[SP_ID_TEXT] = "";
	struct sp_err err;

	card_new();
	card_text("clip", "abc");
	site_init(&site);
	CHECK_OK(send_abc(&site, &t, "", "key-1", evidence, &err), &err);
	CHECK(site_holds(&site, "abc", 3) == 1 && t.made == 1 && t.lost == 0);
	/* Killed before it was written down: the same key, the same item. */
	CHECK_OK(send_abc(&site, &t, "", "key-1", again, &err), &err);
	CHECK(strcmp(evidence, again) == 0);
	/* Killed later: the upload is known. */
	CHECK_OK(send_abc(&site, &t, t.upload, "key-1", again, &err), &err);
	CHECK(strcmp(evidence, again) == 0 && site_sealed(&site) == 1);
	/* The upload is unknown to the site: another, by another key. */
	site.item[0].removed = true;
	CHECK_OK(send_abc(&site, &t, t.upload, "key-1", again, &err), &err);
	CHECK(strcmp(evidence, again) != 0 && t.lost == 1);
	/* The key leads to one that is no more. */
	site.item[1].removed = true;
	CHECK_OK(send_abc(&site, &t, "", "key-1", again, &err), &err);
	CHECK(t.lost == 2 && site_holds(&site, "abc", 3) == 1);
	site_done(&site);
}

static void
what_fails_is_told_apart(void)
{
	struct talk t = { .stop_at = 1 };
	char evidence[SP_ID_TEXT] = "sentinel";
	struct sp_err err;

	card_new();
	card_text("clip", "abc");
	site_init(&site);
	CHECK_CODE(send_abc(&site, &t, "", "key-1", evidence, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(err.reason == dock_place_stopped);
	t.stop_at = 0;
	card_text("clip", "ab"); /* shorter by now */
	CHECK_CODE(send_abc(&site, &t, "", "key-2", evidence, &err),
	    SP_E_CONFLICT, &err);
	CHECK(err.reason == dock_place_changed);
	card_text("clip", "xyz"); /* other bytes than were hashed */
	t.lost = 0;
	CHECK_CODE(send_abc(&site, &t, "", "key-3", evidence, &err),
	    SP_E_MISMATCH, &err);
	CHECK(t.lost == 1); /* and the upload is never gone on with */
	card_text("clip", "abc");
	site.refuse = 403;
	CHECK_CODE(send_abc(&site, &t, "", "key-4", evidence, &err),
	    SP_E_DENIED, &err);
	CHECK(err.reason == client_site_refused);
	site.refuse = 0;
	site.cut_all = true;
	CHECK_CODE(send_abc(&site, &t, "", "key-5", evidence, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_unreachable);
	CHECK(strcmp(evidence, "sentinel") == 0 && site_sealed(&site) == 0);
	site_done(&site);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a file is described by what the card says",
		    a_file_is_described_by_what_the_card_says },
		{ "a wrong clock decides nothing",
		    a_wrong_clock_decides_nothing },
		{ "any name becomes one that a site takes",
		    any_name_becomes_one_that_a_site_takes },
		{ "a key is of what is asked for",
		    a_key_is_of_what_is_asked_for },
		{ "bytes become evidence once", bytes_become_evidence_once },
		{ "what fails is told apart", what_fails_is_told_apart },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
