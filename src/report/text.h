#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "base/buf.h"

/*
 * Text from outside (file names, titles, what a device says of itself) as it
 * may stand in a report: everything in it can be seen, nothing changes the
 * order or place of what stands around it, and no two texts look alike because
 * one hides something.  What could not be seen is written as its number:
 *
 *   ‹U+202E›   controls, format characters (directions, zero widths, tags),
 *              line and paragraph separators, spaces but the plain one, plain
 *              ones at either end or next to another, fillers, private and
 *              unassigned characters, combining marks without a base or
 *              beyond the third, and ‹ itself
 *   ‹0xE2›     bytes that are no UTF-8
 *
 * A joiner or a variation selector stays where it can mean something: after a
 * character beyond ASCII.
 */
struct report_text_rule {
	/* Can the fonts show it?  NULL: all. */
	bool (*have)(const void *arg, uint32_t c);
	const void *arg;
};

void report_text_show(const struct report_text_rule *rule, const char *s,
    size_t len, struct sp_buf *out);

/* 1234567 as "1,234,567". */
void report_text_number(uint64_t n, struct sp_buf *out);
/* Bytes as "1.2 MB": powers of 1000, one digit. */
void report_text_size(uint64_t bytes, struct sp_buf *out);
/* Hex digits (or any ASCII) in groups, a space between; `line` groups a line
 * (0: all in one). */
void report_text_groups(
    const char *s, size_t group, size_t line, struct sp_buf *out);

#endif
