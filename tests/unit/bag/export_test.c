#include "bag/bag_fixture.h"
#include "bag/export.h"
#include "bag/page.h"
#include "bag/verify.h"
#include "evidence/room_fixture.h"
#include "report/press_fixture.h"

#define MIB ((size_t)1 << 20)

static struct room_fixture f;
static struct report_press *press; /* NULL: none */

/* Evidence of this content under this name. */
static struct sp_id
taken_in(const char *name, const uint8_t *bytes, size_t len)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	struct evidence_meta meta;
	struct evidence_upload_new n = {
		.length = len,
		.metadata = "",
		.meta = &meta,
	};
	struct sp_err err;

	evidence_meta_init(&meta);
	CHECK_OK(evidence_meta_set(&meta, "filename", name, strlen(name), &err),
	    &err);
	CHECK_OK(evidence_meta_check(&meta, &err), &err);
	CHECK_OK(evidence_upload_create(f.room, pass, &n, &up, &err), &err);
	evidence_meta_done(&meta);
	if (len > 0)
		CHECK_OK(
		    fixture_patch(&f, &up.id, bytes, 0, len, NULL, &err), &err);
	return up.id;
}

static uint64_t
log_size(void)
{
	return ledger_log_size(evidence_room_log(f.room));
}

/* How many of the log's entries from `from` on hold this text? */
static size_t
entries_with(uint64_t from, const char *text)
{
	DB_LENT(r, evidence_room_readers(f.room));
	size_t n = 0;

	for (uint64_t i = from; i < log_size(); i++) {
		SP_AUTO_BUF entry = sp_buf_new(LEDGER_ENTRY_MAX);
		struct sp_err err;

		CHECK_OK(ledger_log_entry(
			     evidence_room_log(f.room), r.db, i, &entry, &err),
		    &err);
		n += strstr(sp_buf_str(&entry), text) != NULL;
	}
	return n;
}

/* What others said of the log, for the next export alone. */
static struct bag_vouched *vouched;

static enum sp_code
begin(struct bag_export **out, const struct sp_id *id, size_t n,
    enum bag_format format, struct sp_err *err)
{
	struct bag_export_wish wish = { &f.who, id, n, format, press, vouched };

	return bag_export_begin(out, f.room, &wish, err);
}

static void export(const struct sp_id *id, size_t n, enum bag_format format,
    struct sp_buf *out, char name[static BAG_EXPORT_NAME])
{
	BAG_AUTO_EXPORT x = NULL;
	struct sp_err err;

	CHECK_OK(begin(&x, id, n, format, &err), &err);
	(void)snprintf(name, BAG_EXPORT_NAME, "%s", bag_export_name(x));
	CHECK_OK(bag_export_write(x, bag_fixture_sink, out, &err), &err);
}

static void
verify(const struct sp_buf *archive, struct bag_verify_report *r)
{
	SP_AUTO_BUF pin = sp_buf_new(1024);
	struct bag_verify_options o = {
		.from = { NULL, archive->at, archive->len },
	};
	struct sp_err err;

	ledger_vkey_text(&f.agency.vkey, &pin);
	o.pin = sp_buf_str(&pin);
	CHECK_OK(bag_verify(&o, r, &err), &err);
	CHECK(r->key_pinned);
}

static void
check_file(const char *base, const char *path, const void *bytes, size_t len)
{
	SP_AUTO_BUF got = sp_buf_new(BAG_FIXTURE_MAX);
	char full[1024];
	struct sp_err err;

	(void)snprintf(full, sizeof(full), "%s/%s", base, path);
	CHECK_OK(sp_file_read(AT_FDCWD, full, &got, &err), &err);
	CHECK(got.len == len);
	CHECK(len == 0 || memcmp(got.at, bytes, len) == 0);
}

/* Out of the store, through public tools, and proved. */
static void
an_export_proves_itself(void)
{
	static const char name[] = "Stra\xc3\x9f"
				   "e 7 \xe2\x80\x93 'a'.mp4";
	char sha256sum[] = "sha256sum", sha512sum[] = "sha512sum", c[] = "-c",
	     strict[] = "--strict", m256[] = "manifest-sha256.txt",
	     m512[] = "manifest-sha512.txt", t256[] = "tagmanifest-sha256.txt",
	     t512[] = "tagmanifest-sha512.txt";
	char *const checks[][5] = { { sha256sum, strict, c, m256, NULL },
		{ sha512sum, strict, c, m512, NULL },
		{ sha256sum, strict, c, t256, NULL },
		{ sha512sum, strict, c, t512, NULL } };
	size_t len = 3 * MIB + 12345;
	uint8_t *clip = fixture_bytes(len, 1);
	struct sp_id id[3];

	id[0] = taken_in(name, clip, len);
	id[1] = taken_in("..\\..\\evil.exe", clip, 7);
	id[2] = taken_in("empty", NULL, 0);
	for (unsigned format = 0; format < BAG_FORMAT_COUNT; format++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		char dir[64], base[200], path[200], text[SP_ID_TEXT],
		    bag[BAG_EXPORT_NAME];
		struct bag_verify_report r;
		uint64_t before = log_size();

		export(id, 3, (enum bag_format)format, &out, bag);
		CHECK(
		    entries_with(before, "\"act\":\"evidence.exported\"") == 3);
		verify(&out, &r);
		CHECK(r.items == 3 && r.log_size == log_size());
		/* Each was begun, sealed, and exported once or twice. */
		CHECK(r.entries == (uint64_t)3 * (3 + format));
		CHECK(r.proofs == r.entries);

		bag_fixture_mkdir(dir, sizeof(dir));
		bag_fixture_unpack(dir, (enum bag_format)format, &out);
		(void)snprintf(base, sizeof(base), "%s/%s", dir, bag);
		for (size_t i = 0; i < SP_COUNTOF(checks); i++)
			CHECK(bag_fixture_run(base, checks[i]) == 0);
		sp_id_text(&id[0], text);
		(void)snprintf(path, sizeof(path), "data/%s/%s", text, name);
		check_file(base, path, clip, len);
		sp_id_text(&id[1], text);
		(void)snprintf(
		    path, sizeof(path), "data/%s/.._.._evil.exe", text);
		check_file(base, path, clip, 7);
		(void)snprintf(
		    path, sizeof(path), "custody/%s/filename.txt", text);
		check_file(base, path, "..\\..\\evil.exe", 14);
		sp_id_text(&id[2], text);
		(void)snprintf(path, sizeof(path), "data/%s/empty", text);
		check_file(base, path, "", 0);
		check_file(base, "verify.html", bag_page, bag_page_len);
		bag_fixture_rmdir(dir);
	}
	free(clip);
}

/* A member of a tar, as text; NULL when it is not there. */
static const char *
member(const struct sp_buf *tar, const char *base, const char *path)
{
	char name[300];
	const uint8_t *at;

	(void)snprintf(name, sizeof(name), "%s/%s", base, path);
	at = memmem(tar->at, tar->len, name, strlen(name) + 1);
	/* The name begins a header of 512 bytes; the content follows. */
	while (at != NULL && (size_t)(at - tar->at) % 512 != 0)
		at = memmem(at + 1, tar->len - (size_t)(at + 1 - tar->at), name,
		    strlen(name) + 1);
	return at == NULL ? NULL : (const char *)at + 512;
}

static void
in_custody(char path[static 100], const struct sp_id *id, const char *name)
{
	char text[SP_ID_TEXT];

	sp_id_text(id, text);
	(void)snprintf(path, 100, "custody/%s/%s", text, name);
}

static void
documents_are_in_it(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	BAG_AUTO_EXPORT x = NULL;
	struct bag_verify_report r;
	struct sp_id id[2];
	struct sp_err err;
	char path[100];

	id[0] = taken_in("a.mp4", (const uint8_t *)"x", 1);
	/* NOLINTNEXTLINE(misc-misleading-bidirectional): it is to mislead */
	id[1] = taken_in("\xe2\x80\xaegpj.exe", (const uint8_t *)"y", 1);
	CHECK_OK(begin(&x, id, 2, BAG_TAR, &err), &err);
	CHECK_OK(bag_export_write(x, bag_fixture_sink, &out, &err), &err);
	CHECK(bag_export_unset(x) == 0);
	verify(&out, &r);
	CHECK(strncmp(member(&out, bag_export_name(x), "certification.pdf"),
		  "%PDF-1.5", 8) == 0);
	for (size_t i = 0; i < 2; i++) {
		in_custody(path, &id[i], "report.pdf");
		CHECK(strncmp(member(&out, bag_export_name(x), path),
			  "%PDF-1.5", 8) == 0);
		in_custody(path, &id[i], "report.txt");
		CHECK(member(&out, bag_export_name(x), path) == NULL);
	}
}

/* Evidence leaves also when nothing can be printed, and says so. */
static void
without_a_press_the_reason_is_in_it(void)
{
	struct report_press *real = press;
	struct report_press *dead = report_press_new();

	CHECK(dead != NULL);
	for (unsigned i = 0; i < 2; i++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		BAG_AUTO_EXPORT x = NULL;
		struct bag_verify_report r;
		struct sp_id id[3];
		struct sp_err err;
		int64_t from = sp_ticks();
		char path[100];

		for (size_t k = 0; k < 3; k++)
			id[k] = taken_in("a.mp4", (const uint8_t *)"x", 1);
		press = i == 0 ? NULL : dead;
		CHECK_OK(begin(&x, id, 3, BAG_TAR, &err), &err);
		CHECK_OK(
		    bag_export_write(x, bag_fixture_sink, &out, &err), &err);
		CHECK(bag_export_unset(x) == 4);
		/* One that is away is waited for once, not for each. */
		CHECK(sp_ticks() - from < 15 * SP_SECOND);
		verify(&out, &r);
		CHECK(member(&out, bag_export_name(x), "certification.pdf") ==
		    NULL);
		CHECK(strstr(
			  member(&out, bag_export_name(x), "certification.txt"),
			  "could not be made") != NULL);
		in_custody(path, &id[2], "report.pdf");
		CHECK(member(&out, bag_export_name(x), path) == NULL);
		in_custody(path, &id[2], "report.txt");
		CHECK(strstr(member(&out, bag_export_name(x), path),
			  "is away") != NULL);
	}
	press = real;
	report_press_free(dead);
}

/* The one name that manifests write in another way. */
static void
a_percent_sign_is_encoded(void)
{
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct sp_id id = taken_in("100%25.mp4", (const uint8_t *)"x", 1);
	struct bag_verify_report r;
	char bag[BAG_EXPORT_NAME];

	export(&id, 1, BAG_TAR, &out, bag);
	verify(&out, &r);
	CHECK(memmem(out.at, out.len, "/100%2525.mp4\n", 14) != NULL);
}

static void
only_some_roles_may(void)
{
	static const bool may[GATE_ROLE_COUNT] = {
		[GATE_ADMINISTRATOR] = true,
		[GATE_CUSTODIAN] = true,
	};
	struct sp_id id = taken_in("a", (const uint8_t *)"x", 1);
	struct gate_caller me = f.who;

	for (unsigned role = 0; role < GATE_ROLE_COUNT; role++) {
		BAG_AUTO_EXPORT x = NULL;
		uint64_t before = log_size();
		struct sp_err err;

		f.who.role = (enum gate_role)role;
		f.who.token = sp_id_new();
		CHECK_CODE(begin(&x, &id, 1, BAG_ZIP, &err),
		    may[role] ? SP_OK : SP_E_DENIED, &err);
		CHECK((x != NULL) == may[role]);
		CHECK(entries_with(before, "\"act\":\"evidence.exported\"") ==
		    may[role]);
		CHECK(entries_with(before, "\"act\":\"gate.denied\"") ==
		    !may[role]);
	}
	f.who = me;
}

/* A wish that cannot be met leaves no entry of an export. */
static void
what_is_refused_is_not_recorded(void)
{
	static struct sp_id many[BAG_EXPORT_ITEMS + 1];
	struct sp_id id[3];
	uint64_t before;
	BAG_AUTO_EXPORT x = NULL;
	struct sp_err err = { .reason = NULL };

	id[0] = taken_in("a", (const uint8_t *)"x", 1);
	id[1] = sp_id_new(); /* nobody's */
	id[2] = id[0];
	before = log_size();
	CHECK_CODE(begin(&x, id, 2, BAG_ZIP, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(begin(&x, &id[1], 1, BAG_ZIP, &err), SP_E_NOTFOUND, &err);
	CHECK_CODE(begin(&x, id, 3, BAG_ZIP, &err), SP_E_INVALID, &err);
	CHECK(strcmp(err.reason, "export.items") == 0);
	CHECK_CODE(begin(&x, id, 0, BAG_ZIP, &err), SP_E_INVALID, &err);
	for (size_t i = 0; i < SP_COUNTOF(many); i++)
		many[i] = sp_id_new();
	CHECK_CODE(begin(&x, many, SP_COUNTOF(many), BAG_ZIP, &err),
	    SP_E_INVALID, &err);
	CHECK_CODE(begin(&x, many, SP_COUNTOF(many) - 1, BAG_ZIP, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(x == NULL && log_size() == before);
}

/* Watches an export from its sink. */
struct watch {
	struct sp_buf out;
	uint64_t before;
	struct sp_id id;
	size_t calls;
	size_t fail_after; /* bytes */
};

static enum sp_code
watching_sink(void *arg, const void *bytes, size_t len, struct sp_err *err)
{
	struct watch *w = arg;

	/* Promise 1: recorded before the first byte leaves. */
	CHECK(entries_with(w->before, "\"act\":\"evidence.exported\"") == 1);
	/* And the log goes on meanwhile, about this item too. */
	gate_pass_unref(fixture_pass(&f, GATE_VIEW, &w->id));
	w->calls++;
	if (w->out.len + len > w->fail_after)
		return sp_fail_as(
		    err, SP_E_FULL, "test.sink", "the client's disk is full");
	sp_buf_add(&w->out, bytes, len);
	return sp_buf_check(&w->out, "archive", err);
}

static void
recorded_first_and_proved_on_one_checkpoint(void)
{
	size_t len = 4 * MIB;
	uint8_t *clip = fixture_bytes(len, 2);
	struct watch w = { .out = sp_buf_new(BAG_FIXTURE_MAX),
		.fail_after = SIZE_MAX };
	struct bag_verify_report r;
	BAG_AUTO_EXPORT x = NULL;
	struct sp_err err;

	w.id = taken_in("a.mp4", clip, len);
	w.before = log_size();
	CHECK_OK(begin(&x, &w.id, 1, BAG_ZIP, &err), &err);
	CHECK_OK(bag_export_write(x, watching_sink, &w, &err), &err);
	CHECK(w.calls >= 4);
	verify(&w.out, &r);
	CHECK(r.entries == 3 && r.log_size == w.before + 1);
	CHECK(log_size() == w.before + 1 + w.calls);
	sp_buf_free(&w.out);
	free(clip);
}

static void
a_failing_sink_ends_it(void)
{
	size_t len = 4 * MIB;
	uint8_t *clip = fixture_bytes(len, 3);
	struct sp_id id = taken_in("a.mp4", clip, len);

	for (size_t room = 0; room < len; room += MIB) {
		struct watch w = { .out = sp_buf_new(BAG_FIXTURE_MAX),
			.id = id,
			.fail_after = room };
		BAG_AUTO_EXPORT x = NULL;
		struct sp_err err = { .reason = NULL };

		w.before = log_size();
		CHECK_OK(begin(&x, &id, 1, BAG_TAR, &err), &err);
		CHECK_CODE(bag_export_write(x, watching_sink, &w, &err),
		    SP_E_FULL, &err);
		CHECK(strcmp(err.reason, "test.sink") == 0);
		sp_buf_free(&w.out);
	}
	free(clip);
}

static int
damage(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	SP_AUTO_FD fd = -1;
	uint8_t byte = 0;

	(void)ftw;
	if (type != FTW_F)
		return 0;
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(pread(fd, &byte, 1, st->st_size / 2) == 1);
	byte ^= 1;
	CHECK(pwrite(fd, &byte, 1, st->st_size / 2) == 1);
	return 0;
}

/* The store lies: the bag breaks off there, and passes for whole nowhere.
 * All objects of the room are damaged, so this test is the last. */
static void
damaged_evidence_does_not_leave(void)
{
	size_t len = 5 * MIB;
	uint8_t *clip = fixture_bytes(len, 4);
	struct sp_id id = taken_in("a.mp4", clip, len);
	char objects[200];

	(void)snprintf(objects, sizeof(objects), "%s/agencies/%s/objects",
	    f.dir, f.agency.slug);
	CHECK(nftw(objects, damage, 16, FTW_PHYS) == 0);
	for (unsigned format = 0; format < BAG_FORMAT_COUNT; format++) {
		SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
		BAG_AUTO_EXPORT x = NULL;
		struct bag_verify_report r;
		struct bag_verify_options o = { .pin = NULL };
		struct sp_err err;

		CHECK_OK(
		    begin(&x, &id, 1, (enum bag_format)format, &err), &err);
		CHECK_CODE(bag_export_write(x, bag_fixture_sink, &out, &err),
		    SP_E_CORRUPT, &err);
		CHECK(out.len < len);
		o.from = (struct bag_source){ NULL, out.at, out.len };
		CHECK_CODE(bag_verify(&o, &r, &err), SP_E_CORRUPT, &err);
	}
	free(clip);
}

/* Nothing can be signed, so nothing is given out. */
static void
without_the_keeper_nothing_leaves(void)
{
	struct sp_id id = taken_in("a", (const uint8_t *)"x", 1);
	uint64_t before = log_size();
	BAG_AUTO_EXPORT x = NULL;
	struct sp_err err;

	fixture_keeper_kill(&f);
	CHECK_CODE(begin(&x, &id, 1, BAG_ZIP, &err), SP_E_UNAVAIL, &err);
	CHECK(x == NULL && log_size() == before);
	fixture_keeper_start(&f, evidence_site_keeper(f.site));
	CHECK_OK(begin(&x, &id, 1, BAG_ZIP, &err), &err);
}

/* The log as it was, with what others said of it then, leads to the bag's. */
static void
what_others_said_goes_with_it(void)
{
	static const char bytes[] = "said of it";
	BAG_AUTO_VOUCHED said = bag_vouched_new();
	SP_AUTO_BUF out = sp_buf_new(BAG_FIXTURE_MAX);
	struct ledger_log *log = evidence_room_log(f.room);
	char name[BAG_EXPORT_NAME];
	struct bag_verify_report r;
	struct sp_id id;
	uint64_t then;

	id = taken_in("vouched.mp4", (const uint8_t *)bytes, sizeof(bytes));
	then = log_size();
	ledger_log_checkpoint(log, &said.cosigned);
	ledger_log_checkpoint(log, &said.timestamped);
	sp_buf_text(&said.timestamp, "a stamp that nobody asks about");
	vouched = &said;
	export(&id, 1, BAG_TAR, &out, name);
	vouched = NULL;
	CHECK(said.cosigned.len == 0 && said.timestamp.len == 0);
	verify(&out, &r);
	CHECK(r.vouched.cosigned_size == then && r.log_size > then);
	CHECK(r.vouched.timestamped_size == then);
	CHECK(r.vouched.cosignatures == 0 && r.vouched.timestamped_at == 0);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "what others said goes with it",
		    what_others_said_goes_with_it },
		{ "an export proves itself", an_export_proves_itself },
		{ "documents are in it", documents_are_in_it },
		{ "without a press the reason is in it",
		    without_a_press_the_reason_is_in_it },
		{ "a percent sign is encoded", a_percent_sign_is_encoded },
		{ "only some roles may", only_some_roles_may },
		{ "what is refused is not recorded",
		    what_is_refused_is_not_recorded },
		{ "recorded first and proved on one checkpoint",
		    recorded_first_and_proved_on_one_checkpoint },
		{ "a failing sink ends it", a_failing_sink_ends_it },
		{ "without the keeper nothing leaves",
		    without_the_keeper_nothing_leaves },
		{ "damaged evidence does not leave",
		    damaged_evidence_does_not_leave },
	};
	struct sp_err err;
	pid_t pid;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	press = report_press_new();
	CHECK(press != NULL);
	pid = press_fixture_start(press); /* no thread yet */
	fixture_make(&f);
	fixture_open(&f);
	rc = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	report_press_free(press);
	press_fixture_await(pid);
	return rc;
}
