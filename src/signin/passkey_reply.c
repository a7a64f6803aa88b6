#include "signin/passkey.h"

#include "base/encode.h"

#include <jansson.h>
#include <string.h>

#define CLIENT_MAX        ((size_t)4096)
#define ATTESTATION_MAX   ((size_t)16 * 1024)
#define AUTHENTICATOR_MAX ((size_t)4096)
#define SIGNATURE_MAX     ((size_t)512)
#define HANDLE_MAX        ((size_t)64) /* WebAuthn 4: user handle */

void
signin_passkey_reply_done(struct signin_passkey_reply *r)
{
	sp_buf_free(&r->id);
	sp_buf_free(&r->client);
	sp_buf_free(&r->attestation);
	sp_buf_free(&r->authenticator);
	sp_buf_free(&r->signature);
	sp_buf_free(&r->handle);
}

static enum sp_code
malformed(const char *name, struct sp_err *err)
{
	return sp_fail_as(err, SP_E_INVALID, "passkey.malformed",
	    "%s: base64url, as PublicKeyCredential.toJSON() writes it", name);
}

/* A member that is base64url without padding, into `out` up to its maximum. */
static enum sp_code
bytes(const json_t *in, const char *name, bool needed, struct sp_buf *out,
    struct sp_err *err)
{
	const json_t *value = json_object_get(in, name);
	const char *s = json_string_value(value);
	size_t n = json_string_length(value), len;
	uint8_t *at;

	if (!needed && (value == NULL || json_is_null(value)))
		return SP_OK;
	if (s == NULL || n == 0 || n > SP_BASE64_LEN(out->max))
		return malformed(name, err);
	len = n / 4 * 3 + 3;
	if (len > out->max)
		len = out->max;
	at = sp_buf_extend(out, len);
	if (at == NULL)
		return sp_buf_check(out, name, err);
	if (!sp_base64url_parse(s, n, at, &len))
		return malformed(name, err);
	sp_buf_cut(out, len);
	return SP_OK;
}

static enum sp_code
read_reply(const json_t *in, bool registration, struct signin_passkey_reply *r,
    struct sp_err *err)
{
	const json_t *said = json_object_get(in, "response");
	const char *type = json_string_value(json_object_get(in, "type"));
	const char *id = json_string_value(json_object_get(in, "id"));
	const char *raw = json_string_value(json_object_get(in, "rawId"));

	if (type == NULL || strcmp(type, "public-key") != 0)
		return sp_fail_as(
		    err, SP_E_INVALID, "passkey.malformed", "type: public-key");
	SP_TRY(bytes(in, "rawId", true, &r->id, err));
	if (id == NULL || strcmp(id, raw) != 0)
		return sp_fail_as(err, SP_E_INVALID, "passkey.malformed",
		    "id: the same as rawId");
	SP_TRY(bytes(said, "clientDataJSON", true, &r->client, err));
	if (registration)
		return bytes(
		    said, "attestationObject", true, &r->attestation, err);
	SP_TRY(bytes(said, "authenticatorData", true, &r->authenticator, err));
	SP_TRY(bytes(said, "signature", true, &r->signature, err));
	return bytes(said, "userHandle", false, &r->handle, err);
}

enum sp_code
signin_passkey_reply_json(json_t *in, bool registration,
    struct signin_passkey_reply *out, struct sp_err *err)
{
	SIGNIN_AUTO_REPLY r = {
		.id = sp_buf_new(SIGNIN_PASSKEY_ID_MAX),
		.client = sp_buf_new(CLIENT_MAX),
		.attestation = sp_buf_new(ATTESTATION_MAX),
		.authenticator = sp_buf_new(AUTHENTICATOR_MAX),
		.signature = sp_buf_new(SIGNATURE_MAX),
		.handle = sp_buf_new(HANDLE_MAX),
	};

	SP_TRY(read_reply(in, registration, &r, err));
	*out = r;
	memset(&r, 0, sizeof(r)); /* they are the caller's now */
	return SP_OK;
}

static void
json_freep(json_t **j)
{
	json_decref(*j);
}

enum sp_code
signin_passkey_reply_parse(const void *json, size_t len, bool registration,
    struct signin_passkey_reply *out, struct sp_err *err)
{
	SP_CLEANUP(json_freep) json_t *root = NULL;

	if (len <= SIGNIN_PASSKEY_REPLY_MAX)
		root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(root))
		return sp_fail_as(err, SP_E_INVALID, "passkey.malformed",
		    "a JSON object of at most %zu bytes",
		    SIGNIN_PASSKEY_REPLY_MAX);
	return signin_passkey_reply_json(root, registration, out, err);
}
