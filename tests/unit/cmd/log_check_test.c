#include "client/fake_log.h"
#include "cmd/log_check.h"

static enum sp_code
check(struct fake_log *l, const struct log_memory *m, struct log_check *out,
    struct sp_err *err)
{
	struct fake f = { .serve = log_serve, .arg = l };
	struct site_client c = fake_client(&f);
	struct log_check_options o = { .client = &c, .memory = m };
	enum sp_code code = cmd_log_check_run(&o, out, err);

	client_site_done(&c);
	return code;
}

static void
check_lie(struct fake_log *l, const struct log_memory *m, const char *says)
{
	struct sp_err err;
	struct log_check out;

	CHECK_CODE(check(l, m, &out, &err), SP_E_CORRUPT, &err);
	if (strstr(err.text, says) == NULL)
		printf("# %s\n", err.text);
	CHECK(strstr(err.text, says) != NULL);
}

static void
a_true_log_is_found_true(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 255, 256, 257, 511, 512,
		600, 65535, 65536, 65537, 66000 };
	struct fake_log l;

	log_init(&l, 0);
	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		struct log_memory m = log_known(&l);
		struct log_check out;
		struct sp_err err;

		log_set(&l, sizes[i]);
		CHECK_OK(check(&l, &m, &out, &err), &err);
		CHECK(out.now.size == sizes[i]);
		CHECK(out.entries_read == (sizes[i] > 0));
		CHECK(sizes[i] == 0 || out.tiles >= (sizes[i] + 255) / 256);
		CHECK(sizes[i] == 0 || out.bytes > sizes[i] * 20);
		cmd_log_check_done(&out);
	}
	log_done(&l);
}

static void
flip(struct sp_buf *b, uint64_t arg)
{
	CHECK(arg / 8 < b->len);
	b->at[arg / 8] ^= (uint8_t)(1U << (arg % 8));
}

static void
shorten(struct sp_buf *b, uint64_t arg)
{
	CHECK(arg < b->len);
	b->len = (size_t)arg;
	b->at[arg] = '\0';
}

static void
lengthen(struct sp_buf *b, uint64_t arg)
{
	for (uint64_t i = 0; i < arg; i++)
		sp_buf_u8(b, 0);
}

static const char *const served[] = { "checkpoint", "tile/0/000",
	"tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000",
	"tile/entries/001.p/44" };

/* How long is the answer to this path? */
static size_t
length_of(struct fake_log *l, const char *name)
{
	struct fake f = { .serve = log_serve, .arg = l };
	struct site_client c = fake_client(&f);
	SP_AUTO_BUF path = sp_buf_new(256);
	SP_AUTO_BUF body = sp_buf_new(LOG_BUNDLE_MAX);
	struct sp_err err;

	CHECK_OK(client_site_path(&c, &path, &err, "log/%s", name), &err);
	CHECK_OK(client_site_get(&c, sp_buf_str(&path), &body, &err), &err);
	client_site_done(&c);
	return body.len;
}

/* Property: no bit of anything served can be other than it is, and nothing
 * can be cut or added to. */
static void
every_changed_bit_is_found(void)
{
	struct fake_log l;

	log_init(&l, 300);
	struct log_memory m = log_known(&l);
	struct sp_err err;
	struct log_check out;

	for (size_t s = 0; s < SP_COUNTOF(served); s++) {
		size_t len = length_of(&l, served[s]);

		l.where = served[s];
		for (size_t at = 0; at<len; at += len> 400 ? 61 : 1) {
			l.tamper = flip;
			l.tamper_arg = at * 8 + at % 8;
			CHECK(check(&l, &m, &out, &err) != SP_OK);
			l.tamper = shorten;
			l.tamper_arg = at;
			CHECK(check(&l, &m, &out, &err) != SP_OK);
		}
		l.tamper = lengthen;
		for (l.tamper_arg = 1; l.tamper_arg <= 64; l.tamper_arg++) {
			bool good = check(&l, &m, &out, &err) == SP_OK;

			/* what follows the last entry of a partial bundle
			 * is not looked at: a whole one may have come */
			CHECK(good ==
			    (strcmp(served[s], "tile/entries/001.p/44") == 0));
			if (good)
				cmd_log_check_done(&out);
		}
		CHECK(l.tampered > 0);
		l.tampered = 0;
	}
	log_done(&l);
}

static void
the_first_lie_is_named(void)
{
	struct fake_log l;

	log_init(&l, 70000 - 600);
	struct log_memory m = log_known(&l);

	l.tamper = flip;
	l.tamper_arg = 80;
	l.where = "tile/entries/003";
	check_lie(&l, &m, "entry 768 is not");
	l.where = "tile/1/000";
	check_lie(&l, &m, "tile/1/000");
	l.where = "tile/2/000.p/1";
	l.tamper_arg = 3;
	check_lie(&l, &m, "tile/2/000.p/1");
	l.where = "checkpoint";
	l.tamper_arg = 480;
	struct log_check out;
	struct sp_err err;

	CHECK(check(&l, &m, &out, &err) != SP_OK);
	log_done(&l);
}

static void
remember(struct fake_log *l, struct log_memory *m)
{
	struct sp_err err;
	struct log_check out;

	CHECK_OK(check(l, m, &out, &err), &err);
	m->seen = out.now;
	cmd_log_check_done(&out);
}

static void
a_rewritten_past_is_found(void)
{
	static const struct {
		uint64_t seen, changed, size;
		const char *says; /* NULL: nothing wrong */
	} rows[] = {
		{ 10, UINT64_MAX, 10, NULL },
		{ 10, UINT64_MAX, 300, NULL },
		{ 256, UINT64_MAX, 1000, NULL },
		{ 10, 10, 300, NULL }, /* the future may be anything */
		{ 10, 9, 300, "rewritten" },
		{ 10, 0, 300, "rewritten" },
		{ 10, 9, 10, "rewritten" },
		{ 300, 299, 70000 - 600, "rewritten" },
		{ 300, UINT64_MAX, 299, "went back" },
		{ 300, UINT64_MAX, 0, "went back" },
		{ 1, 0, 1, "rewritten" },
	};
	struct fake_log l;

	log_init(&l, 0);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct log_memory m = log_known(&l);

		l.changed_from = UINT64_MAX;
		log_set(&l, rows[i].seen);
		remember(&l, &m);
		l.version = 1;
		l.changed_from = rows[i].changed;
		log_set(&l, rows[i].size);
		if (rows[i].says == NULL)
			remember(&l, &m);
		else
			check_lie(&l, &m, rows[i].says);
	}
	log_done(&l);
}

static enum sp_code
check_onward(struct fake_log *l, const struct log_memory *m,
    struct log_check_fault *fault, struct log_check *out, struct sp_err *err)
{
	struct fake f = { .serve = log_serve, .arg = l };
	struct site_client c = fake_client(&f);
	struct log_check_options o = {
		.client = &c, .memory = m, .onward = true, .fault = fault
	};
	enum sp_code code = cmd_log_check_run(&o, out, err);

	client_site_done(&c);
	return code;
}

/* Property: what was seen and what came since make the signed root, for
 * whatever sizes, and what came is all that is read. */
static void
onward_from_what_was_seen(void)
{
	static const uint64_t sizes[] = { 1, 2, 3, 255, 256, 257, 300, 511, 512,
		600, 65535, 65536, 65537, 66000 };
	struct fake_log l;

	log_init(&l, 0);
	for (size_t i = 0; i < SP_COUNTOF(sizes); i++)
		for (size_t k = i; k < SP_COUNTOF(sizes); k++) {
			struct log_memory m = log_known(&l);
			struct log_check out;
			struct sp_err err;

			m.seen = l.at;
			m.seen.size = sizes[i];
			m.seen.root = log_mth(&l, 0, sizes[i]);
			l.size = l.serves = l.at.size = sizes[k];
			l.at.root = log_mth(&l, 0, sizes[k]);
			CHECK_OK(check_onward(&l, &m, NULL, &out, &err), &err);
			CHECK(out.now.size == sizes[k] && out.from == sizes[i]);
			CHECK(out.entries_read == (sizes[k] > sizes[i]));
			CHECK(out.tiles <=
			    (sizes[k] - sizes[i]) / LOG_TILE_WIDTH + 2);
			cmd_log_check_done(&out);
		}
	log_done(&l);
}

static void
onward_finds_a_rewritten_past(void)
{
	static const struct {
		uint64_t seen, changed, size;
		const char *kind; /* NULL: nothing wrong */
	} rows[] = {
		{ 10, 10, 300, NULL }, /* the future may be anything */
		{ 300, 300, 301, NULL },
		{ 10, 9, 300, "log.rewritten" },
		{ 300, 0, 301, "log.rewritten" },
		{ 300, 299, 65800, "log.rewritten" },
		{ 300, 299, 300, "log.forked" },
		{ 300, UINT64_MAX, 299, "log.rewound" },
	};
	struct fake_log l;

	log_init(&l, 0);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		LOG_AUTO_FAULT fault = cmd_log_check_fault_new();
		struct log_memory m = log_known(&l);
		struct log_check out;
		struct sp_err err;

		l.changed_from = UINT64_MAX;
		log_set(&l, rows[i].seen);
		m.seen = l.at;
		l.version = 1;
		l.changed_from = rows[i].changed;
		log_set(&l, rows[i].size);
		if (rows[i].kind == NULL) {
			CHECK_OK(
			    check_onward(&l, &m, &fault, &out, &err), &err);
			cmd_log_check_done(&out);
			continue;
		}
		CHECK_CODE(check_onward(&l, &m, &fault, &out, &err),
		    SP_E_CORRUPT, &err);
		CHECK(strcmp(err.reason, rows[i].kind) == 0);
		/* What contradicts is at hand. */
		SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);

		log_note(&l, &note);
		CHECK(strcmp(sp_buf_str(&note), sp_buf_str(&fault.note)) == 0);
	}
	log_done(&l);
}

static void
kinds_of_lies_with_what_was_served(void)
{
	static const struct {
		const char *where;
		uint64_t bit;
		const char *kind;
		const char *part; /* "" when no part of the log is wrong */
	} rows[] = {
		{ "tile/entries/001", 80, "log.served", "tile/entries/001" },
		{ "tile/entries/000", 8, "log.served", "tile/entries/000" },
		{ "tile/0/001", 80, "log.served", "tile/entries/001" },
		{ "tile/1/000.p/2", 80, "log.served", "tile/1/000.p/2" },
		{ "checkpoint", 480, "log.unsigned", "" },
		{ "checkpoint", 8, "log.unsigned", "" },
	};
	struct fake_log l;

	log_init(&l, 700);
	struct log_memory m = log_known(&l);

	l.tamper = flip;
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		LOG_AUTO_FAULT fault = cmd_log_check_fault_new();
		struct fake f = { .serve = log_serve, .arg = &l };
		struct site_client c = fake_client(&f);
		struct log_check_options o = {
			.client = &c, .memory = &m, .fault = &fault
		};
		struct log_check out;
		struct sp_err err;

		l.where = rows[i].where;
		l.tamper_arg = rows[i].bit;
		CHECK_CODE(
		    cmd_log_check_run(&o, &out, &err), SP_E_CORRUPT, &err);
		client_site_done(&c);
		CHECK(strcmp(err.reason, rows[i].kind) == 0);
		CHECK(strcmp(sp_buf_str(&fault.part), rows[i].part) == 0);
		CHECK((fault.bytes.len > 0) == (*rows[i].part != '\0'));
		CHECK(fault.note.len > 0);
	}
	log_done(&l);
}

/* What witnesses cosigned must be of the history that is shown, before or
 * after. */
static void
what_was_cosigned_is_of_one_history(void)
{
	static const struct {
		uint64_t cosigned, changed, shown;
		const char *kind; /* NULL: nothing wrong */
	} rows[] = {
		{ 0, UINT64_MAX, 700, NULL },
		{ 300, UINT64_MAX, 700, NULL },
		{ 700, UINT64_MAX, 700, NULL },
		{ 700, UINT64_MAX, 300, NULL }, /* the log grew meanwhile */
		{ 300, 300, 700, NULL },
		{ 300, 299, 700, "log.rewritten" },
		{ 700, 0, 700, "log.forked" },
	};
	struct fake_log l;

	log_init(&l, 0);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF cosigned = sp_buf_new(LEDGER_NOTE_MAX);
		SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
		LOG_AUTO_FAULT fault = cmd_log_check_fault_new();
		struct log_memory m = log_known(&l);
		struct fake f = { .serve = log_serve, .arg = &l };
		struct site_client c = fake_client(&f);
		const struct log_check_options o = {
			.client = &c, .memory = &m, .fault = &fault
		};
		struct sp_err err = { .code = SP_OK };
		enum sp_code code;

		l.changed_from = UINT64_MAX;
		log_set(&l, rows[i].cosigned);
		log_note(&l, &cosigned);
		l.cosigned = sp_buf_str(&cosigned);
		l.version = 1;
		l.changed_from = rows[i].changed;
		log_set(&l, rows[i].shown);
		if (rows[i].cosigned > rows[i].shown)
			l.serves = rows[i].cosigned;
		code = cmd_log_check_cosigned(&o, &l.at, &note, &err);
		CHECK_CODE(
		    code, rows[i].kind == NULL ? SP_OK : SP_E_CORRUPT, &err);
		CHECK(strcmp(sp_buf_str(&note), l.cosigned) == 0);
		if (rows[i].kind != NULL) {
			CHECK(strcmp(err.reason, rows[i].kind) == 0);
			CHECK(strcmp(sp_buf_str(&fault.note), l.cosigned) == 0);
		}
		l.cosigned = NULL;
		CHECK_CODE(cmd_log_check_cosigned(&o, &l.at, &note, &err),
		    SP_E_NOTFOUND, &err);
		l.cosigned = "no note\n";
		CHECK_CODE(cmd_log_check_cosigned(&o, &l.at, &note, &err),
		    SP_E_CORRUPT, &err);
		CHECK(strcmp(err.reason, "log.unsigned") == 0);
		client_site_done(&c);
	}
	log_done(&l);
}

/* A tile or a bundle that the checkpoint covers and that is not there. */
static void
what_is_withheld_is_told_apart(void)
{
	struct fake_log l;
	struct log_check out;
	struct sp_err err;

	log_init(&l, 700);
	struct log_memory m = log_known(&l);

	l.serves = 600;
	CHECK_CODE(check(&l, &m, &out, &err), SP_E_NOTFOUND, &err);
	CHECK(strcmp(err.reason, "log.withheld") == 0);
	log_done(&l);
}

static void
another_key_signs_nothing(void)
{
	struct fake_log l;
	struct fake_log other;

	log_init(&l, 20);
	log_init(&other, 20);
	struct log_memory m = log_known(&other);

	check_lie(&l, &m, "");
	log_done(&l);
	log_done(&other);
}

static void
without_entries_the_hashes_are_checked(void)
{
	static const unsigned status[] = { 401, 403, 404 };
	struct fake_log l;
	struct log_check out;
	struct sp_err err;

	log_init(&l, 600);
	struct log_memory m = log_known(&l);

	for (size_t i = 0; i < SP_COUNTOF(status); i++) {
		l.entries_status = status[i];
		CHECK_OK(check(&l, &m, &out, &err), &err);
		CHECK(!out.entries_read && out.bytes == 0);
		cmd_log_check_done(&out);
	}
	l.where = "tile/0/001";
	l.tamper = flip;
	check_lie(&l, &m, "");
	l.where = NULL;

	/* First shown, then not: that is no lack of rights. */
	l.entries_status = 403;
	l.entries_until = 2;
	CHECK(check(&l, &m, &out, &err) != SP_OK);
	CHECK(err.code == SP_E_DENIED);
	log_done(&l);
}

/* Tiles that were partial at the checkpoint's size may be whole by now, and
 * only served so. */
static void
a_log_that_grows_meanwhile_is_fine(void)
{
	struct fake_log l;
	struct log_check out;
	struct sp_err err;

	log_init(&l, 66000);
	struct log_memory m = log_known(&l);

	l.serves = 67000;
	CHECK_OK(check(&l, &m, &out, &err), &err);
	cmd_log_check_done(&out);
	log_set(&l, 250);
	l.serves = 65536;
	l.only_whole = true;
	CHECK_OK(check(&l, &m, &out, &err), &err);
	CHECK(out.now.size == 250 && out.entries_read);
	cmd_log_check_done(&out);
	log_done(&l);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a true log is found true", a_true_log_is_found_true },
		{ "every changed bit is found", every_changed_bit_is_found },
		{ "the first lie is named", the_first_lie_is_named },
		{ "a rewritten past is found", a_rewritten_past_is_found },
		{ "onward from what was seen", onward_from_what_was_seen },
		{ "onward finds a rewritten past",
		    onward_finds_a_rewritten_past },
		{ "kinds of lies, with what was served",
		    kinds_of_lies_with_what_was_served },
		{ "what was cosigned is of one history",
		    what_was_cosigned_is_of_one_history },
		{ "what is withheld is told apart",
		    what_is_withheld_is_told_apart },
		{ "another key signs nothing", another_key_signs_nothing },
		{ "without entries, the hashes are checked",
		    without_entries_the_hashes_are_checked },
		{ "a log that grows meanwhile is fine",
		    a_log_that_grows_meanwhile_is_fine },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
