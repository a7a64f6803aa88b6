#include "cmd/log_evidence.h"

#include "base/file.h"
#include "client/fake_log.h"
#include "client/scratch.h"

static const char *const kinds[] = { "log.forked", "log.rewound",
	"log.rewritten", "log.served", "log.unsigned", "log.key" };

static struct log_memory
memory_of(struct fake_log *l, bool seen)
{
	struct log_memory m = log_known(l);

	m.path = sp_buf_new(4096);
	sp_buf_text(&m.path, scratch("0123.json"));
	if (seen)
		log_note(l, &m.note);
	return m;
}

static void
expect(const char *folder, const char *name, const char *bytes, size_t len)
{
	SP_AUTO_BUF path = sp_buf_new(8192);
	SP_AUTO_BUF got = sp_buf_new(LOG_BUNDLE_MAX);
	struct sp_err err;
	enum sp_code code;

	sp_buf_fmt(&path, "%s/%s", folder, name);
	code = sp_file_read(AT_FDCWD, sp_buf_str(&path), &got, &err);
	if (len == 0) {
		CHECK(code == SP_E_NOTFOUND);
		return;
	}
	CHECK_OK(code, &err);
	CHECK(got.len == len && memcmp(got.at, bytes, len) == 0);
}

/* Both signed notes are there, byte for byte, for each kind. */
static void
both_notes_are_kept(void)
{
	struct fake_log l;
	struct fake_log stranger;

	log_init(&l, 5);
	log_init(&stranger, 5);
	for (size_t i = 0; i < SP_COUNTOF(kinds); i++) {
		LOG_AUTO_FAULT fault = cmd_log_check_fault_new();
		LOG_AUTO_MEMORY m = memory_of(&l, i % 2 == 0);
		SP_AUTO_BUF folder = sp_buf_new(8192);
		SP_AUTO_BUF key = sp_buf_new(1000);
		const struct log_evidence e = { .memory = &m,
			.fault = &fault,
			.site = "https://site.example",
			.agency = "harbor-pd",
			.kind = kinds[i],
			.text = "something is wrong\x1b[2J" };
		struct sp_err err;

		m.told = stranger.key;
		log_set(&l, 6 + i);
		log_note(&l, &fault.note);
		if (i >= 3) {
			sp_buf_text(&fault.part, "tile/0/000.p/6");
			sp_buf_add(&fault.bytes, "\0\1\2", 3);
		}
		CHECK_OK(cmd_log_evidence_keep(&e, &folder, &err), &err);
		expect(sp_buf_str(&folder), "then.note", sp_buf_str(&m.note),
		    m.note.len);
		expect(sp_buf_str(&folder), "now.note", sp_buf_str(&fault.note),
		    fault.note.len);
		expect(sp_buf_str(&folder), "served",
		    (const char *)fault.bytes.at, fault.bytes.len);
		ledger_vkey_text(&l.key, &key);
		sp_buf_u8(&key, '\n');
		expect(sp_buf_str(&folder), "key", sp_buf_str(&key), key.len);
		sp_buf_clear(&key);
		ledger_vkey_text(&stranger.key, &key);
		sp_buf_u8(&key, '\n');
		expect(sp_buf_str(&folder), "now.key", sp_buf_str(&key),
		    strcmp(kinds[i], "log.key") == 0 ? key.len : 0);
		CHECK(strstr(sp_buf_str(&folder), kinds[i]) != NULL);
	}
	log_done(&stranger);
	log_done(&l);
}

static void
the_readme_says_what_and_whom(void)
{
	LOG_AUTO_FAULT fault = cmd_log_check_fault_new();
	SP_AUTO_BUF folder = sp_buf_new(8192);
	SP_AUTO_BUF path = sp_buf_new(8192);
	SP_AUTO_BUF text = sp_buf_new(65536);
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 5);
	LOG_AUTO_MEMORY m = memory_of(&l, true);
	const struct log_evidence e = { .memory = &m,
		.fault = &fault,
		.site = "https://site.example",
		.agency = "harbor-pd",
		.kind = "log.forked",
		.text = "two roots\x1b[2J" };

	CHECK_OK(cmd_log_evidence_keep(&e, &folder, &err), &err);
	sp_buf_fmt(&path, "%s/README", sp_buf_str(&folder));
	CHECK_OK(sp_file_read(AT_FDCWD, sp_buf_str(&path), &text, &err), &err);
	CHECK(strstr(sp_buf_str(&text), "two roots?[2J") != NULL);
	CHECK(strchr(sp_buf_str(&text), '\x1b') == NULL);
	CHECK(strstr(sp_buf_str(&text), "site.example/harbor-pd") != NULL);
	CHECK(strstr(sp_buf_str(&text),
		  cmd_log_evidence_meaning("log.forked")) != NULL);
	CHECK(strstr(sp_buf_str(&text), "defence") != NULL);
	log_done(&l);
}

static void
each_kind_has_its_words(void)
{
	for (size_t i = 0; i < SP_COUNTOF(kinds); i++)
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(cmd_log_evidence_meaning(kinds[i]),
				  cmd_log_evidence_meaning(kinds[k])) != 0);
	CHECK(*cmd_log_evidence_meaning("unheard of") != '\0');
}

static void
without_a_folder_it_says_so(void)
{
	LOG_AUTO_FAULT fault = cmd_log_check_fault_new();
	SP_AUTO_BUF folder = sp_buf_new(8192);
	struct fake_log l;
	struct sp_err err;

	log_init(&l, 5);
	LOG_AUTO_MEMORY m = memory_of(&l, true);

	sp_buf_clear(&m.path);
	sp_buf_text(&m.path, "/nonexistent/place/0123.json");
	const struct log_evidence e = { .memory = &m,
		.fault = &fault,
		.site = "s",
		.agency = "a",
		.kind = "log.forked",
		.text = "t" };

	CHECK_CODE(
	    cmd_log_evidence_keep(&e, &folder, &err), SP_E_NOTFOUND, &err);
	CHECK(folder.len == 0);
	log_done(&l);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "both notes are kept", both_notes_are_kept },
		{ "the README says what and whom",
		    the_readme_says_what_and_whom },
		{ "each kind has its words", each_kind_has_its_words },
		{ "without a folder it says so", without_a_folder_it_says_so },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	(void)tap_run(cases, SP_COUNTOF(cases));
	scratch_done();
	return 0;
}
