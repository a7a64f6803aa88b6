#include "cmd/doctor_agency.h"
#include "cmd/doctor_site.h"
#include "cmd/doctor_vouch.h"

#include "base/clock.h"
#include "client/scratch.h"
#include "crypto/cert.h"
#include "crypto/provider.h"

#include <errno.h>

#define DAY (86400 * SP_SECOND)

/* The last finding's member. */
static const char *
last(const struct doctor_report *r, const char *member)
{
	size_t n = json_array_size(r->findings);
	const char *s = json_string_value(
	    json_object_get(json_array_get(r->findings, n - 1), member));

	return s == NULL ? "" : s;
}

static void
programs_that_are_missing_are_told(void)
{
	struct doctor_report r = cmd_doctor_report_new();

	cmd_doctor_site_helper(&r, "sallyport-none", "nothing is done");
	CHECK(r.count[DOCTOR_WRONG] == 1);
	CHECK(strstr(last(&r, "text"), "sallyport-none") != NULL);
	CHECK(strstr(last(&r, "text"), "nothing is done") != NULL);
	CHECK(strcmp(last(&r, "area"), "programs") == 0);
	/* This very program is beside this program. */
	cmd_doctor_site_helper(&r, program_invocation_short_name, "");
	CHECK(r.count[DOCTOR_WRONG] == 1);
	cmd_doctor_report_free(&r);
}

static void
keys_are_their_owners_alone(void)
{
	static const struct {
		mode_t mode;
		bool good;
	} rows[] = {
		{ 0600, true },
		{ 0400, true },
		{ 0000, true },
		{ 0700, true },
		{ 0640, false },
		{ 0604, false },
		{ 0610, false },
		{ 0602, false },
		{ 0666, false },
	};

	scratch_write("key", "k", 0600);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct doctor_report r = cmd_doctor_report_new();

		CHECK(chmod(scratch("key"), rows[i].mode) == 0);
		cmd_doctor_site_private(&r, scratch_dir, "key");
		CHECK(r.count[DOCTOR_WRONG] == !rows[i].good);
		cmd_doctor_report_free(&r);
	}
	struct doctor_report r = cmd_doctor_report_new();

	CHECK(chmod(scratch("key"), 0600) == 0);
	cmd_doctor_site_private(&r, scratch_dir, "none");
	CHECK(r.count[DOCTOR_WRONG] == 1);
	cmd_doctor_site_private(&r, "/nonexistent", scratch("key"));
	CHECK(r.count[DOCTOR_WRONG] == 1); /* an absolute path is itself */
	cmd_doctor_report_free(&r);
}

static void
certificates_are_told_before_they_expire(void)
{
	SP_AUTO_BUF pem = sp_buf_new(65536);
	SP_AUTO_BUF key = sp_buf_new(65536);
	struct sp_err err;
	int64_t expiry;

	CHECK_OK(crypto_cert_make_ca("test", &pem, &key, &err), &err);
	CHECK_OK(crypto_cert_expiry(sp_buf_str(&pem), &expiry, &err), &err);
	const struct {
		int64_t now;
		enum doctor_level level;
	} rows[] = {
		{ expiry - 31 * DAY, DOCTOR_GOOD },
		{ expiry - 29 * DAY, DOCTOR_NOTE },
		{ expiry - 1, DOCTOR_NOTE },
		{ expiry, DOCTOR_WRONG },
		{ expiry + 1, DOCTOR_WRONG },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct doctor_report r = cmd_doctor_report_new();

		cmd_doctor_site_cert(
		    &r, "ca.pem", sp_buf_str(&pem), rows[i].now);
		CHECK(r.count[rows[i].level] == 1);
		CHECK((*last(&r, "advice") == '\0') ==
		    (rows[i].level == DOCTOR_GOOD));
		cmd_doctor_report_free(&r);
	}
	struct doctor_report r = cmd_doctor_report_new();

	cmd_doctor_site_cert(&r, "ca.pem", "no certificate", 0);
	CHECK(r.count[DOCTOR_WRONG] == 1);
	cmd_doctor_report_free(&r);
}

/* A thousand lost objects are counted, not listed. */
static void
many_of_a_kind_are_counted(void)
{
	static const char advice[] = "do this";
	struct doctor_report r = cmd_doctor_report_new();

	for (unsigned i = 0; i < 1000; i++)
		cmd_doctor_report_add(
		    &r, DOCTOR_WRONG, "objects", advice, "object %u", i);
	CHECK(r.count[DOCTOR_WRONG] == 1000);
	CHECK(json_array_size(r.findings) == DOCTOR_SAME_MAX);
	cmd_doctor_report_add(&r, DOCTOR_WRONG, "log", "do that", "other");
	CHECK(json_array_size(r.findings) == DOCTOR_SAME_MAX + 1);
	for (unsigned i = 0; i < 100; i++)
		cmd_doctor_report_add(&r, DOCTOR_GOOD, "tls", NULL, "fine");
	CHECK(json_array_size(r.findings) == DOCTOR_SAME_MAX + 101);
	cmd_doctor_report_free(&r);
}

/* What is not shut off is never passed over in silence. */
static void
a_kernel_without_landlock_is_told(void)
{
	static const struct vouch_roster none;
	struct vouch_roster *one = calloc(1, sizeof(*one));

	one->n = 1;
	for (int landlock = 0; landlock < 2; landlock++) {
		struct doctor_report r = cmd_doctor_report_new();

		cmd_doctor_vouch_messenger(&r, &none, landlock == 1);
		CHECK(json_array_size(r.findings) == 0);
		cmd_doctor_vouch_messenger(&r, one, landlock == 1);
		CHECK(json_array_size(r.findings) == 1);
		CHECK(r.count[DOCTOR_NOTE] == !landlock);
		CHECK((strstr(last(&r, "text"), "no Landlock") != NULL) ==
		    !landlock);
		cmd_doctor_report_free(&r);
	}
	free(one);
}

static void
names_on_disk_drive_no_terminal(void)
{
	struct doctor_report r = cmd_doctor_report_new();

	cmd_doctor_report_add(
	    &r, DOCTOR_NOTE, "objects", "x", "stray %s", "a\033[2J\xff.mp4");
	CHECK(strcmp(last(&r, "text"), "stray a?[2J?.mp4") == 0);
	cmd_doctor_report_free(&r);
}

static void
what_is_no_site_is_wrong_and_no_crash(void)
{
	struct doctor_report r = cmd_doctor_report_new();
	struct people_agency a = { .slug = "harbor-pd" };

	cmd_doctor_site_look(&r, scratch("nowhere"));
	CHECK(r.count[DOCTOR_WRONG] >= 3);
	cmd_doctor_agency_look(&r, scratch("nowhere"), &a);
	CHECK(strcmp(last(&r, "level"), "wrong") == 0);
	CHECK(strcmp(last(&r, "area"), "database") == 0);
	cmd_doctor_report_free(&r);
}

/* Each thing that is short is told by itself, with what to do. */
static void
what_the_machine_gives(void)
{
	static const struct {
		struct doctor_machine m;
		const char *level, *advice;
	} rows[] = {
		{ { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }, "good",
		    NULL },
		{ { 16512, 1 << 20, 14500, 45000 }, "good", NULL },
		{ { 16511, 1 << 20, 14500, 45000 }, "note", "LimitNOFILE" },
		{ { 16512, (1 << 20) - 1, 14500, 45000 }, "note",
		    "LimitMEMLOCK" },
		{ { 16512, 1 << 20, 14499, 45000 }, "note", "TasksMax" },
		{ { 16512, 1 << 20, 14500, 44999 }, "note", "max_map_count" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct doctor_report r = cmd_doctor_report_new();

		cmd_doctor_site_limits(&r, &rows[i].m);
		CHECK(json_array_size(r.findings) == 1);
		CHECK(strcmp(last(&r, "level"), rows[i].level) == 0);
		if (rows[i].advice != NULL)
			CHECK(
			    strstr(last(&r, "advice"), rows[i].advice) != NULL);
		cmd_doctor_report_free(&r);
	}
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "programs that are missing are told",
		    programs_that_are_missing_are_told },
		{ "keys are their owner's alone", keys_are_their_owners_alone },
		{ "certificates are told before they expire",
		    certificates_are_told_before_they_expire },
		{ "a kernel without Landlock is told",
		    a_kernel_without_landlock_is_told },
		{ "many of a kind are counted", many_of_a_kind_are_counted },
		{ "names on disk drive no terminal",
		    names_on_disk_drive_no_terminal },
		{ "what the machine gives", what_the_machine_gives },
		{ "what is no site is wrong and no crash",
		    what_is_no_site_is_wrong_and_no_crash },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
