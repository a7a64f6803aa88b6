#include "media/facts.h"

#include "base/json.h"

#include <string.h>

#define ALL_MAX    100000U /* streams that a file may say it has */
#define RATE_MAX   1000000000U
#define DEGREES(n) ((n)*1000000)

static const struct {
	uint8_t number;
	const char *name;
} kinds[] = {
#define X(id, number, name) [id] = { number, name },
	MEDIA_KINDS(X)
#undef X
};

static const struct {
	uint8_t number;
	const char *word;
	const char *text;
} reasons[] = {
#define X(id, number, word, text) [id] = { number, word, text },
	MEDIA_REASONS(X)
#undef X
};

const char *
media_kind_name(enum media_kind k)
{
	SP_REQUIRE((size_t)k < SP_COUNTOF(kinds));
	return kinds[k].name;
}

const char *
media_reason_word(enum media_reason r)
{
	SP_REQUIRE((size_t)r < SP_COUNTOF(reasons));
	return reasons[r].word;
}

const char *
media_reason_text(enum media_reason r)
{
	SP_REQUIRE((size_t)r < SP_COUNTOF(reasons));
	return reasons[r].text;
}

uint8_t
media_reason_number(enum media_reason r)
{
	SP_REQUIRE((size_t)r < SP_COUNTOF(reasons));
	return reasons[r].number;
}

enum media_reason
media_reason_of(uint8_t number)
{
	for (size_t i = 0; i < SP_COUNTOF(reasons); i++)
		if (reasons[i].number == number)
			return (enum media_reason)i;
	return MEDIA_REASON_COUNT;
}

bool
media_word_ok(const char *s, size_t len)
{
	if (len == 0 || len > MEDIA_WORD_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') ||
			(s[i] >= '0' && s[i] <= '9') || s[i] == '.' ||
			s[i] == '-' || s[i] == '_'))
			return false;
	return true;
}

/* A time without a zone is one that would be right in UTC. */
bool
media_local_ok(const char *s, size_t len)
{
	char text[MEDIA_LOCAL + 1];
	sp_time t;

	if (len != MEDIA_LOCAL - 1)
		return false;
	memcpy(text, s, len);
	text[len] = 'Z';
	return s[10] == 'T' && sp_time_parse(text, len + 1, &t);
}

/* --- The wire --- */

static void
write_stream(const struct media_stream *s, struct sp_buf *out)
{
	sp_buf_u8(out, kinds[s->kind].number);
	sp_buf_blob(out, s->codec, strlen(s->codec));
	sp_buf_u64be(out, (uint64_t)s->length);
	sp_buf_u32be(out, s->width);
	sp_buf_u32be(out, s->height);
	sp_buf_u32be(out, s->rotation);
	sp_buf_u32be(out, s->frame_rate);
	sp_buf_u32be(out, s->sample_rate);
	sp_buf_u32be(out, s->channels);
}

void
media_facts_write(const struct media_facts *f, struct sp_buf *out)
{
	SP_REQUIRE(f->streams <= MEDIA_STREAMS_MAX);
	sp_buf_blob(out, f->format, strlen(f->format));
	sp_buf_u64be(out, (uint64_t)f->length);
	sp_buf_u64be(out, (uint64_t)f->created);
	sp_buf_blob(out, f->local, strlen(f->local));
	sp_buf_u8(out, f->placed ? 1 : 0);
	sp_buf_u32be(out, (uint32_t)f->latitude);
	sp_buf_u32be(out, (uint32_t)f->longitude);
	sp_buf_u32be(out, f->all);
	sp_buf_u8(out, (uint8_t)f->streams);
	for (size_t i = 0; i < f->streams; i++)
		write_stream(&f->stream[i], out);
}

static bool
read_word(struct sp_in *in, char out[static MEDIA_WORD_MAX + 1])
{
	struct sp_in w = sp_in_blob(in, MEDIA_WORD_MAX);

	if (in->bad || !media_word_ok((const char *)w.at, w.left))
		return false;
	memcpy(out, w.at, w.left);
	out[w.left] = '\0';
	return true;
}

/* -1 (unknown) or 0 to `most`. */
static bool
read_time(struct sp_in *in, int64_t most, int64_t *out)
{
	uint64_t v = sp_in_u64be(in);

	if (v != UINT64_MAX && v > (uint64_t)most)
		return false;
	*out = (int64_t)v;
	return !in->bad;
}

static bool
read_u32(struct sp_in *in, uint32_t most, uint32_t *out)
{
	uint32_t v = sp_in_u32be(in);

	*out = v;
	return !in->bad && v <= most;
}

/* A two's complement number of at most `most` either way. */
static bool
read_i32(struct sp_in *in, int32_t most, int32_t *out)
{
	int32_t v = (int32_t)sp_in_u32be(in);

	*out = v;
	return !in->bad && v >= -most && v <= most;
}

static bool
read_kind(struct sp_in *in, enum media_kind *out)
{
	uint8_t number = sp_in_u8(in);

	for (size_t i = 0; !in->bad && i < SP_COUNTOF(kinds); i++)
		if (kinds[i].number == number) {
			*out = (enum media_kind)i;
			return true;
		}
	return false;
}

static bool
read_stream(struct sp_in *in, struct media_stream *s)
{
	return read_kind(in, &s->kind) && read_word(in, s->codec) &&
	    read_time(in, MEDIA_LENGTH_MAX, &s->length) &&
	    read_u32(in, MEDIA_SIDE_MAX, &s->width) &&
	    read_u32(in, MEDIA_SIDE_MAX, &s->height) &&
	    read_u32(in, 270, &s->rotation) && s->rotation % 90 == 0 &&
	    read_u32(in, RATE_MAX, &s->frame_rate) &&
	    read_u32(in, RATE_MAX, &s->sample_rate) &&
	    read_u32(in, MEDIA_SIDE_MAX, &s->channels);
}

static bool
read_local(struct sp_in *in, char out[static MEDIA_LOCAL])
{
	struct sp_in w = sp_in_blob(in, MEDIA_LOCAL - 1);

	if (in->bad ||
	    (w.left > 0 && !media_local_ok((const char *)w.at, w.left)))
		return false;
	if (w.left > 0)
		memcpy(out, w.at, w.left);
	out[w.left] = '\0';
	return true;
}

static bool
read_place(struct sp_in *in, struct media_facts *f)
{
	uint8_t placed = sp_in_u8(in);

	f->placed = placed == 1;
	return placed <= 1 && read_i32(in, DEGREES(90), &f->latitude) &&
	    read_i32(in, DEGREES(180), &f->longitude) &&
	    (f->placed || (f->latitude == 0 && f->longitude == 0));
}

bool
media_facts_read(struct sp_in *in, struct media_facts *f)
{
	struct media_facts got = { .streams = 0 };

	if (!read_word(in, got.format) ||
	    !read_time(in, MEDIA_LENGTH_MAX, &got.length) ||
	    !read_time(in, SP_TIME_MAX, &got.created) ||
	    !read_local(in, got.local) || !read_place(in, &got) ||
	    !read_u32(in, ALL_MAX, &got.all))
		return false;
	got.streams = sp_in_u8(in);
	if (in->bad || got.streams > MEDIA_STREAMS_MAX || got.streams > got.all)
		return false;
	for (size_t i = 0; i < got.streams; i++)
		if (!read_stream(in, &got.stream[i]))
			return false;
	*f = got;
	return true;
}

/* --- JSON --- */

static void
json_ms(struct sp_json *j, const char *name, int64_t ms)
{
	if (ms == MEDIA_UNKNOWN_TIME)
		sp_json_null(j, name);
	else
		sp_json_int(j, name, ms);
}

/*
 * v / 10^digits as RFC 8785 3.2.2.3 writes it: the shortest text that reads
 * back as that double.  With at most 15 digits and none of weight below 10^-6
 * that is the plain decimal without trailing zeroes.
 */
static void
json_decimal(struct sp_json *j, const char *name, int64_t v, unsigned digits)
{
	uint64_t one = 1, u = v < 0 ? (uint64_t)-v : (uint64_t)v, rest;
	SP_AUTO_BUF text = sp_buf_new(40);

	for (unsigned i = 0; i < digits; i++)
		one *= 10;
	sp_buf_fmt(&text, "%s%ju", v < 0 ? "-" : "", (uintmax_t)(u / one));
	rest = u % one;
	if (rest > 0)
		sp_buf_text(&text, ".");
	while (rest > 0) {
		one /= 10;
		sp_buf_fmt(&text, "%ju", (uintmax_t)(rest / one));
		rest %= one;
	}
	SP_REQUIRE(sp_buf_ok(&text));
	sp_json_raw(j, name, sp_buf_str(&text));
}

static void
json_audio(struct sp_json *j, const struct media_stream *s)
{
	sp_json_int(j, "channels", s->channels);
	sp_json_str(j, "codec", s->codec);
	json_ms(j, "duration_ms", s->length);
	sp_json_str(j, "kind", kinds[s->kind].name);
	sp_json_int(j, "sample_rate", s->sample_rate);
}

static void
json_seen(struct sp_json *j, const struct media_stream *s)
{
	sp_json_str(j, "codec", s->codec);
	json_ms(j, "duration_ms", s->length);
	if (s->frame_rate == 0)
		sp_json_null(j, "frame_rate");
	else
		json_decimal(j, "frame_rate", s->frame_rate, 3);
	sp_json_int(j, "height", s->height);
	sp_json_str(j, "kind", kinds[s->kind].name);
	sp_json_int(j, "rotation", s->rotation);
	sp_json_int(j, "width", s->width);
}

static void
json_stream(struct sp_json *j, const struct media_stream *s)
{
	sp_json_object(j, NULL);
	switch (s->kind) {
	case MEDIA_VIDEO:
	case MEDIA_PICTURE: json_seen(j, s); break;
	case MEDIA_AUDIO: json_audio(j, s); break;
	case MEDIA_SUBTITLE:
	case MEDIA_DATA:
		sp_json_str(j, "codec", s->codec);
		json_ms(j, "duration_ms", s->length);
		sp_json_str(j, "kind", kinds[s->kind].name);
		break;
	case MEDIA_KIND_COUNT: SP_REQUIRE(false);
	}
	sp_json_end(j);
}

static void
json_created(struct sp_json *j, const struct media_facts *f)
{
	char text[SP_TIME_TEXT];

	if (f->created == MEDIA_UNKNOWN_TIME) {
		sp_json_null(j, "created_at");
	} else {
		sp_time_text(f->created, text);
		sp_json_str(j, "created_at", text);
	}
	if (f->local[0] == '\0')
		sp_json_null(j, "created_local");
	else
		sp_json_str(j, "created_local", f->local);
}

static void
json_place(struct sp_json *j, const struct media_facts *f)
{
	if (!f->placed) {
		sp_json_null(j, "location");
		return;
	}
	sp_json_object(j, "location");
	json_decimal(j, "latitude", f->latitude, 6);
	json_decimal(j, "longitude", f->longitude, 6);
	sp_json_end(j);
}

void
media_facts_json(const struct media_facts *f, struct sp_buf *out)
{
	struct sp_json j = sp_json_to(out);

	sp_json_object(&j, NULL);
	json_created(&j, f);
	json_ms(&j, "duration_ms", f->length);
	sp_json_str(&j, "format", f->format);
	json_place(&j, f);
	sp_json_array(&j, "streams");
	for (size_t i = 0; i < f->streams; i++)
		json_stream(&j, &f->stream[i]);
	sp_json_end(&j);
	sp_json_int(&j, "streams_total", f->all);
	sp_json_end(&j);
}
