#include "cmd/site_tls.h"

#include "base/clock.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "edge/listen.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX   65536
#define HOSTS_MAX 5

struct hosts {
	const char *name[HOSTS_MAX];
	size_t n;
};

static void
add_host(struct hosts *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->name[i], name) == 0)
			return;
	SP_REQUIRE(h->n < HOSTS_MAX);
	h->name[h->n++] = name;
}

static enum sp_code
made_ca(int dir, const char *host, struct sp_buf *cert, struct sp_buf *key,
    struct sp_err *err)
{
	SP_AUTO_BUF name = sp_buf_new(SITE_FILE_TEXT);

	sp_buf_fmt(&name, "Sallyport %.40s", host);
	SP_TRY(sp_buf_check(&name, "the CA's name", err));
	SP_TRY(crypto_cert_make_ca(sp_buf_str(&name), cert, key, err));
	SP_TRY(sp_file_replace(dir, "ca.pem", cert->at, cert->len, 0644, err));
	return sp_file_replace(dir, "tls/ca.key", key->at, key->len, 0600, err);
}

static enum sp_code
made_server(int dir, const struct hosts *h, const struct sp_buf *ca,
    const struct sp_buf *ca_key, struct sp_err *err)
{
	SP_AUTO_BUF cert = sp_buf_new(PEM_MAX);
	SP_AUTO_BUF key = sp_buf_secret(PEM_MAX);

	SP_TRY(crypto_cert_make_server(sp_buf_str(ca), sp_buf_str(ca_key),
	    h->name, h->n, &cert, &key, err));
	SP_TRY(sp_file_replace(
	    dir, "tls/server.pem", cert.at, cert.len, 0644, err));
	return sp_file_replace(
	    dir, "tls/server.key", key.at, key.len, 0600, err);
}

static enum sp_code
make(int dir, struct site_file *f, struct sp_err *err)
{
	struct hosts h = { { "localhost", "127.0.0.1", "::1" }, 3 };
	SP_AUTO_BUF ca = sp_buf_new(PEM_MAX);
	SP_AUTO_BUF ca_key = sp_buf_secret(PEM_MAX);
	struct edge_listen listen = { .port = 0 };
	char host[SITE_FILE_TEXT];

	SP_TRY(edge_listen_parse(f->listen, &listen, err));
	SP_TRY(cmd_site_file_host(
	    f->public_name, true, "--public-name", host, err));
	add_host(&h, listen.address);
	add_host(&h, host);
	SP_TRY(sp_file_mkdir(dir, "tls", 0700, err));
	SP_TRY(made_ca(dir, host, &ca, &ca_key, err));
	SP_TRY(made_server(dir, &h, &ca, &ca_key, err));
	SP_TRY(cmd_site_file_text(f->cert, "tls/server.pem", "cert", err));
	return cmd_site_file_text(f->key, "tls/server.key", "key", err);
}

static enum sp_code
full_path(const char *path, const char *what, char out[static SITE_FILE_TEXT],
    struct sp_err *err)
{
	char full[PATH_MAX];

	if (realpath(path, full) == NULL)
		return sp_fail_os(err, "find %s", path);
	return cmd_site_file_text(out, full, what, err);
}

/* That it can be read, is one, and has not run out. */
static enum sp_code
check_cert(const char *path, struct sp_buf *pem, struct sp_err *err)
{
	int64_t expiry;

	SP_TRY(sp_file_read(AT_FDCWD, path, pem, err));
	SP_TRY(crypto_cert_expiry(sp_buf_str(pem), &expiry, err));
	if (expiry <= sp_now())
		return sp_fail(err, SP_E_INVALID, "%s has expired", path);
	return SP_OK;
}

/* Certificate and key stay where their owner renews them. */
static enum sp_code
adopt(
    int dir, const struct site_tls *t, struct site_file *f, struct sp_err *err)
{
	SP_AUTO_BUF cert = sp_buf_new(PEM_MAX);
	SP_AUTO_BUF ca = sp_buf_new(PEM_MAX);
	SP_AUTO_BUF key = sp_buf_secret(PEM_MAX);

	SP_TRY(check_cert(t->cert, &cert, err));
	SP_TRY(check_cert(t->ca == NULL ? t->cert : t->ca, &ca, err));
	SP_TRY(sp_file_read(AT_FDCWD, t->key, &key, err));
	SP_TRY(full_path(t->cert, "--cert", f->cert, err));
	SP_TRY(full_path(t->key, "--key", f->key, err));
	return sp_file_replace(dir, "ca.pem", ca.at, ca.len, 0644, err);
}

enum sp_code
cmd_site_tls_make(const char *dir, const struct site_tls *t,
    struct site_file *f, struct sp_err *err)
{
	SP_AUTO_FD fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return sp_fail_os(err, "open %s", dir);
	return t->cert == NULL ? make(fd, f, err) : adopt(fd, t, f, err);
}
