#include "report/report_fixture.h"

static struct report_fonts *fonts;

static void
set(const struct report_request *rq, struct sp_buf *pdf)
{
	REPORT_AUTO_DOSSIER d = { .items = 0 };
	struct sp_err err;

	CHECK_OK(
	    report_dossier_read(&d, rq->bytes.at, rq->bytes.len, &err), &err);
	CHECK_OK(report_document_set(fonts, &d, pdf, &err), &err);
}

static void
a_custody_report(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	AUTO_FILE f;

	request_life(&rq, &t, REPORT_LETTER, 30);
	set(&rq, &pdf);
	file_of(&f, "custody", &pdf);
	file_is_valid(&f);
}

static void
a_certification(void)
{
	struct report_told t = told_plainly();
	static const struct report_said created = { "upload.created", "done",
		"192.0.2.17", "api", "token", NULL };
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	AUTO_FILE f;

	request_begin(&rq, REPORT_CERTIFICATION, REPORT_LETTER, t.agency);
	for (unsigned i = 0; i < 12; i++) {
		request_item(&rq, &t, 20 + i, 40, 17 + i * 40);
		request_entry(&rq, 20 + i, 16 + i * 40, &created);
		request_sealing(&rq, &t, 20 + i, 17 + i * 40);
		request_entry(&rq, 20 + i, 50 + i * 40, &fixture_life[3]);
	}
	report_wire_end(&rq.bytes);
	set(&rq, &pdf);
	file_of(&f, "certification", &pdf);
	file_is_valid(&f);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a custody report", a_custody_report },
		{ "a certification", a_certification },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK_OK(report_fonts_open(&fonts, &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
