#include "processing/job.h"

#include "crew_fixture.h"
#include "media/jpeg.h"

static bool stopping;

static bool
is_stopping(void *arg)
{
	(void)arg;
	return stopping;
}

static enum sp_code
run(const struct sp_id *id, const char *kind, int64_t within,
    struct sp_err *err)
{
	struct processing_job job = {
		.room = f.room,
		.id = *id,
		.deadline = sp_ticks() + within,
		.stopping = is_stopping,
	};
	enum sp_code code;

	worker_kind = kind;
	CHECK_OK(worker_hire(NULL, &job.sock, err), err);
	code = processing_job_run(&job, err);
	CHECK(close(job.sock) == 0);
	return code;
}

static void
run_well(const struct sp_id *id, const char *kind)
{
	struct sp_err err;

	CHECK_OK(run(id, kind, 120 * SP_SECOND, &err), &err);
}

/* From the sealed clip to facts and a poster that is sealed itself. */
static void
a_clip(void)
{
	struct sp_id id = item_clip();
	size_t files = fixture_files(&f, "objects"), keys = item_keys();
	SP_AUTO_BUF poster = sp_buf_new(MEDIA_POSTER_MAX);
	struct media_picture size;
	struct sp_err err;

	run_well(&id, "media");
	CHECK_SAYS(&id, "\"state\":\"done\"");
	CHECK_SAYS(&id, "\"format\":\"mp4\"");
	CHECK_SAYS(&id, "\"codec\":\"h264\"");
	CHECK_SAYS(&id, "\"codec\":\"aac\"");
	CHECK(fixture_files(&f, "objects") == files + 1);
	CHECK(fixture_files(&f, "staging") == 0);
	CHECK(item_keys() == keys + 1);
	CHECK(item_entries(&id, "\"media.opened\"", NULL) == 1);
	CHECK(item_entries(&id, "\"media.probed\"", NULL) == 1);
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_PREVIEW, &id);

	CHECK_OK(
	    processing_show_poster(f.room, pass, &id, &poster, &err), &err);
	CHECK(media_jpeg_plain(poster.at, poster.len, &size));
	CHECK(size.width == 320 && size.height == 180);
	/* It was read under the site's own pass: nobody viewed it. */
	CHECK(item_entries(&id, "\"evidence.opened\"", NULL) == 0);
	CHECK_CODE(run(&id, "media", SP_SECOND, &err), SP_E_CONFLICT, &err);
}

static void
no_media(void)
{
	struct sp_id film = item_sealed("not a film", 10, "video/mp4");
	struct sp_id text = item_sealed("a letter", 8, "text/plain");
	struct sp_id empty = item_sealed("", 0, "video/mp4");
	struct events_listener *l = fixture_listen(&f);
	size_t files = fixture_files(&f, "objects"), keys = item_keys();

	run_well(&film, "media");
	(void)fixture_told(&f, l, EVENTS_MEDIA, &film);
	events_hub_leave(l);
	CHECK_SAYS(&film, "\"unreadable: not a known media format\"");
	run_well(&text, "media");
	CHECK_SAYS(&text, "\"state\":\"none\"");
	run_well(&empty, "media");
	CHECK_SAYS(&empty, "\"unreadable: the file is empty\"");
	CHECK(fixture_files(&f, "objects") == files && item_keys() == keys);
	/* What it is said to be does not decide what it is. */
	AUTO_CLIP c = clip_of_kind(&clip_kinds[0]);
	struct sp_id hidden = item_sealed(c.at, c.len, "application/pdf");

	run_well(&hidden, "media");
	CHECK_SAYS(&hidden, "\"state\":\"done\"");
}

/* Whatever a worker does, the site goes on and the item says why. */
static void
bad_workers(void)
{
	struct sp_id crash = item_clip(), nonsense = item_clip(),
		     hang = item_clip();
	struct sp_err err;

	run_well(&crash, "media-crash");
	CHECK_SAYS(&crash, "\"unreadable: reading it ended unexpectedly\"");
	run_well(&nonsense, "media-nonsense");
	CHECK_SAYS(&nonsense, "\"unreadable: reading it gave no sense\"");
	CHECK_OK(run(&hang, "media-hang", SP_SECOND / 4, &err), &err);
	CHECK_SAYS(&hang, "\"unreadable: takes too long to read\"");
}

static void
while_stopping(void)
{
	struct sp_id id = item_clip();
	struct sp_err err;

	struct events_listener *l = fixture_listen(&f);

	stopping = true;
	CHECK_CODE(
	    run(&id, "media-crash", 60 * SP_SECOND, &err), SP_E_UNAVAIL, &err);
	stopping = false;
	CHECK_SAYS(&id, "\"state\":\"queued\"");
	fixture_told_nothing(l); /* it was not looked into */
	events_hub_leave(l);
	run_well(&id, "media");
	CHECK_SAYS(&id, "\"state\":\"done\"");
}

static void
keeper_away(void)
{
	struct sp_id id = item_clip();
	struct sp_err err;

	fixture_keeper_kill(&f);
	CHECK_CODE(run(&id, "media", 60 * SP_SECOND, &err), SP_E_UNAVAIL, &err);
	CHECK_SAYS(&id, "\"state\":\"queued\"");
	fixture_keeper_start(&f, evidence_site_keeper(f.site));
	CHECK(item_entries(&id, "\"media.opened\"", NULL) == 0);
	run_well(&id, "media");
	CHECK_SAYS(&id, "\"state\":\"done\"");
}

/* The newest file below objects/. */
static char newest[300];
static struct timespec newest_at;

static int
find_newest(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	(void)w;
	if (flag == FTW_F &&
	    (st->st_mtim.tv_sec > newest_at.tv_sec ||
		(st->st_mtim.tv_sec == newest_at.tv_sec &&
		    st->st_mtim.tv_nsec >= newest_at.tv_nsec))) {
		newest_at = st->st_mtim;
		(void)snprintf(newest, sizeof(newest), "%s", path);
	}
	return 0;
}

/* A few bytes of the stored original are changed (one would be the same in one
 * run of 256): that is an alert, and the reason.
 */
static void
stored_bytes_changed(void)
{
	struct sp_id id = item_clip();
	SP_AUTO_BUF json = sp_buf_new(1 << 20);
	GATE_AUTO_PASS show = fixture_pass(&f, GATE_SHOW, &id);
	char path[200];
	struct sp_err err;
	int fd;

	(void)snprintf(
	    path, sizeof(path), "%s/agencies/%s/objects", f.dir, f.agency.slug);
	newest_at = (struct timespec){ 0, 0 };
	CHECK(nftw(path, find_newest, 16, FTW_PHYS) == 0);
	fd = open(newest, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && pwrite(fd, "changed", 7, 5000) == 7 && close(fd) == 0);
	run_well(&id, "media");
	CHECK_SAYS(&id, "\"unreadable: the stored bytes fail their check\"");
	CHECK_OK(evidence_item_json(f.room, show, &id, &json, &err), &err);
	CHECK(strstr(sp_buf_str(&json), "\"state\":\"corrupt\"") != NULL);
	CHECK(item_entries(&id, "\"evidence.corrupt\"", NULL) == 1);
}

static const struct tap_case cases[] = {
	{ "a clip", a_clip },
	{ "what is no media", no_media },
	{ "workers that misbehave", bad_workers },
	{ "while the site stops", while_stopping },
	{ "the keeper is away", keeper_away },
	{ "stored bytes were changed", stored_bytes_changed },
};
FIXTURE_MAIN(cases)
