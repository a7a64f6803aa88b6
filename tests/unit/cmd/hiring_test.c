#include "cmd/hiring.h"

#include "base/file.h"
#include "cmd/control.h"
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server that asks, on a thread of its own, and a supervisor: the test. */
struct asking {
	struct cmd_hiring *h;
	pthread_t thread;
	enum sp_code code;
	struct sp_err err;
	int sock;
};

static void *
ask(void *arg)
{
	struct asking *a = arg;

	a->code = cmd_hiring_worker(a->h, &a->sock, &a->err);
	return NULL;
}

static void
start(struct asking *a, struct cmd_hiring *h)
{
	*a = (struct asking){ .h = h, .sock = -7 };
	CHECK(pthread_create(&a->thread, NULL, ask, a) == 0);
}

static void
end(struct asking *a)
{
	CHECK(pthread_join(a->thread, NULL) == 0);
}

static struct cmd_hiring *
rig(int control[static 2])
{
	struct cmd_hiring *h;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) ==
	    0);
	h = cmd_hiring_new(control[0]);
	CHECK(h != NULL);
	return h;
}

static void
unrig(struct cmd_hiring *h, int control[static 2])
{
	cmd_hiring_free(h);
	CHECK(close(control[0]) == 0 && close(control[1]) == 0);
}

/* What the supervisor hears: a ticket. */
static uint16_t
hear(int control)
{
	enum control_message m = CONTROL_MESSAGE_COUNT;
	struct sp_err err;
	uint16_t ticket = 0;
	int fd = -7;

	CHECK_OK(cmd_control_receive(control, &m, &ticket, &fd, &err), &err);
	CHECK(m == CONTROL_HIRE && fd == -1);
	return ticket;
}

static int
any_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	return fd;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
yes_and_no(void)
{
	int control[2], sock;
	struct cmd_hiring *h = rig(control);
	struct asking a;
	uint16_t first;

	start(&a, h);
	first = hear(control[1]);
	sock = any_socket();
	cmd_hiring_take(h, first, sock);
	end(&a);
	CHECK(a.code == SP_OK && a.sock == sock && close(sock) == 0);
	start(&a, h);
	CHECK(hear(control[1]) == (uint16_t)(first + 1));
	cmd_hiring_take(h, (uint16_t)(first + 1), -1);
	end(&a);
	CHECK(a.code == SP_E_UNAVAIL && a.sock == -7);
	unrig(h, control);
}

/* An answer nobody waits for any more, one for another's question, and two. */
static void
answers_out_of_place(void)
{
	int control[2], sock;
	struct cmd_hiring *h = rig(control);
	struct asking a;
	uint16_t ticket;

	sock = any_socket();
	cmd_hiring_take(h, 1, sock);
	CHECK(!is_open(sock));
	start(&a, h);
	ticket = hear(control[1]);
	sock = any_socket();
	cmd_hiring_take(h, (uint16_t)(ticket - 1), sock);
	CHECK(!is_open(sock));
	sock = any_socket();
	cmd_hiring_take(h, ticket, sock);
	end(&a);
	CHECK(a.code == SP_OK && a.sock == sock);
	CHECK(is_open(sock) && close(sock) == 0);
	sock = any_socket();
	cmd_hiring_take(h, ticket, sock);
	CHECK(!is_open(sock));
	unrig(h, control);
}

/* Each gets his own. */
static void
many_at_once(void)
{
	int control[2], sock[5];
	struct cmd_hiring *h = rig(control);
	struct asking a[5];

	for (size_t i = 0; i < SP_COUNTOF(a); i++)
		start(&a[i], h);
	for (size_t i = 0; i < SP_COUNTOF(a); i++) {
		sock[i] = any_socket();
		cmd_hiring_take(h, hear(control[1]), sock[i]);
	}
	for (size_t i = 0; i < SP_COUNTOF(a); i++) {
		end(&a[i]);
		CHECK(a[i].code == SP_OK && is_open(a[i].sock));
	}
	for (size_t i = 0; i < SP_COUNTOF(a); i++)
		CHECK(close(a[i].sock) == 0); /* none of them twice */
	unrig(h, control);
}

static void
the_end(void)
{
	int control[2], sock;
	struct cmd_hiring *h = rig(control);
	struct asking a;
	uint16_t ticket;

	start(&a, h);
	ticket = hear(control[1]);
	cmd_hiring_end(h);
	end(&a);
	CHECK(a.code == SP_E_UNAVAIL && a.sock == -7);
	sock = any_socket();
	cmd_hiring_take(h, ticket, sock);
	CHECK(!is_open(sock));
	start(&a, h);
	end(&a);
	CHECK(a.code == SP_E_UNAVAIL);
	unrig(h, control);
}

/* The supervisor is gone: told at once. */
static void
nobody_to_ask(void)
{
	int control[2];
	struct cmd_hiring *h = rig(control);
	struct asking a;

	CHECK(shutdown(control[1], SHUT_RDWR) == 0);
	start(&a, h);
	end(&a);
	CHECK(a.code != SP_OK && a.sock == -7);
	unrig(h, control);
	cmd_hiring_free(NULL);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "yes and no", yes_and_no },
		{ "answers out of place", answers_out_of_place },
		{ "many at once", many_at_once },
		{ "the end", the_end },
		{ "nobody to ask", nobody_to_ask },
	};

	return tap_run(cases, SP_COUNTOF(cases));
}
