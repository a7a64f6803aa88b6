#ifndef REPORT_GATHER_H
#define REPORT_GATHER_H

#include "evidence/room.h"
#include "report/press.h"

/*
 * From an agency's evidence room to a finished document: gathers what is
 * known, hands it to the press (press.h).  Any thread, but never the ledger's
 * writer: it waits for the press.
 */
struct report_order {
	struct evidence_room *room;
	struct report_press *press;
	enum report_paper paper;
	sp_time made;
	const struct gate_caller *who;
	const char *note;        /* the signed checkpoint it rests on */
	uint64_t size;           /* of the log, by that */
	const struct sp_id *bag; /* that it goes into, or NULL */
};

/* What is usual where the agency is. */
enum report_paper report_gather_paper(struct evidence_room *room);

/* The custody report of one item.  The pass is for GATE_SHOW of it, or of all
 * evidence; whoever asks may see the custody (the caller's duty).  SP_E_LIMIT,
 * reason "report.entries": more than REPORT_ENTRIES_MAX.  `pdf` is set, and
 * untouched on failure. */
enum sp_code report_gather_custody(const struct report_order *o,
    struct gate_pass *show, const struct sp_id *id, struct sp_buf *pdf,
    struct sp_err *err) SP_MUST_USE;
/* The certification of n items; `bag` is there. */
enum sp_code report_gather_certification(const struct report_order *o,
    struct gate_pass *show, const struct sp_id *const *id, size_t n,
    struct sp_buf *pdf, struct sp_err *err) SP_MUST_USE;

#endif
