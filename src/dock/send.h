#ifndef DOCK_SEND_H
#define DOCK_SEND_H

#include "client/put_upload.h"
#include "dock/place.h"

/*
 * One file's bytes to the site: what describes it, and the upload.
 *
 * The description says what the card says: the file's name and path on it,
 * and the time of its last change as captured_at, by whatever clock the
 * camera has.  Names that the site would refuse are cleaned; nothing is
 * decided by any of it.
 */
struct dock_describe {
	const char *title; /* this and below: NULL where not said */
	const char *category;
	const char *device;
};

/* Upload-Metadata of the file at `path` in the place. */
enum sp_code dock_send_metadata(const struct dock_describe *d, const char *path,
    const struct dock_ident *is, const char *sha256, struct sp_buf *out,
    struct sp_err *err) SP_MUST_USE;

/* The Idempotency-Key of a creation: of `once`, and of what is asked for, so
 * that the same key is never another request. */
#define DOCK_KEY_TEXT 48
void dock_send_key(
    const char *once, const char *metadata, char out[static DOCK_KEY_TEXT]);

struct dock_sending {
	int fd;
	struct dock_ident is;
	const char *metadata;
	char upload[SP_ID_TEXT]; /* one under way, or "" */
	char key[DOCK_KEY_TEXT]; /* of the creation, if one is needed */
	/* The upload was lost, or will never be whole: another key, for the
	 * next one. */
	void (*lost)(void *arg, char key[static DOCK_KEY_TEXT]);
	/* The upload that was made. */
	void (*made)(void *arg, const char *upload);
	bool (*go_on)(void *arg, uint64_t done, uint64_t of);
	void *arg;
};

/* *evidence gets what it became.  Reasons of site.h and place.h;
 * SP_E_MISMATCH: the site has other bytes than were hashed. */
enum sp_code dock_send(struct site_client *c, struct dock_sending *s,
    char evidence[static SP_ID_TEXT], struct sp_err *err) SP_MUST_USE;

#endif
