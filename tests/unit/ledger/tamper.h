#ifndef LEDGER_TAMPER_H
#define LEDGER_TAMPER_H

#include "tap.h"

#include <sqlite3.h>

/* What somebody with the database file in hand can do to it. */
static inline void
tamper(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db,
		  "DROP TRIGGER IF EXISTS ledger_entry_stays;"
		  "DROP TRIGGER IF EXISTS ledger_entry_holds",
		  NULL, NULL, NULL) == SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		printf("# %s\n", why);
	CHECK(why == NULL && sqlite3_changes(db) > 0);
	CHECK(sqlite3_close(db) == SQLITE_OK);
}

#endif
