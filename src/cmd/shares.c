#include "cmd/shares.h"

#include "base/buf.h"
#include "base/parse.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX ((size_t)4096)

static enum sp_code
read_all(struct sp_buf *out, struct sp_err *err)
{
	for (;;) {
		size_t at = out->len;
		uint8_t *to = sp_buf_extend(out, 256);
		ssize_t n;

		if (to == NULL)
			return sp_buf_check(out, "standard input", err);
		n = read(STDIN_FILENO, to, 256);
		if (n < 0 && errno != EINTR)
			return sp_fail_os(err, "read standard input");
		sp_buf_cut(out, at + (n < 0 ? 0 : (size_t)n));
		if (n == 0)
			return SP_OK;
	}
}

static enum sp_code
take_line(
    struct sp_in *line, char text[static GATE_TEXT_MAX], struct sp_err *err)
{
	char share[GATE_TEXT_MAX];
	enum gate_text kind;
	struct sp_id agency;
	size_t len = line->left;

	while (len > 0 && strchr(" \t\r", line->at[len - 1]) != NULL)
		len--;
	if (len >= sizeof(share) || memchr(line->at, '\0', len) != NULL)
		len = 0;
	memcpy(share, line->at, len);
	share[len] = '\0';
	if (!gate_text_parse(share, &kind, &agency) ||
	    kind != GATE_TEXT_RECOVERY)
		return sp_fail(err, SP_E_INVALID,
		    "a line of standard input is not a share, spr_...");
	memcpy(text, share, sizeof(share));
	explicit_bzero(share, sizeof(share));
	return SP_OK;
}

/* Those on the lines that are not empty; *got: how many of them there are, n +
 * 1 where there are more than n. */
static enum sp_code
take_lines(struct sp_in *in, char (*text)[GATE_TEXT_MAX], size_t n, size_t *got,
    struct sp_err *err)
{
	*got = 0;
	while (in->left > 0 && *got <= n) {
		struct sp_in line = sp_in_line(in);

		if (line.left == 0)
			continue;
		if (*got < n)
			SP_TRY(take_line(&line, text[*got], err));
		++*got;
	}
	return SP_OK;
}

enum sp_code
cmd_shares_read(char (*text)[GATE_TEXT_MAX], size_t n, struct sp_err *err)
{
	SP_AUTO_BUF bytes = sp_buf_secret(INPUT_MAX);
	struct sp_in in;
	size_t got = 0;

	SP_TRY(read_all(&bytes, err));
	sp_buf_u8(&bytes, '\n'); /* the last line may have no end */
	SP_TRY(sp_buf_check(&bytes, "standard input", err));
	in = sp_in_from(bytes.at, bytes.len);
	SP_TRY(take_lines(&in, text, n, &got, err));
	if (got != n)
		return sp_fail(err, SP_E_INVALID,
		    "%zu share%s wanted on standard input, one a line", n,
		    n == 1 ? " is" : "s are");
	return SP_OK;
}
