#include "cmd/dock_show.h"

#include "base/json.h"
#include "cmd/present.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_EVERY (SP_SECOND / 8)
#define TELL_EVERY SP_SECOND
#define LINE_MAX_  16384
#define WIDTH      80

void
cmd_dock_show_begin(struct dock_show *s, bool json)
{
	memset(s, 0, sizeof(*s));
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	s->json = json;
	s->bars = !json && isatty(STDERR_FILENO) == 1;
}

/* ---- JSON ---- */

static void
put_some(struct sp_json *j, const char *name, const char *value)
{
	if (*value != '\0')
		sp_json_str(j, name, value);
}

static void
put_path(struct sp_json *j, const char *path)
{
	char clean[DOCK_PATH_MAX + 1];

	(void)sp_utf8_quote(path, clean, sizeof(clean));
	sp_json_str(j, "path", clean);
	if (!sp_utf8_ok(path, strlen(path)))
		sp_json_hex(j, "path_hex", path, strlen(path));
}

static void
print_line(struct sp_json *j)
{
	sp_json_end(j);
	sp_buf_u8(j->out, '\n');
	if (!sp_buf_ok(j->out))
		return; /* too long to be told: the journal has it */
	(void)fwrite(j->out->at, 1, j->out->len, stdout);
	(void)fflush(stdout); /* whoever reads it is gone: go on docking */
}

static void
begin_line(struct sp_json *j, char at[static SP_TIME_TEXT])
{
	sp_json_object(j, NULL);
	sp_time_text(sp_now(), at);
	sp_json_str(j, "at", at);
}

static void
json_file(const struct dock_event *e)
{
	SP_AUTO_BUF line = sp_buf_new(LINE_MAX_);
	struct sp_json j = sp_json_to(&line);
	char at[SP_TIME_TEXT];
	bool progress = e->kind == DOCK_TOLD_PROGRESS;

	begin_line(&j, at);
	if (progress)
		sp_json_int(&j, "done", (int64_t)e->done);
	if (*e->evidence != '\0' && e->entry > 0)
		sp_json_int(&j, "entry", (int64_t)e->entry);
	sp_json_str(&j, "event", progress ? "progress" : "file");
	put_some(&j, "evidence", e->evidence);
	put_path(&j, e->path);
	put_some(&j, "sha256", e->sha256);
	sp_json_int(&j, "size", (int64_t)e->size);
	sp_json_str(&j, "state", dock_state_name(e->state));
	put_some(&j, "why", e->why);
	print_line(&j);
}

static void
json_other(const struct dock_event *e)
{
	SP_AUTO_BUF line = sp_buf_new(LINE_MAX_);
	struct sp_json j = sp_json_to(&line);
	char at[SP_TIME_TEXT];
	bool camera = e->kind == DOCK_TOLD_CAMERA;

	begin_line(&j, at);
	if (camera)
		sp_json_str(&j, "dir", e->path);
	sp_json_str(&j, "event", camera ? "camera" : "note");
	if (camera)
		sp_json_str(&j, "state", dock_camera_name(e->camera));
	put_some(&j, "why", e->why);
	print_line(&j);
}

static void
json_end(const struct dock_result *r)
{
	SP_AUTO_BUF line = sp_buf_new(LINE_MAX_);
	struct sp_json j = sp_json_to(&line);
	char at[SP_TIME_TEXT];

	begin_line(&j, at);
	sp_json_int(&j, "cleared", (int64_t)r->cleared);
	sp_json_str(&j, "event", "end");
	sp_json_int(&j, "failed", (int64_t)r->failed);
	sp_json_bool(&j, "interrupted", r->interrupted);
	sp_json_int(&j, "kept", (int64_t)r->kept);
	put_some(&j, "why", r->first.code == SP_OK ? "" : r->first.text);
	print_line(&j);
}

/* ---- Bars ---- */

static struct dock_show_bar *
bar_of(struct dock_show *s, const char *path)
{
	struct dock_show_bar *free_one = NULL;

	for (size_t i = 0; i < DOCK_STREAMS_MAX; i++) {
		if (strcmp(s->bar[i].path, path) == 0)
			return &s->bar[i];
		if (free_one == NULL && *s->bar[i].path == '\0')
			free_one = &s->bar[i];
	}
	if (free_one != NULL) {
		*free_one = (struct dock_show_bar){ .told = 0 };
		(void)snprintf(
		    free_one->path, sizeof(free_one->path), "%s", path);
	}
	return free_one;
}

static int
width(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 20)
		return WIDTH;
	return w.ws_col;
}

static void
wipe(struct dock_show *s)
{
	for (; s->lines > 0; s->lines--)
		(void)fputs("\033[A\033[2K", stderr);
}

/* "clip.mp4  uploading  [########------------]  41 %  1.2 MB of 2.8 MB" */
static void
draw_bar(const struct dock_show_bar *b, int wide)
{
	char name[200];
	char done[PRESENT_SIZE];
	char of[PRESENT_SIZE];
	char text[400];
	char bar[21] = "--------------------";
	unsigned percent = b->of == 0 || b->done >= b->of
	    ? 100
	    : (unsigned)((double)b->done * 100 / (double)b->of);

	for (unsigned i = 0; i < percent / 5; i++)
		bar[i] = '#';
	/* The end of a path tells more than its beginning. */
	size_t len = strlen(b->path);
	size_t cut = len > 36 ? len - 36 : 0;

	while (cut > 0 && ((uint8_t)b->path[cut] & 0xc0) == 0x80)
		cut++;
	(void)sp_utf8_quote(b->path + cut, name, sizeof(name));
	cmd_present_size(b->done < b->of ? b->done : b->of, done);
	cmd_present_size(b->of, of);
	(void)snprintf(text, sizeof(text), "%s%s  %s  [%s] %3u %%  %s of %s",
	    cut > 0 ? "…" : "", name, dock_state_name(b->state), bar, percent,
	    done, of);
	(void)sp_utf8_quote(text, name,
	    (size_t)wide < sizeof(name) ? (size_t)wide : sizeof(name));
	(void)fprintf(stderr, "%s\n", name);
}

static void
draw(struct dock_show *s)
{
	char bytes[PRESENT_SIZE];
	int wide = width();

	if (!s->bars)
		return;
	s->drawn = sp_ticks();
	wipe(s);
	for (size_t i = 0; i < DOCK_STREAMS_MAX; i++) {
		if (*s->bar[i].path == '\0')
			continue;
		draw_bar(&s->bar[i], wide);
		s->lines++;
	}
	cmd_present_size(s->bytes, bytes);
	(void)fprintf(stderr, "%zu proven, %s", s->proven, bytes);
	if (s->cleared > 0)
		(void)fprintf(stderr, ", %zu removed", s->cleared);
	if (s->refused > 0)
		(void)fprintf(stderr, ", %zu refused", s->refused);
	(void)fputc('\n', stderr);
	s->lines++;
	(void)fflush(stderr);
}

/* ---- Text ---- */

static bool
is_under_way(enum dock_state s)
{
	return s == DOCK_HASHING || s == DOCK_UPLOADING || s == DOCK_PROVEN;
}

static void
print_text(
    struct dock_show *s, const char *name, const char *what, const char *more)
{
	if (s->bars)
		wipe(s);
	(void)printf(
	    "%s  %s%s%s\n", name, what, *more == '\0' ? "" : "  ", more);
	(void)fflush(stdout);
}

static void
text_file(struct dock_show *s, const struct dock_event *e)
{
	char name[PRESENT_CELL_MAX];
	char size[PRESENT_SIZE];
	char more[PRESENT_CELL_MAX] = "";

	(void)sp_utf8_quote(e->path, name, sizeof(name));
	cmd_present_size(e->size, size);
	if (*e->why != '\0') {
		print_text(s, name, dock_state_name(e->state), e->why);
		return;
	}
	switch (e->state) {
	case DOCK_UPLOADING: print_text(s, name, "uploading", size); break;
	case DOCK_PROVEN:
		(void)snprintf(more, sizeof(more),
		    "%s  %s  sha256 %s  receipt checked (entry %" PRIu64 ")",
		    e->evidence, size, e->sha256, e->entry);
		print_text(s, name, "proven", more);
		break;
	case DOCK_CLEARED: print_text(s, name, "removed", ""); break;
	case DOCK_REFUSED:
	case DOCK_VANISHED:
		print_text(s, name, dock_state_name(e->state), e->why);
		break;
	case DOCK_FOUND:
	case DOCK_SETTLING:
	case DOCK_HASHING:
	case DOCK_KEPT:
	case DOCK_STATE_COUNT: break;
	}
}

static void
text_other(struct dock_show *s, const struct dock_event *e)
{
	char name[PRESENT_CELL_MAX];

	if (e->kind == DOCK_TOLD_NOTE) {
		print_text(s, "note:", e->why, "");
		return;
	}
	/* That it is there need be said only to who was told otherwise. */
	if (e->camera == DOCK_PRESENT && !s->away)
		return;
	s->away = e->camera != DOCK_PRESENT;
	(void)sp_utf8_quote(e->path, name, sizeof(name));
	print_text(s, name, dock_camera_name(e->camera), e->why);
}

/* ---- What is told ---- */

static void
count(struct dock_show *s, const struct dock_event *e)
{
	if (e->kind != DOCK_TOLD_FILE || *e->why != '\0')
		return;
	if (e->state == DOCK_PROVEN) {
		s->proven++;
		s->bytes += e->size;
	}
	s->cleared += e->state == DOCK_CLEARED;
	s->refused += e->state == DOCK_REFUSED;
}

/* True when a line of JSON about its progress is due. */
static bool
keep_bar(struct dock_show *s, const struct dock_event *e)
{
	struct dock_show_bar *b = bar_of(s, e->path);
	int64_t now = sp_ticks();

	if (b == NULL)
		return false;
	if (!is_under_way(e->state) || *e->why != '\0') {
		*b->path = '\0';
		return false;
	}
	b->state = e->state;
	b->done = e->done;
	b->of = e->size;
	if (b->told == 0)
		b->told = now;
	if (now - b->told < TELL_EVERY)
		return false;
	b->told = now;
	return true;
}

static void
show_event(struct dock_show *s, const struct dock_event *e)
{
	bool file = e->kind == DOCK_TOLD_FILE;
	bool progress = e->kind == DOCK_TOLD_PROGRESS;
	bool due = (file || progress) && keep_bar(s, e);

	count(s, e);
	if (s->json && (file || (progress && due)))
		json_file(e);
	else if (s->json && !progress)
		json_other(e);
	else if (!s->json && file)
		text_file(s, e);
	else if (!s->json && !progress)
		text_other(s, e);
	if (!progress || sp_ticks() - s->drawn > DRAW_EVERY)
		draw(s);
}

void
cmd_dock_show_told(void *arg, const struct dock_event *e)
{
	struct dock_show *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	show_event(s, e);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
json_site(const struct dock_show_site *e)
{
	SP_AUTO_BUF line = sp_buf_new(LINE_MAX_);
	struct sp_json j = sp_json_to(&line);
	char at[SP_TIME_TEXT];
	bool behind = e->name != NULL && strcmp(e->name, "behind") == 0;

	begin_line(&j, at);
	if (behind)
		sp_json_int(&j, "behind", (int64_t)e->number);
	sp_json_str(&j, "event", "site");
	put_some(&j, "evidence", e->evidence);
	sp_json_str(&j, "kind", e->kind);
	if (e->name != NULL && !behind)
		sp_json_int(&j, "size", (int64_t)e->number);
	print_line(&j);
}

/* That something was sealed its proof will say; troubles are said. */
static void
text_site(struct dock_show *s, const struct dock_show_site *e)
{
	char more[80];

	if (strcmp(e->kind, "evidence.corrupt") == 0) {
		print_text(
		    s, "site:", e->evidence, "what is stored fails its check");
	} else if (strcmp(e->kind, "witness.behind") == 0 && e->number > 0) {
		(void)snprintf(
		    more, sizeof(more), "by %" PRIu64 " entries", e->number);
		print_text(s, "site:", "a witness is behind", more);
	}
}

void
cmd_dock_show_site(struct dock_show *s, const struct dock_show_site *e)
{
	(void)pthread_mutex_lock(&s->lock);
	if (s->json)
		json_site(e);
	else
		text_site(s, e);
	draw(s);
	(void)pthread_mutex_unlock(&s->lock);
}

void
cmd_dock_show_end(struct dock_show *s, const struct dock_result *r)
{
	(void)pthread_mutex_destroy(&s->lock);
	if (s->bars)
		wipe(s);
	if (s->json) {
		json_end(r);
		return;
	}
	(void)printf("%zu kept, %zu removed", r->kept, r->cleared);
	if (r->failed > 0)
		(void)printf(", %zu not done", r->failed);
	(void)printf("%s\n", r->interrupted ? " (interrupted)" : "");
	(void)fflush(stdout);
}

/* ---- --status ---- */

struct status {
	struct dock_book *book;
	struct dock_file **file;
	size_t n;
};

static enum sp_code
on_line(void *arg, const struct dock_line *l, struct sp_err *err)
{
	return dock_book_apply(arg, l, err);
}

static void
on_file(void *arg, struct dock_file *f)
{
	struct status *st = arg;

	st->file[st->n++] = f;
}

static int
by_path(const void *a, const void *b)
{
	const struct dock_file *const *x = a;
	const struct dock_file *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

/* A file whose bytes are proven and which nothing was done with since. */
static enum dock_state
state_of(const struct dock_file *f, const struct dock_item *t)
{
	if (f->state == DOCK_UPLOADING && t != NULL && t->proven)
		return DOCK_PROVEN;
	return f->state;
}

static void
status_json(const struct status *st)
{
	for (size_t i = 0; i < st->n; i++) {
		const struct dock_file *f = st->file[i];
		const struct dock_item *t =
		    dock_book_item(st->book, f->sha256, f->is.size);
		struct dock_event e = { .kind = DOCK_TOLD_FILE,
			.path = f->path,
			.state = state_of(f, t),
			.size = f->is.size,
			.sha256 = f->sha256,
			.evidence = t == NULL ? "" : t->evidence,
			.entry = t == NULL ? 0 : t->entry,
			.why = f->why };

		json_file(&e);
	}
}

static enum sp_code
status_text(
    const struct status *st, const struct dock_header *h, struct sp_err *err)
{
	static const char *const head[] = { "STATE", "SIZE", "EVIDENCE",
		"ENTRY", "FILE", NULL };
	PRESENT_AUTO_TABLE table = cmd_present_table_new(head);

	for (size_t i = 0; i < st->n; i++) {
		const struct dock_file *f = st->file[i];
		const struct dock_item *t =
		    dock_book_item(st->book, f->sha256, f->is.size);
		char size[PRESENT_SIZE];
		char entry[24] = "-";
		bool known = t != NULL && *t->evidence != '\0';

		cmd_present_size(f->is.size, size);
		if (t != NULL && t->proven)
			(void)snprintf(
			    entry, sizeof(entry), "%" PRIu64, t->entry);
		cmd_present_table_add(&table, dock_state_name(state_of(f, t)));
		cmd_present_table_add(&table, size);
		cmd_present_table_add(&table, known ? t->evidence : "-");
		cmd_present_table_add(&table, entry);
		cmd_present_table_add(&table, f->path);
	}
	char dir[PRESENT_CELL_MAX];

	(void)sp_utf8_quote(h->dir, dir, sizeof(dir));
	(void)printf("%s, docked to %s of %s\n", dir, h->agency, h->site);
	return cmd_present_table_print(&table, stdout, err);
}

static enum sp_code
show_status(
    const char *journal, bool json, struct status *st, struct sp_err *err)
{
	struct dock_replay replay = { .line = on_line, .arg = st->book };
	struct dock_header h;

	SP_TRY(dock_journal_read(journal, &h, &replay, err));
	st->file =
	    calloc(dock_book_count(st->book) + 1, sizeof(struct dock_file *));
	if (st->file == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a list");
	dock_book_each(st->book, on_file, st);
	qsort(st->file, st->n, sizeof(struct dock_file *), by_path);
	if (json)
		status_json(st);
	else
		SP_TRY(status_text(st, &h, err));
	return cmd_present_flush(err);
}

enum sp_code
cmd_dock_show_status(const char *journal, bool json, struct sp_err *err)
{
	struct status st = { .book = dock_book_new(true) };
	enum sp_code code;

	if (st.book == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a list");
	code = show_status(journal, json, &st, err);
	free(st.file);
	dock_book_free(st.book);
	return code;
}
