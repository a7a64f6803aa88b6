#include "keeper/desk.h"

#include "base/clock.h"
#include "base/parse.h"
#include "keeper/request.h"

#include <stdlib.h>
#include <string.h>

/* A bucket of requests that may still be made, refilled all the time: counted
 * in millionths, so that a microsecond's refill is a whole number. */
struct bucket {
	int64_t level;
	int64_t at; /* sp_ticks() of the last refill */
};

struct keeper_desk {
	struct keeper_keyring *ring;
	struct bucket bucket[KEEPER_REQUEST_COUNT];
};

typedef enum sp_code handler(struct keeper_keyring *k,
    const struct sp_id *agency, struct sp_in *in, struct sp_buf *answer,
    struct sp_err *err);

static enum sp_code
malformed(struct sp_err *err)
{
	return sp_fail(err, SP_E_INVALID, "the request's fields are malformed");
}

static bool
id_field(struct sp_in *in, struct sp_id *out)
{
	struct sp_in field = sp_in_blob(in, SP_ID_LEN);

	if (field.left != SP_ID_LEN)
		return false;
	memcpy(out->b, field.at, SP_ID_LEN);
	return true;
}

static void
answer_vkey(struct sp_buf *answer, const struct ledger_vkey *vkey)
{
	SP_AUTO_BUF text = sp_buf_new(KEEPER_BODY_MAX);

	ledger_vkey_text(vkey, &text);
	SP_REQUIRE(sp_buf_ok(&text));
	keeper_answer_start(answer, KEEPER_S_OK);
	sp_buf_blob(answer, text.at, text.len);
}

static enum sp_code
create(struct keeper_keyring *k, const struct sp_id *agency, struct sp_in *in,
    struct sp_buf *answer, struct sp_err *err)
{
	struct sp_in name = sp_in_blob(in, LEDGER_NAME_MAX);
	char origin[LEDGER_NAME_MAX + 1] = "";
	struct ledger_vkey vkey;

	if (!sp_in_done(in) || memchr(name.at, '\0', name.left) != NULL)
		return malformed(err);
	memcpy(origin, name.at, name.left);
	SP_TRY(keeper_keyring_create(k, agency, origin, &vkey, err));
	answer_vkey(answer, &vkey);
	return SP_OK;
}

static enum sp_code
vkey(struct keeper_keyring *k, const struct sp_id *agency, struct sp_in *in,
    struct sp_buf *answer, struct sp_err *err)
{
	struct ledger_vkey key;

	if (!sp_in_done(in))
		return malformed(err);
	SP_TRY(keeper_keyring_vkey(k, agency, &key, err));
	answer_vkey(answer, &key);
	return SP_OK;
}

static enum sp_code
wrap(struct keeper_keyring *k, const struct sp_id *agency, struct sp_in *in,
    struct sp_buf *answer, struct sp_err *err)
{
	struct sp_in key = sp_in_blob(in, KEEPER_WRAPPED_MAX);
	CRYPTO_AUTO_SECRET dek = NULL;
	struct keeper_wrapped w;

	if (!sp_in_done(in) || key.left == 0)
		return malformed(err);
	dek = crypto_secret_from(key.at, key.left);
	if (dek == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a key");
	SP_TRY(keeper_keyring_wrap(k, agency, dek, &w, err));
	keeper_answer_start(answer, KEEPER_S_OK);
	sp_buf_blob(answer, w.kek.b, SP_ID_LEN);
	sp_buf_blob(answer, w.bytes, w.len);
	return SP_OK;
}

static enum sp_code
unwrap(struct keeper_keyring *k, const struct sp_id *agency, struct sp_in *in,
    struct sp_buf *answer, struct sp_err *err)
{
	struct keeper_wrapped w = { .len = 0 };
	bool id = id_field(in, &w.kek);
	struct sp_in bytes = sp_in_blob(in, KEEPER_WRAPPED_MAX);
	CRYPTO_AUTO_SECRET dek = NULL;

	if (!sp_in_done(in) || !id || bytes.left == 0)
		return malformed(err);
	memcpy(w.bytes, bytes.at, bytes.left);
	w.len = bytes.left;
	SP_TRY(keeper_keyring_unwrap(k, agency, &w, &dek, err));
	keeper_answer_start(answer, KEEPER_S_OK);
	sp_buf_blob(answer, crypto_secret_bytes(dek), crypto_secret_len(dek));
	return SP_OK;
}

static enum sp_code
sign(struct keeper_keyring *k, const struct sp_id *agency, struct sp_in *in,
    struct sp_buf *answer, struct sp_err *err)
{
	struct sp_in text = sp_in_blob(in, KEEPER_BODY_MAX);
	SP_AUTO_BUF line = sp_buf_new(KEEPER_BODY_MAX);

	if (!sp_in_done(in))
		return malformed(err);
	SP_TRY(keeper_keyring_sign(
	    k, agency, (const char *)text.at, text.left, &line, err));
	SP_TRY(sp_buf_check(&line, "a signature line", err));
	keeper_answer_start(answer, KEEPER_S_OK);
	sp_buf_blob(answer, line.at, line.len);
	return SP_OK;
}

static enum sp_code
certify(struct keeper_keyring *k, const struct sp_id *agency, struct sp_in *in,
    struct sp_buf *answer, struct sp_err *err)
{
	struct keeper_certify what = { .key = NULL };
	bool id = id_field(in, &what.device);
	struct sp_in bytes = sp_in_blob(in, CRYPTO_LEAF_KEY_MAX);
	struct sp_in times = sp_in_blob(in, 16);
	struct crypto_leaf_key key = { .len = bytes.left };
	SP_AUTO_BUF der = sp_buf_new(KEEPER_BODY_MAX);

	what.key = &key;
	what.from = (sp_time)sp_in_u64be(&times);
	what.until = (sp_time)sp_in_u64be(&times);
	if (!sp_in_done(in) || !sp_in_done(&times) || !id || bytes.left == 0)
		return malformed(err);
	memcpy(key.der, bytes.at, bytes.left);
	SP_TRY(keeper_keyring_certify(k, agency, &what, &der, err));
	keeper_answer_start(answer, KEEPER_S_OK);
	sp_buf_blob(answer, der.at, der.len);
	return SP_OK;
}

static handler *const handle[KEEPER_REQUEST_COUNT] = {
	[KEEPER_PING] = NULL, /* of no agency: see serve() */
	[KEEPER_CREATE] = create,
	[KEEPER_VKEY] = vkey,
	[KEEPER_WRAP] = wrap,
	[KEEPER_UNWRAP] = unwrap,
	[KEEPER_SIGN] = sign,
	[KEEPER_CERTIFY] = certify,
};

static bool
take(struct bucket *b, struct keeper_rate rate, int64_t now)
{
	int64_t full = (int64_t)rate.burst * SP_SECOND;
	int64_t gone = now - b->at;

	/* Long ago enough to be full, which also keeps the product small. */
	if (gone >= full / rate.per_second)
		b->level = full;
	else
		b->level += gone * rate.per_second;
	if (b->level > full)
		b->level = full;
	b->at = now;
	if (b->level < SP_SECOND)
		return false;
	b->level -= SP_SECOND;
	return true;
}

static enum sp_code
serve(struct keeper_desk *d, enum keeper_request r, struct sp_in *in,
    struct sp_buf *answer, struct sp_err *err)
{
	struct sp_id agency;

	if (!take(&d->bucket[r], keeper_request_rate(r), sp_ticks()))
		return sp_fail(err, SP_E_UNAVAIL, "too many requests '%s'",
		    keeper_request_name(r));
	if (handle[r] == NULL) {
		if (!sp_in_done(in))
			return malformed(err);
		keeper_answer_start(answer, KEEPER_S_OK);
		return SP_OK;
	}
	if (!id_field(in, &agency))
		return malformed(err);
	return handle[r](d->ring, &agency, in, answer, err);
}

struct keeper_desk *
keeper_desk_new(struct keeper_keyring *k)
{
	struct keeper_desk *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ring = k;
	for (size_t i = 0; i < KEEPER_REQUEST_COUNT; i++)
		d->bucket[i] = (struct bucket){
			(int64_t)keeper_request_rate((enum keeper_request)i)
				.burst *
			    SP_SECOND,
			sp_ticks(),
		};
	return d;
}

void
keeper_desk_free(struct keeper_desk *d)
{
	free(d);
}

enum sp_code
keeper_desk_answer(struct keeper_desk *d, const struct sp_buf *body,
    struct sp_buf *answer, const char **name, struct sp_err *err)
{
	enum keeper_request r = KEEPER_PING;
	struct sp_in in;
	enum sp_code code =
	    keeper_request_parse(body->at, body->len, &r, &in, err);

	*name = code == SP_OK ? keeper_request_name(r) : "?";
	if (code == SP_OK)
		code = serve(d, r, &in, answer, err);
	if (code != SP_OK)
		keeper_answer_error(answer, err);
	return code;
}
