#include "cmd/notify.h"

#include "client/scratch.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int
manager(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(sock >= 0 && strlen(path) < sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path));
	if (path[0] == '@')
		at.sun_path[0] = '\0';
	CHECK(bind(sock, (const struct sockaddr *)&at,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
		      strlen(path))) == 0);
	CHECK(setenv("NOTIFY_SOCKET", path, 1) == 0);
	return sock;
}

static void
heard(int sock, char out[static 256])
{
	ssize_t n = recv(sock, out, 255, MSG_DONTWAIT);

	CHECK(n >= 0);
	out[n] = '\0';
}

static void
nobody_listens(void)
{
	struct sp_err err = { .code = SP_OK };

	CHECK(unsetenv("NOTIFY_SOCKET") == 0);
	CHECK_OK(cmd_notify_send("READY=1", &err), &err);
	CHECK(setenv("NOTIFY_SOCKET", "", 1) == 0);
	CHECK_OK(cmd_notify_send("READY=1", &err), &err);
}

static void
told(void)
{
	char abstract[80];
	char said[256];
	struct sp_err err = { .code = SP_OK };
	int sock = manager(scratch("notify"));

	CHECK_OK(cmd_notify_send("READY=1", &err), &err);
	heard(sock, said);
	CHECK(strcmp(said, "READY=1") == 0);
	CHECK_OK(cmd_notify_reloading(&err), &err);
	heard(sock, said);
	CHECK(strstr(said, "RELOADING=1\nMONOTONIC_USEC=") == said);
	CHECK(strspn(strstr(said, "USEC=") + 5, "0123456789") > 5);
	CHECK(close(sock) == 0);
	(void)snprintf(
	    abstract, sizeof(abstract), "@sallyport-test-%d", getpid());
	sock = manager(abstract);
	CHECK_OK(cmd_notify_send("STOPPING=1", &err), &err);
	heard(sock, said);
	CHECK(strcmp(said, "STOPPING=1") == 0);
	CHECK(close(sock) == 0);
	CHECK(cmd_notify_send("STOPPING=1", &err) != SP_OK); /* gone */
}

static void
no_socket(void)
{
	char path[200];
	struct sp_err err = { .code = SP_OK };

	CHECK(setenv("NOTIFY_SOCKET", "relative", 1) == 0);
	CHECK_CODE(cmd_notify_send("READY=1", &err), SP_E_INVALID, &err);
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	CHECK(setenv("NOTIFY_SOCKET", path, 1) == 0);
	CHECK_CODE(cmd_notify_send("READY=1", &err), SP_E_INVALID, &err);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "without a service manager", nobody_listens },
		{ "with one", told },
		{ "a path that is none", no_socket },
	};
	int code;

	scratch_make();
	code = tap_run(cases, SP_COUNTOF(cases));
	scratch_done();
	return code;
}
