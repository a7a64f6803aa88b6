#ifndef CMD_SITE_DB_H
#define CMD_SITE_DB_H

#include "cmd/cmd.h"
#include "db/db.h"

/* DIR/site.db of a folder that is a site (SP_E_NOTFOUND: it is none). */
enum sp_code cmd_site_db_open(struct db **out, const char *dir,
    enum db_mode mode, struct sp_err *err) SP_MUST_USE;

/* The whole of a subcommand that lists what stands there: DIR [--json]. */
int cmd_site_db_list(const struct cmd *self, int argc, char **argv,
    enum sp_code (*list)(const char *dir, bool json, struct sp_err *err));

#endif
