#ifndef REPORT_DOSSIER_H
#define REPORT_DOSSIER_H

#include "report/wire.h"

#include <jansson.h>

/*
 * A request to the press, read and found to be whole: what a document is
 * filled from.  Borrows the request's bytes.  The checkpoint's signature was
 * checked by who made the request: no cryptography is here.  One thread.
 */
struct report_entry {
	uint64_t index;
	const char *bytes;
	size_t len;
};

struct report_item {
	json_t *json;     /* every member of its kind, or null */
	uint64_t entries; /* in the log */
	size_t first, n;  /* which of the dossier's are about it */
};

#define REPORT_ORIGIN_MAX 255
#define REPORT_ROOT       ((size_t)32)

struct report_dossier {
	enum report_kind document;
	enum report_paper paper;
	sp_time made;
	json_t *head;                       /* every member there */
	char origin[REPORT_ORIGIN_MAX + 1]; /* of the log: by its checkpoint */
	uint64_t size;
	uint8_t root[REPORT_ROOT];
	struct report_item *item;
	size_t items, items_room;
	struct report_entry *entry;
	size_t entries, entries_room;
};

/* SP_E_INVALID: no such request.  SP_E_CORRUPT: its parts contradict each
 * other (an item and the entry that sealed it, an index past the checkpoint);
 * then nothing may be said in a report. */
enum sp_code report_dossier_read(struct report_dossier *out,
    const void *request, size_t len, struct sp_err *err) SP_MUST_USE;
void report_dossier_done(struct report_dossier *d);
#define REPORT_AUTO_DOSSIER                                                    \
	SP_CLEANUP(report_dossier_done) struct report_dossier

/* A member of the head or an item: its text, "" for null. */
const char *report_dossier_text(const json_t *object, const char *name);
/* One that is a number. */
uint64_t report_dossier_number(const json_t *object, const char *name);

/* An entry of the log; what it borrows lives until _done. */
struct report_event {
	json_t *json;
	uint64_t index;
	const char *act, *at, *outcome, *source;
	const char *actor_kind, *actor_id;
	const char *address; /* NULL: none */
	const json_t *detail;
};
enum sp_code report_event_read(struct report_event *out,
    const struct report_entry *e, struct sp_err *err) SP_MUST_USE;
void report_event_done(struct report_event *e);
#define REPORT_AUTO_EVENT SP_CLEANUP(report_event_done) struct report_event

/* The entry that sealed the item, which the dossier has. */
const struct report_entry *report_dossier_sealing(
    const struct report_dossier *d, const struct report_item *item);

#endif
