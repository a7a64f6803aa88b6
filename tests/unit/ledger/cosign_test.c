#include "ledger/cosign.h"

#include "base/encode.h"
#include "crypto/provider.h"
#include "tap.h"

#include <string.h>

/*
 * Made with node:crypto, from the formats' text: the log's seed is 32 bytes of
 * 0x11, the witness's 0x22, the other witness's of the same name 0x33.
 */
#define DASH   "\xe2\x80\x94 "
#define ORIGIN "evidence.example.gov/springfield"
#define NAME   "witness.example.org/courts"
#define TEXT   ORIGIN "\n5\nTjuy9gt96/yx+2MWMVGau88LyprvymEvi/zhPBAjJk0=\n"
#define TIME   1679315147

#define LOG_KEY ORIGIN "+098e89c6+AdBKsjJ0K7SrOhNovUYV5ObQIkq3GgFrr4UgozLJd4c3"
#define LOG_SIG                                                                \
	DASH ORIGIN " CY6JxuPEraz2cquM17ZUVE3bQh24rs1/JEkpdCvQDKZZLhceoUZtir8" \
		    "jpDnNAdEDV58QWjkQK/479MaDjgB7StAYUgg=\n"
#define KEY NAME "+f8b06eaf+BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw"
/* The same key pair, to sign notes with. */
#define KEY_01 NAME "+e44f2345+AaCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw"
#define LINE_01                                                                \
	DASH NAME " 5E8jRVX8FxMTTQrtVXoOPqaDYRNRm/JuA4o8P5HAwfaQa4R0rEKVZaq80" \
		  "rkPUxm3rPlkmWANRaT7tJQWAGk4D0sOsAg=\n"
#define LINE                                                                   \
	DASH NAME " +LBurwAAAABkGFDL61Y10QC2nkctlQ2ucstj5EjhlmnSW42j72RNXCnrf" \
		  "HL2RQVPDE/CUDjL79X7XjUNTsfXZlqWOzTm17nZaP7MCg==\n"
#define LINE_LATER /* by a second */                                           \
	DASH NAME " +LBurwAAAABkGFDMfxrubtADhJrLWB7e1y64ZToGQnFxr1xq9mITWo5gy" \
		  "Gwr1LaUCib1mQU53ysIcyAxtssYf3lq/2z7y+53G3Q5AA==\n"
#define LINE_LAST /* at 2^63 - 1 */                                            \
	DASH NAME " +LBur3//////////d1MzlMR/CAham0SqbFX6tOBA5eu0gZhO0sIchfMWN" \
		  "ws3GQaaJmpvQzTW37lq4OZXIZ3zPi/qVAJJpaS7IDhJDw==\n"
#define LINE_NEVER /* at 2^63 */                                               \
	DASH NAME " +LBur4AAAAAAAAAAIkkYclin6NeJlOTAQkgrLIcqAPTdVnWjGeEXgyXOg" \
		  "KMxTs9jPQvkC27vicsDwr6qlBA5VwmNRjJ9PeVftKOfBQ==\n"
#define LINE_EXTENDED /* of TEXT with an extension line */                     \
	DASH NAME " +LBurwAAAABkGFDLMCTuk3Hs8YtM63JJAWXDR333NSpWnVkbxM2ilqMWF" \
		  "1QIPNMSFYxdhZMH6yoMKQYJXKFBHS4ybOHKJExnajTTBg==\n"
#define OTHER_KEY NAME "+eecacbe6+BBfLefsrQSDysexl5BmNbgiyjoE/6wHkpACDm4XhgIDO"
#define OTHER_LINE                                                             \
	DASH NAME " 7srL5gAAAABkGFDLSU5+ATHT4MfXqdC3GXj26YxpUwEmd60QlmODm8D4y" \
		  "vJPwhHhUe2q93CGsX8mcJqtnrrppthHwFE/eqKs3+mdCw==\n"

static struct ledger_cosigner
cosigner(const char *text)
{
	struct ledger_cosigner k;
	struct sp_err err;

	CHECK_OK(ledger_cosigner_parse(text, strlen(text), &k, &err), &err);
	return k;
}

/* The code, with the output untouched on failure; the time goes to *time. */
static enum sp_code
check_bytes(const struct ledger_cosigner *k, const char *text,
    const char *lines, size_t len, uint64_t *time)
{
	struct ledger_cosignature c = { .time = 424242 };
	struct sp_err err = { .code = SP_OK };
	enum sp_code code =
	    ledger_cosign_check(k, text, strlen(text), lines, len, &c, &err);

	CHECK((code == SP_OK) == (c.time != 424242));
	CHECK(code == SP_OK || (code == err.code && *err.text != '\0'));
	if (time != NULL)
		*time = c.time;
	return code;
}

static enum sp_code
check(const struct ledger_cosigner *k, const char *text, const char *lines)
{
	return check_bytes(k, text, lines, strlen(lines), NULL);
}

static void
keys_of_their_own_type(void)
{
	struct ledger_cosigner k = cosigner(KEY), again;
	struct ledger_vkey v;
	SP_AUTO_BUF text = sp_buf_new(1000);
	struct sp_err err;

	CHECK(strcmp(k.name, NAME) == 0 && k.id == 0xf8b06eaf);
	ledger_cosigner_text(&k, &text);
	CHECK(strcmp(sp_buf_str(&text), KEY) == 0);
	CHECK_OK(ledger_cosigner_make(NAME, k.pub, &again, &err), &err);
	CHECK(again.id == k.id && strcmp(again.name, k.name) == 0);
	CHECK(memcmp(again.pub, k.pub, sizeof(k.pub)) == 0);
	/* One type is never taken for the other. */
	again.id = 42;
	CHECK_CODE(ledger_cosigner_parse(KEY_01, strlen(KEY_01), &again, &err),
	    SP_E_INVALID, &err);
	CHECK_CODE(
	    ledger_vkey_parse(KEY, strlen(KEY), &v, &err), SP_E_INVALID, &err);
	CHECK_OK(ledger_vkey_parse(KEY_01, strlen(KEY_01), &v, &err), &err);
	CHECK(v.id != k.id && memcmp(v.pub, k.pub, sizeof(v.pub)) == 0);
	for (size_t n = 0; n < strlen(KEY); n++)
		CHECK(ledger_cosigner_parse(KEY, n, &again, NULL) != SP_OK);
	for (const char *const *bad =
		 (const char *const[]){ "", "a b", "a+b", "\xff", NULL };
	     *bad != NULL; bad++)
		CHECK(ledger_cosigner_make(*bad, k.pub, &again, NULL) ==
		    SP_E_INVALID);
	CHECK(again.id == 42);
}

static void
the_vectors_hold(void)
{
	struct ledger_cosigner k = cosigner(KEY), other = cosigner(OTHER_KEY);
	uint64_t time = 0;

	CHECK(check_bytes(&k, TEXT, LINE, strlen(LINE), &time) == SP_OK);
	CHECK(time == TIME);
	CHECK(check_bytes(&k, TEXT, LINE_LAST, strlen(LINE_LAST), &time) ==
	    SP_OK);
	CHECK(time == INT64_MAX);
	CHECK(check(&k, TEXT "an extension\n", LINE_EXTENDED) == SP_OK);
	CHECK(check(&other, TEXT, OTHER_LINE) == SP_OK);
}

/* What is written is what the vectors say. */
static void
lines_are_written_as_read(void)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_new(CRYPTO_SIGN_SEED);
	struct ledger_cosigner k = cosigner(KEY);
	struct ledger_cosignature c = { .time = TIME };
	SP_AUTO_BUF message = sp_buf_new(1000);
	SP_AUTO_BUF line = sp_buf_new(1000);
	struct sp_err err;

	ledger_cosign_message(TIME, TEXT, strlen(TEXT), &message);
	CHECK(strcmp(sp_buf_str(&message),
		  "cosignature/v1\ntime 1679315147\n" TEXT) == 0);
	CHECK(seed != NULL);
	memset(crypto_secret_bytes(seed), 0x22, CRYPTO_SIGN_SEED);
	CHECK_OK(crypto_sign(seed, message.at, message.len, c.sig, &err), &err);
	ledger_cosign_line(&k, &c, &line);
	CHECK(strcmp(sp_buf_str(&line), LINE) == 0);
}

static void
lies_are_told_apart(void)
{
	static const struct {
		const char *what;
		const char *text;
		const char *lines;
		enum sp_code want;
	} rows[] = {
		{ "another text", TEXT "an extension\n", LINE, SP_E_CORRUPT },
		{ "another size",
		    ORIGIN "\n6\nTjuy9gt96/yx+2MWMVGau88LyprvymEvi/"
			   "zhPBAjJk0=\n",
		    LINE, SP_E_CORRUPT },
		{ "an empty text", "", LINE, SP_E_CORRUPT },
		{ "nothing", TEXT, "", SP_E_NOTFOUND },
		{ "others", TEXT, OTHER_LINE LOG_SIG, SP_E_NOTFOUND },
		{ "the key's other use", TEXT, LINE_01, SP_E_NOTFOUND },
		{ "all of them", TEXT, OTHER_LINE LINE_01 LINE LOG_SIG, SP_OK },
		{ "twice", TEXT, LINE LINE, SP_OK },
		{ "a wrong one beside a right one", TEXT, LINE LINE_EXTENDED,
		    SP_E_CORRUPT },
		{ "the other way round", TEXT, LINE_EXTENDED LINE,
		    SP_E_CORRUPT },
		{ "a time past 2^63", TEXT, LINE_NEVER, SP_E_INVALID },
		{ "garbage", TEXT, "hello\n", SP_E_INVALID },
		{ "garbage beside a right one", TEXT, LINE "\n", SP_E_INVALID },
		{ "no end", TEXT, LINE "x", SP_E_INVALID },
		{ "of our key, but short", TEXT,
		    DASH NAME " +LBurwAAAABkGFDL\n", SP_E_INVALID },
		{ "of our key, but a note's signature", TEXT,
		    DASH NAME " +LBur1X8FxMTTQrtVXoOPqaDYRNRm/JuA4o8P5HAwfaQa4"
			      "R0rEKVZaq80rkPUxm3rPlkmWANRaT7tJQWAGk4D0sOsAg="
			      "\n",
		    SP_E_INVALID },
		{ "of our key, with nothing", TEXT, DASH NAME " +LBurw==\n",
		    SP_E_INVALID },
		{ "no dash", TEXT, "- " NAME " +LBurwAAAABkGFDL\n",
		    SP_E_INVALID },
		{ "no base64", TEXT, DASH NAME " ????\n", SP_E_INVALID },
		{ "no name", TEXT, DASH " +LBurwAAAABkGFDL\n", SP_E_INVALID },
	};
	struct ledger_cosigner k = cosigner(KEY);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		enum sp_code code = check(&k, rows[i].text, rows[i].lines);

		if (code != rows[i].want)
			tap_fail(__FILE__, __LINE__, rows[i].what,
			    sp_code_name(code));
	}
}

/* Of several of one key, all must hold, and the newest counts. */
static void
the_newest_counts(void)
{
	static const char *const both[] = { LINE LINE_LATER, LINE_LATER LINE };
	struct ledger_cosigner k = cosigner(KEY);

	for (size_t i = 0; i < SP_COUNTOF(both); i++) {
		uint64_t time = 0;

		CHECK(check_bytes(&k, TEXT, both[i], strlen(both[i]), &time) ==
		    SP_OK);
		CHECK(time == TIME + 1);
	}
}

/* Changing the time, the id, the name or any bit is seen. */
static void
every_truncation_and_bit_is_seen(void)
{
	struct ledger_cosigner k = cosigner(KEY);
	char line[] = LINE;
	size_t len = strlen(line);

	for (size_t n = 0; n < len; n++)
		CHECK(check_bytes(&k, TEXT, line, n, NULL) ==
		    (n == 0 ? SP_E_NOTFOUND : SP_E_INVALID));
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			line[i] = (char)(line[i] ^ 1 << bit);
			CHECK(check_bytes(&k, TEXT, line, len, NULL) != SP_OK);
			line[i] = (char)(line[i] ^ 1 << bit);
		}
	CHECK(check_bytes(&k, TEXT, line, len, NULL) == SP_OK);
}

static void
the_wrong_key_is_seen(void)
{
	struct ledger_cosigner k = cosigner(KEY);

	/* Another key that claims name and id of ours. */
	k.pub[0] ^= 1;
	CHECK(check(&k, TEXT, LINE) == SP_E_CORRUPT);
	k = cosigner(KEY);
	k.id++;
	CHECK(check(&k, TEXT, LINE) == SP_E_NOTFOUND);
	k = cosigner(KEY);
	k.name[0] = 'W';
	CHECK(check(&k, TEXT, LINE) == SP_E_NOTFOUND);
}

static void
lines_are_counted(void)
{
	struct ledger_cosigner k = cosigner(KEY);

	for (int n = 1; n <= LEDGER_NOTE_SIGS + 1; n++) {
		SP_AUTO_BUF lines = sp_buf_new(LEDGER_NOTE_MAX);

		for (int i = 1; i < n; i++)
			sp_buf_text(&lines, OTHER_LINE);
		sp_buf_text(&lines, LINE);
		CHECK(check_bytes(
			  &k, TEXT, sp_buf_str(&lines), lines.len, NULL) ==
		    (n <= LEDGER_NOTE_SIGS ? SP_OK : SP_E_INVALID));
	}
}

/* A note with cosignatures on it is still the log's. */
static void
a_cosigned_note_is_the_logs(void)
{
	static const char *const notes[] = {
		TEXT "\n" LOG_SIG,
		TEXT "\n" LOG_SIG LINE,
		TEXT "\n" LINE LOG_SIG OTHER_LINE,
		TEXT "\n" LINE LINE_01 LINE_LATER OTHER_LINE LOG_SIG,
		/* Whose cosignature is wrong is the cosigner's reader's. */
		TEXT "\n" LOG_SIG LINE_EXTENDED,
	};
	struct ledger_vkey log;
	struct ledger_cosigner k = cosigner(KEY);
	struct sp_err err;

	CHECK_OK(ledger_vkey_parse(LOG_KEY, strlen(LOG_KEY), &log, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(notes); i++) {
		struct ledger_checkpoint c = { .size = 0 };
		size_t text = 0;

		CHECK_OK(ledger_note_check(
			     &log, notes[i], strlen(notes[i]), &text, &err),
		    &err);
		CHECK(text == strlen(TEXT));
		CHECK_OK(ledger_checkpoint_check(
			     &log, notes[i], strlen(notes[i]), &c, &err),
		    &err);
		CHECK(c.size == 5);
	}
	/* And its lines are those that cosignatures are looked for in. */
	CHECK(check(&k, TEXT, notes[1] + strlen(TEXT) + 1) == SP_OK);
	CHECK(check(&k, TEXT, notes[0] + strlen(TEXT) + 1) == SP_E_NOTFOUND);
	/* A cosigner's is no log's. */
	CHECK_CODE(ledger_note_check(&log, TEXT "\n" LINE,
		       strlen(TEXT "\n" LINE), &(size_t){ 0 }, &err),
	    SP_E_CORRUPT, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "keys of their own type", keys_of_their_own_type },
		{ "the vectors hold", the_vectors_hold },
		{ "lines are written as read", lines_are_written_as_read },
		{ "lies are told apart", lies_are_told_apart },
		{ "the newest counts", the_newest_counts },
		{ "every truncation and bit is seen",
		    every_truncation_and_bit_is_seen },
		{ "the wrong key is seen", the_wrong_key_is_seen },
		{ "lines are counted", lines_are_counted },
		{ "a cosigned note is the log's", a_cosigned_note_is_the_logs },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	return tap_run(cases, SP_COUNTOF(cases));
}
