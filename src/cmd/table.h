#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include "cmd/cmd.h"

/*
 * Every subcommand, in the order of the help: cmd_<id>_run in <id>.c, its
 * operands, what it does, and whether it is internal (a process of serve's).
 * The name is the id.
 */
/* clang-format off */
#define CMD_TABLE(X)                                                           \
	X(init, "DIR", "make a site with its first agency", false)             \
	X(agency, "COMMAND ...", "add and list the agencies of a site", false) \
	X(serve, "DIR", "serve a site", false)                                 \
	X(put, "FILE...", "send files and check their receipts", false)        \
	X(dock, "DIR", "send what is in a folder, proven, and go on", false)   \
	X(list, "", "list evidence, newest first", false)                      \
	X(show, "ID", "what is known of one item", false)                      \
	X(get, "ID", "fetch an original and check it", false)                  \
	X(events, "", "follow what happens as it happens", false)              \
	X(custody, "ID", "who did what with an item", false)                   \
	X(export, "ID...", "fetch a bag of items that proves itself", false)   \
	X(verify, "BAG", "check a bag without a site", false)                  \
	X(log, "COMMAND ...", "check the agency's log, or prove things by it", \
	    false)                                                             \
	X(vouch, "COMMAND ...", "who vouches for the logs of a site", false)   \
	X(person, "COMMAND ...", "the agency's people and their accounts",     \
	    false)                                                             \
	X(role, "COMMAND ...", "which roles there are; give one", false)              \
	X(screening, "COMMAND ...", "checks of people by fingerprint", false)  \
	X(training, "COMMAND ...", "training, completed and demanded", false)  \
	X(addendum, "COMMAND ...", "what people and companies have signed",    \
	    false)                                                             \
	X(agreement, "COMMAND ...", "the agency's agreements", false)          \
	X(explain, "PERSON ACT [OBJECT]", "why somebody may or may not",       \
	    false)                                                             \
	X(share, "COMMAND ...", "share evidence with others, or use theirs",   \
	    false)                                                             \
	X(group, "COMMAND ...", "joint task forces of agencies", false)        \
	X(lockbox, "COMMAND ...", "how the provider’s staff see evidence",    \
	    false)                                                             \
	X(session, "COMMAND ...", "sign in and out; who is signed in", false)  \
	X(token, "COMMAND ...", "issue, list and revoke tokens", false)        \
	X(service, "COMMAND ...", "service accounts of the agency’s programs", \
	    false)                                                             \
	X(recovery, "COMMAND ...", "shares for the loss of all administrators", \
	    false)                                                             \
	X(recover, "DIR", "use two such shares on the server itself", false)   \
	X(device, "COMMAND ...", "cameras, docks, phones, by certificate",     \
	    false)                                                             \
	X(idp, "COMMAND ...", "identity providers, where people sign in",      \
	    false)                                                             \
	X(doctor, "DIR", "look a site's folder over, changing nothing", false) \
	X(completion, "bash", "print a completion script", false)              \
	X(server, "DIR", "the process that faces the network", true)           \
	X(keeper, "DIR", "the process that holds the keys", true)              \
	X(messenger, "", "the process that goes out to others", true)
/* clang-format on */

#define X(id, operands, summary, internal)                                     \
	int cmd_##id##_run(const struct cmd *self, int argc, char **argv);
CMD_TABLE(X)
#undef X

extern const struct cmd cmd_table[];
extern const size_t cmd_table_count;

#endif
