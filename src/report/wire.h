#ifndef REPORT_WIRE_H
#define REPORT_WIRE_H

#include "base/clock.h"
#include "base/id.h"
#include "base/parse.h"
#include "ledger/entry.h"

/*
 * What the server asks of the press (press.h), and what it gets.  A request is
 *
 *   HEAD (ITEM ENTRY*)+ END
 *
 * each a frame: u8 kind || u32be length || that many bytes, and nothing after
 * the last.  An answer is u8 code || u32be length || the PDF, or why not.
 *
 *   HEAD   canonical JSON: {"agency","bag"|null,"by","document","log_key",
 *          "made","note","ori","paper","role","state"}, strings all
 *   ITEM   u64be number of its entries in the log || the item as JSON, as
 *          .../evidence/{id} answers, and perhaps "actors": names by id
 *   ENTRY  u64be index || the entry's bytes; in the log's order
 *
 * Both sides are this program; the strings in it are anybody's.
 */
#define REPORT_FRAMES(X)                                                       \
	X(REPORT_FRAME_HEAD, 'H', (size_t)1 << 20)                             \
	X(REPORT_FRAME_ITEM, 'I', (size_t)1 << 20)                             \
	X(REPORT_FRAME_ENTRY, 'E', (size_t)8 + LEDGER_ENTRY_MAX)               \
	X(REPORT_FRAME_END, 'Z', 0)

enum report_frame {
#define X(id, letter, most) id,
	REPORT_FRAMES(X)
#undef X
	    REPORT_FRAME_COUNT
};

#define REPORT_DOCUMENTS(X)                                                    \
	X(REPORT_CUSTODY, "custody") /* one item, all its entries */           \
	X(REPORT_CERTIFICATION, "certification") /* items; of each the first,  \
						    the sealing, the last  */

enum report_kind {
#define X(id, name) id,
	REPORT_DOCUMENTS(X)
#undef X
	    REPORT_KIND_COUNT
};

/* Points. */
#define REPORT_PAPERS(X)                                                       \
	X(REPORT_LETTER, "letter", 612.0, 792.0)                               \
	X(REPORT_A4, "a4", 595.28, 841.89)

enum report_paper {
#define X(id, name, width, height) id,
	REPORT_PAPERS(X)
#undef X
	    REPORT_PAPER_COUNT
};
const char *report_paper_name(enum report_paper p);
bool report_paper_parse(const char *s, enum report_paper *out) SP_MUST_USE;

#define REPORT_REQUEST_MAX ((size_t)32 << 20)
#define REPORT_PDF_MAX     ((size_t)16 << 20)
#define REPORT_ITEMS_MAX   1000
#define REPORT_ENTRIES_MAX 20000
#define REPORT_PAGES_MAX   2500

/* What all of a request rests on; borrows. */
struct report_head {
	enum report_kind document;
	enum report_paper paper;
	sp_time made;
	const char *agency, *ori, *state;
	const char *log_key;     /* its name is the log's origin */
	const char *note;        /* the signed checkpoint */
	const struct sp_id *by;  /* who asked */
	const char *role;        /* its role */
	const struct sp_id *bag; /* that it goes into, or NULL */
};

/* Append a frame; too much for its kind poisons `out`. */
void report_wire_head(struct sp_buf *out, const struct report_head *h);
void report_wire_item(
    struct sp_buf *out, uint64_t entries, const void *json, size_t len);
void report_wire_entry(
    struct sp_buf *out, uint64_t index, const void *bytes, size_t len);
void report_wire_end(struct sp_buf *out);

/* The next frame; its body is borrowed.  SP_E_INVALID. */
enum sp_code report_wire_next(struct sp_in *in, enum report_frame *kind,
    struct sp_in *body, struct sp_err *err) SP_MUST_USE;

/* A job is one byte and one end of a socket pair (SCM_RIGHTS), over
 * SOCK_SEQPACKET.  `fd` stays the caller's; what is received is the caller's.
 * Sending never waits.  SP_E_NOTFOUND: the other end is closed. */
enum sp_code report_wire_send(int sock, int fd, struct sp_err *err) SP_MUST_USE;
enum sp_code report_wire_receive(
    int sock, int *fd, struct sp_err *err) SP_MUST_USE;

#endif
