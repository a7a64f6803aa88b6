#include "bag/zip.h"

#include "bag/write.h"
#include "base/file.h"

#include <string.h>

/*
 *   end record (22, APPNOTE 4.3.16)      central entry (46, 4.3.12)
 *    0 "PK\5\6"                           0 "PK\1\2"
 *    4 this disk, 6 directory's disk      8 flags     10 method
 *    8 entries here, 10 entries          16 CRC, 20 stored size, 24 size
 *   12 directory size, 16 its offset     28 name, 30 extra, 32 comment length
 *   20 comment length                    34 disk      42 local header's offset
 *
 *   locator (20, 4.3.15) "PK\6\7"        local header (30, 4.3.7)
 *    8 offset of the zip64 record         0 "PK\3\4"
 *   zip64 record (56, 4.3.14) "PK\6\6"    6 flags      8 method
 *   32 entries, 40 size, 48 offset       14 CRC, 18 stored size, 22 size
 *                                        26 name, 28 extra length
 *
 * With FLAG_LATER, CRC and sizes may be 0 in the local header and follow the
 * content in a descriptor (4.3.9): "PK\7\8" or not, CRC, sizes of 4 or 8 bytes.
 *
 * Numbers are little-endian; all ones says that the number stands in the
 * zip64 record, or in the entry's extra field 0x0001 (4.5.3).
 */
#define END_LEN     22
#define LOCATOR_LEN 20
#define END64_LEN   56
#define CENTRAL_LEN 46
#define LOCAL_LEN   30

#define FLAG_ENCRYPTED 0x0001U
#define FLAG_LATER     0x0008U
#define FLAG_UTF8      0x0800U
#define METHOD_STORED  0U
#define EXTRA_ZIP64    0x0001U
#define EXTRA_NAME     0x7075U /* another name, for unpackers that know it */

/* The fields of one directory entry that are used. */
struct member {
	unsigned flags, method;
	uint32_t crc;
	uint64_t stored, size, offset;
	unsigned name_len, extra_len, comment_len;
	char name[2 * BAG_PATH_MAX + 2];
	uint8_t extra[1024];
};

struct directory {
	uint64_t entries, size, offset;
};

static unsigned
le16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t
le64(const uint8_t *p)
{
	return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

enum sp_code
bag_stored_read(const struct bag_stored *s, uint64_t at, void *out, size_t len,
    struct sp_err *err)
{
	size_t got = 0;

	if (at > s->size || len > s->size - at)
		return sp_fail(err, SP_E_CORRUPT, "the archive is cut short");
	if (s->fd < 0) {
		memcpy(out, s->bytes + at, len);
		return SP_OK;
	}
	SP_TRY(sp_file_pread_all(s->fd, out, len, (off_t)at, &got, err));
	if (got != len)
		return sp_fail(err, SP_E_CORRUPT, "the archive is cut short");
	return SP_OK;
}

bool
bag_zip_is(const struct bag_stored *s)
{
	uint8_t magic[2];

	return bag_stored_read(s, 0, magic, 2, NULL) == SP_OK &&
	    memcmp(magic, "PK", 2) == 0;
}

static enum sp_code
malformed(struct sp_err *err, const char *what)
{
	return sp_fail(
	    err, SP_E_CORRUPT, "the zip archive is damaged: %s", what);
}

/* The zip64 record, when a locator stands before the end record.  *end moves
 * to where the directory must end. */
static enum sp_code
find_end64(const struct bag_stored *s, struct directory *d, uint64_t *end,
    struct sp_err *err)
{
	uint8_t locator[LOCATOR_LEN], end64[END64_LEN];
	uint64_t at;

	if (*end < LOCATOR_LEN + END64_LEN)
		return SP_OK;
	at = *end - LOCATOR_LEN;
	SP_TRY(bag_stored_read(s, at, locator, sizeof(locator), err));
	if (memcmp(locator, "PK\6\7", 4) != 0)
		return SP_OK;
	at -= END64_LEN;
	if (le32(locator + 4) != 0 || le64(locator + 8) != at)
		return malformed(err, "its zip64 locator points elsewhere");
	SP_TRY(bag_stored_read(s, at, end64, sizeof(end64), err));
	if (memcmp(end64, "PK\6\6", 4) != 0 ||
	    le64(end64 + 4) != END64_LEN - 12 || le32(end64 + 16) != 0 ||
	    le32(end64 + 20) != 0)
		return malformed(err, "its zip64 end record is not one");
	d->entries = le64(end64 + 32);
	d->size = le64(end64 + 40);
	d->offset = le64(end64 + 48);
	*end = at;
	return SP_OK;
}

static enum sp_code
find_directory(
    const struct bag_stored *s, struct directory *d, struct sp_err *err)
{
	uint8_t end[END_LEN];
	uint64_t at, after;

	if (s->size < END_LEN)
		return malformed(err, "it is cut short");
	at = s->size - END_LEN;
	SP_TRY(bag_stored_read(s, at, end, sizeof(end), err));
	if (memcmp(end, "PK\5\6", 4) != 0 || le16(end + 20) != 0)
		return malformed(err, "it does not end with its end record");
	if (le16(end + 4) != 0 || le16(end + 6) != 0)
		return malformed(err, "it is a part of several");
	d->entries = le16(end + 10);
	d->size = le32(end + 12);
	d->offset = le32(end + 16);
	SP_TRY(find_end64(s, d, &at, err));
	if (__builtin_add_overflow(d->offset, d->size, &after) || after != at)
		return malformed(err, "its directory is not where it says");
	if (d->entries > 2 * BAG_FILES_MAX)
		return sp_fail(err, SP_E_LIMIT, "more than %ju files",
		    (uintmax_t)(2 * BAG_FILES_MAX));
	return SP_OK;
}

/* One number of the zip64 extra field, if it was all ones before. */
static bool
widen(uint64_t *number, const uint8_t **at, size_t *left)
{
	if (*number != UINT32_MAX)
		return true;
	if (*left < 8)
		return false;
	*number = le64(*at);
	*at += 8;
	*left -= 8;
	return true;
}

/* The extra fields: wide numbers taken, other names refused. */
static bool
read_extra(struct member *m)
{
	const uint8_t *at = m->extra;
	size_t left = m->extra_len;

	while (left >= 4) {
		unsigned id = le16(at);
		size_t len = le16(at + 2);
		const uint8_t *body = at + 4;

		if (len > left - 4)
			return false;
		at += 4 + len;
		left -= 4 + len;
		if (id == EXTRA_NAME &&
		    (len != 5 + (size_t)m->name_len ||
			memcmp(body + 5, m->name, m->name_len) != 0))
			return false;
		if (id == EXTRA_ZIP64 &&
		    !(widen(&m->size, &body, &len) &&
			widen(&m->stored, &body, &len) &&
			widen(&m->offset, &body, &len)))
			return false;
	}
	return true;
}

/* Name and extra field behind a fixed header at `at` (central or local). */
static enum sp_code
read_names(const struct bag_stored *s, uint64_t at, struct member *m,
    struct sp_err *err)
{
	if (m->name_len == 0 || m->name_len >= sizeof(m->name) ||
	    m->extra_len > sizeof(m->extra))
		return malformed(err, "a name or extra field is too long");
	SP_TRY(bag_stored_read(s, at, m->name, m->name_len, err));
	m->name[m->name_len] = '\0';
	SP_TRY(
	    bag_stored_read(s, at + m->name_len, m->extra, m->extra_len, err));
	if (!read_extra(m))
		return malformed(err,
		    "an extra field is not one, or gives "
		    "another name");
	return SP_OK;
}

static enum sp_code
read_central(const struct bag_stored *s, uint64_t at, struct member *m,
    struct sp_err *err)
{
	uint8_t h[CENTRAL_LEN];

	SP_TRY(bag_stored_read(s, at, h, sizeof(h), err));
	if (memcmp(h, "PK\1\2", 4) != 0)
		return malformed(err, "its directory is broken off");
	m->flags = le16(h + 8);
	m->method = le16(h + 10);
	m->crc = le32(h + 16);
	m->stored = le32(h + 20);
	m->size = le32(h + 24);
	m->name_len = le16(h + 28);
	m->extra_len = le16(h + 30);
	m->comment_len = le16(h + 32);
	m->offset = le32(h + 42);
	if (le16(h + 34) != 0)
		return malformed(err, "a member is on another disk");
	return read_names(s, at + CENTRAL_LEN, m, err);
}

/* An unpacker that reads on from the start goes by what stands before and
 * after the content, and finds the content's end in nothing else. */
static enum sp_code
check_sizes(
    const struct member *m, const struct member *local, struct sp_err *err)
{
	bool later = (m->flags & FLAG_LATER) != 0;

	if ((local->stored != m->stored && !(later && local->stored == 0)) ||
	    (local->size != m->size && !(later && local->size == 0)) ||
	    (local->crc != m->crc && !(later && local->crc == 0)))
		return malformed(err,
		    "its directory gives another size or checksum than the "
		    "member");
	/* Compressed content says itself where it ends. */
	if (m->method == METHOD_STORED && local->stored != m->stored)
		return malformed(err,
		    "a member that is not compressed does not say first how "
		    "long it is");
	return SP_OK;
}

/* Moves *at past the descriptor, in whichever of its four forms. */
static enum sp_code
skip_descriptor(const struct bag_stored *s, const struct member *m,
    uint64_t *at, struct sp_err *err)
{
	static const struct {
		size_t mark, wide;
	} forms[] = { { 4, 8 }, { 4, 4 }, { 0, 8 }, { 0, 4 } };

	for (size_t i = 0; i < SP_COUNTOF(forms); i++) {
		size_t wide = forms[i].wide;
		size_t len = forms[i].mark + 4 + 2 * wide;
		uint8_t d[24];
		const uint8_t *size = d + forms[i].mark + 4;

		if (*at > s->size || len > s->size - *at)
			continue;
		SP_TRY(bag_stored_read(s, *at, d, len, err));
		if (memcmp(d, "PK\7\10", forms[i].mark) != 0 ||
		    le32(size - 4) != m->crc)
			continue;
		if ((wide == 8 ? le64(size) : le32(size)) != m->stored ||
		    (wide == 8 ? le64(size + 8) : le32(size + 4)) != m->size)
			continue;
		*at += len;
		return SP_OK;
	}
	return malformed(err, "a member's sizes do not follow it");
}

/* The local header must say the same; *end gets where the member ends. */
static enum sp_code
check_local(const struct bag_stored *s, const struct member *m, uint64_t *end,
    struct sp_err *err)
{
	struct member local = { .size = 0 };
	uint8_t h[LOCAL_LEN];
	uint64_t after;

	SP_TRY(bag_stored_read(s, m->offset, h, sizeof(h), err));
	if (memcmp(h, "PK\3\4", 4) != 0)
		return malformed(err, "its directory points to no member");
	local.flags = le16(h + 6);
	local.method = le16(h + 8);
	local.crc = le32(h + 14);
	local.stored = le32(h + 18);
	local.size = le32(h + 22);
	local.name_len = le16(h + 26);
	local.extra_len = le16(h + 28);
	SP_TRY(read_names(s, m->offset + LOCAL_LEN, &local, err));
	if (strcmp(local.name, m->name) != 0 || local.name_len != m->name_len ||
	    local.method != m->method ||
	    ((local.flags ^ m->flags) &
		(FLAG_UTF8 | FLAG_ENCRYPTED | FLAG_LATER)) != 0)
		return malformed(err,
		    "its directory says something else than "
		    "the member");
	if ((m->flags & FLAG_ENCRYPTED) != 0)
		return malformed(err, "a member is encrypted");
	SP_TRY(check_sizes(m, &local, err));
	after = m->offset + LOCAL_LEN + local.name_len + local.extra_len;
	if (__builtin_add_overflow(after, m->stored, &after))
		return malformed(err, "a size is out of range");
	if ((m->flags & FLAG_LATER) != 0)
		SP_TRY(skip_descriptor(s, m, &after, err));
	*end = after;
	return SP_OK;
}

static enum sp_code
check_members(const struct bag_stored *s, const struct directory *d,
    struct bag_place *place, struct sp_err *err)
{
	uint64_t at = d->offset, free_from = 0;

	for (uint64_t i = 0; i < d->entries; i++) {
		struct member m;

		SP_TRY(read_central(s, at, &m, err));
		bag_place_set(place, m.name);
		/* Between two there could be one more, for an unpacker that
		 * does not go by the directory. */
		if (m.offset != free_from)
			return malformed(err,
			    "a member does not lie where the one before it "
			    "ends");
		SP_TRY(check_local(s, &m, &free_from, err));
		at += CENTRAL_LEN + m.name_len + m.extra_len + m.comment_len;
	}
	bag_place_set(place, "");
	if (free_from != d->offset)
		return malformed(err,
		    "its directory does not lie where the last member ends");
	if (at != d->offset + d->size)
		return malformed(err, "its directory has another length");
	return SP_OK;
}

enum sp_code
bag_zip_check(
    const struct bag_stored *s, struct bag_place *place, struct sp_err *err)
{
	struct directory d;

	bag_place_set(place, "");
	SP_TRY(find_directory(s, &d, err));
	return check_members(s, &d, place, err);
}
