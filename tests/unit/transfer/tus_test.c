#include "transfer/tus.h"

#include "base/encode.h"
#include "tap.h"

#include <string.h>

#define ID1 "01890a5d-ac96-774b-bcce-b302099a8057"
#define ID2 "01890a5d-ac96-774b-bcce-b302099a8058"

/* Writes what it is told as "name=value;". */
static enum sp_code
note(void *arg, const char *name, const void *value, size_t len,
    struct sp_err *err)
{
	(void)err;
	sp_buf_fmt(arg, "%s=%.*s;", name, (int)len, (const char *)value);
	return SP_OK;
}

static enum sp_code
stop(void *arg, const char *name, const void *value, size_t len,
    struct sp_err *err)
{
	(void)arg;
	(void)value;
	(void)len;
	return sp_fail(err, SP_E_CONFLICT, "%s", name);
}

static void
metadata_is_taken_strictly(void)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: refused */
	} rows[] = {
		{ "", "" },
		{ "filename YQ==", "filename=a;" },
		{ "filename YQ==,title YWI=", "filename=a;title=ab;" },
		{ "flag", "flag=;" },
		{ "flag ", "flag=;" },
		{ "a YQ==,b,c YQ==", "a=a;b=;c=a;" },
		{ "a.b-C_9!~ YQ==", "a.b-C_9!~=a;" },
		{ ",", NULL },
		{ "a YQ==,", NULL },
		{ ",a YQ==", NULL },
		{ "a YQ==,,b YQ==", NULL },
		{ " a YQ==", NULL },
		{ "a YQ==, b YQ==", NULL },
		{ "a  YQ==", NULL },
		{ "a YQ== ", NULL },
		{ "a YQ", NULL },
		{ "a YQ=", NULL },
		{ "a YR==", NULL }, /* unused bits */
		{ "a YQ==YQ==", NULL },
		{ "a Y-_=", NULL },
		{ "a YQ==,a Yg==", NULL },
		{ "\xc3\xa9 YQ==", NULL },
		{ "a\tb YQ==", NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		SP_AUTO_BUF out = sp_buf_new(1000);
		struct sp_err err;
		enum sp_code code =
		    transfer_tus_metadata(rows[i].in, note, &out, &err);

		if (rows[i].out == NULL) {
			CHECK_CODE(code, SP_E_INVALID, &err);
			continue;
		}
		CHECK_CODE(code, SP_OK, &err);
		CHECK(strcmp(sp_buf_str(&out), rows[i].out) == 0);
	}
}

static void
metadata_has_limits(void)
{
	SP_AUTO_BUF in = sp_buf_new(100000), out = sp_buf_new(100000);
	uint8_t big[TRANSFER_TUS_VALUE_MAX + 1] = { 0 };
	struct sp_err err;

	for (unsigned i = 0; i < TRANSFER_TUS_KEYS_MAX; i++)
		sp_buf_fmt(&in, "%sk%u YQ==", i == 0 ? "" : ",", i);
	CHECK_OK(
	    transfer_tus_metadata(sp_buf_str(&in), note, &out, &err), &err);
	sp_buf_text(&in, ",more YQ==");
	CHECK_CODE(transfer_tus_metadata(sp_buf_str(&in), note, &out, &err),
	    SP_E_LIMIT, &err);
	for (size_t over = 0; over < 2; over++) {
		sp_buf_clear(&in);
		sp_buf_text(&in, "big ");
		sp_buf_base64(&in, big, sizeof(big) - 1 + over);
		CHECK((transfer_tus_metadata(sp_buf_str(&in), note, &out,
			   &err) == SP_OK) == (over == 0));
	}
	sp_buf_clear(&in);
	for (size_t i = 0; i < 64; i++)
		sp_buf_text(&in, "k");
	CHECK_CODE(transfer_tus_metadata(sp_buf_str(&in), note, &out, &err),
	    SP_E_LIMIT, &err);
}

static void
the_visitor_may_refuse(void)
{
	struct sp_err err;

	CHECK_CODE(transfer_tus_metadata("a YQ==,b YQ==", stop, NULL, &err),
	    SP_E_CONFLICT, &err);
	CHECK(strcmp(err.text, "a") == 0);
}

static void
checksums_are_taken_strictly(void)
{
	static const struct {
		const char *in;
		bool ok;
		enum crypto_digest_kind kind;
	} rows[] = {
		{ "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", true, CRYPTO_SHA1 },
		{ "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", true,
		    CRYPTO_SHA256 },
		{ "", false, 0 },
		{ "sha1", false, 0 },
		{ "sha1 ", false, 0 },
		{ "sha1  qvTGHdzF6KLavt4PO0gs2a6pQ00=", false, 0 },
		{ " sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", false, 0 },
		{ "SHA1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", false, 0 },
		{ "md5 qvTGHdzF6KLavt4PO0gs2a6pQ00=", false, 0 },
		{ "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00", false, 0 },
		{ "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00= ", false, 0 },
		{ "sha256 qvTGHdzF6KLavt4PO0gs2a6pQ00=", false, 0 },
		{ "sha512 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", false,
		    0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		enum crypto_digest_kind kind = CRYPTO_SHA512;
		uint8_t sum[CRYPTO_DIGEST_MAX] = { 0xee };
		struct sp_err err;
		bool ok = transfer_tus_checksum(rows[i].in, &kind, sum, &err) ==
		    SP_OK;

		CHECK(ok == rows[i].ok);
		CHECK(kind == (ok ? rows[i].kind : CRYPTO_SHA512));
		CHECK((sum[0] == 0xee) == !ok);
	}
}

static void
parts_are_uploads_of_this_agency(void)
{
	static const struct {
		const char *in;
		size_t n; /* 0: refused */
	} rows[] = {
		{ "final;/v1/agencies/a-pd/uploads/" ID1, 1 },
		{ "final;/v1/agencies/a-pd/uploads/" ID1
		  " /v1/agencies/a-pd/uploads/" ID2,
		    2 },
		{ "final;https://h:1/v1/agencies/a-pd/uploads/" ID1
		  " /v1/agencies/a-pd/uploads/" ID2,
		    2 },
		{ "final;", 0 },
		{ "final", 0 },
		{ "partial", 0 },
		{ "final; /v1/agencies/a-pd/uploads/" ID1, 0 },
		{ "final;/v1/agencies/a-pd/uploads/" ID1 " ", 0 },
		{ "final;/v1/agencies/b-pd/uploads/" ID1, 0 },
		{ "final;/v1/agencies/a-pd/evidence/" ID1, 0 },
		{ "final;/v1/agencies/a-pd/uploads", 0 },
		{ "final;/v1/agencies/a-pd/uploads/x", 0 },
		{ "final;" ID1, 0 },
		{ "final;https://h\t/v1/agencies/a-pd/uploads/" ID1, 0 },
		{ "final;/v1/agencies/a-pd/uploads/../uploads/" ID1, 0 },
		{ "Final;/v1/agencies/a-pd/uploads/" ID1, 0 },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct sp_id part[2];
		struct sp_err err;
		char text[SP_ID_TEXT];
		size_t n = 0;
		enum sp_code code =
		    transfer_tus_parts(rows[i].in, "a-pd", part, 2, &n, &err);

		CHECK((code == SP_OK) == (rows[i].n > 0));
		CHECK(n == rows[i].n);
		if (n == 0)
			continue;
		sp_id_text(&part[0], text);
		CHECK(strcmp(text, ID1) == 0);
		sp_id_text(&part[n - 1], text);
		CHECK(strcmp(text, n == 1 ? ID1 : ID2) == 0);
	}
}

static void
parts_have_a_limit(void)
{
	struct sp_id part[1];
	struct sp_err err;
	size_t n = 7;

	CHECK_CODE(transfer_tus_parts("final;/v1/agencies/a-pd/uploads/" ID1
				      " /v1/agencies/a-pd/uploads/" ID2,
		       "a-pd", part, 1, &n, &err),
	    SP_E_LIMIT, &err);
	CHECK(n == 7);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "metadata is taken strictly", metadata_is_taken_strictly },
		{ "metadata has limits", metadata_has_limits },
		{ "the visitor may refuse", the_visitor_may_refuse },
		{ "checksums are taken strictly",
		    checksums_are_taken_strictly },
		{ "parts are uploads of this agency",
		    parts_are_uploads_of_this_agency },
		{ "parts have a limit", parts_have_a_limit },
	};
	return tap_run(cases, SP_COUNTOF(cases));
}
