#include "report/report_fixture.h"

#include <math.h>

#define MARGIN 61.0 /* sheet.c's */

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
has(const struct sp_buf *text, const char *what)
{
	if (strstr(sp_buf_str(text), what) == NULL)
		tap_fail(__FILE__, __LINE__, "the text has not: ", what);
}

static void
has_not(const struct sp_buf *text, const char *what)
{
	if (strstr(sp_buf_str(text), what) != NULL)
		tap_fail(__FILE__, __LINE__, "the text has: ", what);
}

/* Each sheet says which it is, and of how many. */
static void
pages_are_counted(const struct report_file *f)
{
	unsigned n = file_pages(f);

	for (unsigned i = 1; i <= n; i++) {
		SP_AUTO_BUF text = sp_buf_new(1 << 20);
		char options[64], want[64];

		(void)snprintf(
		    options, sizeof(options), "pdftotext -f %u -l %u", i, i);
		CHECK(file_through(f, options, "-", &text));
		(void)snprintf(want, sizeof(want), "Page %u of %u\n", i, n);
		has(&text, want);
		has(&text, "Made 2026-11-21 18:45:44.123456 UTC by Sallyport");
		has(&text, "Log evidence.harbor-pd.example/v1/agencies/");
		if (n > 60)
			i += 13; /* a sample will do */
	}
}

/* The next `what` from `at` on: strstr would look through the whole of a long
 * text first, where it is watched by a sanitizer. */
static const char *
next(const struct sp_buf *text, const char *at, const char *what)
{
	return memmem(at, (size_t)(sp_buf_str(text) + text->len - at), what,
	    strlen(what));
}

/* A number soon after `line`, as in xMin="61.0". */
static double
attribute(const char *line, const char *name)
{
	const char *at = memmem(line, strnlen(line, 300), name, strlen(name));
	double whole = 0.0, part = 0.1;

	CHECK(at != NULL);
	for (at += strlen(name); isdigit((unsigned char)*at); at++)
		whole = whole * 10.0 + (*at - '0');
	for (at++; isdigit((unsigned char)*at); at++) {
		whole += part * (*at - '0');
		part /= 10.0;
	}
	return whole;
}

/* No word leaves the text area, none lies on the head or the foot. */
static void
nothing_overflows(const struct report_file *f, enum report_paper paper)
{
	const double width = paper == REPORT_LETTER ? 612.0 : 595.28;
	const double height = paper == REPORT_LETTER ? 792.0 : 841.89;
	SP_AUTO_BUF out = sp_buf_new((size_t)64 << 20);
	size_t words = 0;

	CHECK(file_through(f, "pdftotext -bbox", "-", &out));
	for (const char *at = next(&out, sp_buf_str(&out), "<word"); at != NULL;
	     at = next(&out, at + 1, "<word")) {
		double left = attribute(at, "xMin=\""),
		       right = attribute(at, "xMax=\""),
		       top = attribute(at, "yMin=\""),
		       bottom = attribute(at, "yMax=\"");

		CHECK(left > MARGIN - 3.0 && right < width - MARGIN + 3.0);
		CHECK(top > 30.0 && bottom < height - 24.0);
		/* Between head and text, and text and foot, is nothing. */
		CHECK(top > 80.0 || bottom < 66.0);
		CHECK(bottom < height - 58.0 || top > height - 52.0);
		words++;
	}
	CHECK(words > 100);
}

static void
a_custody_report_tells_all(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	SP_AUTO_BUF info = sp_buf_new(1 << 20);
	AUTO_FILE f;
	static const char *const facts[] = { "Custody report",
		"Harbor Police Department (ORI FL0130000, FL)", "stop “41”.mp4",
		"Traffic stop, Harbor Drive", "BWC-0417",
		"2026-11-21T12:31:07-05:00", "84,112,345 bytes (84.1 MB)",
		"video/mp4", "traffic_stop", (FIXTURE_ID "0009"),
		"2026-11-21 17:40:02.000123 UTC", "entry 17 of the log",
		"9f076b7e b7fdc031 1cd3208c dbbebbf8",
		"014dd3a0 5e35191c 96947b35 8a362b40", "role: custodian",
		/* events, in words and in the log's */
		"Upload began", "upload.created",
		"Received in full and sealed as evidence", "evidence.sealed",
		"Viewing ended", "Access was refused", "REFUSED",
		("Asked to view the content; reason: role; this entry stands "
		 "for 12 refusals"),
		"2001:db8:1f:22:9abc:def0:1234:5678", "FAILED",
		"The stored content failed its check",
		"An act that this report has no words for",
		"{\"faces\":3,\"plates\":[\"a\",\"b\"]}", "evidence.redacted",
		"from 198.51.100.200 (api)",
		"found when the server started (repair)",
		/* how to check, and what it rests on */
		"sha256sum FILE", "certutil -hashfile FILE SHA256",
		"sallyport verify --key KEY PACKAGE", "verify.html",
		"1,000,000 entries", "4f973621 fe8403b6 facae9ab ab80d863" };

	request_life(&rq, &t, REPORT_LETTER, 30);
	set(&rq, &pdf);
	file_of(&f, "custody", &pdf);
	file_is_valid(&f);
	file_text(&f, &text);
	for (size_t i = 0; i < SP_COUNTOF(facts); i++)
		has(&text, facts[i]);
	pages_are_counted(&f);
	nothing_overflows(&f, REPORT_LETTER);
	CHECK(file_through(&f, "pdfinfo", "", &info));
	has(&info, "Page size:       612 x 792 pts (letter)");
	has(&info, "Tagged:          yes");
	has(&info, "JavaScript:      no");
	has(&info, "Title:           Custody report, evidence " FIXTURE_ID);
	has(&info, "Author:          Harbor Police Department");
	has(&info, "CreationDate:    Sat Nov 21 18:45:44 2026");
	CHECK(memmem(pdf.at, pdf.len, "(D:20261121184544Z)", 19) != NULL);
	CHECK(memmem(pdf.at, pdf.len, "/Lang (en-US)", 13) != NULL);
	CHECK(memmem(pdf.at, pdf.len, "/DisplayDocTitle true", 21) != NULL);
}

/* Who takes the text out, or has it read aloud, gets it in the order in which
 * it is read: each label and then its value, each row cell by cell. */
static void
it_is_read_in_order(void)
{
	static const char *const lines =
	    "File name stop “41”.mp4 Title Traffic stop, Harbor Drive "
	    "Evidence id " FIXTURE_ID "0009 "
	    "Size 84,112,345 bytes (84.1 MB) "
	    "Media type video/mp4 as its sender said "
	    "Category traffic_stop Captured at 2026-11-21T12:31:07-05:00 "
	    "as the device or its user said; the system cannot check it "
	    "Device BWC-0417 as the device";
	static const char *const row =
	    "done 18 2026-11-21 17:42:06.000123 Viewing began "
	    "evidence.opened Access token " FIXTURE_ID "0001 "
	    "from 192.0.2.41 (api) done";
	static const char *const tags[] = {
		"L (block) LI (block) Lbl (block) \"File name\" "
		"LBody (block) P (block) \"stop “41”.mp4\" LI (block)",
		"Table (block) TR TH P (block) \"Entry\" TH",
		"TR TD P (block) \"18\" TD P (block) \"2026-11-21\" "
		"P (block) \"17:42:06.000123\" TD P (block) "
		"\"Viewing began\"",
	};
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF raw = sp_buf_new((size_t)16 << 20);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	SP_AUTO_BUF out = sp_buf_new((size_t)16 << 20);
	SP_AUTO_BUF tree = sp_buf_new((size_t)16 << 20);
	AUTO_FILE f;

	request_life(&rq, &t, REPORT_LETTER, 30);
	set(&rq, &pdf);
	file_of(&f, "order", &pdf);
	CHECK(file_through(&f, "pdftotext -raw", "-", &raw));
	one_space(&raw, &text);
	has(&text, lines);
	has(&text, row);
	CHECK(file_through(&f, "pdfinfo -struct-text", "", &out));
	one_space(&out, &tree);
	for (size_t i = 0; i < SP_COUNTOF(tags); i++)
		has(&tree, tags[i]);
}

/* The signed note stands in it so that it can be typed off. */
static void
the_checkpoint_is_there_word_for_word(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF bare = sp_buf_new((size_t)16 << 20);
	SP_AUTO_BUF note = sp_buf_new(10000);
	AUTO_FILE f;

	request_life(&rq, &t, REPORT_A4, 3);
	set(&rq, &pdf);
	file_of(&f, "checkpoint", &pdf);
	file_bare(&f, &bare);
	for (size_t i = 0; i < rq.note.len; i++)
		if (!isspace(rq.note.at[i]))
			sp_buf_u8(&note, rq.note.at[i]);
	has(&bare, sp_buf_str(&note));
	has(&bare, sp_buf_str(&rq.key));
	nothing_overflows(&f, REPORT_A4);
}

/* Every event once, in order, with its time; the head on each sheet. */
static void
long_lists_go_on(void)
{
	const uint64_t n = 10000;
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF raw = sp_buf_new((size_t)64 << 20);
	AUTO_FILE f;
	const char *at;
	unsigned heads = 0, pages;

	request_life(&rq, &t, REPORT_LETTER, n);
	set(&rq, &pdf);
	CHECK(pdf.len < (size_t)4 << 20);
	file_of(&f, "long", &pdf);
	file_is_valid(&f);
	pages = file_pages(&f);
	CHECK(pages > 400 && pages < 800);
	CHECK(file_through(&f, "pdftotext -layout", "-", &raw));
	at = sp_buf_str(&raw);
	for (uint64_t i = 0; i < n; i++) {
		SP_AUTO_BUF number = sp_buf_new(100);
		char line[100], time[SP_TIME_TEXT];
		sp_time start = 0;

		report_text_number(16 + i, &number);
		(void)snprintf(
		    line, sizeof(line), "\n%s  ", sp_buf_str(&number));
		at = next(&raw, at, line);
		if (at == NULL)
			tap_fail(__FILE__, __LINE__, "no entry ", line);
		CHECK(sp_time_parse("2026-11-21T17:40:00.000123Z", 27, &start));
		sp_time_text(start + (sp_time)(16 + i) * 7 * SP_SECOND, time);
		(void)snprintf(line, sizeof(line), "%.15s", time + 11);
		CHECK(memmem(at, 700, line, 15) != NULL);
		at++;
	}
	for (at = sp_buf_str(&raw);
	     (at = next(&raw, at, "What happened ")) != NULL; at++)
		heads++;
	CHECK(heads >= pages - 3 && heads <= pages);
	pages_are_counted(&f);
	nothing_overflows(&f, REPORT_LETTER);
}

#define X10(s) s s s s s s s s s s
#define X50(s) X10(s) X10(s) X10(s) X10(s) X10(s)

static const char *const hostile[] = {
	"a",
	" ",
	/* NOLINTBEGIN: what misleads is what is tested */
	"annex\xe2\x80\xaegpj.exe",
	"\xe2\x80\xae\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa9",
	/* NOLINTEND */
	"שלום עולם - עדות 7.mp4",
	"مرحبا بالعالم.mp4 (نسخة ٢)",
	(X50("x") X50("x") X50("x") X50("x") X50("x")),
	(X50("W") X50("W") X50("W") X50("W")),
	("Z" X50("\xcc\x81") X50("\xcd\x93")),
	(X50("e\xcc\x81\xcc\xa3\xcd\x9c") "!"),
	(X10("👩‍👩‍👧‍👦🏳️‍🌈")),
	(X10("漢字かな交じり文")),
	(X10("नमस्ते किताब ")),
	(X10("ไม่มีช่องว่างในภาษาไทย")),
	"␀␁␂␃\xc2\x85\xe2\x80\xa8\xe2\x80\xa9",
	"\xf3\xa0\x81\x81\xf3\xa0\x81\xbf\xee\x80\x80",
	"%s%n%p%%/Title (x) Tj ET Q endstream endobj <script>alert(1)</script>",
	"\\(((()\\\\)) <</JavaScript>> <b>&lt;&amp;</b>",
	(X50("\xe2\x80\x8d") "x"),
	(X10("A\xf0\x9d\x95\xb3\xf0\x9d\x9f\x98ﷺ﷽")),
	("\xea\xa7\x85\xf0\x92\x8c\x84\xf0\x92\x90\xab\xe2\xb8\xbb"
	 "\xf0\x92\x88\x99"),
};

static void
hostile_names_do_not_break_it(void)
{
	static const struct report_text_rule plain = { NULL, NULL };
	const struct report_text_rule rule = report_fonts_rule(fonts);

	(void)plain;
	for (size_t i = 0; i < SP_COUNTOF(hostile); i++) {
		struct report_told t = told_plainly();
		AUTO_REQUEST rq = { .size = 0 };
		SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
		SP_AUTO_BUF shown = sp_buf_new(100000);
		char name[40];
		AUTO_FILE f;

		t.filename = t.title = t.device = hostile[i];
		t.agency = hostile[(i + 3) % SP_COUNTOF(hostile)];
		request_life(&rq, &t, REPORT_LETTER, 12);
		set(&rq, &pdf);
		(void)snprintf(name, sizeof(name), "hostile-%zu", i);
		file_of(&f, name, &pdf);
		file_is_valid(&f);
		pages_are_counted(&f);
		nothing_overflows(&f, REPORT_LETTER);
		CHECK(file_pages(&f) <= 5);
		report_text_show(&rule, hostile[i], strlen(hostile[i]), &shown);
		CHECK(sp_utf8_ok(shown.at, shown.len));
	}
}

static void
what_a_name_hides_is_told(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	AUTO_FILE f;

	/* NOLINTNEXTLINE: what misleads is what is tested */
	t.filename = "annex\xe2\x80\xaegpj.exe";
	t.title = "two  spaces";
	request_life(&rq, &t, REPORT_LETTER, 3);
	set(&rq, &pdf);
	file_of(&f, "hides", &pdf);
	file_text(&f, &text);
	has(&text, "annex‹U+202E›gpj.exe");
	has(&text, "two‹U+0020› spaces");
	/* NOLINTNEXTLINE: what misleads is what is tested */
	has_not(&text, "\xe2\x80\xae");
}

/* As much as an upload may bring along. */
static void
all_that_was_sent_along_is_there(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF extra = sp_buf_new(100000);
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	AUTO_FILE f;

	for (unsigned i = 0; i < 20; i++) {
		sp_buf_fmt(&extra, "%s\"name_%02u_%s\":\"begin%02u",
		    i == 0 ? "{" : ",", i, "abcdefghijklmnopqrstuvwxyzabcd", i);
		for (unsigned k = 0; k < 490; k++)
			sp_buf_text(&extra, i % 2 == 0 ? "\xc2\xa0" : "é");
		sp_buf_fmt(&extra, "end%02u\"", i);
	}
	sp_buf_text(&extra, "}");
	t.extra = sp_buf_str(&extra);
	t.same = "[\"0193a1b2-c3d4-7e5f-8a6b-00000000aaaa\","
		 "\"0193a1b2-c3d4-7e5f-8a6b-00000000bbbb\"]";
	t.state = "corrupt";
	request_life(&rq, &t, REPORT_LETTER, 3);
	set(&rq, &pdf);
	file_of(&f, "extra", &pdf);
	file_is_valid(&f);
	file_bare(&f, &text);
	for (unsigned i = 0; i < 20; i++) {
		char want[20];

		(void)snprintf(want, sizeof(want), "begin%02u", i);
		has(&text, want);
		(void)snprintf(want, sizeof(want), "end%02u", i);
		has(&text, want);
	}
	has(&text, "00000000aaaa");
	has(&text, "00000000bbbb");
	has(&text, "CORRUPT:acheckofthestoredcontenthasfailed");
	nothing_overflows(&f, REPORT_LETTER);
	pages_are_counted(&f);
}

/* A note with many witnesses' lines, and one of any length. */
static void
long_notes_go_on(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	AUTO_REQUEST plain = { .size = 0 };
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	struct report_head h = { .document = REPORT_CUSTODY,
		.paper = REPORT_LETTER,
		.agency = t.agency,
		.ori = "FL0130000",
		.state = "FL",
		.role = "auditor" };
	AUTO_FILE f;

	request_begin(&plain, REPORT_CUSTODY, REPORT_LETTER, t.agency);
	sp_buf_add(&note, plain.note.at, plain.note.len);
	for (unsigned i = 0; i < 30; i++)
		sp_buf_fmt(
		    &note, "— witness%u.example/w %s\n", i, X50("abcd") "==");
	sp_buf_text(&note, "— long.example/w ");
	while (note.len < 30000)
		sp_buf_text(&note, "WWWWWWWWWW");
	sp_buf_text(&note, "\n");
	rq = (struct report_request){ .bytes = sp_buf_new(REPORT_REQUEST_MAX),
		.by = fixture_id(1) };
	CHECK(sp_time_parse("2026-11-21T18:45:44.123456Z", 27, &h.made));
	h.by = &rq.by;
	h.log_key = sp_buf_str(&plain.key);
	h.note = sp_buf_str(&note);
	report_wire_head(&rq.bytes, &h);
	request_item(&rq, &t, 9, 1, 17);
	request_sealing(&rq, &t, 9, 17);
	report_wire_end(&rq.bytes);
	set(&rq, &pdf);
	file_of(&f, "note", &pdf);
	file_is_valid(&f);
	CHECK(file_pages(&f) > 6);
	nothing_overflows(&f, REPORT_LETTER);
	pages_are_counted(&f);
}

static void
certification(unsigned items, struct sp_buf *pdf)
{
	static const struct report_said created = { "upload.created", "done",
		"192.0.2.17", "api", "token", NULL };
	const struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };

	request_begin(&rq, REPORT_CERTIFICATION, REPORT_LETTER, t.agency);
	for (unsigned i = 0; i < items; i++) {
		struct report_told told = t;

		told.filename = hostile[i % SP_COUNTOF(hostile)];
		request_item(
		    &rq, i == 0 ? &t : &told, 0x20 + i, 40, 17 + i * 40);
		request_entry(&rq, 0x20 + i, 16 + i * 40, &created);
		request_sealing(&rq, &t, 0x20 + i, 17 + i * 40);
		request_entry(&rq, 0x20 + i, 50 + i * 40, &fixture_life[3]);
	}
	report_wire_end(&rq.bytes);
	set(&rq, pdf);
}

static void
a_certification_says_who_says_what(void)
{
	static const char *const parts[] = {
		"Certification of digital evidence",
		"Federal Rules of Evidence 902(13) and 902(14)",
		"28 U.S.C. § 1746",
		"not legal advice",
		"Part A. By the system",
		("Sallyport " SP_VERSION),
		(FIXTURE_ID "0002"), /* the package */
		"2026-11-21 18:45:44.123456 UTC",
		("2026-11-21 17:41:52.000123 UTC to "
		 "2026-11-21 17:50:30.000123 UTC"),
		"SHA-256",
		"FIPS 180-4",
		"stop “41”.mp4",
		"entry 17 of the log",
		"entry 57 of the log",
		"Part B. By the person who certifies",
		"Name",
		"Title or rank",
		"Agency or employer",
		"Rule 902(13), records.",
		"Rule 902(14), copies.",
		"Date of the check",
		("I declare under penalty of perjury under the laws of the "
		 "United States of America that the foregoing is true and "
		 "correct."),
		"Executed on (date)",
		"Signature",
	};
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)16 << 20);
	AUTO_FILE f;

	certification(2, &pdf);
	file_of(&f, "certification", &pdf);
	file_is_valid(&f);
	file_text(&f, &text);
	for (size_t i = 0; i < SP_COUNTOF(parts); i++)
		has(&text, parts[i]);
	nothing_overflows(&f, REPORT_LETTER);
	pages_are_counted(&f);
}

static void
a_certification_takes_a_thousand_files(void)
{
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF text = sp_buf_new((size_t)64 << 20);
	AUTO_FILE f;

	certification(REPORT_ITEMS_MAX, &pdf);
	file_of(&f, "thousand", &pdf);
	file_is_valid(&f);
	file_text(&f, &text);
	for (unsigned i = 0; i < REPORT_ITEMS_MAX; i++) {
		char want[64];

		(void)snprintf(want, sizeof(want), FIXTURE_ID "%04x", 0x20 + i);
		has(&text, want);
	}
	nothing_overflows(&f, REPORT_LETTER);
	pages_are_counted(&f);
}

static void
fonts_are_in_the_file(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF pdf = sp_buf_new(REPORT_PDF_MAX);
	SP_AUTO_BUF out = sp_buf_new(1 << 20);
	AUTO_FILE f;
	const char *line;
	unsigned n = 0;

	t.filename = "שלום नमस्ते 漢字 ᚠᚢᚦ 🀀.mp4";
	request_life(&rq, &t, REPORT_LETTER, 12);
	set(&rq, &pdf);
	file_of(&f, "fonts", &pdf);
	CHECK(file_through(&f, "pdffonts", "", &out));
	/* name, type, encoding; then "yes yes yes": embedded, subset, with
	 * a map to Unicode */
	line = strstr(sp_buf_str(&out), "---\n");
	CHECK(line != NULL);
	for (line += 4; *line != '\0'; n++) {
		size_t len = strcspn(line, "\n");

		CHECK(memmem(line, len, " yes yes yes ", 13) != NULL);
		line += len + (line[len] == '\n' ? 1 : 0);
	}
	CHECK(n >= 8);
}

static void
the_same_gives_the_same_bytes(void)
{
	struct report_told t = told_plainly();
	AUTO_REQUEST rq = { .size = 0 };
	SP_AUTO_BUF once = sp_buf_new(REPORT_PDF_MAX);
	uint8_t sum[32], other[32];
	int end[2], status = 0;
	pid_t pid;

	t.filename = "שלום नमस्ते 漢字 😀.mp4";
	request_life(&rq, &t, REPORT_LETTER, 40);
	set(&rq, &once);
	crypto_sha256(once.at, once.len, sum);
	for (unsigned i = 0; i < 2; i++) {
		SP_AUTO_BUF again = sp_buf_new(REPORT_PDF_MAX);

		set(&rq, &again);
		crypto_sha256(again.at, again.len, other);
		CHECK(memcmp(sum, other, 32) == 0);
	}
	/* And in a process with fonts, memory and a past of its own. */
	CHECK(pipe(end) == 0);
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		SP_AUTO_BUF there = sp_buf_new(REPORT_PDF_MAX);
		struct sp_err err;
		void *shift = malloc(12345);

		(void)setenv("LANG", "tr_TR.UTF-8", 1); // NOLINT
		report_fonts_free(fonts);
		CHECK_OK(report_fonts_open(&fonts, &err), &err);
		set(&rq, &there);
		crypto_sha256(there.at, there.len, other);
		_exit(write(end[1], other, 32) == 32 && shift != NULL ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(read(end[0], other, 32) == 32);
	CHECK(memcmp(sum, other, 32) == 0);
	(void)close(end[0]);
	(void)close(end[1]);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a custody report tells all", a_custody_report_tells_all },
		{ "it is read in order", it_is_read_in_order },
		{ "the checkpoint is there word for word",
		    the_checkpoint_is_there_word_for_word },
		{ "long lists go on", long_lists_go_on },
		{ "hostile names do not break it",
		    hostile_names_do_not_break_it },
		{ "what a name hides is told", what_a_name_hides_is_told },
		{ "all that was sent along is there",
		    all_that_was_sent_along_is_there },
		{ "long notes go on", long_notes_go_on },
		{ "a certification says who says what",
		    a_certification_says_who_says_what },
		{ "a certification takes a thousand files",
		    a_certification_takes_a_thousand_files },
		{ "fonts are in the file", fonts_are_in_the_file },
		{ "the same gives the same bytes",
		    the_same_gives_the_same_bytes },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK_OK(report_fonts_open(&fonts, &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
