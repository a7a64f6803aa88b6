#include "edge/certificate.h"

#include "base/file.h"
#include "crypto/cert.h"
#include "crypto/provider.h"
#include "tap.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/sallyport-edge-XXXXXX";
static char cert_path[64], key_path[64];

static void
put(const char *path, const struct sp_buf *text)
{
	struct sp_err err;

	CHECK_OK(
	    sp_file_replace(AT_FDCWD, path, text->at, text->len, 0600, &err),
	    &err);
}

struct pair {
	struct sp_buf cert, key;
};

static struct pair
made(void)
{
	static const char *const hosts[] = { "localhost" };
	SP_AUTO_BUF ca = sp_buf_new(65536);
	SP_AUTO_BUF ca_key = sp_buf_secret(65536);
	struct pair p = { sp_buf_new(65536), sp_buf_secret(65536) };
	struct sp_err err;

	CHECK_OK(crypto_cert_make_ca("Test", &ca, &ca_key, &err), &err);
	CHECK_OK(crypto_cert_make_server(sp_buf_str(&ca), sp_buf_str(&ca_key),
		     hosts, 1, &p.cert, &p.key, &err),
	    &err);
	return p;
}

static void
done(struct pair *p)
{
	sp_buf_free(&p->cert);
	sp_buf_free(&p->key);
}

/* The first certificate's bytes, as a session would be given them. */
static const void *
shown(struct edge_certificate *c)
{
	gnutls_pcert_st *chain = NULL;
	gnutls_privkey_t key = NULL;
	unsigned n = 0;

	edge_certificate_use(c, &chain, &n, &key);
	CHECK(n == 1 && chain != NULL && key != NULL);
	return chain[0].cert.data;
}

/* Connections under way keep theirs; new ones get the new one. */
static void
renewal(void)
{
	struct pair first = made(), second = made();
	struct edge_certificates *s = NULL;
	struct edge_certificate *old, *now;
	struct sp_err err;

	put(cert_path, &first.cert);
	put(key_path, &first.key);
	CHECK_OK(edge_certificates_open(&s, cert_path, key_path, &err), &err);
	old = edge_certificate_take(s);
	put(cert_path, &second.cert);
	/* The new certificate with the old key: the old pair stays. */
	CHECK_CODE(edge_certificates_reload(s, &err), SP_E_INVALID, &err);
	now = edge_certificate_take(s);
	CHECK(now == old);
	edge_certificate_give(s, now);
	put(key_path, &second.key);
	CHECK_OK(edge_certificates_reload(s, &err), &err);
	now = edge_certificate_take(s);
	CHECK(now != old && shown(now) != shown(old));
	edge_certificate_give(s, old);
	edge_certificate_give(s, now);
	edge_certificate_give(s, NULL);
	CHECK(edge_certificates_hold(s, "localhost"));
	CHECK(!edge_certificates_hold(s, "localhost.example"));
	CHECK(!edge_certificates_hold(s, ""));
	edge_certificates_free(s);
	done(&first);
	done(&second);
}

static void
what_is_none_is_refused(void)
{
	struct pair p = made();
	SP_AUTO_BUF text = sp_buf_new(100);
	struct edge_certificates *s = (struct edge_certificates *)&p;
	struct sp_err err;

	put(cert_path, &p.cert);
	put(key_path, &p.key);
	CHECK_CODE(edge_certificates_open(&s, "/nonexistent", key_path, &err),
	    SP_E_NOTFOUND, &err);
	CHECK_CODE(edge_certificates_open(&s, cert_path, cert_path, &err),
	    SP_E_INVALID, &err);
	CHECK_CODE(edge_certificates_open(&s, key_path, key_path, &err),
	    SP_E_INVALID, &err);
	sp_buf_text(&text, "garbage");
	put(cert_path, &text);
	CHECK_CODE(edge_certificates_open(&s, cert_path, key_path, &err),
	    SP_E_INVALID, &err);
	CHECK(s == (struct edge_certificates *)&p);
	edge_certificates_free(NULL);
	done(&p);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "renewal", renewal },
		{ "what is none is refused", what_is_none_is_refused },
	};
	struct sp_err err;
	int code;

	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", dir);
	(void)snprintf(key_path, sizeof(key_path), "%s/key.pem", dir);
	code = tap_run(cases, SP_COUNTOF(cases));
	(void)unlink(cert_path);
	(void)unlink(key_path);
	(void)rmdir(dir);
	return code;
}
