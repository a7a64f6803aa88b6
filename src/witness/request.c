#include "witness/request.h"

#include "base/encode.h"
#include "base/parse.h"

#include <string.h>

#define OLD "old "

static bool
parse_old(struct sp_in line, uint64_t *out)
{
	const char *s = (const char *)line.at;
	size_t word = strlen(OLD);

	return !line.bad && line.left > word && memcmp(s, OLD, word) == 0 &&
	    sp_parse_u64(s + word, line.left - word, 0, INT64_MAX, out);
}

static bool
parse_hash(struct sp_in line, struct ledger_hash *out)
{
	size_t len = sizeof(out->b);

	return line.left == SP_BASE64_LEN((size_t)LEDGER_HASH_LEN) &&
	    sp_base64_parse((const char *)line.at, line.left, out->b, &len) &&
	    len == sizeof(out->b);
}

/* The hashes up to the empty line. */
static enum sp_code
parse_proof(struct sp_in *in, struct ledger_path *out, struct sp_err *err)
{
	for (out->n = 0;; out->n++) {
		struct sp_in line = sp_in_line(in);

		if (line.bad)
			return sp_fail(err, SP_E_INVALID,
			    "line %zu: a hash is wanted, or the empty line "
			    "before the checkpoint",
			    out->n + 2);
		if (line.left == 0)
			return SP_OK;
		if (out->n == WITNESS_PROOF_MAX)
			return sp_fail(err, SP_E_INVALID,
			    "line %zu: a proof has at most %d hashes",
			    out->n + 2, WITNESS_PROOF_MAX);
		if (!parse_hash(line, &out->hash[out->n]))
			return sp_fail(err, SP_E_INVALID,
			    "line %zu: not the base64 of a SHA-256",
			    out->n + 2);
	}
}

enum sp_code
witness_request_parse(const char *body, size_t len, struct witness_request *out,
    struct sp_err *err)
{
	struct witness_request rq = { .old = 0 };
	struct sp_in in = sp_in_from(body, len);

	if (len > WITNESS_REQUEST_MAX)
		return sp_fail(err, SP_E_INVALID,
		    "a request has at most %zu bytes", WITNESS_REQUEST_MAX);
	if (!parse_old(sp_in_line(&in), &rq.old))
		return sp_fail(err, SP_E_INVALID,
		    "line 1: 'old', a space and a size in decimal are wanted");
	SP_TRY(parse_proof(&in, &rq.proof, err));
	if (in.left == 0)
		return sp_fail(err, SP_E_INVALID,
		    "line %zu: a checkpoint is wanted", rq.proof.n + 3);
	rq.note = (const char *)in.at;
	rq.note_len = in.left;
	*out = rq;
	return SP_OK;
}

void
witness_request_text(const struct witness_request *rq, struct sp_buf *out)
{
	SP_REQUIRE(rq->proof.n <= WITNESS_PROOF_MAX);
	sp_buf_fmt(out, OLD "%ju\n", (uintmax_t)rq->old);
	for (size_t i = 0; i < rq->proof.n; i++) {
		sp_buf_base64(out, rq->proof.hash[i].b, LEDGER_HASH_LEN);
		sp_buf_u8(out, '\n');
	}
	sp_buf_u8(out, '\n');
	sp_buf_add(out, rq->note, rq->note_len);
}
