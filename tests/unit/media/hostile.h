#ifndef HOSTILE_H
#define HOSTILE_H

#include "base/encode.h"
#include "clips.h"
#include "media/facts.h"

/* Files that nobody means well with.  Each is small; what it claims is not. */

static inline void
hostile_add(struct sp_buf *b, const void *bytes, size_t len)
{
	sp_buf_add(b, bytes, len);
	CHECK(sp_buf_ok(b));
}

static inline struct clip
hostile_take(const struct sp_buf *b)
{
	CHECK(sp_buf_ok(b));
	return clip_copy(b->at, b->len);
}

static inline struct clip
hostile_nothing(void)
{
	return clip_copy("", 0);
}

static inline struct clip
hostile_byte(void)
{
	return clip_copy("\xff", 1);
}

static inline struct clip
hostile_noise(void)
{
	struct clip c = clip_copy("", 0);
	uint64_t x = 99;

	c.len = 200000;
	c.at = realloc(c.at, c.len);
	CHECK(c.at != NULL);
	for (size_t i = 0; i < c.len; i++)
		c.at[i] = (uint8_t)clip_random(&x);
	return c;
}

static inline struct clip
hostile_zeroes(void)
{
	struct clip c = { .at = calloc(1, 3000000), .len = 3000000 };

	CHECK(c.at != NULL);
	return c;
}

#define HOSTILE_TEXT(name, text)                                               \
	static inline struct clip hostile_##name(void)                         \
	{                                                                      \
		return clip_copy(text, sizeof(text) - 1);                      \
	}
HOSTILE_TEXT(words, "This is not a film.  It says so itself.\n")
/* Each would have another file or another machine read. */
HOSTILE_TEXT(hls,
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n"
    "#EXTINF:10,\nfile:///etc/passwd\n#EXTINF:10,\n"
    "http://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n")
HOSTILE_TEXT(concat, "ffconcat version 1.0\nfile '/etc/passwd'\n")
HOSTILE_TEXT(dash,
    "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\""
    " profiles=\"urn:mpeg:dash:profile:isoff-main:2011\"><BaseURL>"
    "file:///etc/</BaseURL></MPD>")
HOSTILE_TEXT(sdp,
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n")
HOSTILE_TEXT(script,
    "<svg xmlns=\"http://www.w3.org/2000/svg\"><image"
    " href=\"file:///etc/passwd\"/></svg>")
HOSTILE_TEXT(zip, "PK\003\004\024\0\0\0\010\0 and so on")
HOSTILE_TEXT(pdf, "%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n")

/* ---- QuickTime boxes ---- */

static inline void
hostile_ftyp(struct sp_buf *b)
{
	size_t at = b->len;

	hostile_add(b, "isom\0\0\2\0isomiso2mp41", 20);
	clip_box(b, at, "ftyp");
}

static inline void
hostile_full_box(struct sp_buf *b, size_t zeroes, const char *type)
{
	size_t at = b->len;

	for (size_t i = 0; i < zeroes; i++)
		sp_buf_u8(b, 0);
	clip_box(b, at, type);
}

static inline struct clip
hostile_streams(void)
{
	SP_AUTO_BUF b = sp_buf_new((size_t)8 << 20);
	size_t moov;

	hostile_ftyp(&b);
	moov = b.len;
	hostile_full_box(&b, 100, "mvhd");
	for (size_t i = 0; i < 5000; i++) {
		size_t trak = b.len, mdia;

		hostile_full_box(&b, 84, "tkhd");
		mdia = b.len;
		hostile_full_box(&b, 24, "mdhd");
		clip_box(&b, mdia, "mdia");
		clip_box(&b, trak, "trak");
	}
	clip_box(&b, moov, "moov");
	return hostile_take(&b);
}

/* Boxes in boxes in boxes. */
static inline struct clip
hostile_deep(void)
{
	SP_AUTO_BUF b = sp_buf_new((size_t)1 << 20);

	for (size_t i = 0; i < 20000; i++)
		clip_box(&b, 0, i % 2 == 0 ? "trak" : "mdia");
	clip_box(&b, 0, "moov");
	{
		SP_AUTO_BUF all = sp_buf_new((size_t)1 << 20);

		hostile_ftyp(&all);
		hostile_add(&all, b.at, b.len);
		return hostile_take(&all);
	}
}

/* An index that says it is packed, and two gigabytes when unpacked. */
static inline struct clip
hostile_packed(void)
{
	static const uint8_t zlib[] = { 0x78, 0x9c, 0xed, 0xc1, 0x01, 0x01, 0,
		0, 0, 0x80, 0x90, 0xfe };
	SP_AUTO_BUF b = sp_buf_new(4096);
	size_t moov, cmov, cmvd;

	hostile_ftyp(&b);
	moov = cmov = b.len;
	hostile_add(&b,
	    "\0\0\0\x0c"
	    "dcomzlib",
	    12);
	cmvd = b.len;
	sp_buf_u32be(&b, 0x7fffffff);
	hostile_add(&b, zlib, sizeof(zlib));
	clip_box(&b, cmvd, "cmvd");
	clip_box(&b, cmov, "cmov");
	clip_box(&b, moov, "moov");
	return hostile_take(&b);
}

/* A box of its own size 0, and one of 2^63. */
static inline struct clip
hostile_boxes(void)
{
	SP_AUTO_BUF b = sp_buf_new(4096);

	hostile_ftyp(&b);
	hostile_add(&b, "\0\0\0\1free\x7f\xff\xff\xff\xff\xff\xff\xff", 16);
	hostile_add(&b, "\0\0\0\0moov", 8);
	return hostile_take(&b);
}

/* ---- Real bombs: little that is packed, much when unpacked ---- */

struct hostile_bits {
	struct sp_buf *to;
	uint32_t held;
	unsigned n;
};

/* Deflate has its bits from the lowest on. */
static inline void
hostile_bit(struct hostile_bits *b, unsigned bit)
{
	b->held |= bit << b->n;
	if (++b->n < 8)
		return;
	sp_buf_u8(b->to, (uint8_t)b->held);
	b->held = 0;
	b->n = 0;
}

/* A code of Huffman's has them from the highest on. */
static inline void
hostile_code(struct hostile_bits *b, uint32_t code, unsigned len)
{
	while (len-- > 0)
		hostile_bit(b, code >> len & 1);
}

/* `much` zeroes as zlib packs them (RFC 1950, 1951), a thousandth in size:
 * a zero, then again and again the 258 bytes before. */
static inline void
hostile_zlib(struct sp_buf *out, size_t much)
{
	struct hostile_bits b = { .to = out };

	hostile_add(out, "\x78\x9c", 2);
	hostile_bit(&b, 1); /* the last block */
	hostile_bit(&b, 1); /* fixed codes: 01, lowest bit first */
	hostile_bit(&b, 0);
	hostile_code(&b, 0x30, 8); /* literal 0 */
	for (size_t done = 1; done < much; done += 258) {
		hostile_code(&b, 0xc5, 8); /* length 258 */
		hostile_code(&b, 0, 5);    /* distance 1 */
	}
	hostile_code(&b, 0, 7); /* the end */
	while (b.n != 0)
		hostile_bit(&b, 0);
	sp_buf_u32be(out, 0); /* a sum that is wrong: who looks is late */
	CHECK(sp_buf_ok(out));
}

#define HOSTILE_MUCH ((size_t)1 << 30)

/* A QuickTime index that really unpacks to a gigabyte. */
static inline struct clip
hostile_index_bomb(void)
{
	SP_AUTO_BUF b = sp_buf_new((size_t)8 << 20);
	size_t moov, cmvd;

	hostile_ftyp(&b);
	moov = b.len;
	hostile_add(&b,
	    "\0\0\0\x0c"
	    "dcomzlib",
	    12);
	cmvd = b.len;
	sp_buf_u32be(&b, (uint32_t)HOSTILE_MUCH);
	hostile_zlib(&b, HOSTILE_MUCH);
	clip_box(&b, cmvd, "cmvd");
	clip_box(&b, moov, "cmov");
	clip_box(&b, moov, "moov");
	return hostile_take(&b);
}

/* ---- Pictures ---- */

static inline uint32_t
hostile_crc(const uint8_t *s, size_t len)
{
	uint32_t c = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		c ^= s[i];
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ ((c & 1) != 0 ? 0xedb88320 : 0);
	}
	return ~c;
}

static inline void
hostile_chunk(struct sp_buf *b, const char *type, const void *bytes, size_t len)
{
	size_t at = b->len + 4;

	sp_buf_u32be(b, (uint32_t)len);
	hostile_add(b, type, 4);
	hostile_add(b, bytes, len);
	sp_buf_u32be(b, hostile_crc(b->at + at, len + 4));
}

/* A PNG of these sides, and hardly a byte of picture in it. */
static inline struct clip
hostile_png(uint32_t side)
{
	static const uint8_t idat[] = { 0x78, 0x9c, 0xed, 0xc1, 0x01, 0x01, 0,
		0, 0, 0x80, 0x90, 0xfe };
	SP_AUTO_BUF b = sp_buf_new(4096);
	SP_AUTO_BUF head = sp_buf_new(64);

	sp_buf_u32be(&head, side);
	sp_buf_u32be(&head, side);
	hostile_add(&head, "\010\006\0\0\0", 5);
	hostile_add(&b, "\x89PNG\r\n\x1a\n", 8);
	hostile_chunk(&b, "IHDR", head.at, head.len);
	hostile_chunk(&b, "IDAT", idat, sizeof(idat));
	hostile_chunk(&b, "IEND", "", 0);
	return hostile_take(&b);
}

static inline struct clip
hostile_bomb(void)
{
	return hostile_png(60000);
}

/* A picture of one point whose colour profile, comment and points unpack to a
 * gigabyte each. */
static inline struct clip
hostile_png_bomb(void)
{
	SP_AUTO_BUF packed = sp_buf_new((size_t)4 << 20);
	SP_AUTO_BUF b = sp_buf_new((size_t)16 << 20);
	SP_AUTO_BUF chunk = sp_buf_new((size_t)4 << 20);

	hostile_zlib(&packed, HOSTILE_MUCH / 4);
	hostile_add(&b, "\x89PNG\r\n\x1a\n", 8);
	hostile_chunk(&b, "IHDR", "\0\0\0\1\0\0\0\1\010\006\0\0\0", 13);
	hostile_add(&chunk, "x\0\0", 3); /* a name; deflate */
	hostile_add(&chunk, packed.at, packed.len);
	hostile_chunk(&b, "iCCP", chunk.at, chunk.len);
	hostile_chunk(&b, "zTXt", chunk.at, chunk.len);
	hostile_chunk(&b, "IDAT", packed.at, packed.len);
	hostile_chunk(&b, "IEND", "", 0);
	return hostile_take(&b);
}

/* Sides of 65,535, and hardly a byte of picture. */
static inline struct clip
hostile_jpeg(void)
{
	AUTO_CLIP photo = clip_make(CLIP_SEEN " -frames:v 1", "jpg");
	struct clip c = clip_copy(photo.at, photo.len);
	uint8_t *sof = memmem(c.at, c.len, "\xff\xc0\0\x11\010", 5);

	CHECK(sof != NULL);
	memset(sof + 5, 0xff, 4);
	return c;
}

static inline struct clip
hostile_gif(void)
{
	AUTO_CLIP film = clip_make(CLIP_SEEN " -frames:v 2", "gif");
	struct clip c = clip_copy(film.at, film.len);

	memset(c.at + 6, 0xff, 4);
	return c;
}

/* ---- Streams without number ---- */

/* EBML: an element with a length of four bytes. */
static inline void
hostile_element(struct sp_buf *b, size_t at, const char *id)
{
	size_t len = b->len - at, id_len = strlen(id);
	uint8_t *room = sp_buf_extend(b, id_len + 4);

	CHECK(room != NULL);
	memmove(b->at + at + id_len + 4, b->at + at, len);
	memcpy(b->at + at, id, id_len);
	for (size_t i = 0; i < 4; i++)
		b->at[at + id_len + i] =
		    (uint8_t)((i == 0 ? 0x10 : 0) | (len >> (24 - 8 * i)));
}

static inline struct clip
hostile_tracks(void)
{
	SP_AUTO_BUF b = sp_buf_new((size_t)8 << 20);
	size_t segment, tracks;

	hostile_add(&b, "\x42\x86\x81\1\x42\x82\x88matroska", 15);
	hostile_element(&b, 0, "\x1a\x45\xdf\xa3");
	segment = tracks = b.len;
	for (uint16_t i = 1; i <= 5000; i++) {
		size_t entry = b.len;

		hostile_add(&b, "\xd7\x82", 2); /* its number */
		sp_buf_u16be(&b, i);
		hostile_add(&b, "\x83\x81\1\x86\x85V_VP8", 10);
		hostile_add(&b, "\xe0\x86\xb0\x81\x40\xba\x81\x40", 8);
		hostile_element(&b, entry, "\xae");
	}
	hostile_element(&b, tracks, "\x16\x54\xae\x6b");
	hostile_add(&b, "\x1f\x43\xb6\x75\x83\xe7\x81\0", 8); /* a cluster */
	hostile_element(&b, segment, "\x18\x53\x80\x67");
	return hostile_take(&b);
}

/* A page's own sum (RFC 3533), made over itself with the sum as zeroes. */
static inline void
hostile_ogg_sum(uint8_t *page, size_t len)
{
	uint32_t c = 0;

	memset(page + 22, 0, 4);
	for (size_t i = 0; i < len; i++) {
		c ^= (uint32_t)page[i] << 24;
		for (int k = 0; k < 8; k++)
			c = c << 1 ^ ((c & 0x80000000) != 0 ? 0x04c11db7 : 0);
	}
	for (size_t i = 0; i < 4; i++)
		page[22 + i] = (uint8_t)(c >> 8 * i);
}

/* Ogg: thousands of streams that begin, each in a page of its own. */
static inline struct clip
hostile_pages(void)
{
	AUTO_CLIP sound = clip_make(CLIP_HEARD " -c:a flac", "ogg");
	SP_AUTO_BUF b = sp_buf_new((size_t)8 << 20);
	size_t page = 27;

	CHECK(sound.len > 300 && memcmp(sound.at, "OggS", 4) == 0);
	for (size_t i = 0; i < sound.at[26]; i++)
		page += sound.at[27 + i];
	page += sound.at[26];
	for (uint8_t i = 0; i < 40; i++)
		for (uint8_t k = 0; k < 100; k++) {
			size_t at = b.len;

			hostile_add(&b, sound.at, page);
			b.at[at + 14] = i;
			b.at[at + 15] = k;
			hostile_ogg_sum(b.at + at, page);
		}
	return hostile_take(&b);
}

/* ---- Two things at once ---- */

/* A photo that is also a page with a script, and an archive. */
static inline struct clip
hostile_polyglot(void)
{
	AUTO_CLIP photo = clip_make(CLIP_SEEN " -frames:v 1", "jpg");
	static const char zip[] = "PK\003\004 and so on PK\005\006";
	static const char page[] = "<html><script>alert(1)</script></html>";
	SP_AUTO_BUF b = sp_buf_new((size_t)4 << 20);

	hostile_add(&b, photo.at, 2);
	sp_buf_u16be(&b, 0xfffe);
	sp_buf_u16be(&b, sizeof(page) + 2);
	hostile_add(&b, page, sizeof(page));
	hostile_add(&b, photo.at + 2, photo.len - 2);
	hostile_add(&b, zip, sizeof(zip));
	return hostile_take(&b);
}

/* A film that begins as a GIF of one pixel. */
static inline struct clip
hostile_gif_film(void)
{
	AUTO_CLIP film = clip_make(CLIP_SEEN " -c:v mpeg4", "mp4");
	SP_AUTO_BUF b = sp_buf_new((size_t)8 << 20);

	hostile_add(&b, "GIF89a\1\0\1\0\0\0\0", 13);
	hostile_add(&b, film.at, film.len);
	return hostile_take(&b);
}

/* Its name ends in .mp4: the content decides. */
static inline struct clip
hostile_named_otherwise(void)
{
	AUTO_CLIP sound = clip_make(CLIP_HEARD, "wav");

	return clip_copy(sound.at, sound.len);
}

/* A film whose index lies at its end, which was cut off. */
static inline struct clip
hostile_cut(void)
{
	AUTO_CLIP film = clip_make(CLIP_SEEN " -c:v mpeg4", "mp4");

	return clip_copy(film.at, film.len / 2);
}

/* A sound that says that it has 0 channels at 0 Hz. */
static inline struct clip
hostile_silence(void)
{
	AUTO_CLIP sound = clip_make(CLIP_HEARD, "wav");
	struct clip c = clip_copy(sound.at, sound.len);

	memset(c.at + 22, 0, 6);
	return c;
}

/* Write the matrix of a quarter turn into a film's track header. */
static inline void
hostile_turn(struct clip *c, uint32_t degrees)
{
	static const int32_t turn[][4] = {
		[0] = { 1, 0, 0, 1 },
		[1] = { 0, 1, -1, 0 },
		[2] = { -1, 0, 0, -1 },
		[3] = { 0, -1, 1, 0 },
	};
	uint8_t *at = memmem(c->at, c->len, "tkhd", 4);
	static const size_t cell[] = { 0, 4, 12, 16 };

	CHECK(at != NULL);
	at += 4 + 40;
	for (size_t i = 0; i < 4; i++) {
		uint32_t v = (uint32_t)(turn[degrees / 90][i] * 65536);

		for (size_t k = 0; k < 4; k++)
			at[cell[i] + k] = (uint8_t)(v >> (24 - 8 * k));
	}
}

static const struct hostile_file {
	const char *name;
	struct clip (*make)(void);
	enum media_reason want;
} hostile_files[] = {
	{ "nothing", hostile_nothing, MEDIA_UNKNOWN },
	{ "one byte", hostile_byte, MEDIA_UNKNOWN },
	{ "noise", hostile_noise, MEDIA_UNKNOWN },
	{ "zeroes", hostile_zeroes, MEDIA_UNKNOWN },
	{ "words", hostile_words, MEDIA_UNKNOWN },
	{ "a playlist (HLS)", hostile_hls, MEDIA_UNKNOWN },
	{ "a playlist (concat)", hostile_concat, MEDIA_UNKNOWN },
	{ "a playlist (DASH)", hostile_dash, MEDIA_UNKNOWN },
	{ "a session (SDP)", hostile_sdp, MEDIA_UNKNOWN },
	{ "a drawing with a reference", hostile_script, MEDIA_UNKNOWN },
	{ "an archive", hostile_zip, MEDIA_UNKNOWN },
	{ "a document", hostile_pdf, MEDIA_UNKNOWN },
	{ "thousands of streams", hostile_streams, MEDIA_STREAMS },
	{ "thousands of tracks", hostile_tracks, MEDIA_STREAMS },
	{ "thousands of streams in pages", hostile_pages, MEDIA_STREAMS },
	{ "boxes twenty thousand deep", hostile_deep, MEDIA_DAMAGED },
	{ "a packed index of 2 GB", hostile_packed, MEDIA_MEMORY },
	{ "an index that unpacks to 1 GB", hostile_index_bomb, MEDIA_MEMORY },
	{ "boxes of impossible sizes", hostile_boxes, MEDIA_DAMAGED },
	{ "a picture of 60,000 squared", hostile_bomb, MEDIA_LARGE },
	{ "a point that unpacks to 1 GB", hostile_png_bomb, MEDIA_READABLE },
	{ "a photo of 65,535 squared", hostile_jpeg, MEDIA_LARGE },
	{ "a film of 65,535 squared", hostile_gif, MEDIA_LARGE },
	{ "a photo, page and archive", hostile_polyglot, MEDIA_READABLE },
	{ "a film behind a GIF", hostile_gif_film, MEDIA_READABLE },
	{ "a sound named as a film", hostile_named_otherwise, MEDIA_READABLE },
	{ "a film cut off before its index", hostile_cut, MEDIA_DAMAGED },
	{ "a sound without channels", hostile_silence, MEDIA_DAMAGED },
};

#endif
