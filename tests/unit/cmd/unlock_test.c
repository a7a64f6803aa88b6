#include "cmd/unlock.h"

#include "client/scratch.h"
#include "crypto/provider.h"
#include "keeper/spawn.h"

#include <errno.h>
#include <pty.h>
#include <sys/wait.h>

static bool
is(struct crypto_secret *s, const char *text)
{
	return crypto_secret_len(s) == strlen(text) &&
	    memcmp(crypto_secret_bytes(s), text, strlen(text)) == 0;
}

static void
line_ends(void)
{
	static const struct {
		const char *file;
		const char *secret; /* NULL: refused */
	} rows[] = {
		{ "correct horse", "correct horse" },
		{ "correct horse\n", "correct horse" },
		{ "correct horse\r\n", "correct horse" },
		{ "correct horse\n\n", "correct horse\n" },
		{ " spaces stay ", " spaces stay " },
		{ "", NULL },
		{ "\n", NULL },
		{ "\r\n", NULL },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CRYPTO_AUTO_SECRET s = NULL;
		struct sp_err err = { .code = SP_OK };
		char spec[300];

		scratch_write("key", rows[i].file, 0600);
		(void)snprintf(spec, sizeof(spec), "file:%s", scratch("key"));
		CHECK_CODE(cmd_unlock_read("/nowhere", spec, &s, &err),
		    rows[i].secret == NULL ? SP_E_INVALID : SP_OK, &err);
		CHECK(
		    rows[i].secret == NULL ? s == NULL : is(s, rows[i].secret));
	}
}

static void
open_to_others(void)
{
	static const mode_t modes[] = { 0640, 0604, 0660, 0601, 0620, 0644 };
	char spec[300];

	(void)snprintf(spec, sizeof(spec), "file:%s", scratch("key"));
	for (size_t i = 0; i < SP_COUNTOF(modes); i++) {
		CRYPTO_AUTO_SECRET s = NULL;
		struct sp_err err = { .code = SP_OK };

		scratch_write("key", "correct horse", modes[i]);
		CHECK_CODE(cmd_unlock_read("/nowhere", spec, &s, &err),
		    SP_E_DENIED, &err);
		CHECK(s == NULL);
	}
}

static void
lengths(void)
{
	char text[KEEPER_UNLOCK_MAX + 3];
	char spec[300];

	(void)snprintf(spec, sizeof(spec), "file:%s", scratch("key"));
	for (size_t len = KEEPER_UNLOCK_MAX - 1; len < sizeof(text); len++) {
		CRYPTO_AUTO_SECRET s = NULL;
		struct sp_err err = { .code = SP_OK };

		memset(text, 'x', len);
		text[len] = '\0';
		scratch_write("key", text, 0600);
		CHECK_CODE(cmd_unlock_read("/nowhere", spec, &s, &err),
		    len > KEEPER_UNLOCK_MAX ? SP_E_LIMIT : SP_OK, &err);
	}
}

static void
specs_refused(void)
{
	static const char *const bad[] = { "", "file", "file:", "fd",
		"fd:", "fd:x", "fd:-1", "fd:1x", "prompt:", "prompt:x", "promp",
		"secret", "pass:secret", "credential",
		"credential:", "File:/x" };

	CHECK(setenv("CREDENTIALS_DIRECTORY", scratch_dir, 1) == 0);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		CRYPTO_AUTO_SECRET s = NULL;
		struct sp_err err = { .code = SP_OK };

		CHECK_CODE(cmd_unlock_read(scratch_dir, bad[i], &s, &err),
		    SP_E_INVALID, &err);
		/* A secret given in place of a spec is not repeated. */
		CHECK(strstr(err.text, "secret") == NULL ||
		    strstr(bad[i], "secret") == NULL);
	}
}

static void
specs_known_before_they_are_read(void)
{
	static const char *const good[] = { NULL, "file:/none", "fd:77",
		"prompt", "systemd-credential", "credential:x" };
	static const char *const bad[] = { "", "file", "fd:", "prompt:x",
		"secret" };
	struct sp_err err = { .code = SP_OK };

	for (size_t i = 0; i < SP_COUNTOF(good); i++)
		CHECK_OK(cmd_unlock_check(good[i], &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(bad); i++)
		CHECK_CODE(cmd_unlock_check(bad[i], &err), SP_E_INVALID, &err);
}

static void
from_fd(void)
{
	CRYPTO_AUTO_SECRET s = NULL;
	struct sp_err err = { .code = SP_OK };
	char spec[32];
	int end[2];

	CHECK(pipe(end) == 0);
	CHECK(write(end[1], "from a pipe\n", 12) == 12 && close(end[1]) == 0);
	(void)snprintf(spec, sizeof(spec), "fd:%d", end[0]);
	CHECK_OK(cmd_unlock_read("/nowhere", spec, &s, &err), &err);
	CHECK(is(s, "from a pipe"));
	CHECK(fcntl(end[0], F_GETFD) < 0 && errno == EBADF);
}

static void
from_systemd(void)
{
	static const struct {
		const char *spec;
		enum sp_code want;
	} rows[] = {
		{ "systemd-credential", SP_OK },
		{ "systemd-credential:", SP_OK },
		{ "systemd-credential:sallyport.unlock", SP_OK },
		{ "credential:sallyport.unlock", SP_OK },
		{ "credential:other", SP_E_NOTFOUND },
		{ "credential:../key", SP_E_INVALID },
	};
	struct sp_err err = { .code = SP_OK };
	CRYPTO_AUTO_SECRET none = NULL;

	scratch_write("sallyport.unlock", "from systemd", 0440);
	CHECK(setenv("CREDENTIALS_DIRECTORY", scratch_dir, 1) == 0);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		CRYPTO_AUTO_SECRET s = NULL;

		CHECK_CODE(cmd_unlock_read("/nowhere", rows[i].spec, &s, &err),
		    rows[i].want, &err);
		CHECK(
		    rows[i].want == SP_OK ? is(s, "from systemd") : s == NULL);
	}
	CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
	CHECK_CODE(
	    cmd_unlock_read("/nowhere", "systemd-credential", &none, &err),
	    SP_E_INVALID, &err);
}

static void
made_by_default(void)
{
	CRYPTO_AUTO_SECRET a = NULL;
	CRYPTO_AUTO_SECRET b = NULL;
	CRYPTO_AUTO_SECRET other = NULL;
	struct sp_err err = { .code = SP_OK };
	struct stat st;

	CHECK(mkdir(scratch("keeper"), 0700) == 0);
	CHECK_OK(cmd_unlock_make(scratch_dir, NULL, &a, &err), &err);
	CHECK(crypto_secret_len(a) == 64);
	CHECK(stat(scratch("keeper/unlock.key"), &st) == 0 &&
	    (st.st_mode & 0777) == 0600 && st.st_size == 65);
	CHECK_OK(cmd_unlock_read(scratch_dir, NULL, &b, &err), &err);
	CHECK(crypto_secret_len(b) == 64 &&
	    crypto_bytes_equal(
		crypto_secret_bytes(a), crypto_secret_bytes(b), 64));
	CHECK_OK(cmd_unlock_make(scratch_dir, NULL, &other, &err), &err);
	CHECK(!crypto_bytes_equal(
	    crypto_secret_bytes(a), crypto_secret_bytes(other), 64));
}

static void
too_short_for_a_new_site(void)
{
	char spec[300];
	struct sp_err err = { .code = SP_OK };
	CRYPTO_AUTO_SECRET s = NULL;

	(void)snprintf(spec, sizeof(spec), "file:%s", scratch("key"));
	scratch_write("key", "fourteen bytes\n", 0600);
	CHECK_CODE(
	    cmd_unlock_make(scratch_dir, spec, &s, &err), SP_E_INVALID, &err);
	CHECK(s == NULL);
	scratch_write("key", "fifteen bytes!!\n", 0600);
	CHECK_OK(cmd_unlock_make(scratch_dir, spec, &s, &err), &err);
	CHECK(is(s, "fifteen bytes!!"));
}

/* Exit code of a process on a terminal of its own, typed at when it asks. */
static int
on_terminal(int (*ask)(void), const char *const *typed, char seen[static 1024])
{
	int master, status;
	size_t len = 0;
	ssize_t n;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(ask());
	while ((n = read(master, seen + len, 1023 - len)) > 0) {
		len += (size_t)n;
		seen[len] = '\0';
		/* Echo is off before the question is out. */
		if (*typed != NULL && seen[len - 1] == ' ') {
			CHECK(write(master, *typed, strlen(*typed)) ==
			    (ssize_t)strlen(*typed));
			typed++;
		}
	}
	CHECK(close(master) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
ask_once(void)
{
	CRYPTO_AUTO_SECRET s = NULL;
	struct sp_err err = { .code = SP_OK };

	return cmd_unlock_read("/nowhere", "prompt", &s, &err) == SP_OK &&
		is(s, "typed at the terminal")
	    ? 0
	    : 1;
}

static int
ask_for_new(void)
{
	CRYPTO_AUTO_SECRET s = NULL;
	struct sp_err err = { .code = SP_OK };
	enum sp_code code = cmd_unlock_make("/nowhere", "prompt", &s, &err);

	if (code == SP_E_MISMATCH)
		return 7;
	return code == SP_OK && is(s, "typed at the terminal") ? 0 : 1;
}

static void
prompt(void)
{
	static const char *const once[] = { "typed at the terminal\n", NULL };
	static const char *const twice[] = { "typed at the terminal\n",
		"typed at the terminal\n", NULL };
	static const char *const differ[] = { "typed at the terminal\n",
		"typed at the terminel\n", NULL };
	char seen[1024] = "";

	CHECK(on_terminal(ask_once, once, seen) == 0);
	CHECK(strstr(seen, "Unlock secret") != NULL);
	CHECK(strstr(seen, "typed") == NULL);
	CHECK(on_terminal(ask_for_new, twice, seen) == 0);
	CHECK(strstr(seen, "typed") == NULL);
	CHECK(on_terminal(ask_for_new, differ, seen) == 7);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "a line end is no part of a secret", line_ends },
		{ "a file that others may use", open_to_others },
		{ "the longest secret", lengths },
		{ "specs that are none", specs_refused },
		{ "specs are known before they are read",
		    specs_known_before_they_are_read },
		{ "from a descriptor", from_fd },
		{ "from systemd", from_systemd },
		{ "a new site's own key", made_by_default },
		{ "a new site's secret is long enough",
		    too_short_for_a_new_site },
		{ "asked for on a terminal, unseen", prompt },
	};
	struct sp_err err = { .code = SP_OK };
	int code;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	code = tap_run(cases, SP_COUNTOF(cases));
	scratch_done();
	return code;
}
