#include "dock/place.h"

#include "card.h"
#include "crypto/provider.h"

#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct dock_place
open_card(void)
{
	struct dock_place p;
	struct sp_err err;

	CHECK_OK(dock_place_open(&p, card(""), &err), &err);
	return p;
}

static void
a_folder_that_is_not_there_is_gone(void)
{
	struct dock_place p = { .fd = -7 };
	struct sp_err err;

	CHECK_CODE(dock_place_open(&p, "/nonexistent/card", &err),
	    SP_E_NOTFOUND, &err);
	CHECK(err.reason == dock_place_gone && p.fd == -7);
	card_new();
	card_text("file", "x");
	CHECK_CODE(
	    dock_place_open(&p, card("file"), &err), SP_E_NOTFOUND, &err);
	CHECK(err.reason == dock_place_gone && p.fd == -7);
	DOCK_AUTO_PLACE a = open_card();
	DOCK_AUTO_PLACE b = open_card();

	CHECK(dock_place_same(&a, &b));
	CHECK(mkdir(card("sub"), 0755) == 0);
	DOCK_AUTO_PLACE c = { .fd = -1 };

	CHECK_OK(dock_place_open(&c, card("sub"), &err), &err);
	CHECK(!dock_place_same(&a, &c));
}

static void
some_names_are_not_evidence(void)
{
	static const struct {
		const char *name;
		bool skips;
	} rows[] = {
		{ "MOVI0001.MP4", false },
		{ "clip.mp4", false },
		{ "tmp", false },
		{ "part", false },
		{ "FOUND.000", false },
		{ "-rf", false },
		{ ".", true },
		{ "..", true },
		{ ".clip.mp4", true },
		{ "._MOVI0001.MP4", true },
		{ ".Trash-1000", true },
		{ "clip.mp4~", true },
		{ "clip.mp4.part", true },
		{ "clip.MP4.PART", true },
		{ "clip.tmp", true },
		{ "Thumbs.db", true },
		{ "THUMBS.DB", true },
		{ "System Volume Information", true },
		{ "lost+found", true },
		{ "", true },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK(dock_place_skips(rows[i].name) == rows[i].skips);
}

static void
a_file_is_opened_by_its_path_only(void)
{
	static const char *const leads_elsewhere[] = { "", "/", "/etc/passwd",
		"..", "../secret", "a/../../secret", "a//b", "a/", "./a", "a/.",
		"a/./b", "a/.." };
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct dock_ident is;
	struct sp_err err;
	int fd = -7;

	card_new();
	scratch_write("secret", "outside", 0600);
	card_text("a/b", "inside");
	p = open_card();
	for (size_t i = 0; i < SP_COUNTOF(leads_elsewhere); i++) {
		CHECK_CODE(
		    dock_place_file(&p, leads_elsewhere[i], &fd, &is, &err),
		    SP_E_INVALID, &err);
		CHECK(err.reason == dock_place_odd);
	}
	CHECK_OK(dock_place_file(&p, "a/b", &fd, &is, &err), &err);
	CHECK(is.size == 6 && is.ino != 0 && is.mtime > 0);
	CHECK(close(fd) == 0);
	CHECK_CODE(
	    dock_place_file(&p, "a/c", &fd, &is, &err), SP_E_NOTFOUND, &err);
	CHECK(err.reason == dock_place_gone);
	CHECK_CODE(
	    dock_place_file(&p, "a/b/c", &fd, &is, &err), SP_E_NOTFOUND, &err);
}

static void
no_link_is_followed_at_any_step(void)
{
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct dock_ident is;
	struct sp_err err;
	int fd = -7;

	card_new();
	scratch_write("secret", "outside", 0600);
	card_text("a/b", "inside");
	CHECK(symlink(scratch("secret"), card("link")) == 0);
	CHECK(symlink(scratch_dir, card("out")) == 0);
	CHECK(symlink("a", card("in")) == 0);
	CHECK(symlink("b", card("a/also")) == 0);
	p = open_card();
	static const char *const links[] = { "link", "out/secret", "in/b",
		"a/also" };

	for (size_t i = 0; i < SP_COUNTOF(links); i++) {
		CHECK(dock_place_file(&p, links[i], &fd, &is, &err) != SP_OK);
		CHECK(err.reason == dock_place_odd ||
		    err.reason == dock_place_gone);
		CHECK(fd == -7);
	}
}

static void
only_regular_files_are_opened(void)
{
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct dock_ident is;
	struct sp_err err;
	int fd = -7;
	bool folder = false;

	card_new();
	CHECK(mkfifo(card("fifo"), 0644) == 0);
	CHECK(mkdir(card("folder"), 0755) == 0);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", card("socket"));
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(s >= 0 && bind(s, (struct sockaddr *)&at, sizeof(at)) == 0);
	bool device = mknod(card("null"), S_IFCHR | 0666, (dev_t)0x103) == 0;

	p = open_card();
	/* A fifo without a writer would hold whoever opens it. */
	static const char *const odd[] = { "fifo", "folder", "socket", "null" };

	for (size_t i = 0; i < SP_COUNTOF(odd) - !device; i++) {
		CHECK_CODE(dock_place_file(&p, odd[i], &fd, &is, &err),
		    SP_E_INVALID, &err);
		CHECK(err.reason == dock_place_odd && fd == -7);
		enum sp_code code =
		    dock_place_look(p.fd, odd[i], &is, &folder, &err);

		CHECK(folder == (i == 1) && (code == SP_OK) == folder);
	}
	CHECK(close(s) == 0);
}

static void
a_file_of_any_claimed_size_is_refused(void)
{
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct dock_ident is;
	struct sp_err err;
	int fd = -7;

	card_new();
	card_text("endless", "x");
	if (truncate(card("endless"), (off_t)DOCK_SIZE_MAX + 1) != 0) {
		printf("# no sparse files here\n");
		return;
	}
	p = open_card();
	CHECK_CODE(
	    dock_place_file(&p, "endless", &fd, &is, &err), SP_E_LIMIT, &err);
	CHECK(err.reason == dock_place_odd && fd == -7);
	CHECK(truncate(card("endless"), 1) == 0);
}

/* ---- Hashing ---- */

static const char *touched; /* changed while it is read */
static unsigned asked;
static unsigned stop_at;

static bool
on_go_on(void *arg, uint64_t done, uint64_t of)
{
	CHECK(arg == &asked && of > 0);
	asked++;
	if (touched != NULL) {
		int fd = open(touched, O_WRONLY | O_APPEND | O_CLOEXEC);

		CHECK(fd >= 0 && write(fd, "more", 4) == 4 && close(fd) == 0);
	}
	CHECK(done <= of + (1 << 20));
	return asked != stop_at;
}

static const struct dock_reading reading = { on_go_on, &asked };

static void
a_hash_is_of_one_state_of_a_file(void)
{
	static const char sum[] =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	DOCK_AUTO_PLACE p = { .fd = -1 };
	char sha256[DOCK_HEX] = "sentinel";
	struct dock_ident is;
	struct sp_err err;
	int fd = -1;

	card_new();
	card_text("abc", "abc");
	p = open_card();
	CHECK_OK(dock_place_file(&p, "abc", &fd, &is, &err), &err);
	CHECK_OK(dock_place_hash(fd, &is, &reading, sha256, &err), &err);
	CHECK(strcmp(sha256, sum) == 0);

	(void)snprintf(sha256, sizeof(sha256), "sentinel");
	touched = card("abc"); /* it grows for as long as it is read */
	CHECK_CODE(dock_place_hash(fd, &is, &reading, sha256, &err),
	    SP_E_CONFLICT, &err);
	CHECK(err.reason == dock_place_changed);
	touched = NULL;
	/* and it is not what was found */
	CHECK_CODE(dock_place_hash(fd, &is, &reading, sha256, &err),
	    SP_E_CONFLICT, &err);
	/* the same bytes with another time are another state */
	card_text("abc", "abc");
	CHECK_CODE(dock_place_hash(fd, &is, &reading, sha256, &err),
	    SP_E_CONFLICT, &err);
	asked = 0;
	stop_at = 1;
	CHECK_OK(dock_place_ident(fd, &is, &err), &err);
	CHECK_CODE(dock_place_hash(fd, &is, &reading, sha256, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(err.reason == dock_place_stopped);
	stop_at = 0;
	CHECK(strcmp(sha256, "sentinel") == 0);
	CHECK(close(fd) == 0);
}

static void
whoever_writes_is_seen(void)
{
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct dock_ident is;
	struct sp_err err;
	int fd = -1;

	card_new();
	card_text("clip", "abc");
	p = open_card();
	CHECK_OK(dock_place_file(&p, "clip", &fd, &is, &err), &err);
	CHECK_OK(dock_place_quiet(fd, true, &err), &err);
	int writer = open(card("clip"), O_WRONLY | O_CLOEXEC);

	CHECK(writer >= 0);
	CHECK_CODE(dock_place_quiet(fd, true, &err), SP_E_LOCKED, &err);
	CHECK(err.reason == dock_place_written);
	CHECK(close(writer) == 0);
	CHECK_OK(dock_place_quiet(fd, false, &err), &err);
	/* Nobody is kept waiting by our having asked. */
	writer = open(card("clip"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(writer >= 0 && close(writer) == 0);
	CHECK(close(fd) == 0);
}

static const struct tap_case cases[] = {
	{ "a folder that is not there is gone",
	    a_folder_that_is_not_there_is_gone },
	{ "some names are not evidence", some_names_are_not_evidence },
	{ "a file is opened by its path only",
	    a_file_is_opened_by_its_path_only },
	{ "no link is followed at any step", no_link_is_followed_at_any_step },
	{ "only regular files are opened", only_regular_files_are_opened },
	{ "a file of any claimed size is refused",
	    a_file_of_any_claimed_size_is_refused },
	{ "a hash is of one state of a file",
	    a_hash_is_of_one_state_of_a_file },
	{ "whoever writes is seen", whoever_writes_is_seen },
};
CARD_MAIN(cases)
