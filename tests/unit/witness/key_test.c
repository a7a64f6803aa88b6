#include "witness/key.h"

#include "log_fixture.h"

#define NAME "witness.example.org/courts"

/* Seed of 32 bytes of 0x22: the vectors of tests/unit/ledger/cosign_test.c. */
#define VKEY  NAME "+f8b06eaf+BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw"
#define SEED  "BCIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIi"
#define FILE_ "PRIVATE+KEY+" NAME "+f8b06eaf+" SEED "\n"
#define TEXT                                                                   \
	"evidence.example.gov/springfield\n5\n"                                \
	"Tjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0=\n"

static void
made_and_opened(void)
{
	struct scratch s = scratch_new();
	WITNESS_AUTO_KEY first = NULL;
	WITNESS_AUTO_KEY again = NULL;
	struct ledger_cosignature c, got;
	SP_AUTO_BUF line = sp_buf_new(1000);
	struct stat st;
	struct sp_err err;

	CHECK_CODE(witness_key_open(&first, s.fd, &err), SP_E_NOTFOUND, &err);
	CHECK_OK(witness_key_make(s.fd, NAME, &err), &err);
	CHECK(fstatat(s.fd, "key", &st, 0) == 0);
	CHECK((st.st_mode & 07777) == 0600);
	CHECK_CODE(witness_key_make(s.fd, NAME, &err), SP_E_CONFLICT, &err);
	CHECK_OK(witness_key_open(&first, s.fd, &err), &err);
	CHECK_OK(witness_key_open(&again, s.fd, &err), &err);
	CHECK(strcmp(witness_key_public(first)->name, NAME) == 0);
	CHECK(memcmp(witness_key_public(first), witness_key_public(again),
		  sizeof(struct ledger_cosigner)) == 0);
	/* What it signs is its cosignature. */
	CHECK_OK(
	    witness_key_sign(first, 1234, TEXT, strlen(TEXT), &c, &err), &err);
	ledger_cosign_line(witness_key_public(again), &c, &line);
	CHECK_OK(ledger_cosign_check(witness_key_public(again), TEXT,
		     strlen(TEXT), sp_buf_str(&line), line.len, &got, &err),
	    &err);
	CHECK(got.time == 1234);
	scratch_done(&s);
}

static void
two_keys_differ(void)
{
	struct scratch a = scratch_new(), b = scratch_new();
	WITNESS_AUTO_KEY one = NULL;
	WITNESS_AUTO_KEY two = NULL;
	struct sp_err err;

	CHECK_OK(witness_key_make(a.fd, NAME, &err), &err);
	CHECK_OK(witness_key_make(b.fd, NAME, &err), &err);
	CHECK_OK(witness_key_open(&one, a.fd, &err), &err);
	CHECK_OK(witness_key_open(&two, b.fd, &err), &err);
	CHECK(memcmp(witness_key_public(one)->pub, witness_key_public(two)->pub,
		  CRYPTO_SIGN_PUBLIC) != 0);
	scratch_done(&a);
	scratch_done(&b);
}

/* A file made elsewhere: the format is what the header says. */
static void
the_format(void)
{
	struct scratch s = scratch_new();
	WITNESS_AUTO_KEY k = NULL;
	SP_AUTO_BUF text = sp_buf_new(1000);
	struct sp_err err;

	scratch_write(&s, "key", FILE_);
	CHECK_OK(witness_key_open(&k, s.fd, &err), &err);
	ledger_cosigner_text(witness_key_public(k), &text);
	CHECK(strcmp(sp_buf_str(&text), VKEY) == 0);
	scratch_done(&s);
}

static void
damage_is_seen(void)
{
	static const char *const bad[] = { "", "\n", "PRIVATE+KEY+",
		"PRIVATE+KEY+" NAME "+f8b06eaf+" SEED, /* no LF */
		FILE_ "\n", " " FILE_,
		"PUBLIC++KEY+" NAME "+f8b06eaf+" SEED "\n",
		"PRIVATE+KEY+" NAME "+f8b06eae+" SEED "\n",
		"PRIVATE+KEY++f8b06eaf+" SEED "\n",
		"PRIVATE+KEY+a b+f8b06eaf+" SEED "\n",
		"PRIVATE+KEY+" NAME "+F8B06EAF+" SEED "\n",
		/* another type */
		"PRIVATE+KEY+" NAME
		"+f8b06eaf+ASIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIi\n" };
	struct scratch s = scratch_new();
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		WITNESS_AUTO_KEY k = NULL;

		scratch_write(&s, "key", bad[i]);
		CHECK_CODE(
		    witness_key_open(&k, s.fd, &err), SP_E_CORRUPT, &err);
		CHECK(k == NULL);
	}
	for (size_t n = 0; n < strlen(FILE_); n++) {
		char cut[] = FILE_;
		WITNESS_AUTO_KEY k = NULL;

		cut[n] = '\0';
		scratch_write(&s, "key", cut);
		CHECK_CODE(
		    witness_key_open(&k, s.fd, &err), SP_E_CORRUPT, &err);
	}
	scratch_done(&s);
}

static void
what_others_read_is_no_secret(void)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0610, 0644 };
	struct scratch s = scratch_new();
	struct sp_err err;

	scratch_write(&s, "key", FILE_);
	for (size_t i = 0; i < SP_COUNTOF(modes); i++) {
		WITNESS_AUTO_KEY k = NULL;

		CHECK(fchmodat(s.fd, "key", modes[i], 0) == 0);
		CHECK_CODE(witness_key_open(&k, s.fd, &err), SP_E_DENIED, &err);
	}
	/* Nor is a link followed to where another may have put it. */
	scratch_write(&s, "elsewhere", FILE_);
	CHECK(unlinkat(s.fd, "key", 0) == 0);
	CHECK(symlinkat("elsewhere", s.fd, "key") == 0);
	WITNESS_AUTO_KEY k = NULL;

	CHECK_CODE(witness_key_open(&k, s.fd, &err), SP_E_DENIED, &err);
	CHECK_CODE(witness_key_make(s.fd, NAME, &err), SP_E_CONFLICT, &err);
	scratch_done(&s);
}

static void
names_keep_to_their_rule(void)
{
	static const char *const bad[] = { "", "a b", "a+b", "a\nb" };
	struct scratch s = scratch_new();
	struct stat st;

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(witness_key_make(s.fd, bad[i], NULL) == SP_E_INVALID);
	CHECK(fstatat(s.fd, "key", &st, 0) != 0); /* nothing was made */
	scratch_done(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "made and opened", made_and_opened },
		{ "two keys differ", two_keys_differ },
		{ "the format", the_format },
		{ "damage is seen", damage_is_seen },
		{ "what others read is no secret",
		    what_others_read_is_no_secret },
		{ "names keep to their rule", names_keep_to_their_rule },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
