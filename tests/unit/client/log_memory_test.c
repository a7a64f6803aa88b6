#include "client/log_memory.h"
#include "client/receipt.h"
#include "fake_log.h"
#include "scratch.h"

#include <dirent.h>
#include <unistd.h>

static struct settings
site_settings(const char *site)
{
	struct settings s = { .site = sp_buf_new(300) };

	sp_buf_text(&s.site, site);
	return s;
}

static enum sp_code
open_and_key(struct fake_log *l, const struct settings *s,
    const struct ledger_vkey *given, struct log_memory *m, struct sp_err *err)
{
	struct fake f = { .serve = log_serve, .arg = l };
	struct site_client c = fake_client(&f);
	enum sp_code code;

	CHECK_OK(client_log_memory_open(m, s, "harbor-pd", err), err);
	code = client_log_memory_key(m, &c, given, err);
	client_site_done(&c);
	return code;
}

static void
the_first_key_seen_is_the_key(void)
{
	SETTINGS_AUTO s = site_settings("https://log.example");
	struct fake_log l;
	struct fake_log impostor;
	struct sp_err err;

	log_init(&l, 5);
	log_init(&impostor, 5);
	LOG_AUTO_MEMORY first = { .known = false };

	CHECK_OK(open_and_key(&l, &s, NULL, &first, &err), &err);
	CHECK(first.known && first.seen.size == 0);
	LOG_AUTO_MEMORY second = { .known = false };

	CHECK_OK(open_and_key(&l, &s, NULL, &second, &err), &err);
	CHECK(second.key.id == l.key.id);
	LOG_AUTO_MEMORY third = { .known = false };

	CHECK_CODE(open_and_key(&impostor, &s, NULL, &third, &err),
	    SP_E_CORRUPT, &err);
	LOG_AUTO_MEMORY fourth = { .known = false };

	CHECK_CODE(open_and_key(&l, &s, &impostor.key, &fourth, &err),
	    SP_E_CORRUPT, &err);
	LOG_AUTO_MEMORY fifth = { .known = false };

	CHECK_OK(open_and_key(&l, &s, &l.key, &fifth, &err), &err);
	log_done(&l);
	log_done(&impostor);
}

/* A key of its own is no alarm from a site whose CA its user has changed; and
 * is one again from then on. */
static void
another_ca_is_another_site(void)
{
	static const struct {
		const char *ca;
		bool impostor;
		enum sp_code want;
		bool anew;
	} steps[] = {
		{ "ca-1", false, SP_OK, false },
		{ "ca-1", true, SP_E_CORRUPT, false },
		{ "ca-2", false, SP_OK, false }, /* a CA that was renewed */
		{ "ca-2", true, SP_OK, true },
		{ "ca-2", false, SP_E_CORRUPT, false },
		{ NULL, false, SP_E_CORRUPT, false },
		{ NULL, true, SP_OK, false },
	};
	struct fake_log l[2];
	struct sp_err err;

	log_init(&l[0], 5);
	log_init(&l[1], 5);
	scratch_write("ca-1", "one", 0644);
	scratch_write("ca-2", "two", 0644);
	for (size_t i = 0; i < SP_COUNTOF(steps); i++) {
		SETTINGS_AUTO s = site_settings("https://ca.example");
		LOG_AUTO_MEMORY m = { .known = false };

		s.ca = sp_buf_new(4096);
		if (steps[i].ca != NULL)
			sp_buf_text(&s.ca, scratch(steps[i].ca));
		CHECK_CODE(
		    open_and_key(&l[steps[i].impostor], &s, NULL, &m, &err),
		    steps[i].want, &err);
		CHECK(m.anew == steps[i].anew);
		if (m.anew)
			CHECK(m.seen.size == 0 && m.note.len == 0);
	}
	log_done(&l[0]);
	log_done(&l[1]);
}

/* To one that is held firm another key is an alarm whatever the CA, each time
 * it looks, and the key and the checkpoint known stay. */
static void
firm_memory_takes_no_other_key(void)
{
	struct fake_log l[2];
	struct sp_err err;
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);

	log_init(&l[0], 5);
	log_init(&l[1], 5);
	scratch_write("ca-1", "one", 0644);
	scratch_write("ca-2", "two", 0644);
	for (int i = 0; i < 4; i++) {
		SETTINGS_AUTO s = site_settings("https://firm.example");
		struct fake f = { .serve = log_serve, .arg = &l[i % 2] };
		struct site_client c = fake_client(&f);
		LOG_AUTO_MEMORY m = { .known = false };

		s.ca = sp_buf_new(4096);
		sp_buf_text(&s.ca, scratch(i % 2 == 0 ? "ca-1" : "ca-2"));
		CHECK_OK(
		    client_log_memory_open(&m, &s, "harbor-pd", &err), &err);
		m.firm = true;
		for (int twice = 0; twice < 2; twice++) {
			m.asked = false;
			CHECK_CODE(client_log_memory_key(&m, &c, NULL, &err),
			    i % 2 == 0 ? SP_OK : SP_E_CORRUPT, &err);
			CHECK(i % 2 == 0 || strcmp(err.reason, "log.key") == 0);
			CHECK(m.key.id == l[0].key.id && !m.anew);
			CHECK(m.told.id == l[i % 2].key.id);
		}
		CHECK(m.seen.size == (i == 0 ? 0 : 5));
		if (i == 0) {
			log_note(&l[0], &note);
			CHECK_OK(
			    client_log_memory_keep(&m, &l[0].at, &note, &err),
			    &err);
		}
		client_site_done(&c);
	}
	log_done(&l[0]);
	log_done(&l[1]);
}

static void
a_checkpoint_is_remembered(void)
{
	SETTINGS_AUTO s = site_settings("https://check.example");
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 300);
	LOG_AUTO_MEMORY m = { .known = false };

	CHECK_OK(open_and_key(&l, &s, NULL, &m, &err), &err);
	log_note(&l, &note);
	CHECK_OK(client_log_memory_keep(&m, &l.at, &note, &err), &err);
	LOG_AUTO_MEMORY again = { .known = false };

	CHECK_OK(client_log_memory_open(&again, &s, "harbor-pd", &err), &err);
	CHECK(again.seen.size == 300);
	CHECK(memcmp(&again.seen.root, &l.at.root, sizeof(l.at.root)) == 0);
	log_set(&l, 299);
	CHECK_CODE(
	    client_log_memory_compare(&again, &l.at, &err), SP_E_CORRUPT, &err);
	log_set(&l, 301);
	CHECK_OK(client_log_memory_compare(&again, &l.at, &err), &err);
	l.version = 1;
	l.changed_from = 0;
	log_set(&l, 300);
	CHECK_CODE(
	    client_log_memory_compare(&again, &l.at, &err), SP_E_CORRUPT, &err);
	log_done(&l);
}

/* Unlike an upload's: someone may have wished it gone. */
static void
a_damaged_memory_of_a_log_is_an_alarm(void)
{
	SETTINGS_AUTO s = site_settings("https://check.example");
	SP_AUTO_BUF path = sp_buf_new(4096);
	struct sp_err err;
	struct log_memory m;

	CHECK_OK(client_log_memory_open(&m, &s, "harbor-pd", &err), &err);
	sp_buf_text(&path, sp_buf_str(&m.path));
	client_log_memory_done(&m);
	int fd = open(sp_buf_str(&path), O_RDWR);
	char text[4096];
	ssize_t n = read(fd, text, sizeof(text));

	CHECK(fd >= 0 && n > 100);
	/* Property: no prefix of it is taken, nor is a changed signature. */
	for (ssize_t cut = 0; cut < n - 1; cut += 7) {
		CHECK(ftruncate(fd, 0) == 0);
		CHECK(pwrite(fd, text, (size_t)cut, 0) == cut);
		CHECK_CODE(client_log_memory_open(&m, &s, "harbor-pd", &err),
		    SP_E_CORRUPT, &err);
	}
	char *root = memmem(text, (size_t)n, "\\n300\\n", 7);

	CHECK(root != NULL);
	root[2] = '4';
	CHECK(pwrite(fd, text, (size_t)n, 0) == n);
	CHECK_CODE(client_log_memory_open(&m, &s, "harbor-pd", &err),
	    SP_E_CORRUPT, &err);
	CHECK(close(fd) == 0);
}

/* ---- keys given ---- */

static void
a_key_is_given_as_text_or_file(void)
{
	struct fake_log l;
	SP_AUTO_BUF text = sp_buf_new(1024);
	struct ledger_vkey got;
	struct sp_err err;

	log_init(&l, 1);
	ledger_vkey_text(&l.key, &text);
	CHECK_OK(client_log_memory_option(sp_buf_str(&text), &got, &err), &err);
	CHECK(got.id == l.key.id);
	scratch_write("key", sp_buf_str(&text), 0644);
	CHECK_OK(client_log_memory_option(scratch("key"), &got, &err), &err);
	sp_buf_text(&text, "\n");
	scratch_write("key", sp_buf_str(&text), 0644);
	CHECK_OK(client_log_memory_option(scratch("key"), &got, &err), &err);
	CHECK(got.id == l.key.id);
	scratch_write("key", "no key\n", 0644);
	CHECK(client_log_memory_option(scratch("key"), &got, &err) != SP_OK);
	CHECK(client_log_memory_option("/nonexistent", &got, &err) != SP_OK);
	log_done(&l);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the first key seen is the key",
		    the_first_key_seen_is_the_key },
		{ "another CA is another site", another_ca_is_another_site },
		{ "firm memory takes no other key",
		    firm_memory_takes_no_other_key },
		{ "a checkpoint is remembered", a_checkpoint_is_remembered },
		{ "a damaged memory of a log is an alarm",
		    a_damaged_memory_of_a_log_is_an_alarm },
		{ "a key is given as text or file",
		    a_key_is_given_as_text_or_file },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
