#include "people/person_part.h"

#include <string.h>

/* Logins: lower case, and never used again. */
static const struct db_sql login_row = {
	"SELECT 1 FROM person WHERE login = ?1",
};

bool
people_login_fold(const char *s, char out[static PEOPLE_PERSON_LOGIN + 1])
{
	size_t len = strnlen(s, PEOPLE_PERSON_LOGIN + 1);

	if (len == 0 || len > PEOPLE_PERSON_LOGIN)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (i == 0 || strchr("._@-+", c) == NULL))
			return false;
		out[i] = c;
	}
	out[len] = '\0';
	return true;
}

static enum sp_code
login_taken(struct db *db, const char *login, bool *taken, struct sp_err *err)
{
	DB_STMT st = db_use(db, &login_row);

	db_bind_text(st, 1, login);
	return db_row(st, taken, err);
}

/* "Ann O. Lee" is ann.o.lee; a name without any such letters is "person". */
static size_t
login_of(const char *name, char out[static PEOPLE_PERSON_LOGIN + 1])
{
	size_t len = 0;

	for (const char *at = name; *at != '\0' && len < 48; at++) {
		char c = *at;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[len++] = c;
		else if (c == ' ' && len > 0 && out[len - 1] != '.')
			out[len++] = '.';
	}
	while (len > 0 && out[len - 1] == '.')
		len--;
	if (len == 0) {
		memcpy(out, "person", 6);
		len = 6;
	}
	out[len] = '\0';
	return len;
}

static enum sp_code
choose_login(struct db *db, struct people_person *p, struct sp_err *err)
{
	size_t len = login_of(p->name, p->login);
	bool taken = false;

	SP_TRY(login_taken(db, p->login, &taken, err));
	for (unsigned n = 2; taken; n++) {
		if (n > PEOPLE_PERSONS_MAX)
			return sp_fail_as(err, SP_E_CONFLICT, "person.login",
			    "person.login: give one");
		(void)snprintf(p->login + len, sizeof(p->login) - len, "%u", n);
		SP_TRY(login_taken(db, p->login, &taken, err));
	}
	return SP_OK;
}

enum sp_code
people_login_free(struct db *db, const char *login, struct sp_err *err)
{
	bool taken = false;

	SP_TRY(login_taken(db, login, &taken, err));
	if (taken)
		return sp_fail_as(err, SP_E_CONFLICT, "person.login",
		    "person.login: %s is or was somebody's; a login is never "
		    "used again",
		    login);
	return SP_OK;
}

enum sp_code
people_login_settle(struct db *db, struct people_person *io, struct sp_err *err)
{
	return io->login[0] == '\0' ? choose_login(db, io, err)
				    : people_login_free(db, io->login, err);
}
