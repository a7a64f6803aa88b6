#include "preload.h"

#include "../unit/witness/log_fixture.h"
#include "witness/desk.h"

#include <sys/wait.h>

/* A witness on a disk that is full, fails to sync, or ends the process: a
 * cosignature that left is never contradicted. */

#define ORIGIN "evidence.example.gov/springfield"

static struct test_log *book, *apart; /* they agree on nothing */
static int dir = -1;
static unsigned folders;

/* A new witness, made while nothing fails. */
static void
fresh_folder(void)
{
	char path[200];
	struct sp_err err;

	fault_order("");
	(void)snprintf(path, sizeof(path), "%s/%u", fault_dir(), folders++);
	CHECK(mkdir(path, 0700) == 0);
	if (dir >= 0)
		CHECK(close(dir) == 0);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir >= 0);
	CHECK_OK(witness_desk_make(dir, "w.example", &err), &err);
}

static struct witness_desk *
open_desk(void)
{
	struct witness_desk *d = NULL;
	WITNESS_AUTO_LOGS logs = { .n = 0 };
	SP_AUTO_BUF text = sp_buf_new(1000);
	struct sp_err err;

	CHECK_OK(witness_desk_open(&d, dir, &err), &err);
	ledger_vkey_text(&book->key, &text);
	CHECK_OK(
	    witness_logs_add(&logs, sp_buf_str(&text), text.len, &err), &err);
	witness_desk_set_logs(d, &logs);
	return d;
}

static enum witness_verdict
show_body(struct witness_desk *d, const struct sp_buf *body)
{
	struct witness_answer a;

	witness_desk_add_checkpoint(d, sp_buf_str(body), body->len, &a);
	/* Nothing that was signed leaves with a failure. */
	CHECK((a.verdict == WITNESS_COSIGN) ==
	    (memmem(a.body.at, a.body.len, "\xe2\x80\x94", 3) != NULL));
	sp_buf_free(&a.body);
	return a.verdict;
}

static enum witness_verdict
show(struct witness_desk *d, struct test_log *l, uint64_t old, uint64_t size)
{
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);

	log_request(l, old, size, &body);
	return show_body(d, &body);
}

static void
a_full_disk_passes(void)
{
	static const char *const full[] = { "enospc /state/\n",
		"enospc-all /state/\n" };

	for (size_t i = 0; i < SP_COUNTOF(full); i++) {
		struct witness_desk *d;
		struct sp_err err;

		fresh_folder();
		d = open_desk();
		CHECK(show(d, book, 0, 5) == WITNESS_COSIGN);
		fault_order(full[i]);
		CHECK(show(d, book, 5, 6) == WITNESS_UNABLE);
		CHECK(show(d, book, 5, 7) == WITNESS_UNABLE);
		CHECK(fault_hits("enospc") >= 2);
		CHECK_OK(witness_desk_health(d, &err), &err);
		fault_order("");
		CHECK(show(d, apart, 5, 5) == WITNESS_FORK);
		CHECK(show(d, book, 5, 7) == WITNESS_COSIGN);
		witness_desk_free(d);
	}
}

static void
a_failed_disk_ends_all_signing(void)
{
	/* The file's bytes, its sync, the folder's sync. */
	static const char *const bad[] = { "eio-write /state/\n",
		"eio /state/\n", "eio /state\n", "eio /state from=2\n" };

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		struct witness_desk *d;
		struct sp_err err;

		fresh_folder();
		d = open_desk();
		CHECK(show(d, book, 0, 5) == WITNESS_COSIGN);
		fault_order(bad[i]);
		CHECK(show(d, book, 5, 6) == WITNESS_UNABLE);
		CHECK(fault_hits("eio") == 1);
		/* The disk says that all is well again: nobody believes it. */
		fault_order("");
		CHECK(show(d, book, 5, 6) == WITNESS_UNABLE);
		CHECK_CODE(witness_desk_health(d, &err), SP_E_STOPPED, &err);
		witness_desk_free(d);
		/* Someone looked, and started it again. */
		d = open_desk();
		CHECK(show(d, apart, 0, 9) == WITNESS_BEHIND);
		CHECK(show(d, apart, 5, 5) != WITNESS_COSIGN);
		CHECK(show(d, apart, 6, 6) != WITNESS_COSIGN);
		CHECK(show(d, book, 5, 7) == WITNESS_COSIGN ||
		    show(d, book, 6, 7) == WITNESS_COSIGN);
		witness_desk_free(d);
	}
}

/* In a process of its own, which tells by its end: 0 cosigned, 1 not. */
static int
show_in_child(struct test_log *l, uint64_t old, uint64_t size, const char *rule)
{
	SP_AUTO_BUF body = sp_buf_new(WITNESS_REQUEST_MAX);
	pid_t pid;
	int status;

	log_request(l, old, size, &body); /* a child has no secrets of ours */
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct witness_desk *d = open_desk();

		fault_order(rule);
		_exit(show_body(d, &body) == WITNESS_COSIGN ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	fault_order("");
	return WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
}

/* Killed before each call that matters: what comes after is the state of
 * before or of after, and the other history never gets in. */
static void
killed_at_each_step(void)
{
	int killed = 0, came = 0;

	for (unsigned step = 1; step <= 8; step++) {
		struct witness_desk *d;
		char rule[64];
		int how;

		fresh_folder();
		d = open_desk();
		CHECK(show(d, book, 0, 5) == WITNESS_COSIGN);
		witness_desk_free(d);
		(void)snprintf(
		    rule, sizeof(rule), "kill /state from=%u\n", step);
		how = show_in_child(book, 5, 8, rule);
		killed += how < 0;
		came += how == 0;
		d = open_desk();
		CHECK(show(d, apart, 5, 8) != WITNESS_COSIGN);
		CHECK(show(d, apart, 8, 9) != WITNESS_COSIGN);
		CHECK(show(d, apart, 0, 9) == WITNESS_BEHIND);
		if (how == 0) /* the cosignature of 8 is out */
			CHECK(show(d, book, 5, 9) == WITNESS_BEHIND);
		CHECK(show(d, book, 8, 9) == WITNESS_COSIGN ||
		    show(d, book, 5, 9) == WITNESS_COSIGN);
		witness_desk_free(d);
	}
	CHECK(killed >= 3 && came >= 1);
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "a full disk passes", a_full_disk_passes },
		{ "a failed disk ends all signing",
		    a_failed_disk_ends_all_signing },
		{ "killed at each step", killed_at_each_step },
	};
	struct sp_err err;

	(void)argc;
	fault_preload(argv);
	CHECK_OK(crypto_provider_open("", &err), &err);
	book = log_new(ORIGIN, 1);
	apart = log_new(ORIGIN, 1);
	log_write(apart, 9, 0);
	(void)tap_run(cases, SP_COUNTOF(cases));
	log_free(book);
	log_free(apart);
	CHECK(close(dir) == 0);
	fault_done();
	return 0;
}
