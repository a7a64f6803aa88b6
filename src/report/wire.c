#include "report/wire.h"

#include "base/json.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
	char letter;
	size_t most;
} frames[REPORT_FRAME_COUNT] = {
#define X(id, letter, most) [id] = { (letter), (most) },
	REPORT_FRAMES(X)
#undef X
};

static const char *const documents[REPORT_KIND_COUNT] = {
#define X(id, name) [id] = (name),
	REPORT_DOCUMENTS(X)
#undef X
};

static const char *const papers[REPORT_PAPER_COUNT] = {
#define X(id, name, width, height) [id] = (name),
	REPORT_PAPERS(X)
#undef X
};

const char *
report_paper_name(enum report_paper p)
{
	SP_REQUIRE((size_t)p < SP_COUNTOF(papers));
	return papers[p];
}

bool
report_paper_parse(const char *s, enum report_paper *out)
{
	for (size_t i = 0; i < SP_COUNTOF(papers); i++) {
		if (strcmp(s, papers[i]) == 0) {
			*out = (enum report_paper)i;
			return true;
		}
	}
	return false;
}

static void
frame(struct sp_buf *out, enum report_frame kind, size_t len)
{
	if (len > frames[kind].most)
		sp_buf_poison(out, SP_E_LIMIT);
	sp_buf_u8(out, (uint8_t)frames[kind].letter);
	sp_buf_u32be(out, (uint32_t)len);
}

static void
json_id(struct sp_json *j, const char *name, const struct sp_id *id)
{
	char text[SP_ID_TEXT];

	if (id == NULL) {
		sp_json_null(j, name);
		return;
	}
	sp_id_text(id, text);
	sp_json_str(j, name, text);
}

void
report_wire_head(struct sp_buf *out, const struct report_head *h)
{
	SP_AUTO_BUF text = sp_buf_new(frames[REPORT_FRAME_HEAD].most);
	struct sp_json j = sp_json_to(&text);
	char made[SP_TIME_TEXT];

	sp_time_text(h->made, made);
	sp_json_object(&j, NULL);
	sp_json_str(&j, "agency", h->agency);
	json_id(&j, "bag", h->bag);
	json_id(&j, "by", h->by);
	sp_json_str(&j, "document", documents[h->document]);
	sp_json_str(&j, "log_key", h->log_key);
	sp_json_str(&j, "made", made);
	sp_json_str(&j, "note", h->note);
	sp_json_str(&j, "ori", h->ori);
	sp_json_str(&j, "paper", report_paper_name(h->paper));
	sp_json_str(&j, "role", h->role);
	sp_json_str(&j, "state", h->state);
	sp_json_end(&j);
	if (!sp_buf_ok(&text))
		sp_buf_poison(out, text.bad);
	frame(out, REPORT_FRAME_HEAD, text.len);
	sp_buf_add(out, sp_buf_str(&text), text.len);
}

static void
numbered(struct sp_buf *out, enum report_frame kind, uint64_t n,
    const void *bytes, size_t len)
{
	frame(out, kind, len + 8);
	sp_buf_u64be(out, n);
	sp_buf_add(out, bytes, len);
}

void
report_wire_item(
    struct sp_buf *out, uint64_t entries, const void *json, size_t len)
{
	numbered(out, REPORT_FRAME_ITEM, entries, json, len);
}

void
report_wire_entry(
    struct sp_buf *out, uint64_t index, const void *bytes, size_t len)
{
	numbered(out, REPORT_FRAME_ENTRY, index, bytes, len);
}

void
report_wire_end(struct sp_buf *out)
{
	frame(out, REPORT_FRAME_END, 0);
}

enum sp_code
report_wire_next(struct sp_in *in, enum report_frame *kind, struct sp_in *body,
    struct sp_err *err)
{
	uint8_t letter = sp_in_u8(in);

	for (size_t i = 0; i < REPORT_FRAME_COUNT; i++) {
		struct sp_in got;

		if ((uint8_t)frames[i].letter != letter)
			continue;
		got = sp_in_blob(in, frames[i].most);
		if (in->bad)
			break;
		*kind = (enum report_frame)i;
		*body = got;
		return SP_OK;
	}
	return sp_fail(err, SP_E_INVALID, "a request to the press is broken");
}

/* --- handing a job over --- */

/* Room for one descriptor, aligned as the kernel's header wants it. */
union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

enum sp_code
report_wire_send(int sock, int fd, struct sp_err *err)
{
	char job = 'J';
	struct iovec piece = { &job, 1 };
	union rights rights = { .room = { 0 } };
	struct msghdr msg = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = rights.room,
		.msg_controllen = sizeof(rights.room) };

	rights.head.cmsg_level = SOL_SOCKET;
	rights.head.cmsg_type = SCM_RIGHTS;
	rights.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&rights.head), &fd, sizeof(int));
	while (sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return sp_fail_os(err, "hand a report to the press");
	return SP_OK;
}

enum sp_code
report_wire_receive(int sock, int *fd, struct sp_err *err)
{
	char job = 0;
	struct iovec piece = { &job, 1 };
	union rights rights = { .room = { 0 } };
	struct msghdr msg = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = rights.room,
		.msg_controllen = sizeof(rights.room) };
	const struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return sp_fail_os(err, "receive a job");
	if (n == 0)
		return sp_fail(err, SP_E_NOTFOUND, "the other end is closed");
	c = CMSG_FIRSTHDR(&msg);
	if (c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return sp_fail(err, SP_E_INVALID, "a job without a socket");
	memcpy(fd, CMSG_DATA(c), sizeof(int));
	return SP_OK;
}
