#ifndef MEDIA_CLIENT_H
#define MEDIA_CLIENT_H

#include "media/facts.h"
#include "media/jpeg.h"

/*
 * The host's side of a job: give the worker at the other end of a socket the
 * bytes that it asks for, and take what it says, believing nothing
 * (media/message.h).  One thread a job; another may shut the socket down.
 */
struct media_job {
	uint64_t size;
	/* All `len` bytes at `at`, which lie within the size. */
	enum sp_code (*read)(
	    void *self, uint64_t at, void *out, size_t len, struct sp_err *err);
	void *self;
	int64_t deadline; /* sp_ticks() */
	uint64_t most;    /* bytes that may be asked for in all */
};

struct media_result {
	enum media_reason why; /* MEDIA_READABLE: the rest holds */
	struct media_facts facts;
	struct sp_buf poster; /* a JPEG, or nothing */
	struct media_picture size;
};
void media_result_done(struct media_result *r); /* frees the poster */
#define MEDIA_AUTO_RESULT SP_CLEANUP(media_result_done) struct media_result

/*
 * SP_OK and *out: what is known of the file from now on, also where the worker
 * broke down or broke the rules (why says so).  Else `read` failed: nothing is
 * known, and *out untouched.
 */
enum sp_code media_client_run(int sock, const struct media_job *job,
    struct media_result *out, struct sp_err *err) SP_MUST_USE;

#endif
