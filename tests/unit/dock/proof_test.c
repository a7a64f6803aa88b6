#include "dock/proof.h"

#include "client/scratch.h"
#include "dock/send.h"
#include "fake_site.h"

#define SUM_ABC                                                                \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct fake_site site;
static struct settings settings;

static void
begin(void)
{
	site_init(&site);
	settings = (struct settings){ .site = sp_buf_new(300) };
	sp_buf_text(&settings.site, "https://site.example");
	CHECK(access(scratch("state"), F_OK) != 0 ||
	    nftw(scratch("state"), scratch_remove, 16, FTW_DEPTH | FTW_PHYS) ==
		0);
	CHECK(mkdir(scratch("state"), 0700) == 0);
	CHECK(setenv("XDG_STATE_HOME", scratch("state"), 1) == 0);
	/* Two items, "abc" among them. */
	for (size_t i = 0; i < 2; i++) {
		struct site_item *it = &site.item[site.items++];
		struct sp_id id = sp_id_new();

		sp_id_text(&id, it->id);
		it->length = 3;
		it->bytes = calloc(1, 4);
		(void)snprintf(it->sha256, sizeof(it->sha256), "%s", SUM_ABC);
		if (i == 0)
			it->sha256[0] = '0';
		site_seal(&site, it);
	}
}

static void
end(void)
{
	sp_buf_free(&settings.site);
	site_done(&site);
}

static enum sp_code
take_with(const struct ledger_vkey *key, const char *agency,
    struct dock_proof *out, struct sp_err *err)
{
	struct dock_proofs p;
	struct site_wire w;
	struct site_client c;

	CHECK_OK(dock_proofs_open(
		     &p, &settings, agency, key, scratch("receipts"), err),
	    err);
	site_wire(&site, &w);
	CHECK_OK(client_site_init(&c, &w.fake.base, "harbor-pd", err), err);
	enum sp_code code =
	    dock_proofs_take(&p, &c, site.item[1].id, SUM_ABC, 3, out, err);

	client_site_done(&c);
	dock_proofs_close(&p);
	return code;
}

static enum sp_code
take(struct sp_err *err)
{
	struct dock_proof proof = { .entry = 99 };
	enum sp_code code = take_with(NULL, "harbor-pd", &proof, err);

	CHECK(code == SP_OK ? proof.entry == site.item[1].index
			    : proof.entry == 99);
	return code;
}

static bool
kept(void)
{
	char name[100];

	(void)snprintf(name, sizeof(name), "receipts/%s.json", site.item[1].id);
	return access(scratch(name), F_OK) == 0;
}

static void
a_good_receipt_is_kept(void)
{
	struct sp_err err;
	char name[100];

	begin();
	CHECK_OK(take(&err), &err);
	CHECK(kept());
	/* What is kept is checked by the public rules alone. */
	SP_AUTO_BUF proof = sp_buf_new(LEDGER_NOTE_MAX);
	int fd;
	char bytes[4096];

	(void)snprintf(
	    name, sizeof(name), "receipts/%s.tlog-proof", site.item[1].id);
	fd = open(scratch(name), O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	sp_buf_add(&proof, bytes, (size_t)read(fd, bytes, sizeof(bytes)));
	CHECK(close(fd) == 0);
	CHECK_OK(ledger_proof_check(&site.log.key, sp_buf_str(&proof),
		     proof.len, site.item[1].entry, strlen(site.item[1].entry),
		     NULL, NULL, &err),
	    &err);
	/* And again, and as the log grows. */
	CHECK_OK(take(&err), &err);
	site_grow(&site.log, "more", 4);
	CHECK_OK(take(&err), &err);
	end();
}

/* A site that lies in any way proves nothing, whatever was seen before. */
static void
a_lie_is_no_proof(void)
{
	for (int seen = 0; seen < 2; seen++)
		for (int lie = LIE_NONE + 1; lie < LIE_COUNT; lie++) {
			struct sp_err err;

			/* What went back must have been seen ahead. */
			if (!seen &&
			    (lie == LIE_REWOUND || lie == LIE_REWRITTEN ||
				lie == LIE_OTHER_AGENCY))
				continue;
			begin();
			site_grow(&site.log, "tail", 4);
			if (seen) {
				CHECK_OK(take(&err), &err);
				CHECK(nftw(scratch("receipts"), scratch_remove,
					  16, FTW_DEPTH | FTW_PHYS) == 0);
			}
			site.lie = (enum site_lie)lie;
			CHECK(take(&err) != SP_OK);
			if (err.reason != dock_proof_refused)
				printf("# lie %d: %s\n", lie, err.text);
			CHECK(err.reason == dock_proof_refused);
			CHECK(!kept());
			/* And it is proven when the lying stops. */
			site.lie = LIE_NONE;
			CHECK_OK(take(&err), &err);
			end();
			CHECK(nftw(scratch("receipts"), scratch_remove, 16,
				  FTW_DEPTH | FTW_PHYS) == 0);
		}
}

static void
the_first_key_must_be_of_the_agency(void)
{
	static const char *const names[] = { "site.example",
		"site.example/v1/agencies/mesa-so/log",
		"site.example/v1/agencies/xharbor-pd/log",
		"site.example/v1/agencies/harbor-pd/log/2", "log" };
	struct dock_proof proof;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(names); i++) {
		begin();
		site_name(&site.log, names[i]);
		CHECK_CODE(take(&err), SP_E_CORRUPT, &err);
		CHECK(err.reason == dock_proof_refused && !kept());
		end();
	}
	/* A key that was given must be the one that is shown. */
	begin();
	CHECK_CODE(take_with(&site.other.key, "harbor-pd", &proof, &err),
	    SP_E_CORRUPT, &err);
	CHECK(err.reason == dock_proof_refused && !kept());
	CHECK_OK(take_with(&site.log.key, "harbor-pd", &proof, &err), &err);
	end();
}

static void
what_cannot_be_asked_is_not_proven(void)
{
	struct sp_err err;

	begin();
	site.cut_all = true;
	CHECK_CODE(take(&err), SP_E_UNAVAIL, &err);
	CHECK(err.reason == client_site_unreachable);
	site.cut_all = false;
	site.item[1].removed = true;
	CHECK_CODE(take(&err), SP_E_NOTFOUND, &err);
	CHECK(err.reason == client_site_refused);
	site.item[1].removed = false;
	CHECK_OK(take(&err), &err);
	end();
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a good receipt is kept", a_good_receipt_is_kept },
		{ "a lie is no proof", a_lie_is_no_proof },
		{ "the first key must be of the agency",
		    the_first_key_must_be_of_the_agency },
		{ "what cannot be asked is not proven",
		    what_cannot_be_asked_is_not_proven },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
