#include "dock/erase.h"

#include "card.h"
#include "crypto/provider.h"

#include <signal.h>
#include <sys/wait.h>

/* Put in the place of the system's: what a medium can answer. */
static int unlink_fails;
static int fsync_fails;
static const char *swap_before_look; /* this name becomes another file */
static unsigned unlinks;

int __real_unlinkat(int fd, const char *name, int flags);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_unlinkat(int fd, const char *name, int flags)
{
	unlinks++;
	if (unlink_fails != 0) {
		errno = unlink_fails;
		return -1;
	}
	return __real_unlinkat(fd, name, flags);
}

int
__wrap_fsync(int fd)
{
	if (fsync_fails != 0) {
		errno = fsync_fails;
		return -1;
	}
	return __real_fsync(fd);
}

static bool
on_go_on(void *arg, uint64_t done, uint64_t of)
{
	(void)arg;
	(void)done;
	(void)of;
	if (swap_before_look != NULL) {
		card_text("other", "abc");
		CHECK(rename(card("other"), card(swap_before_look)) == 0);
	}
	return true;
}

static const struct dock_reading reading = { .go_on = on_go_on };
static char sum_abc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/* A card with DCIM/clip of "abc", and what was seen of it. */
static struct dock_place
prepare(struct dock_ident *is)
{
	struct dock_place p;
	struct sp_err err;
	int fd = -1;

	card_new();
	unlinks = 0;
	card_text("DCIM/clip", "abc");
	CHECK_OK(dock_place_open(&p, card(""), &err), &err);
	CHECK_OK(dock_place_file(&p, "DCIM/clip", &fd, is, &err), &err);
	CHECK(close(fd) == 0);
	return p;
}

static enum sp_code
erase(struct dock_place *p, const struct dock_ident *is, struct sp_err *err)
{
	struct dock_erasing what = { .path = "DCIM/clip",
		.is = *is,
		.fresh = true,
		.sha256 = sum_abc,
		.reading = &reading };
	enum sp_code code = dock_erase(p, &what, err);

	dock_place_close(p);
	return code;
}

static void
the_file_that_was_hashed_goes(void)
{
	struct dock_ident is;
	struct sp_err err;
	struct dock_place p = prepare(&is);

	CHECK_OK(erase(&p, &is, &err), &err);
	CHECK(!card_has("DCIM/clip") && card_has("DCIM") && unlinks == 1);
	/* Touched, or copied over by itself: the same bytes still. */
	p = prepare(&is);
	card_text("DCIM/clip", "abc");
	CHECK_OK(erase(&p, &is, &err), &err);
	CHECK(!card_has("DCIM/clip"));
	p = prepare(&is);
	card_text("new", "abc");
	CHECK(rename(card("new"), card("DCIM/clip")) == 0);
	CHECK_OK(erase(&p, &is, &err), &err);
	CHECK(!card_has("DCIM/clip"));
}

static void
another_file_of_that_name_stays(void)
{
	static const char *const others[] = { "abd", "ab", "abcd", "" };
	struct dock_ident is;
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(others); i++) {
		struct dock_place p = prepare(&is);

		card_text("DCIM/clip", others[i]);
		CHECK_CODE(erase(&p, &is, &err), SP_E_CONFLICT, &err);
		CHECK(err.reason == dock_place_changed);
		CHECK(card_has("DCIM/clip") && unlinks == 0);
	}
	/* Same size and time, set back by whoever knows how. */
	struct dock_place p = prepare(&is);
	struct timespec then[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = is.mtime / 1000000000,
		    .tv_nsec = is.mtime % 1000000000 } };

	card_text("DCIM/clip", "xyz");
	CHECK(utimensat(AT_FDCWD, card("DCIM/clip"), then, 0) == 0);
	CHECK_CODE(erase(&p, &is, &err), SP_E_CONFLICT, &err);
	CHECK(card_has("DCIM/clip") && unlinks == 0);
}

/* The numbers are those of the file that was hashed; the bytes are not.  So
 * two cards look to a file system that makes its numbers up. */
static void
what_was_hashed_long_ago_is_read_again(void)
{
	struct dock_ident is;
	struct sp_err err;
	struct dock_erasing what = { .path = "DCIM/clip",
		.sha256 = "cb8379ac2098aa165029e3938a51da0b"
			  "cecfc008fd6795f401178647f96c5b34", /* "def" */
		.reading = &reading };
	struct dock_place p = prepare(&is);

	what.is = is;
	CHECK_CODE(dock_erase(&p, &what, &err), SP_E_CONFLICT, &err);
	CHECK(err.reason == dock_place_changed);
	what.fresh = true; /* but of another device */
	what.is.dev++;
	CHECK_CODE(dock_erase(&p, &what, &err), SP_E_CONFLICT, &err);
	CHECK(card_has("DCIM/clip") && unlinks == 0);
	what.is = is;
	what.fresh = false;
	what.sha256 = sum_abc;
	CHECK_OK(dock_erase(&p, &what, &err), &err);
	CHECK(!card_has("DCIM/clip"));
	dock_place_close(&p);
}

/* Whether somebody writes a file of another user cannot be told. */
static int
erase_as_nobody(void)
{
	struct dock_ident is;
	struct sp_err err;
	struct dock_place p = prepare(&is);
	int writer = open(card("DCIM/clip"), O_WRONLY | O_APPEND);

	if (writer < 0 || chmod(scratch_dir, 0755) != 0 ||
	    chmod(card(""), 0777) != 0 || chmod(card("DCIM"), 0777) != 0 ||
	    setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 2;
	if (erase(&p, &is, &err) != SP_E_DENIED ||
	    err.reason != dock_place_barred)
		return 1;
	return card_has("DCIM/clip") && unlinks == 0 ? 0 : 1;
}

static void
a_file_of_another_user_stays(void)
{
	int status = -1;

	if (geteuid() != 0) {
		CHECK(geteuid() != 0); /* only root can be somebody else */
		return;
	}
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0)
		_exit(erase_as_nobody());
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
a_link_in_its_place_stays(void)
{
	struct dock_ident is;
	struct sp_err err;
	struct dock_place p = prepare(&is);

	CHECK(rename(card("DCIM/clip"), card("real")) == 0);
	CHECK(symlink("../real", card("DCIM/clip")) == 0);
	CHECK(erase(&p, &is, &err) != SP_OK);
	CHECK(card_has("real") && card_has("DCIM/clip") && unlinks == 0);

	p = prepare(&is);
	CHECK(rename(card("DCIM"), card("away")) == 0);
	CHECK(symlink("away", card("DCIM")) == 0);
	CHECK(erase(&p, &is, &err) != SP_OK);
	CHECK(card_has("away/clip") && unlinks == 0);
}

static void
what_is_being_written_or_swapped_stays(void)
{
	struct dock_ident is;
	struct sp_err err;
	struct dock_place p = prepare(&is);
	int writer = open(card("DCIM/clip"), O_WRONLY | O_CLOEXEC);

	CHECK(writer >= 0);
	CHECK_CODE(erase(&p, &is, &err), SP_E_LOCKED, &err);
	CHECK(err.reason == dock_place_written && card_has("DCIM/clip"));
	CHECK(close(writer) == 0);
	/* It is exchanged for another after its bytes were read again. */
	p = prepare(&is);
	card_text("DCIM/clip", "abc");
	swap_before_look = "DCIM/clip";
	CHECK_CODE(erase(&p, &is, &err), SP_E_CONFLICT, &err);
	swap_before_look = NULL;
	CHECK(card_has("DCIM/clip") && unlinks == 0);
}

static void
a_medium_that_will_not_is_told_apart(void)
{
	static const struct {
		int fails;
		enum sp_code code;
		const char *reason;
	} rows[] = {
		{ EROFS, SP_E_DENIED, dock_place_barred },
		{ EACCES, SP_E_DENIED, dock_place_barred },
		{ EPERM, SP_E_DENIED, dock_place_barred },
		{ ENOSPC, SP_E_FULL, NULL },
		{ ENOENT, SP_E_NOTFOUND, dock_place_gone },
		{ EIO, SP_E_UNAVAIL, dock_place_broken },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct dock_ident is;
		struct sp_err err;
		struct dock_place p = prepare(&is);

		unlink_fails = rows[i].fails;
		CHECK_CODE(erase(&p, &is, &err), rows[i].code, &err);
		unlink_fails = 0;
		CHECK(err.reason == rows[i].reason);
		CHECK(err.os_errno == rows[i].fails);
		CHECK(card_has("DCIM/clip"));
	}
	struct dock_ident is;
	struct sp_err err;
	struct dock_place p = prepare(&is);

	CHECK(unlink(card("DCIM/clip")) == 0);
	CHECK_CODE(erase(&p, &is, &err), SP_E_NOTFOUND, &err);
	CHECK(err.reason == dock_place_gone);
	/* A folder that cannot be brought to the disk: not known to be gone. */
	p = prepare(&is);
	fsync_fails = EIO;
	CHECK_CODE(erase(&p, &is, &err), SP_E_UNAVAIL, &err);
	fsync_fails = EINVAL; /* one that has no such thing */
	p = prepare(&is);
	CHECK_OK(erase(&p, &is, &err), &err);
	fsync_fails = 0;
}

static const struct tap_case cases[] = {
	{ "the file that was hashed goes", the_file_that_was_hashed_goes },
	{ "another file of that name stays", another_file_of_that_name_stays },
	{ "what was hashed long ago is read again",
	    what_was_hashed_long_ago_is_read_again },
	{ "a file of another user stays", a_file_of_another_user_stays },
	{ "a link in its place stays", a_link_in_its_place_stays },
	{ "what is being written or swapped stays",
	    what_is_being_written_or_swapped_stays },
	{ "a medium that will not is told apart",
	    a_medium_that_will_not_is_told_apart },
};
CARD_MAIN(cases)
