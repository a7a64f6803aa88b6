#include "keeper/spawn.h"

#include "base/file.h"
#include "keeper/scratch.h"
#include "keeper_self.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int
wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) != pid)
		CHECK(errno == EINTR);
	return status;
}

static bool
no_children(void)
{
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

/* Failing leaves neither a process nor a descriptor behind. */
static void
refused(const char *dir, struct crypto_secret *unlock, enum sp_code want)
{
	struct sp_err err = { .code = SP_OK };
	int before = dup(0);
	pid_t pid = -7;
	int sock = -7;
	int after;

	CHECK(before >= 0 && close(before) == 0);
	CHECK_CODE(keeper_spawn(dir, unlock, &pid, &sock, &err), want, &err);
	CHECK(pid == -7 && sock == -7 && no_children());
	after = dup(0);
	CHECK(after == before && close(after) == 0);
}

static void
wrong_secret(void)
{
	struct scratch s = scratch_new();
	CRYPTO_AUTO_SECRET wrong = crypto_secret_from("wrong", 5);

	refused(s.dir, wrong, SP_E_DENIED);
	scratch_done(&s);
}

static void
no_site(void)
{
	struct scratch s = scratch_empty();

	refused(s.dir, s.unlock, SP_E_NOTFOUND);
	refused("/nonexistent", s.unlock, SP_E_NOTFOUND);
	scratch_done(&s);
}

static void
root_damaged(void)
{
	struct scratch s = scratch_new();
	struct sp_err err = { .code = SP_OK };
	char path[160];

	scratch_path(&s, "root", path);
	CHECK_OK(sp_file_replace(AT_FDCWD, path, "?", 1, 0600, &err), &err);
	refused(s.dir, s.unlock, SP_E_CORRUPT);
	scratch_done(&s);
}

static void
secret_too_long(void)
{
	struct scratch s = scratch_empty();
	CRYPTO_AUTO_SECRET most = crypto_secret_random(KEEPER_UNLOCK_MAX);
	CRYPTO_AUTO_SECRET more = crypto_secret_random(KEEPER_UNLOCK_MAX + 1);
	struct sp_err err = { .code = SP_OK };
	pid_t pid;
	int sock;

	CHECK_OK(keeper_init(s.dir, most, &err), &err);
	refused(s.dir, more, SP_E_LIMIT);
	CHECK_OK(keeper_spawn(s.dir, most, &pid, &sock, &err), &err);
	CHECK(close(sock) == 0 && wait_for(pid) == 0);
	scratch_done(&s);
}

/* Started with its own words it is no test: it holds what it was given, and
 * nothing else, and tells on the first of its descriptors. */
static void
tell_descriptors(void)
{
	char seen[16] = "";

	for (int fd = 0; fd < 15; fd++)
		seen[fd] = fcntl(fd, F_GETFD) < 0 ? '-' : '+';
	CHECK(write(3, seen, 15) == 15);
	exit(0);
}

static void
given_descriptors(void)
{
	char program[] = "sallyport";
	char word[] = "descriptors";
	char *argv[] = { program, word, NULL };
	struct sp_err err = { .code = SP_OK };
	char seen[16] = "";
	int pair[2];
	int stray = fcntl(0, F_DUPFD, 9); /* no CLOEXEC: it must not pass */
	pid_t pid = -1;

	CHECK(stray >= 9);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	/* In the order that would overwrite one by the other. */
	CHECK_OK(keeper_spawn_self(
		     argv, (const int[]){ pair[1], pair[0] }, 2, &pid, &err),
	    &err);
	CHECK(wait_for(pid) == 0);
	CHECK(recv(pair[0], seen, 15, 0) == 15);
	CHECK(strcmp(seen, "+++++----------") == 0);
	CHECK(close(pair[0]) == 0 && close(pair[1]) == 0 && close(stray) == 0);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a wrong secret", wrong_secret },
		{ "no keeper there", no_site },
		{ "a damaged root", root_damaged },
		{ "the longest secret", secret_too_long },
		{ "descriptors as given and no other", given_descriptors },
	};

	scratch_provider();
	KEEPER_TEST_MAIN(argc, argv);
	if (argc == 2 && strcmp(argv[1], "descriptors") == 0)
		tell_descriptors();
	return tap_run(cases, SP_COUNTOF(cases));
}
