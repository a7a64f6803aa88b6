#ifndef EVIDENCE_BAG_H
#define EVIDENCE_BAG_H

#include "evidence/viewing.h"

/*
 * Export: a BagIt 1.0 bag (RFC 8493) as zip or tar, streamed (docs/bag.md).
 * Each item gets its own pass and "evidence.exported" entry before any byte
 * leaves; all proofs rest on one checkpoint taken after that.
 */
#define EVIDENCE_BAG_FORMATS(X)                                                \
	X(EVIDENCE_BAG_ZIP, "zip", "application/zip")                          \
	X(EVIDENCE_BAG_TAR, "tar", "application/x-tar")

enum evidence_bag_format {
#define X(id, name, media) id,
	EVIDENCE_BAG_FORMATS(X)
#undef X
	    EVIDENCE_BAG_FORMAT_COUNT
};

#define EVIDENCE_BAG_ITEMS 1000

struct evidence_bag;

/* Admits, writes the entries, reads the items' records: what can be refused
 * is refused here, before the first byte. */
enum sp_code evidence_bag_begin(struct evidence_bag **out,
    struct evidence_room *r, const struct gate_caller *who,
    const struct sp_id *id, size_t n, enum evidence_bag_format format,
    struct sp_err *err) SP_MUST_USE;
/* Write the whole archive through `sink`; stops when it fails. */
enum sp_code evidence_bag_write(struct evidence_bag *b,
    enum sp_code (*sink)(
	void *arg, const void *bytes, size_t len, struct sp_err *err),
    void *arg, struct sp_err *err) SP_MUST_USE;
void evidence_bag_free(struct evidence_bag *b);

#endif
