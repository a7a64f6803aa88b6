#include "report/gather.h"

#include "evidence/room_fixture.h"
#include "report/press_fixture.h"
#include "report/report_fixture.h"

static struct room_fixture f;
static struct report_press *press;

static struct sp_id
taken_in(const char *name)
{
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_UPLOAD, NULL);
	EVIDENCE_AUTO_UPLOAD up = { .done = false };
	struct evidence_meta meta;
	struct evidence_upload_new n = {
		.length = 5,
		.metadata = "",
		.meta = &meta,
	};
	struct sp_err err;

	evidence_meta_init(&meta);
	CHECK_OK(evidence_meta_set(&meta, "filename", name, strlen(name), &err),
	    &err);
	CHECK_OK(evidence_meta_set(&meta, "device", "BWC-7", 5, &err), &err);
	CHECK_OK(evidence_meta_check(&meta, &err), &err);
	CHECK_OK(evidence_upload_create(f.room, pass, &n, &up, &err), &err);
	evidence_meta_done(&meta);
	CHECK_OK(fixture_patch(
		     &f, &up.id, (const uint8_t *)"movie", 0, 5, NULL, &err),
	    &err);
	return up.id;
}

struct many {
	struct sp_id id;
	unsigned n;
};

static enum sp_code
append_many(struct ledger_tx *tx, void *arg, struct sp_err *err)
{
	const struct many *m = arg;
	const struct ledger_entry e =
	    gate_entry(&f.who, "evidence.opened", "evidence", &m->id);

	for (unsigned i = 0; i < m->n; i++)
		SP_TRY(ledger_tx_append(tx, &e, NULL, err));
	return SP_OK;
}

/* n more entries about an item. */
static void
live(const struct sp_id *id, unsigned n)
{
	struct sp_err err;

	while (n > 0) {
		struct many m = { *id, n < 10000 ? n : 10000 };

		CHECK_OK(ledger_writer_run(evidence_room_writer(f.room),
			     append_many, &m, &err),
		    &err);
		n -= m.n;
	}
}

/* What rests on the log as it is now. */
struct ground {
	struct sp_buf note;
	struct report_order order;
};

static void
ground_of(struct ground *g)
{
	g->note = sp_buf_new(LEDGER_NOTE_MAX);
	ledger_log_checkpoint(evidence_room_log(f.room), &g->note);
	g->order = (struct report_order){
		.room = f.room,
		.press = press,
		.paper = report_gather_paper(f.room),
		.made = sp_now(),
		.who = &f.who,
		.note = sp_buf_str(&g->note),
		.size = ledger_log_size(evidence_room_log(f.room)),
	};
}

static void
ground_done(struct ground *g)
{
	sp_buf_free(&g->note);
}
#define AUTO_GROUND SP_CLEANUP(ground_done) struct ground

static enum sp_code
custody(const struct ground *g, const struct sp_id *id, struct sp_buf *pdf,
    struct sp_err *err)
{
	GATE_AUTO_PASS show = fixture_pass(&f, GATE_SHOW, id);

	return report_gather_custody(&g->order, show, id, pdf, err);
}

static void
has(const struct sp_buf *text, const char *what)
{
	if (strstr(sp_buf_str(text), what) == NULL)
		tap_fail(__FILE__, __LINE__, "the text has not: ", what);
}

static size_t
count(const struct sp_buf *text, const char *what)
{
	size_t n = 0;

	for (const char *at = sp_buf_str(text); (at = strstr(at, what)) != NULL;
	     at++)
		n++;
	return n;
}

static void
a_report_is_of_the_item(void)
{
	struct sp_id id = taken_in("night drive.mp4");
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	AUTO_GROUND g;
	AUTO_FILE file;
	char name[SP_ID_TEXT];
	struct sp_err err;

	live(&id, 300);
	ground_of(&g);
	CHECK_OK(custody(&g, &id, &pdf, &err), &err);
	file_of(&file, "gather", &pdf);
	file_is_valid(&file);
	file_text(&file, &text);
	sp_id_text(&id, name);
	has(&text, name);
	has(&text, "night drive.mp4");
	has(&text, "BWC-7");
	has(&text, "Harbor Police Department (ORI FL0130000, FL)");
	has(&text, f.agency.vkey.name);
	has(&text, "302 are about this item");
	has(&text, "upload.created");
	has(&text, "evidence.sealed");
	CHECK(count(&text, "evidence.opened") >= 300);
}

/* What came after the checkpoint is in the next report. */
static void
a_report_ends_with_its_checkpoint(void)
{
	struct sp_id id = taken_in("a.mp4");
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	AUTO_GROUND g;
	AUTO_FILE file;
	struct sp_err err;

	live(&id, 3);
	ground_of(&g);
	live(&id, 260);
	CHECK_OK(custody(&g, &id, &pdf, &err), &err);
	file_of(&file, "ends", &pdf);
	file_text(&file, &text);
	has(&text, "5 are about this item");
	CHECK(count(&text, "Viewing began") == 3);
}

static void
what_is_not_there_has_no_report(void)
{
	struct sp_id none = sp_id_new();
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	AUTO_GROUND g;
	struct sp_err err;

	sp_buf_text(&pdf, "untouched");
	ground_of(&g);
	CHECK_CODE(custody(&g, &none, &pdf, &err), SP_E_NOTFOUND, &err);
	CHECK(strcmp(sp_buf_str(&pdf), "untouched") == 0);
}

static void
a_report_has_an_end(void)
{
	struct sp_id id = taken_in("a.mp4");
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	struct sp_err err;

	live(&id, REPORT_ENTRIES_MAX - 1); /* and two of the upload */
	{
		AUTO_GROUND g;

		ground_of(&g);
		CHECK_CODE(custody(&g, &id, &pdf, &err), SP_E_LIMIT, &err);
		CHECK(strcmp(err.reason, "report.entries") == 0);
	}
}

static void
a_certification_is_of_the_items(void)
{
	struct sp_id id[3];
	const struct sp_id *at[3] = { &id[0], &id[1], &id[2] };
	const struct sp_id bag = sp_id_new();
	GATE_AUTO_PASS show = NULL;
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	AUTO_GROUND g;
	AUTO_FILE file;
	char name[SP_ID_TEXT];
	struct sp_err err;

	for (size_t i = 0; i < 3; i++)
		id[i] = taken_in("part.mp4");
	live(&id[1], 500);
	ground_of(&g);
	g.order.bag = &bag;
	show = fixture_pass(&f, GATE_SHOW, NULL);
	CHECK_OK(report_gather_certification(&g.order, show, at, 3, &pdf, &err),
	    &err);
	file_of(&file, "certified", &pdf);
	file_is_valid(&file);
	file_text(&file, &text);
	for (size_t i = 0; i < 3; i++) {
		sp_id_text(&id[i], name);
		has(&text, name);
	}
	sp_id_text(&bag, name);
	has(&text, name);
	CHECK(count(&text, "part.mp4") == 3);
}

static void
paper_is_that_of_the_place(void)
{
	CHECK(report_gather_paper(f.room) == REPORT_LETTER);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a report is of the item", a_report_is_of_the_item },
		{ "a report ends with its checkpoint",
		    a_report_ends_with_its_checkpoint },
		{ "what is not there has no report",
		    what_is_not_there_has_no_report },
		{ "a report has an end", a_report_has_an_end },
		{ "a certification is of the items",
		    a_certification_is_of_the_items },
		{ "paper is that of the place", paper_is_that_of_the_place },
	};
	struct sp_err err;
	pid_t pid;
	int status;

	CHECK_OK(crypto_provider_open("", &err), &err);
	KEEPER_TEST_MAIN(argc, argv);
	press = report_press_new();
	CHECK(press != NULL);
	pid = press_fixture_start(press); /* no thread yet */
	fixture_make(&f);
	fixture_open(&f);
	status = tap_run(cases, SP_COUNTOF(cases));
	fixture_close(&f);
	fixture_remove(&f);
	report_press_free(press);
	press_fixture_await(pid);
	return status;
}
