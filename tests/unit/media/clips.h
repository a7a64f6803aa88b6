#ifndef CLIPS_H
#define CLIPS_H

#include "base/clock.h"
#include "base/file.h"
#include "media/input.h"
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Clips to look at: made by ffmpeg, a program that is not ours, when a test
 * first asks for one; and files that no camera makes, put together here.
 */
struct clip {
	uint8_t *at;
	size_t len;
};

#define CLIP_WORDS 40

static inline void
clip_free(struct clip *c)
{
	free(c->at);
	c->at = NULL;
}
#define AUTO_CLIP SP_CLEANUP(clip_free) struct clip

static inline struct clip
clip_copy(const void *bytes, size_t len)
{
	struct clip c = { .at = malloc(len == 0 ? 1 : len), .len = len };

	CHECK(c.at != NULL);
	if (len > 0)
		memcpy(c.at, bytes, len);
	return c;
}

static inline struct clip
clip_load(const char *path)
{
	SP_AUTO_BUF b = sp_buf_new((size_t)64 << 20);
	struct sp_err err = { .code = SP_OK };

	CHECK_OK(sp_file_read(AT_FDCWD, path, &b, &err), &err);
	return clip_copy(b.at, b.len);
}

static inline void
clip_run(char *const *argv)
{
	pid_t pid = fork();
	int status = 0;

	CHECK(pid >= 0);
	if (pid == 0) {
		(void)execvp(argv[0], argv);
		_exit(127); /* no ffmpeg: ./dev installs it */
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ffmpeg with `more` words (separated by spaces), into a file of this
 * extension. */
static inline struct clip
clip_make(const char *more, const char *extension)
{
	static const char *const first[] = { "ffmpeg", "-nostdin", "-loglevel",
		"error", "-y", "-threads", "1" };
	char path[64] = "/tmp/sallyport-clip-XXXXXX", words[2000], *save;
	char *argv[CLIP_WORDS];
	size_t n = 0;
	struct clip c;

	CHECK(mkdtemp(path) != NULL);
	(void)snprintf(path + strlen(path), 16, "/clip.%s", extension);
	for (; n < SP_COUNTOF(first); n++)
		argv[n] = strdup(first[n]);
	CHECK(strlen(more) < sizeof(words));
	memcpy(words, more, strlen(more) + 1);
	for (char *w = strtok_r(words, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save)) {
		CHECK(n < CLIP_WORDS - 2);
		argv[n++] = strdup(w);
	}
	argv[n++] = strdup(path);
	argv[n] = NULL;
	clip_run(argv);
	c = clip_load(path);
	while (n > 0)
		free(argv[--n]);
	CHECK(unlink(path) == 0);
	*strrchr(path, '/') = '\0';
	CHECK(rmdir(path) == 0);
	return c;
}

#define CLIP_SEEN  "-f lavfi -i testsrc2=size=320x180:rate=25:duration=2"
#define CLIP_HEARD "-f lavfi -i sine=frequency=440:duration=2"

/* What cameras make, and two that only sound. */
static const struct clip_kind {
	const char *words, *extension, *format, *codec;
} clip_kinds[] = {
	{ CLIP_SEEN " " CLIP_HEARD
		    " -c:v libx264 -preset ultrafast -c:a aac -shortest",
	    "mp4", "mp4", "h264" },
	{ CLIP_SEEN " -c:v libx264 -preset ultrafast -movflags +faststart",
	    "mov", "mov", "h264" },
	{ CLIP_SEEN " -c:v mpeg4", "avi", "avi", "mpeg4" },
	{ CLIP_SEEN " -c:v libvpx -deadline realtime", "webm", "matroska",
	    "vp8" },
	{ CLIP_SEEN " -c:v libx264 -preset ultrafast", "ts", "mpegts", "h264" },
	{ CLIP_SEEN " -c:v mpeg2video", "mpg", "mpeg", "mpeg2video" },
	{ CLIP_SEEN " -c:v wmv2", "asf", "asf", "wmv2" },
	{ CLIP_HEARD, "wav", "wav", "pcm_s16le" },
	{ CLIP_HEARD " -c:a libmp3lame", "mp3", "mp3", "mp3" },
	{ CLIP_SEEN " -frames:v 1", "jpg", "jpeg", "mjpeg" },
	{ CLIP_SEEN " -frames:v 1", "png", "png", "png" },
	{ CLIP_SEEN " -frames:v 1 -pix_fmt bgr24", "bmp", "bmp", "bmp" },
	{ CLIP_SEEN " -frames:v 10", "gif", "gif", "gif" },
};

/* Each is made once a program. */
static inline struct clip
clip_of_kind(const struct clip_kind *k)
{
	static struct clip made[SP_COUNTOF(clip_kinds)];
	struct clip *c = &made[k - clip_kinds];

	if (c->at == NULL)
		*c = clip_make(k->words, k->extension);
	return clip_copy(c->at, c->len);
}

/* ---- A clip as a source ---- */

static inline bool
clip_read(void *self, uint64_t at, void *out, uint32_t len)
{
	const struct clip *c = self;

	CHECK(at <= c->len && len <= c->len - at);
	memcpy(out, c->at + at, len);
	return true;
}

static inline struct media_input *
clip_input(struct clip *c)
{
	struct media_source s = {
		.read = clip_read,
		.self = c,
		.size = c->len,
		.most = UINT64_C(256) << 20,
		.deadline = sp_ticks() + 60 * SP_SECOND,
	};
	struct media_input *in = media_input_new(&s);

	CHECK(in != NULL);
	return in;
}

/* ---- Bytes of one's own ---- */

static inline uint32_t
clip_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)(*x >> 16);
}

/* An ISO box around what is in the buffer from `at` on. */
static inline void
clip_box(struct sp_buf *b, size_t at, const char *type)
{
	size_t len = b->len - at;
	uint8_t *room = sp_buf_extend(b, 8);

	CHECK(room != NULL);
	memmove(b->at + at + 8, b->at + at, len);
	for (size_t i = 0; i < 4; i++)
		b->at[at + i] = (uint8_t)((len + 8) >> (24 - 8 * i));
	memcpy(b->at + at + 4, type, 4);
}

#endif
