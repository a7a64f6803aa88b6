#include "errand/errand.h"

#include "base/encode.h"
#include "base/parse.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct errand
errand_new(void)
{
	return (struct errand){
		.tls_ca = sp_buf_new(ERRAND_PEM_MAX),
		.basic = sp_buf_secret(ERRAND_BASIC_MAX),
		.body = sp_buf_secret(ERRAND_BODY_MAX),
	};
}

void
errand_free(struct errand *e)
{
	sp_buf_free(&e->tls_ca);
	sp_buf_free(&e->basic);
	sp_buf_free(&e->body);
}

void
errand_write(const struct errand *e, struct sp_buf *out)
{
	sp_buf_u32be(out, e->id);
	sp_buf_u8(out, (uint8_t)e->kind);
	sp_buf_u8(out, e->local ? 1 : 0);
	sp_buf_blob(out, e->url, strlen(e->url));
	sp_buf_blob(out, e->tls_ca.at, e->tls_ca.len);
	sp_buf_blob(out, e->basic.at, e->basic.len);
	sp_buf_blob(out, e->body.at, e->body.len);
}

/* Base64 and no more: it becomes a part of a header line. */
static bool
basic_ok(const struct sp_in *basic)
{
	for (size_t i = 0; i < basic->left; i++) {
		uint8_t c = basic->at[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    !(c >= '0' && c <= '9') && c != '+' && c != '/' && c != '=')
			return false;
	}
	return true;
}

/* Only a grant shows a credential, and a document is asked for with nothing.
 * Only those two know of `local`. */
static bool
fits_kind(uint8_t kind, uint8_t local, size_t basic, size_t body)
{
	if (kind == ERRAND_GRANT)
		return body > 0;
	if (kind == ERRAND_DOCUMENT)
		return basic == 0 && body == 0;
	return kind < ERRAND_KIND_COUNT && basic == 0 && local == 0;
}

enum sp_code
errand_read(
    const void *packet, size_t len, struct errand *out, struct sp_err *err)
{
	struct sp_in in = sp_in_from(packet, len);
	uint32_t id = sp_in_u32be(&in);
	uint8_t kind = sp_in_u8(&in);
	uint8_t local = sp_in_u8(&in);
	struct sp_in url = sp_in_blob(&in, ERRAND_URL_MAX);
	struct sp_in tls_ca = sp_in_blob(&in, ERRAND_PEM_MAX);
	struct sp_in basic = sp_in_blob(&in, ERRAND_BASIC_MAX);
	struct sp_in body = sp_in_blob(&in, ERRAND_BODY_MAX);

	if (!sp_in_done(&in) || local > 1 ||
	    !fits_kind(kind, local, basic.left, body.left) ||
	    !basic_ok(&basic) || url.left == 0 ||
	    memchr(url.at, '\0', url.left) != NULL)
		return sp_fail(err, SP_E_INVALID, "not an errand");
	out->id = id;
	out->kind = (enum errand_kind)kind;
	out->local = local == 1;
	memcpy(out->url, url.at, url.left);
	out->url[url.left] = '\0';
	sp_buf_add(&out->tls_ca, tls_ca.at, tls_ca.left);
	sp_buf_add(&out->basic, basic.at, basic.left);
	sp_buf_add(&out->body, body.at, body.left);
	SP_TRY(sp_buf_check(&out->tls_ca, "an errand", err));
	SP_TRY(sp_buf_check(&out->basic, "an errand", err));
	return sp_buf_check(&out->body, "an errand", err);
}

void
errand_answer_write(const struct errand_answer *a, struct sp_buf *out)
{
	sp_buf_u32be(out, a->id);
	sp_buf_u16be(out, (uint16_t)a->reply.status);
	sp_buf_blob(out, a->reply.body, a->reply.len);
	sp_buf_blob(out, a->problem, strlen(a->problem));
}

enum sp_code
errand_answer_read(const void *packet, size_t len, struct errand_answer *out,
    struct sp_err *err)
{
	struct sp_in in = sp_in_from(packet, len);
	uint32_t id = sp_in_u32be(&in);
	uint16_t status = sp_in_u16be(&in);
	struct sp_in body = sp_in_blob(&in, ERRAND_ANSWER_MAX);
	struct sp_in problem = sp_in_blob(&in, ERRAND_PROBLEM_MAX);

	if (!sp_in_done(&in) || (status != 0 && (status < 100 || status > 599)))
		return sp_fail(err, SP_E_INVALID, "not an answer");
	*out = (struct errand_answer){
		.id = id,
		.reply = { status, (const char *)body.at, body.left, NULL },
	};
	if (problem.left > 0)
		memcpy(out->problem, problem.at, problem.left);
	sp_utf8_clean(out->problem);
	out->reply.problem = out->problem;
	return SP_OK;
}

enum sp_code
errand_packet_send(int sock, const struct sp_buf *packet, struct sp_err *err)
{
	SP_TRY(sp_buf_check(packet, "a packet", err));
	while (send(sock, packet->at, packet->len,
		   MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS)
			return sp_fail(
			    err, SP_E_LOCKED, "the messenger is busy");
		return sp_fail(err, SP_E_UNAVAIL, "the other end is gone");
	}
	return SP_OK;
}

enum sp_code
errand_packet_receive(int sock, struct sp_buf *packet, struct sp_err *err)
{
	ssize_t n;

	sp_buf_clear(packet);
	if (sp_buf_extend(packet, ERRAND_PACKET_MAX) == NULL)
		return sp_buf_check(packet, "a packet", err);
	do
		n = recv(
		    sock, packet->at, packet->len, MSG_DONTWAIT | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	sp_buf_cut(packet,
	    n < 0                         ? 0
		: (size_t)n > packet->len ? packet->len
					  : (size_t)n);
	if (n < 0 && errno == EAGAIN)
		return sp_fail(err, SP_E_LOCKED, "nothing is there");
	if (n <= 0)
		return sp_fail(err, SP_E_UNAVAIL, "the other end is gone");
	if ((size_t)n > ERRAND_PACKET_MAX)
		return sp_fail(err, SP_E_INVALID, "a packet is too long");
	return SP_OK;
}
