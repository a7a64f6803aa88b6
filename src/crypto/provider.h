#ifndef CRYPTO_PROVIDER_H
#define CRYPTO_PROVIDER_H

#include "base/err.h"

/*
 * One OpenSSL library context for the program, with the property query that
 * every fetch uses ("" by default, "fips=yes" where a validated provider is
 * installed).  Algorithms are fetched once, here, and shared by all threads.
 *
 * Call once, before any thread starts.  Fails with SP_E_UNAVAIL and the name
 * of the first algorithm that the query does not find.
 */
enum sp_code crypto_provider_open(
    const char *property_query, struct sp_err *err) SP_MUST_USE;

/* "OpenSSL 3.0.22 ..." of the library in use; static. */
const char *crypto_provider_version(void);

#endif
