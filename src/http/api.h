#ifndef HTTP_API_H
#define HTTP_API_H

#include "crypto/secret.h"
#include "evidence/item.h"
#include "http/request.h"

/*
 * What is told in JSON and text: evidence and its custody, tokens, and the
 * agency's log (C2SP tlog-tiles).  Handlers of the routes of those names.
 */
enum sp_code http_api_list(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_show(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_receipt(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_receipt_entry(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_custody(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
/* The same as a PDF, made for a court. */
enum sp_code http_api_custody_pdf(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_media(
    struct http_request *q, struct http_answer *a, struct sp_err *err);

enum sp_code http_api_tokens(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_token_issue(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_token_revoke(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
/* Whose the caller's own token is. */
enum sp_code http_api_token_own(
    struct http_request *q, struct http_answer *a, struct sp_err *err);

enum sp_code http_api_checkpoint(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
/* The newest checkpoint that a witness cosigned; the timestamps of others. */
enum sp_code http_api_cosigned(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_timestamps(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_timestamp(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_timestamp_checkpoint(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_key(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_tile(
    struct http_request *q, struct http_answer *a, struct sp_err *err);
enum sp_code http_api_bundle(
    struct http_request *q, struct http_answer *a, struct sp_err *err);

/* POST tokens: {"role", "label", "expires_at" | "expires_in_days"}, nothing
 * else.  A token lives at most HTTP_TOKEN_DAYS. */
#define HTTP_TOKEN_DAYS 366

struct http_token_wish {
	enum gate_role role;
	char label[GATE_TOKEN_LABEL + 1];
	sp_time expires;
};
enum sp_code http_api_token_wish(const void *json, size_t len, sp_time now,
    struct http_token_wish *out, struct sp_err *err) SP_MUST_USE;

/* The index of a tile, C2SP tlog-tiles: groups of three digits, all but the
 * last with an 'x' before them ("x001/x234/067"), then perhaps ".p/<width>".
 * *width is 256 for a full tile.  Only the one canonical spelling passes. */
bool http_api_tile_index(
    const char *s, uint64_t *index, unsigned *width) SP_MUST_USE;

#endif
