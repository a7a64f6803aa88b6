#include "ledger/note.h"

#include "base/encode.h"
#include "crypto/provider.h"
#include "tap.h"

#include <string.h>

/* Published with the signed-note specification. */
#define FOO_KEY                                                                \
	"example.com/"                                                         \
	"foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_TEXT "This is an example message.\n"
#define FOO_SIG                                                                \
	"\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXpp"  \
	"zi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define FOO_NOTE FOO_TEXT "\n" FOO_SIG

static struct crypto_secret *seed;
static struct ledger_vkey key;

#define ORIGIN "evidence.example.gov/springfield"

static struct ledger_vkey
foo(void)
{
	struct ledger_vkey k;
	struct sp_err err;

	CHECK_OK(ledger_vkey_parse(FOO_KEY, strlen(FOO_KEY), &k, &err), &err);
	return k;
}

/* Sign a text as `name`: text, empty line, signature line. */
static void
sign(const char *name, const char *text, struct sp_buf *note)
{
	struct ledger_vkey k;
	uint8_t sig[CRYPTO_SIGN_LEN];
	struct sp_err err;

	CHECK_OK(ledger_vkey_make(name, key.pub, &k, &err), &err);
	CHECK_OK(crypto_sign(seed, text, strlen(text), sig, &err), &err);
	sp_buf_text(note, text);
	sp_buf_u8(note, '\n');
	ledger_note_sigline(&k, sig, note);
	CHECK(sp_buf_ok(note));
}

static enum sp_code
check(const struct ledger_vkey *k, const char *note, size_t len)
{
	size_t text = 999;
	struct sp_err err;
	enum sp_code code = ledger_note_check(k, note, len, &text, &err);

	CHECK((code == SP_OK) == (text != 999)); /* untouched on failure */
	CHECK(code == SP_OK || code == err.code);
	return code;
}

static void
published_note(void)
{
	struct ledger_vkey k = foo();
	SP_AUTO_BUF text = sp_buf_new(1000);
	struct sp_err err;
	size_t text_len = 0;

	CHECK(strcmp(k.name, "example.com/foo") == 0 && k.id == 0x530d903a);
	ledger_vkey_text(&k, &text);
	CHECK(strcmp(sp_buf_str(&text), FOO_KEY) == 0);
	CHECK_OK(
	    ledger_note_check(&k, FOO_NOTE, strlen(FOO_NOTE), &text_len, &err),
	    &err);
	CHECK(text_len == strlen(FOO_TEXT));
}

static void
every_truncation_and_bit_is_refused(void)
{
	struct ledger_vkey k = foo();
	char note[] = FOO_NOTE;
	size_t len = strlen(note);

	for (size_t n = 0; n < len; n++)
		CHECK(check(&k, note, n) != SP_OK);
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			note[i] = (char)(note[i] ^ 1 << bit);
			CHECK(check(&k, note, len) != SP_OK);
			note[i] = (char)(note[i] ^ 1 << bit);
		}
	CHECK(check(&k, note, len) == SP_OK);
}

static void
verifier_keys_are_canonical(void)
{
	static const char *const bad[] = {
		"",
		"+",
		"example.com/foo",
		"example.com/foo+530d903a",
		"example.com/foo+530d903a+",
		/* no name; another name; a space in it */
		"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/fox+530d903a+"
		"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/ foo+530d903a+"
		"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		/* the hash: other, shorter, upper case */
		"example.com/foo+530d903b+"
		"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+30d903a+"
		"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530D903A+"
		"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		/* the key: a byte short, another type, padding, a LF */
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaA"
		"NYcrnKv3U0=",
		"example.com/foo+530d903a+"
		"AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		FOO_KEY "=",
		FOO_KEY "\n",
		" " FOO_KEY,
	};

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct ledger_vkey k = { .id = 42 };
		struct sp_err err;

		CHECK_CODE(ledger_vkey_parse(bad[i], strlen(bad[i]), &k, &err),
		    SP_E_INVALID, &err);
		CHECK(k.id == 42);
	}
	for (size_t n = 0; n < strlen(FOO_KEY); n++) {
		struct ledger_vkey k;

		CHECK(ledger_vkey_parse(FOO_KEY, n, &k, NULL) != SP_OK);
	}
}

static void
names_keep_to_their_rule(void)
{
	static char longest[LEDGER_NAME_MAX + 2];
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {
		{ ORIGIN, true },
		{ "a", true },
		{ "b\xc3\xbc"
		  "cher.example/l\xc3\xb6g",
		    true },
		{ "", false },
		{ "a b", false },
		{ "a+b", false },
		{ "a\tb", false },
		{ "a\nb", false },
		{ "a\x01", false },
		{ "a\xc2\xa0"
		  "b",
		    false },                /* no-break space */
		{ "a\xc2\x85", false },     /* next line */
		{ "\xe1\x9a\x80", false },  /* ogham space */
		{ "x\xe2\x80\x80", false }, /* en quad */
		{ "x\xe2\x80\x8a"
		  "y",
		    false }, /* hair space */
		{ "x\xe2\x80\x8b"
		  "y",
		    true }, /* zero width: no White_Space */
		{ "x\xe2\x80\xa8", false },
		{ "x\xe2\x80\xaf", false },
		{ "x\xe3\x80\x80", false },
		{ "\xff", false },
		{ "\xc3", false },
	};
	struct ledger_vkey k;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK((ledger_vkey_make(rows[i].name, key.pub, &k, NULL) ==
			  SP_OK) == rows[i].ok);
	memset(longest, 'n', LEDGER_NAME_MAX + 1);
	CHECK(ledger_vkey_make(longest, key.pub, &k, NULL) == SP_E_INVALID);
	longest[LEDGER_NAME_MAX] = '\0';
	CHECK(ledger_vkey_make(longest, key.pub, &k, NULL) == SP_OK);
}

/* Property: what is written is read, for keys and names of all kinds. */
static void
keys_round_trip(void)
{
	for (unsigned i = 0; i < 300; i++) {
		SP_AUTO_BUF text = sp_buf_new(2000);
		struct ledger_vkey k, again;
		uint8_t pub[CRYPTO_SIGN_PUBLIC];
		char name[64];
		struct sp_err err;

		crypto_random(pub, sizeof(pub));
		(void)snprintf(name, sizeof(name), "log.example/%u", i);
		CHECK_OK(ledger_vkey_make(name, pub, &k, &err), &err);
		ledger_vkey_text(&k, &text);
		CHECK_OK(ledger_vkey_parse(
			     sp_buf_str(&text), text.len, &again, &err),
		    &err);
		CHECK(strcmp(again.name, name) == 0 && again.id == k.id);
		CHECK(memcmp(again.pub, pub, sizeof(pub)) == 0);
	}
}

static void
other_signatures_are_passed_over(void)
{
	struct ledger_vkey k = foo(), stranger;
	struct sp_err err;
	static char much[8000];
	static const uint8_t zero[CRYPTO_SIGN_LEN];
	SP_AUTO_BUF other = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);

	/* A stranger's, one of our name with another id, and one that is as
	 * long as a post-quantum one. */
	CHECK_OK(ledger_vkey_make("example.com/bar", key.pub, &stranger, &err),
	    &err);
	ledger_note_sigline(&stranger, zero, &other);
	stranger = k;
	stranger.id++;
	ledger_note_sigline(&stranger, zero, &other);
	memset(much, 'A', sizeof(much) - 1);
	sp_buf_fmt(&other, "\xe2\x80\x94 example.com/pq %s\n",
	    much + sizeof(much) - 1 - 7000);
	for (int first = 0; first < 2; first++) {
		sp_buf_clear(&note);
		sp_buf_fmt(&note, "%s\n%s%s%s", FOO_TEXT, first ? FOO_SIG : "",
		    sp_buf_str(&other), first ? "" : FOO_SIG);
		CHECK(check(&k, sp_buf_str(&note), note.len) == SP_OK);
	}
	sp_buf_clear(&note);
	sp_buf_fmt(&note, "%s\n%s", FOO_TEXT, sp_buf_str(&other));
	CHECK(check(&k, sp_buf_str(&note), note.len) == SP_E_CORRUPT);
	/* A good one does not make up for a bad one of the same key. */
	sp_buf_clear(&note);
	sp_buf_fmt(&note, "%s\n%s", FOO_TEXT, FOO_SIG);
	ledger_note_sigline(&k, zero, &note);
	CHECK(check(&k, sp_buf_str(&note), note.len) == SP_E_CORRUPT);
	/* Nor does one of our key with another length pass. */
	sp_buf_clear(&note);
	sp_buf_fmt(&note, "%s\n%s\xe2\x80\x94 %s Uw2QOkn8\n", FOO_TEXT, FOO_SIG,
	    k.name);
	CHECK(check(&k, sp_buf_str(&note), note.len) == SP_E_CORRUPT);
}

static void
signatures_are_counted(void)
{
	struct ledger_vkey k = foo();

	for (int n = 0; n <= LEDGER_NOTE_SIGS + 1; n++) {
		SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);

		sp_buf_text(&note, FOO_TEXT "\n");
		for (int i = 0; i < n; i++)
			sp_buf_text(&note, FOO_SIG);
		CHECK(check(&k, sp_buf_str(&note), note.len) ==
		    (n >= 1 && n <= LEDGER_NOTE_SIGS ? SP_OK : SP_E_INVALID));
	}
}

static void
malformed_notes_are_refused(void)
{
	static const char *const bad[] = {
		"",
		"\n",
		"\n\n",
		"\n\n\n",
		FOO_TEXT,
		FOO_TEXT "\n",
		FOO_TEXT FOO_SIG,   /* no empty line */
		"\n" FOO_SIG,       /* no text */
		"a\tb\n\n" FOO_SIG, /* a control character */
		"a\r\n\n" FOO_SIG,
		"\xff\n\n" FOO_SIG, /* not UTF-8 */
		FOO_NOTE "x",       /* after the end */
		FOO_NOTE "\n",
		FOO_TEXT "\n- example.com/foo Uw2QOkn8\n",
		FOO_TEXT "\n\xe2\x80\x94"
			 "example.com/foo Uw2QOkn8\n",
		FOO_TEXT "\n\xe2\x80\x94  Uw2QOkn8\n",
		FOO_TEXT "\n\xe2\x80\x94 a\n",
		FOO_TEXT "\n\xe2\x80\x94 a \n",
		FOO_TEXT "\n\xe2\x80\x94 a+b Uw2QOkn8\n",
		FOO_TEXT "\n\xe2\x80\x94 a Uw2QOg==\n", /* an id, no more */
		FOO_TEXT "\n\xe2\x80\x94 a Uw2QOkn9=\n",
		FOO_TEXT "\n\xe2\x80\x94 a Uw2QO\n",
		FOO_TEXT "\n\xe2\x80\x94 a  Uw2QOkn8\n",
		FOO_TEXT "\n\xe2\x80\x94 a Uw2Q Okn8\n",
		FOO_TEXT "\n\xe2\x80\x94 a Uw2QOkn8 \n",
	};
	struct ledger_vkey k = foo();

	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK(check(&k, bad[i], strlen(bad[i])) == SP_E_INVALID);
	CHECK(
	    check(&k, "a\0\n\n" FOO_SIG, 4 + strlen(FOO_SIG)) == SP_E_INVALID);
}

/* The last empty line parts: a text may hold what looks like signatures. */
static void
the_last_empty_line_parts(void)
{
	static const char text[] = "first\n\n" FOO_SIG "\nlast\n";
	SP_AUTO_BUF note = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_vkey k = foo();
	struct sp_err err;
	size_t len = 0;

	sign(ORIGIN, text, &note);
	CHECK_OK(
	    ledger_note_check(&key, sp_buf_str(&note), note.len, &len, &err),
	    &err);
	CHECK(len == strlen(text));
	CHECK(check(&k, sp_buf_str(&note), note.len) == SP_E_CORRUPT);
}

/* Parting a note without a key, and taking a key's lines out of it. */
static void
texts_and_lines(void)
{
	static const char other[] = "\xe2\x80\x94 a Uw2QOkn8\n";
	static const char note[] =
	    FOO_TEXT "\n\xe2\x80\x94 a Uw2QOkn8\n" FOO_SIG;
	struct ledger_vkey k = foo(), stranger = foo();
	SP_AUTO_BUF lines = sp_buf_new(LEDGER_NOTE_MAX);
	struct sp_err err;
	size_t text = 999;

	CHECK_OK(ledger_note_text(note, strlen(note), &text, &err), &err);
	CHECK(text == strlen(FOO_TEXT));
	CHECK(memcmp(note + text + 1, other, strlen(other)) == 0);
	ledger_note_lines(&k, note, strlen(note), &lines);
	CHECK(strcmp(sp_buf_str(&lines), FOO_SIG) == 0);
	sp_buf_clear(&lines);
	stranger.id++;
	ledger_note_lines(&stranger, note, strlen(note), &lines);
	ledger_note_lines(&k, FOO_TEXT, strlen(FOO_TEXT), &lines);
	CHECK(lines.len == 0);
	text = 999;
	CHECK(ledger_note_text(FOO_TEXT, strlen(FOO_TEXT), &text, &err) ==
	    SP_E_INVALID);
	CHECK(text == 999);
	/* A signature that is not there is told from one that is wrong. */
	CHECK_CODE(
	    ledger_note_check(&stranger, note, strlen(note), &text, &err),
	    SP_E_CORRUPT, &err);
	CHECK(strcmp(err.reason, "note.missing") == 0);
	k.pub[0] ^= 1;
	CHECK_CODE(ledger_note_check(&k, note, strlen(note), &text, &err),
	    SP_E_CORRUPT, &err);
	CHECK(err.reason == NULL);
}

#define ROOT5           "Tjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0="
#define ROOT0           "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define GOOD_CHECKPOINT ORIGIN "\n5\n" ROOT5 "\n"

static void
checkpoint_texts(void)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{ GOOD_CHECKPOINT, true },
		{ GOOD_CHECKPOINT "extension\n", true },
		{ GOOD_CHECKPOINT "one\ntwo\n", true },
		{ ORIGIN "\n0\n" ROOT0 "\n", true },
		{ "a name\n9223372036854775807\n" ROOT5 "\n", true },
		{ ORIGIN "\n0\n" ROOT5 "\n", false },
		{ ORIGIN "\n9223372036854775808\n" ROOT5 "\n", false },
		{ ORIGIN "\n18446744073709551616\n" ROOT5 "\n", false },
		{ ORIGIN "\n05\n" ROOT5 "\n", false },
		{ ORIGIN "\n+5\n" ROOT5 "\n", false },
		{ ORIGIN "\n-5\n" ROOT5 "\n", false },
		{ ORIGIN "\n5 \n" ROOT5 "\n", false },
		{ ORIGIN "\n\n" ROOT5 "\n", false },
		{ "\n5\n" ROOT5 "\n", false },
		{ ORIGIN "\n5\n" ROOT5, false },
		{ ORIGIN "\n5\n\n", false },
		{ ORIGIN "\n5\n" ROOT5 "=\n", false },
		{ ORIGIN "\n5\n" ROOT5 "AAAA\n", false },
		{ ORIGIN "\n5\nTjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0\n",
		    false },
		/* spare bits that are not zero */
		{ ORIGIN "\n5\nTjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk1="
			 "\n",
		    false },
		{ GOOD_CHECKPOINT "\n", false },
		{ GOOD_CHECKPOINT "one\n\ntwo\n", false },
		{ GOOD_CHECKPOINT "no end", false },
		{ "", false },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct ledger_checkpoint c = { .size = 42 };
		struct sp_err err;
		enum sp_code code = ledger_checkpoint_parse(
		    rows[i].text, strlen(rows[i].text), &c, &err);

		CHECK(code == (rows[i].ok ? SP_OK : SP_E_INVALID));
		CHECK(rows[i].ok || c.size == 42);
	}
	for (size_t n = 0; n < strlen(GOOD_CHECKPOINT); n++) {
		struct ledger_checkpoint c;

		CHECK(ledger_checkpoint_parse(GOOD_CHECKPOINT, n, &c, NULL) ==
		    SP_E_INVALID);
	}
}

static void
checkpoints_round_trip(void)
{
	static const uint64_t sizes[] = { 1, 5, 70000, INT64_MAX };

	for (size_t i = 0; i < SP_COUNTOF(sizes); i++) {
		struct ledger_checkpoint c = { ORIGIN, sizes[i], { { 7 } } };
		struct ledger_checkpoint got;
		SP_AUTO_BUF text = sp_buf_new(1000);
		SP_AUTO_BUF note = sp_buf_new(1000);
		struct sp_err err;

		ledger_checkpoint_text(&c, &text);
		sign(ORIGIN, sp_buf_str(&text), &note);
		CHECK_OK(ledger_checkpoint_check(
			     &key, sp_buf_str(&note), note.len, &got, &err),
		    &err);
		CHECK(strcmp(got.origin, ORIGIN) == 0 && got.size == c.size);
		CHECK(memcmp(got.root.b, c.root.b, LEDGER_HASH_LEN) == 0);
	}
}

/* A key signs for its own log only: the same key, the same name on the
 * signature line, another origin in the text. */
static void
checkpoint_of_another_log(void)
{
	SP_AUTO_BUF note = sp_buf_new(1000);
	struct ledger_checkpoint c = { .size = 42 };
	struct sp_err err;

	sign(ORIGIN, "other.example/log\n5\n" ROOT5 "\n", &note);
	CHECK_CODE(ledger_checkpoint_check(
		       &key, sp_buf_str(&note), note.len, &c, &err),
	    SP_E_CORRUPT, &err);
	CHECK(c.size == 42);
}

/* A log of three entries, its checkpoint, and a proof of each. */
struct small {
	struct ledger_hash leaf[3];
	struct ledger_path path[3];
	struct sp_buf note;
	struct sp_buf proof[3];
};
static const char *const entries[] = { "zero", "one", "two" };

static void
small_make(struct small *s)
{
	struct ledger_checkpoint c = { ORIGIN, 3, { { 0 } } };
	struct ledger_hash both;
	SP_AUTO_BUF text = sp_buf_new(1000);

	for (size_t i = 0; i < 3; i++)
		ledger_merkle_leaf(entries[i], strlen(entries[i]), &s->leaf[i]);
	ledger_merkle_node(&s->leaf[0], &s->leaf[1], &both);
	ledger_merkle_node(&both, &s->leaf[2], &c.root);
	s->path[0] = (struct ledger_path){ 2, { s->leaf[1], s->leaf[2] } };
	s->path[1] = (struct ledger_path){ 2, { s->leaf[0], s->leaf[2] } };
	s->path[2] = (struct ledger_path){ 1, { both } };
	ledger_checkpoint_text(&c, &text);
	s->note = sp_buf_new(1000);
	sign(ORIGIN, sp_buf_str(&text), &s->note);
	for (size_t i = 0; i < 3; i++) {
		s->proof[i] = sp_buf_new(4000);
		ledger_proof_text(
		    i, &s->path[i], sp_buf_str(&s->note), &s->proof[i]);
		CHECK(sp_buf_ok(&s->proof[i]));
	}
}

static void
small_free(struct small *s)
{
	sp_buf_free(&s->note);
	for (size_t i = 0; i < 3; i++)
		sp_buf_free(&s->proof[i]);
}

static enum sp_code
prove(const char *proof, size_t len, size_t entry)
{
	uint64_t index = 42;
	struct ledger_checkpoint c = { .size = 42 };
	struct sp_err err;
	enum sp_code code = ledger_proof_check(&key, proof, len, entries[entry],
	    strlen(entries[entry]), &index, &c, &err);

	CHECK(code == SP_OK ? index < 3 && c.size == 3
			    : index == 42 && c.size == 42);
	return code;
}

static void
proofs_prove_their_entry(void)
{
	struct small s;

	small_make(&s);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++)
			CHECK(prove(sp_buf_str(&s.proof[i]), s.proof[i].len,
				  j) == (i == j ? SP_OK : SP_E_CORRUPT));
	CHECK(ledger_proof_check(&key, sp_buf_str(&s.proof[0]), s.proof[0].len,
		  "zero", 4, NULL, NULL, NULL) == SP_OK);
	small_free(&s);
}

static void
every_change_of_a_proof_is_refused(void)
{
	struct small s;

	small_make(&s);
	for (size_t i = 0; i < 3; i++) {
		char *proof = (char *)s.proof[i].at;
		size_t len = s.proof[i].len;

		for (size_t n = 0; n < len; n++)
			CHECK(prove(proof, n, i) != SP_OK);
		for (size_t at = 0; at < len; at++)
			for (unsigned bit = 0; bit < 8; bit++) {
				proof[at] = (char)(proof[at] ^ 1 << bit);
				CHECK(prove(proof, len, i) != SP_OK);
				proof[at] = (char)(proof[at] ^ 1 << bit);
			}
		CHECK(prove(proof, len, i) == SP_OK);
	}
	small_free(&s);
}

static void
proof_lines(void)
{
	static const struct {
		const char *head;
		enum sp_code want;
	} rows[] = {
		{ "c2sp.org/tlog-proof@v1\nindex 1\n", SP_OK },
		{ "c2sp.org/tlog-proof@v1\nextra \nindex 1\n", SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n", SP_OK },
		{ "c2sp.org/tlog-proof@v1\nindex 0\n", SP_E_CORRUPT },
		{ "c2sp.org/tlog-proof@v1\nindex 3\n", SP_E_CORRUPT },
		{ "c2sp.org/tlog-proof@v1\nindex 9223372036854775807\n",
		    SP_E_CORRUPT },
		{ "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n",
		    SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nindex 01\n", SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nindex  1\n", SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nindex\n", SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\n", SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n",
		    SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nextra A\nindex 1\n", SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nextra AA==AAAA\nindex 1\n",
		    SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 1\n",
		    SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v2\nindex 1\n", SP_E_INVALID },
		{ "c2sp.org/tlog-proof@v1 \nindex 1\n", SP_E_INVALID },
		{ "\nc2sp.org/tlog-proof@v1\nindex 1\n", SP_E_INVALID },
		{ "index 1\n", SP_E_INVALID },
	};
	struct small s;

	small_make(&s);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		const char *rest = strstr(sp_buf_str(&s.proof[1]), "index 1\n");
		SP_AUTO_BUF proof = sp_buf_new(4000);

		CHECK(rest != NULL);
		sp_buf_fmt(&proof, "%s%s", rows[i].head, rest + 8);
		CHECK(prove(sp_buf_str(&proof), proof.len, 1) == rows[i].want);
	}
	small_free(&s);
}

/* A path has a greatest length, and a line after it is no checkpoint. */
static void
proofs_too_long(void)
{
	struct ledger_path path = { .n = LEDGER_PATH_MAX };
	struct small s;
	SP_AUTO_BUF proof = sp_buf_new(10000);
	SP_AUTO_BUF more = sp_buf_new(10000);

	small_make(&s);
	memset(path.hash, 0, sizeof(path.hash));
	ledger_proof_text(1, &path, sp_buf_str(&s.note), &proof);
	CHECK(prove(sp_buf_str(&proof), proof.len, 1) == SP_E_CORRUPT);
	sp_buf_fmt(&more, "%.*s" ROOT5 "\n%s", 31, sp_buf_str(&proof),
	    sp_buf_str(&proof) + 31);
	CHECK(strncmp(sp_buf_str(&more) + 23, "index 1\n" ROOT5, 50) == 0);
	CHECK(prove(sp_buf_str(&more), more.len, 1) == SP_E_INVALID);
	small_free(&s);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the published note", published_note },
		{ "every truncation and bit is refused",
		    every_truncation_and_bit_is_refused },
		{ "verifier keys are canonical", verifier_keys_are_canonical },
		{ "names keep to their rule", names_keep_to_their_rule },
		{ "keys round trip", keys_round_trip },
		{ "other signatures are passed over",
		    other_signatures_are_passed_over },
		{ "signatures are counted", signatures_are_counted },
		{ "malformed notes are refused", malformed_notes_are_refused },
		{ "texts and lines", texts_and_lines },
		{ "the last empty line parts", the_last_empty_line_parts },
		{ "checkpoint texts", checkpoint_texts },
		{ "checkpoints round trip", checkpoints_round_trip },
		{ "a checkpoint of another log", checkpoint_of_another_log },
		{ "proofs prove their entry", proofs_prove_their_entry },
		{ "every change of a proof is refused",
		    every_change_of_a_proof_is_refused },
		{ "proof lines", proof_lines },
		{ "proofs too long", proofs_too_long },
	};
	uint8_t pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	CHECK(seed != NULL);
	CHECK_OK(crypto_sign_public(seed, pub, &err), &err);
	CHECK_OK(ledger_vkey_make(ORIGIN, pub, &key, &err), &err);
	rc = tap_run(cases, SP_COUNTOF(cases));
	crypto_secret_free(seed);
	return rc;
}
