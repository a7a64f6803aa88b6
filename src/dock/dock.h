#ifndef DOCK_DOCK_H
#define DOCK_DOCK_H

#include "dock/book.h"
#include "dock/send.h"
#include "ledger/note.h"

/*
 * A dock: everything in a folder, or on a mounted camera, goes to the site,
 * and is forgotten here only when it is proven to be there (book.h draws the
 * life of a file; proof.h says what is proven; journal.h what survives).
 *
 * dock_run is its own thread's, and makes a thread for each stream.
 */
#define DOCK_STREAMS_MAX 16

enum dock_event_kind {
	DOCK_TOLD_FILE,     /* a file changed its state, or why it waits */
	DOCK_TOLD_PROGRESS, /* bytes of one were read or sent */
	DOCK_TOLD_CAMERA,   /* the folder */
	DOCK_TOLD_NOTE,     /* something a person should know: `why` */
};

/* Pointers are good until the callback returns. */
struct dock_event {
	enum dock_event_kind kind;
	const char *path;
	enum dock_state state;
	enum dock_camera camera;
	uint64_t size;
	uint64_t done;      /* of `size`, in this state */
	const char *sha256; /* this and below: "" when there is none */
	const char *evidence;
	const char *why;
	uint64_t entry; /* of a proven one */
};

struct dock_options {
	const char *dir;
	const char *journal;  /* a file */
	const char *receipts; /* a folder */
	const struct settings *settings;
	const char *agency;
	const struct ledger_vkey *key; /* of the log, or NULL */
	struct dock_describe describe;
	bool clear;
	bool once;
	unsigned streams;
	unsigned tries;   /* of requests, without progress */
	int64_t settle;   /* microseconds without a change: it is quiet */
	int64_t rescan;   /* between scans at most */
	int64_t patience; /* with `once`: for a file to become quiet */
	/* A connection for a stream. */
	enum sp_code (*connect)(
	    void *arg, struct site_transport **out, struct sp_err *err);
	/* Asked often; true ends it.  Signals that make it true come to the
	 * thread of dock_run. */
	bool (*interrupted)(void);
	/* Called by any thread, one at a time; must not take long. */
	void (*told)(void *arg, const struct dock_event *e);
	void (*ready)(void *arg); /* the folder is being watched */
	void *arg;                /* of all of them */
};

struct dock_result {
	size_t kept;         /* files proven and left, in this run or before */
	size_t cleared;      /* proven and removed, in this run */
	size_t failed;       /* could not be proven, or not be cleared */
	struct sp_err first; /* why the first of them could not */
	bool interrupted;
};

/* Ends when interrupted or, with `once`, when there is nothing left that
 * could be done.  Failing is for what concerns all files: another dock is
 * there (SP_E_LOCKED), the journal is damaged or cannot be written, the
 * folder is not there (with `once`). */
enum sp_code dock_run(const struct dock_options *o, struct dock_result *out,
    struct sp_err *err) SP_MUST_USE;

#endif
