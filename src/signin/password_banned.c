#include "signin/password.h"

#include "base/file.h"

#include <fcntl.h>
#include <string.h>

#define WORD_MAX      64 /* of the list; longer passwords are in none */
#define CONTEXT_LEAST 4  /* letters that make a word of the context one */
#define LEFT_LEAST    4  /* letters beside the words of the context */

/* Lines of both lists, sorted, each a text in `text`. */
struct signin_banned {
	struct sp_buf text;
	const char **word;
	size_t words, room;
};

void
signin_banned_free(struct signin_banned *b)
{
	if (b == NULL)
		return;
	sp_buf_free(&b->text);
	free(b->word);
	free(b);
}

static char
lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static int
by_text(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

static enum sp_code
add_word(struct signin_banned *b, char *word, struct sp_err *err)
{
	if (word[0] == '\0' || word[0] == '#')
		return SP_OK;
	for (char *c = word; *c != '\0'; c++)
		*c = lower(*c);
	if (b->words == b->room) {
		size_t room = b->room == 0 ? 512 : 2 * b->room;
		const char **grown =
		    reallocarray(b->word, room, sizeof(*grown));

		if (grown == NULL)
			return sp_fail(
			    err, SP_E_NOMEM, "no memory for the banned list");
		b->word = grown;
		b->room = room;
	}
	b->word[b->words++] = word;
	return SP_OK;
}

/* Cut the text into its lines, in place. */
static enum sp_code
add_words(struct signin_banned *b, struct sp_err *err)
{
	char *at = (char *)b->text.at, *end = at + b->text.len;

	while (at < end) {
		char *line = at;
		char *stop = memchr(at, '\n', (size_t)(end - at));

		if (stop == NULL)
			stop = end;
		at = stop + 1;
		while (stop > line && (stop[-1] == '\r' || stop[-1] == ' '))
			stop--;
		*stop = '\0';
		SP_TRY(add_word(b, line, err));
	}
	return SP_OK;
}

static enum sp_code
read_site(struct signin_banned *b, const char *folder, struct sp_err *err)
{
	SP_AUTO_BUF path = sp_buf_new(4096);
	struct sp_err why = { .code = SP_OK };
	enum sp_code code;

	sp_buf_fmt(&path, "%s/banned-passwords.txt", folder);
	SP_TRY(sp_buf_check(&path, "path", err));
	code = sp_file_read(AT_FDCWD, sp_buf_str(&path), &b->text, &why);
	if (code == SP_OK || code == SP_E_NOTFOUND)
		return SP_OK;
	return sp_fail(err, code, "banned passwords: %s", why.text);
}

static enum sp_code
fill(struct signin_banned *b, const char *folder, struct sp_err *err)
{
	sp_buf_add(&b->text, signin_banned_builtin, signin_banned_builtin_len);
	sp_buf_text(&b->text, "\n");
	if (folder != NULL)
		SP_TRY(read_site(b, folder, err));
	SP_TRY(sp_buf_check(&b->text, "banned passwords", err));
	if (memchr(b->text.at, '\0', b->text.len) != NULL)
		return sp_fail(
		    err, SP_E_INVALID, "banned-passwords.txt is not text");
	SP_TRY(add_words(b, err));
	qsort(b->word, b->words, sizeof(*b->word), by_text);
	return SP_OK;
}

enum sp_code
signin_banned_open(
    struct signin_banned **out, const char *folder, struct sp_err *err)
{
	struct signin_banned *b = calloc(1, sizeof(*b));
	enum sp_code code;

	if (b == NULL)
		return sp_fail(
		    err, SP_E_NOMEM, "no memory for the banned list");
	b->text = sp_buf_new(SIGNIN_BANNED_FILE_MAX);
	code = fill(b, folder, err);
	if (code != SP_OK) {
		signin_banned_free(b);
		return code;
	}
	*out = b;
	return SP_OK;
}

/* --- is it? --- */

/* The password as it is compared: folded, and with signs and digits read as
 * letters.  Wiped by whoever holds it. */
struct forms {
	char folded[SIGNIN_PASSWORD_MAX + 1];
	char plain[SIGNIN_PASSWORD_MAX + 1];
};

static char
letter_of(char c)
{
	static const char signs[] = "0134578@$!+|";
	static const char letters[] = "oieastbasitl";
	const char *at = strchr(signs, c);

	_Static_assert(sizeof(signs) == sizeof(letters), "one for each");
	if (at == NULL || c == '\0')
		return c;
	return letters[at - signs];
}

static void
make_forms(const char *s, size_t len, struct forms *f)
{
	for (size_t i = 0; i < len; i++) {
		f->folded[i] = lower(s[i]);
		f->plain[i] = letter_of(f->folded[i]);
	}
	f->folded[len] = f->plain[len] = '\0';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || ((unsigned char)c & 0x80U) != 0;
}

static bool
listed(const struct signin_banned *b, const char *s, size_t len)
{
	char word[WORD_MAX + 1];
	const char *key = word;
	bool is;

	if (len == 0 || len > WORD_MAX)
		return false;
	memcpy(word, s, len);
	word[len] = '\0';
	is =
	    bsearch(&key, b->word, b->words, sizeof(*b->word), by_text) != NULL;
	explicit_bzero(word, sizeof(word));
	return is;
}

/* As it is, and without what is no letter at its ends: a form of `len`
 * bytes, whose letters are told by `ends`, another form of the same. */
static bool
listed_bare(const struct signin_banned *b, const char *ends, const char *form,
    size_t len)
{
	size_t begin = 0, end = len;

	if (listed(b, form, end))
		return true;
	while (begin < end && !is_letter(ends[begin]))
		begin++;
	while (end > begin && !is_letter(ends[end - 1]))
		end--;
	return end - begin >= CONTEXT_LEAST &&
	    listed(b, form + begin, end - begin);
}

/* "aaaaaaaa", "12121212", "abcabcabc": a piece of at most three, over again. */
static bool
repeats(const char *s, size_t len)
{
	for (size_t period = 1; period <= 3 && period < len; period++)
		if (memcmp(s, s + period, len - period) == 0)
			return true;
	return false;
}

/* "12345678", "hgfedcba". */
static bool
counts(const char *s, size_t len)
{
	int by = len < 2 ? 0 : s[1] - s[0];

	if (by != 1 && by != -1)
		return false;
	for (size_t i = 2; i < len; i++)
		if (s[i] - s[i - 1] != by)
			return false;
	return true;
}

/* Strike a word out wherever it stands. */
static void
strike(char *s, const char *word, size_t len)
{
	char folded[WORD_MAX + 1];

	if (len < CONTEXT_LEAST || len > WORD_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		folded[i] = lower(word[i]);
	folded[len] = '\0';
	for (char *at = strstr(s, folded); at != NULL; at = strstr(at, folded))
		memset(at, ' ', len);
}

static bool
is_word(char c)
{
	c = lower(c);
	return is_letter(c) || (c >= '0' && c <= '9');
}

static void
strike_text(char *s, const char *text)
{
	while (*text != '\0') {
		size_t len = 0;

		while (is_word(text[len]))
			len++;
		strike(s, text, len);
		text += len == 0 ? 1 : len;
	}
}

static size_t
letters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += is_letter(*s);
	return n;
}

/* Was there a word of the context in it, and is little left without? */
static bool
only_context(char *s, const char *const *context)
{
	size_t before = letters(s), after;

	for (; *context != NULL; context++)
		strike_text(s, *context);
	after = letters(s);
	return after < before && after < LEFT_LEAST;
}

const char *
signin_banned_why(const struct signin_banned *b, const char *const *context,
    struct crypto_secret *password)
{
	struct forms f;
	CRYPTO_WIPE_ON_EXIT(f);
	size_t len = crypto_secret_len(password);

	SP_REQUIRE(len <= SIGNIN_PASSWORD_MAX);
	make_forms((const char *)crypto_secret_bytes(password), len, &f);
	if (repeats(f.folded, len) || counts(f.folded, len))
		return "it only repeats or counts";
	if (listed_bare(b, f.folded, f.folded, len) ||
	    listed_bare(b, f.folded, f.plain, len) ||
	    listed_bare(b, f.plain, f.plain, len))
		return "it is, or is made of, one of the most common";
	if (only_context(f.folded, context) || only_context(f.plain, context))
		return "it is made of your own name or login, or the agency’s";
	return NULL;
}
