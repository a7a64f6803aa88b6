#include "media/facts.h"

#include "tap.h"

#include <string.h>

static const struct media_facts sample = {
	.format = "mp4",
	.length = 30160,
	.created = INT64_C(1795286744123456),
	.local = "2026-11-21T18:45:44",
	.placed = true,
	.latitude = 37774929,
	.longitude = -122419400,
	.all = 3,
	.streams = 3,
	.stream = {
		{ .kind = MEDIA_VIDEO,
		    .codec = "h264",
		    .length = 30160,
		    .width = 1920,
		    .height = 1080,
		    .rotation = 90,
		    .frame_rate = 29970 },
		{ .kind = MEDIA_AUDIO,
		    .codec = "aac",
		    .length = MEDIA_UNKNOWN_TIME,
		    .sample_rate = 48000,
		    .channels = 2 },
		{ .kind = MEDIA_DATA, .codec = "bin_data", .length = 0 },
	},
};

static void
write_facts(const struct media_facts *f, struct sp_buf *out)
{
	sp_buf_clear(out);
	media_facts_write(f, out);
	CHECK(sp_buf_ok(out));
}

static bool
read_facts(const void *bytes, size_t len, struct media_facts *f)
{
	struct sp_in in = sp_in_from(bytes, len);

	return media_facts_read(&in, f) && sp_in_done(&in);
}

static void
check_same(const struct media_facts *a, const struct media_facts *b)
{
	SP_AUTO_BUF x = sp_buf_new(8192);
	SP_AUTO_BUF y = sp_buf_new(8192);

	write_facts(a, &x);
	write_facts(b, &y);
	CHECK(x.len == y.len && memcmp(x.at, y.at, x.len) == 0);
}

static void
round_trip(void)
{
	SP_AUTO_BUF b = sp_buf_new(8192);
	struct media_facts got = { .length = 7 };
	struct media_facts most = sample;

	write_facts(&sample, &b);
	CHECK(read_facts(b.at, b.len, &got));
	check_same(&sample, &got);
	most.all = MEDIA_STREAMS_MAX;
	most.streams = MEDIA_STREAMS_MAX;
	for (size_t i = 0; i < MEDIA_STREAMS_MAX; i++)
		most.stream[i] = sample.stream[i % 3];
	write_facts(&most, &b);
	CHECK(read_facts(b.at, b.len, &got));
	check_same(&most, &got);
}

static void
every_truncation(void)
{
	SP_AUTO_BUF b = sp_buf_new(8192);
	struct media_facts got = { .length = 7 };

	write_facts(&sample, &b);
	for (size_t n = 0; n < b.len; n++)
		CHECK(!read_facts(b.at, n, &got));
	sp_buf_u8(&b, 0);
	CHECK(got.length == 7); /* untouched all the time */
	CHECK(!read_facts(b.at, b.len, &got));
}

/* A worker that was taken over can send any of these. */
static void
lies(void)
{
	static const struct {
		const char *what;
		size_t at, size;
		uint64_t value;
	} rows[] = {
#define AT(m) offsetof(struct media_facts, m), sizeof(sample.m)
		{ "length", AT(length), MEDIA_LENGTH_MAX + 1 },
		{ "length", AT(length), (uint64_t)INT64_MIN },
		{ "length", AT(length), (uint64_t)-2 },
		{ "created", AT(created), SP_TIME_MAX + 1 },
		{ "created", AT(created), (uint64_t)-2 },
		{ "latitude", AT(latitude), 90000001 },
		{ "latitude", AT(latitude), (uint32_t)-90000001 },
		{ "latitude", AT(latitude), 0x80000000 },
		{ "longitude", AT(longitude), 180000001 },
		{ "longitude", AT(longitude), (uint32_t)-180000001 },
		{ "a place that is none", AT(placed), 0 },
		{ "fewer in all than told of", AT(all), 2 },
		{ "streams", AT(all), 100001 },
		{ "width", AT(stream[0].width), 65536 },
		{ "height", AT(stream[0].height), 65536 },
		{ "rotation", AT(stream[0].rotation), 45 },
		{ "rotation", AT(stream[0].rotation), 360 },
		{ "frame rate", AT(stream[0].frame_rate), 1000000001 },
		{ "sample rate", AT(stream[1].sample_rate), 1000000001 },
		{ "channels", AT(stream[1].channels), 65536 },
		{ "a word", AT(format[0]), 'M' },
		{ "a word", AT(format[1]), '"' },
		{ "a word", AT(format[1]), 0x80 },
		{ "an empty word", AT(format[0]), 0 },
		{ "a codec", AT(stream[1].codec[2]), '\n' },
		{ "an empty codec", AT(stream[1].codec[0]), 0 },
		{ "a local time", AT(local[10]), ' ' },
		{ "a local time", AT(local[5]), '2' },
		{ "a short local time", AT(local[18]), 0 },
#undef AT
	};
	SP_AUTO_BUF b = sp_buf_new(8192);

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct media_facts lie = sample, got = { .length = 7 };

		/* Little-endian machines only: tests run on no other. */
		memcpy((char *)&lie + rows[i].at, &rows[i].value, rows[i].size);
		write_facts(&lie, &b);
		if (read_facts(b.at, b.len, &got))
			tap_fail(__FILE__, __LINE__, rows[i].what, " believed");
		CHECK(got.length == 7);
	}
}

/* Numbers that no struct can hold. */
static void
wire_lies(void)
{
	SP_AUTO_BUF b = sp_buf_new(8192);
	struct media_facts got;
	size_t fixed = 4 + 3 + 8 + 8 + 4 + 19;

	write_facts(&sample, &b);
	CHECK(b.at[fixed] == 1); /* placed */
	b.at[fixed] = 2;
	CHECK(!read_facts(b.at, b.len, &got));
	b.at[fixed] = 1;
	CHECK(b.at[fixed + 13] == 3); /* streams */
	b.at[fixed + 13] = MEDIA_STREAMS_MAX + 1;
	CHECK(!read_facts(b.at, b.len, &got));
	b.at[fixed + 13] = 3;
	CHECK(b.at[fixed + 14] == 1); /* kind */
	b.at[fixed + 14] = 0;
	CHECK(!read_facts(b.at, b.len, &got));
	b.at[fixed + 14] = 6;
	CHECK(!read_facts(b.at, b.len, &got));
}

static void
json(void)
{
	static const char want[] =
	    "{\"created_at\":\"2026-11-21T18:45:44.123456Z\","
	    "\"created_local\":\"2026-11-21T18:45:44\",\"duration_ms\":30160,"
	    "\"format\":\"mp4\",\"location\":{\"latitude\":37.774929,"
	    "\"longitude\":-122.4194},\"streams\":[{\"codec\":\"h264\","
	    "\"duration_ms\":30160,\"frame_rate\":29.97,\"height\":1080,"
	    "\"kind\":\"video\",\"rotation\":90,\"width\":1920},"
	    "{\"channels\":2,\"codec\":\"aac\",\"duration_ms\":null,"
	    "\"kind\":\"audio\",\"sample_rate\":48000},{\"codec\":"
	    "\"bin_data\",\"duration_ms\":0,\"kind\":\"data\"}],"
	    "\"streams_total\":3}";
	static const char bare[] =
	    "{\"created_at\":null,\"created_local\":null,\"duration_ms\":null,"
	    "\"format\":\"jpeg\",\"location\":null,\"streams\":[],"
	    "\"streams_total\":0}";
	struct media_facts none = { .format = "jpeg",
		.length = MEDIA_UNKNOWN_TIME,
		.created = MEDIA_UNKNOWN_TIME };
	SP_AUTO_BUF b = sp_buf_new(8192);

	media_facts_json(&sample, &b);
	CHECK(sp_buf_ok(&b));
	(void)printf("# %s\n", sp_buf_str(&b));
	CHECK(strcmp(sp_buf_str(&b), want) == 0);
	sp_buf_clear(&b);
	media_facts_json(&none, &b);
	CHECK(strcmp(sp_buf_str(&b), bare) == 0);
}

/* The text of each is what a double reads back and writes shortest. */
static void
decimals(void)
{
	static const struct {
		int32_t micro;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1, "0.000001" },
		{ -1, "-0.000001" },
		{ 10, "0.00001" },
		{ 1000000, "1" },
		{ -89999999, "-89.999999" },
		{ 90000000, "90" },
		{ 45100000, "45.1" },
		{ 45010203, "45.010203" },
		{ 999999, "0.999999" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		struct media_facts f = sample;
		SP_AUTO_BUF b = sp_buf_new(8192);
		char want[64];

		f.latitude = rows[i].micro;
		media_facts_json(&f, &b);
		(void)snprintf(
		    want, sizeof(want), "\"latitude\":%s,", rows[i].text);
		CHECK(strstr(sp_buf_str(&b), want) != NULL);
	}
}

static void
reasons(void)
{
	for (size_t i = 0; i < MEDIA_REASON_COUNT; i++) {
		enum media_reason r = (enum media_reason)i;

		CHECK(media_reason_of(media_reason_number(r)) == r);
		CHECK(media_word_ok(
		    media_reason_word(r), strlen(media_reason_word(r))));
		CHECK(strlen(media_reason_text(r)) > 0);
	}
	CHECK(media_reason_of(0) == MEDIA_READABLE);
	CHECK(media_reason_of(255) == MEDIA_READABLE);
	CHECK(strcmp(media_kind_name(MEDIA_SUBTITLE), "subtitle") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "round trip", round_trip },
		{ "every truncation, and one byte more", every_truncation },
		{ "lies", lies },
		{ "lies on the wire", wire_lies },
		{ "JSON", json },
		{ "decimals", decimals },
		{ "reasons", reasons },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
