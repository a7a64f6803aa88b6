#include "processing/show.h"

#include "crew_fixture.h"
#include "processing/job.h"

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

static struct sp_id
looked_into(void)
{
	struct processing_job job = {
		.room = f.room,
		.id = item_clip(),
		.deadline = sp_ticks() + 120 * SP_SECOND,
		.stopping = never,
	};
	struct sp_err err;

	CHECK_OK(worker_hire(NULL, &job.sock, &err), &err);
	CHECK_OK(processing_job_run(&job, &err), &err);
	CHECK(close(job.sock) == 0);
	return job.id;
}

/* Canonical, from the first to the last member. */
static void
before_it_was_looked_into(void)
{
	struct sp_id id = item_sealed("x", 1, "video/mp4");
	SP_AUTO_BUF json = sp_buf_new(4096);
	char text[SP_ID_TEXT], want[300];

	sp_id_text(&id, text);
	(void)snprintf(want, sizeof(want),
	    "{\"evidence\":\"%s\",\"facts\":null,\"poster\":null,"
	    "\"probed_at\":null,\"state\":\"queued\"}",
	    text);
	item_media(&id, &json);
	CHECK(strcmp(sp_buf_str(&json), want) == 0);
}

static void
afterwards(void)
{
	struct sp_id id = looked_into();
	SP_AUTO_BUF json = sp_buf_new((size_t)64 << 10);

	item_media(&id, &json);
	(void)printf("# %s\n", sp_buf_str(&json));
	CHECK_SAYS(&id, "\"facts\":{\"created_at\":null,");
	CHECK_SAYS(&id, "},\"poster\":{\"height\":180,\"sha256\":\"");
	CHECK_SAYS(&id, ",\"width\":320},\"probed_at\":\"20");
	CHECK_SAYS(&id, "\",\"state\":\"done\"}");
}

static void
nothing_there(void)
{
	struct sp_id id = sp_id_new(), waits = item_sealed("x", 1, "video/mp4");
	GATE_AUTO_PASS show = fixture_pass(&f, GATE_SHOW, &id);
	GATE_AUTO_PASS show_waits = fixture_pass(&f, GATE_SHOW, &waits);
	GATE_AUTO_PASS preview = fixture_pass(&f, GATE_PREVIEW, &waits);
	SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);
	struct processing_poster p = { .size = 7 };
	struct sp_err err;

	CHECK_CODE(processing_show_media(f.room, show, &id, &out, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(processing_show_poster_head(f.room, show, &id, &p, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(
	    processing_show_poster_head(f.room, show_waits, &waits, &p, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(strcmp(err.reason, "media.poster") == 0 && p.size == 7);
	CHECK_CODE(processing_show_poster(f.room, preview, &waits, &out, &err),
	    SP_E_NOTFOUND, &err);
	CHECK(out.len == 0);
}

static void
the_poster(void)
{
	struct sp_id id = looked_into();
	GATE_AUTO_PASS show = fixture_pass(&f, GATE_SHOW, &id);
	SP_AUTO_BUF out = sp_buf_new(MEDIA_POSTER_MAX);
	struct processing_poster p;
	uint8_t sha256[CRYPTO_SHA256_LEN];
	char hex[65], path[300], text[SP_ID_TEXT];
	struct gate_caller device = f.who;
	struct gate_object on = { .kind = "evidence", .id = id };
	struct gate_pass *denied = NULL;
	struct sp_err err;

	CHECK_OK(
	    processing_show_poster_head(f.room, show, &id, &p, &err), &err);
	CHECK(item_entries(&id, "\"evidence.previewed\"", NULL) == 0);
	GATE_AUTO_PASS pass = fixture_pass(&f, GATE_PREVIEW, &id);

	CHECK(item_entries(&id, "\"evidence.previewed\"", NULL) == 1);
	CHECK_OK(processing_show_poster(f.room, pass, &id, &out, &err), &err);
	CHECK(out.len == p.size);
	crypto_sha256(out.at, out.len, sha256);
	sp_hex(sha256, sizeof(sha256), hex);
	CHECK(strncmp(p.etag + 1, hex, 64) == 0);
	/* Who may not see content does not see a frame of it. */
	device.role = GATE_DEVICE;
	CHECK_CODE(gate_admit(evidence_room_gate(f.room), &device, GATE_PREVIEW,
		       &on, &denied, &err),
	    SP_E_DENIED, &err);
	/* Its object changed, then gone: nothing comes out. */
	sp_id_text(&p.object, text);
	(void)snprintf(path, sizeof(path), "%s/agencies/%s/objects/%02x/%s",
	    f.dir, f.agency.slug, p.object.b[15], text);
	sp_buf_clear(&out);
	{
		SP_AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);

		CHECK(fd >= 0 && pwrite(fd, "changed", 7, 500) == 7);
	}
	CHECK_CODE(processing_show_poster(f.room, pass, &id, &out, &err),
	    SP_E_CORRUPT, &err);
	CHECK(unlink(path) == 0);
	CHECK_CODE(processing_show_poster(f.room, pass, &id, &out, &err),
	    SP_E_CORRUPT, &err);
	CHECK(out.len == 0);
}

static const struct tap_case cases[] = {
	{ "before it was looked into", before_it_was_looked_into },
	{ "afterwards", afterwards },
	{ "nothing is there", nothing_there },
	{ "the poster", the_poster },
};
FIXTURE_MAIN(cases)
