#include "dock/scan.h"

#include "card.h"

static const struct dock_scan_watch no_watch = { .folder = NULL };

static struct dock_scan
scan(const struct dock_scan_watch *watch)
{
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct dock_scan s;
	struct sp_err err;

	CHECK_OK(dock_place_open(&p, card(""), &err), &err);
	CHECK_OK(dock_scan_run(&s, &p, watch, &err), &err);
	return s;
}

static bool
found(const struct dock_scan *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->found[i].path, path) == 0)
			return true;
	return false;
}

static void
what_may_be_evidence_is_found(void)
{
	card_new();
	struct dock_scan s = scan(&no_watch);

	CHECK(s.n == 0 && s.odd == 0 && s.over == 0 && s.unread == 0);
	dock_scan_done(&s);
	card_text("b.mp4", "b");
	card_text("a.mp4", "aa");
	card_text("DCIM/100MEDIA/MOVI0001.MP4", "movie");
	card_text("bad\xff\n.mp4", "");
	card_text(".hidden/clip.mp4", "no");
	card_text("DCIM/.Trashes/clip.mp4", "no");
	card_text("clip.mp4.part", "no");
	CHECK(symlink("a.mp4", card("link.mp4")) == 0);
	CHECK(symlink("/", card("root")) == 0);
	CHECK(mkfifo(card("fifo"), 0644) == 0);
	s = scan(&no_watch);
	CHECK(s.n == 4 && s.odd == 3 && s.over == 0 && s.unread == 0);
	CHECK(strcmp(s.found[0].path, "DCIM/100MEDIA/MOVI0001.MP4") == 0);
	CHECK(s.found[0].is.size == 5);
	CHECK(strcmp(s.found[1].path, "a.mp4") == 0);
	CHECK(strcmp(s.found[2].path, "b.mp4") == 0);
	CHECK(strcmp(s.found[3].path, "bad\xff\n.mp4") == 0);
	dock_scan_done(&s);
}

static void
a_place_is_read_from_its_beginning_each_time(void)
{
	DOCK_AUTO_PLACE p = { .fd = -1 };
	struct sp_err err;

	card_new();
	card_text("a.mp4", "a");
	CHECK_OK(dock_place_open(&p, card(""), &err), &err);
	for (size_t i = 0; i < 3; i++) {
		struct dock_scan s;

		CHECK_OK(dock_scan_run(&s, &p, &no_watch, &err), &err);
		CHECK(s.n == 1);
		dock_scan_done(&s);
	}
}

static void
depth_and_length_have_an_end(void)
{
	char path[3000] = "";
	size_t len = 0;

	card_new();
	for (unsigned i = 0; i + 2 < DOCK_DEPTH_MAX; i++)
		len +=
		    (size_t)snprintf(path + len, sizeof(path) - len, "d%u/", i);
	(void)snprintf(path + len, sizeof(path) - len, "in.mp4");
	card_text(path, "in");
	(void)snprintf(path + len, sizeof(path) - len, "x/y/out.mp4");
	card_text(path, "out");
	struct dock_scan s = scan(&no_watch);

	CHECK(s.n == 1 && s.over == 1);
	CHECK(strstr(s.found[0].path, "in.mp4") != NULL);
	dock_scan_done(&s);

	card_new();
	len = 0;
	memset(path, 'n', 200);
	for (unsigned i = 0; i < 5; i++) {
		memset(path + len, 'n', 200);
		len += 200;
		path[len++] = '/';
	}
	(void)snprintf(path + len, sizeof(path) - len, "short");
	card_text(path, "in");
	memset(path + len, 'm', 100);
	path[len + 100] = '\0';
	card_text(path, "out");
	s = scan(&no_watch);
	CHECK(s.n == 1 && s.over == 1);
	CHECK(strlen(s.found[0].path) <= DOCK_PATH_MAX);
	dock_scan_done(&s);
}

/* ---- Races: the folder changes while it is read ---- */

static void
on_folder(void *arg, int fd, const char *path)
{
	unsigned *folders = arg;

	CHECK(fd >= 0);
	(*folders)++;
	if (*path == '\0') {
		/* What the scan is about to meet goes, or becomes a link. */
		CHECK(unlink(card("gone.mp4")) == 0);
		CHECK(rename(card("trap"), scratch("away")) == 0);
		CHECK(symlink(scratch_dir, card("trap")) == 0);
	}
}

static void
a_folder_that_turns_into_a_link_is_not_entered(void)
{
	unsigned folders = 0;
	struct dock_scan_watch watch = { .folder = on_folder, .arg = &folders };

	card_new();
	card_text("gone.mp4", "x");
	card_text("trap/clip.mp4", "x");
	card_text("sub/clip.mp4", "x");
	scratch_write("secret.mp4", "outside", 0600);
	struct dock_scan s = scan(&watch);

	CHECK(found(&s, "sub/clip.mp4"));
	for (size_t i = 0; i < s.n; i++)
		CHECK(strstr(s.found[i].path, "secret") == NULL &&
		    strstr(s.found[i].path, "trap") == NULL);
	CHECK(folders == 2); /* the card itself, and sub */
	dock_scan_done(&s);
	CHECK(unlink(scratch("away/clip.mp4")) == 0);
	CHECK(rmdir(scratch("away")) == 0);
}

static void
swap_late(void *arg, int fd, const char *path)
{
	(void)arg;
	(void)fd;
	/* Found as a folder; a link by the time it is opened. */
	if (strcmp(path, "a") == 0) {
		CHECK(rename(card("b"), scratch("away")) == 0);
		CHECK(symlink(scratch_dir, card("b")) == 0);
	}
}

static void
a_folder_is_opened_as_what_it_is_then(void)
{
	struct dock_scan_watch watch = { .folder = swap_late };

	/* Folders are read in the order in which the file system names them:
	 * in whichever order, nothing outside is found. */
	card_new();
	card_text("a/1.mp4", "x");
	card_text("b/2.mp4", "x");
	struct dock_scan s = scan(&watch);

	CHECK(found(&s, "a/1.mp4"));
	for (size_t i = 0; i < s.n; i++)
		CHECK(strstr(s.found[i].path, "secret") == NULL &&
		    strstr(s.found[i].path, "card") == NULL);
	dock_scan_done(&s);
	CHECK(unlink(scratch("away/2.mp4")) == 0);
	CHECK(rmdir(scratch("away")) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what may be evidence is found",
		    what_may_be_evidence_is_found },
		{ "a place is read from its beginning each time",
		    a_place_is_read_from_its_beginning_each_time },
		{ "depth and length have an end",
		    depth_and_length_have_an_end },
		{ "a folder that turns into a link is not entered",
		    a_folder_that_turns_into_a_link_is_not_entered },
		{ "a folder is opened as what it is then",
		    a_folder_is_opened_as_what_it_is_then },
	};

	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
