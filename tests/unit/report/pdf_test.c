#include "report/pdf.h"

#include "base/parse.h"
#include "report/report_fixture.h"

/* The least file that is built as cairo builds them. */
static const char least[] = "%PDF-1.5\n"
			    "1 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\n"
			    "endobj\n"
			    "2 0 obj\n<< /Producer (x)\n"
			    "   /CreationDate (20261121184544Z)\n"
			    "   /ModDate (20261121184545Z)\n"
			    ">>\nendobj\n"
			    "3 0 obj\n<< /Type /Catalog\n   /Pages 1 0 R\n"
			    ">>\nendobj\n";

/* With its table. */
static void
whole(struct sp_buf *out)
{
	const char *body = least;

	sp_buf_text(out, body);
	sp_buf_text(out, "xref\n0 4\n0000000000 65535 f \n");
	for (int i = 1; i < 4; i++) {
		char mark[16];
		const char *at;

		(void)snprintf(mark, sizeof(mark), "%d 0 obj\n", i);
		at = strstr(body, mark);
		CHECK(at != NULL);
		sp_buf_fmt(out, "%010zu 00000 n \n", (size_t)(at - body));
	}
	sp_buf_fmt(out,
	    "trailer\n<< /Size 4\n   /Root 3 0 R\n   /Info 2 0 R\n>>\n"
	    "startxref\n%zu\n%%%%EOF\n",
	    strlen(body));
	CHECK(sp_buf_ok(out));
}

static void
it_is_mended_and_stays_whole(void)
{
	SP_AUTO_BUF pdf = sp_buf_new(10000);
	SP_AUTO_BUF out = sp_buf_new(10000);
	AUTO_FILE f;

	whole(&pdf);
	report_pdf_mend(&pdf);
	CHECK(sp_buf_ok(&pdf));
	file_of(&f, "mended", &pdf);
	CHECK(file_through(&f, "qpdf --check", "2>&1", &out));
	CHECK(strstr(sp_buf_str(&out), "WARNING") == NULL);
	sp_buf_clear(&out);
	CHECK(file_through(&f, "qpdf --qdf", "-", &out));
	CHECK(strstr(sp_buf_str(&out), "/Lang (en-US)") != NULL);
	CHECK(strstr(sp_buf_str(&out), "/DisplayDocTitle true") != NULL);
	CHECK(strstr(sp_buf_str(&out), "D:20261121184544Z") != NULL);
	CHECK(strstr(sp_buf_str(&out), "D:20261121184545Z") != NULL);
}

/* Twice is once; what is built otherwise stays as it is. */
static void
what_is_not_known_stays(void)
{
	static const struct {
		const char *from, *to; /* equally long */
	} rows[] = {
		{ "%%EOF\n", "%%EOX\n" },
		{ "startxref\n", "startxrex\n" },
		{ "\nxref\n", "\nxrex\n" },
		{ ">>\nendobj\nxref", "> \nendobj\nxref" },
		{ "/Catalog", "/Catalox" },
		{ "3 0 obj\n", "3 0 obx\n" },
	};
	SP_AUTO_BUF good = sp_buf_new(10000);

	whole(&good);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF pdf = sp_buf_new(10000);
		char *at;

		sp_buf_add(&pdf, good.at, good.len);
		at = strstr((char *)pdf.at, rows[i].from);
		CHECK(at != NULL && strlen(rows[i].from) == strlen(rows[i].to));
		memcpy(at, rows[i].to, strlen(rows[i].to));
		report_pdf_mend(&pdf);
		CHECK(sp_buf_ok(&pdf) && pdf.len == good.len);
		CHECK(memmem(pdf.at, pdf.len, "/Lang", 5) == NULL);
	}
}

/* Cut off anywhere, and with a number that leads anywhere: nothing is read or
 * written beyond it. */
static void
any_part_of_it_does_no_harm(void)
{
	SP_AUTO_BUF good = sp_buf_new(10000);

	whole(&good);
	for (size_t len = 0; len < good.len; len++) {
		SP_AUTO_BUF pdf = sp_buf_new(len + 200);

		sp_buf_add(&pdf, good.at, len);
		report_pdf_mend(&pdf);
		CHECK(pdf.len == len);
		sp_buf_text(&pdf, "\nstartxref\n0\n%%EOF\n");
		report_pdf_mend(&pdf);
		CHECK(sp_buf_ok(&pdf));
	}
	for (uint64_t to = 0; to < 1000; to++) {
		SP_AUTO_BUF pdf = sp_buf_new(10000);
		const char *at = strstr(sp_buf_str(&good), "startxref\n");

		sp_buf_add(&pdf, good.at,
		    (size_t)(at - sp_buf_str(&good)) + strlen("startxref\n"));
		sp_buf_fmt(&pdf, "%ju\n%%%%EOF\n", (uintmax_t)to);
		report_pdf_mend(&pdf);
		CHECK(sp_buf_ok(&pdf));
		CHECK((memmem(pdf.at, pdf.len, "/Lang", 5) != NULL) ==
		    (to == strlen(least)));
	}
}

static void
no_room_is_told(void)
{
	SP_AUTO_BUF good = sp_buf_new(10000);

	whole(&good);
	for (size_t more = 0; more < 200; more += 20) {
		SP_AUTO_BUF pdf = sp_buf_new(good.len + more);

		sp_buf_add(&pdf, good.at, good.len);
		report_pdf_mend(&pdf);
		CHECK(sp_buf_ok(&pdf) == (more >= 80));
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "it is mended and stays whole",
		    it_is_mended_and_stays_whole },
		{ "what is not known stays", what_is_not_known_stays },
		{ "any part of it does no harm", any_part_of_it_does_no_harm },
		{ "no room is told", no_room_is_told },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
