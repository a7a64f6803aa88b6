#ifndef BAG_PAGE_H
#define BAG_PAGE_H

#include "base/base.h"

/*
 * verify.html, which goes into every bag: one page that checks bags in a
 * browser, offline (docs/bag.md).  Its bytes are generated from web/verify.
 */
extern const uint8_t bag_page[];
extern const size_t bag_page_len;

#endif
