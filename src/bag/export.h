#ifndef BAG_EXPORT_H
#define BAG_EXPORT_H

#include "bag/vouched.h"
#include "bag/write.h"
#include "evidence/viewing.h"
#include "report/press.h"

/*
 * Export: a bag of evidence items with their custody records and proofs
 * (docs/bag.md), streamed.  Each item gets its own pass and
 * "evidence.exported" entry before any byte leaves; all proofs rest on one
 * checkpoint taken after that, so the entries are in the bag too.
 *
 * Threads: one an export; any, but never the ledger's writer.
 */
#define BAG_EXPORT_ITEMS   1000
#define BAG_EXPORT_ENTRIES 75000 /* of all items together */
#define BAG_EXPORT_NAME    64

struct bag_export;

struct bag_export_wish {
	const struct gate_caller *who;
	const struct sp_id *id;
	size_t n; /* 1 to BAG_EXPORT_ITEMS, no id twice */
	enum bag_format format;
	struct report_press
	    *press; /* sets the documents; NULL: there is none */
	/* What others said of the log, read before this is asked; is moved
	 * out.  NULL: nothing. */
	struct bag_vouched *vouched;
};

/* Admits, writes the entries, reads the items' records: what can be refused
 * is refused here, before the first byte. */
enum sp_code bag_export_begin(struct bag_export **out, struct evidence_room *r,
    const struct bag_export_wish *wish, struct sp_err *err) SP_MUST_USE;
void bag_export_free(struct bag_export *x); /* NULL is a no-op */

static inline void
bag_export_freep(struct bag_export **x)
{
	bag_export_free(*x);
}
#define BAG_AUTO_EXPORT SP_CLEANUP(bag_export_freep) struct bag_export *

/* Its base directory, and what its file should be called but for the ending:
 * "miami-20261121T184544Z". */
const char *bag_export_name(const struct bag_export *x);

/* How many documents (certification, custody reports) could not be set, for
 * whatever reason: a text that says why stands in their place, since evidence
 * must leave also where nothing can be printed. */
size_t bag_export_unset(const struct bag_export *x);

/* Write the whole archive through `sink`; stops when it fails.  What is read
 * is compared with what was sealed while it streams: SP_E_CORRUPT cuts the
 * archive off there. */
enum sp_code bag_export_write(struct bag_export *x,
    enum sp_code (*sink)(
	void *arg, const void *bytes, size_t len, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;

#endif
