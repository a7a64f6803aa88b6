#ifndef CMD_SITE_FOLDER_H
#define CMD_SITE_FOLDER_H

#include "base/buf.h"

/*
 * The folder of a site that is being made: everything is made in DIR/.making
 * and moved up when it is whole, site.db last, so that a folder with a
 * site.db is a whole site.  What was left when a making was killed is removed
 * by the next; a making that fails leaves DIR as it was.
 */
struct site_folder {
	const char *dir; /* borrowed */
	bool made;       /* DIR itself was made here */
	struct sp_buf making;
};

/* SP_E_CONFLICT when DIR has anything in it. */
enum sp_code cmd_site_folder_begin(
    struct site_folder *f, const char *dir, struct sp_err *err) SP_MUST_USE;
enum sp_code cmd_site_folder_finish(
    struct site_folder *f, struct sp_err *err) SP_MUST_USE;
/* Undoes what was not finished; nothing after cmd_site_folder_finish. */
void cmd_site_folder_done(struct site_folder *f);
#define SITE_AUTO_FOLDER SP_CLEANUP(cmd_site_folder_done) struct site_folder

#endif
