#include "edge/certificate.h"

#include "base/file.h"

#include <fcntl.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CERT_BYTES ((size_t)256 << 10)
#define CHAIN_MAX  8

struct edge_certificate {
	unsigned refs; /* under the owner's lock */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
};

struct edge_certificates {
	char *cert_path, *key_path;
	pthread_mutex_t lock; /* over `now`, and every count */
	struct edge_certificate *now;
};

static void
cert_free(struct edge_certificate *c)
{
	for (unsigned i = 0; i < c->n; i++)
		gnutls_pcert_deinit(&c->chain[i]);
	gnutls_privkey_deinit(c->key);
	free(c);
}

/* The key must be the first certificate's. */
static int
check_pair(struct edge_certificate *c)
{
	gnutls_pubkey_t of_key;
	unsigned char a[64], b[64];
	size_t a_len = sizeof(a), b_len = sizeof(b);
	int rc = gnutls_pubkey_init(&of_key);

	if (rc < 0)
		return rc;
	rc = gnutls_pubkey_import_privkey(of_key, c->key, 0, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(of_key, 0, a, &a_len);
	if (rc >= 0)
		rc = gnutls_pubkey_get_key_id(c->chain[0].pubkey, 0, b, &b_len);
	if (rc >= 0 && (a_len != b_len || memcmp(a, b, a_len) != 0))
		rc = GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
	gnutls_pubkey_deinit(of_key);
	return rc;
}

static int
cert_import(struct edge_certificate *c, const struct sp_buf *chain,
    const struct sp_buf *key)
{
	gnutls_datum_t chain_pem = { chain->at, (unsigned)chain->len };
	gnutls_datum_t key_pem = { key->at, (unsigned)key->len };
	unsigned n = CHAIN_MAX;
	int rc = gnutls_privkey_init(&c->key);

	if (rc >= 0)
		rc = gnutls_pcert_list_import_x509_raw(
		    c->chain, &n, &chain_pem, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return rc;
	c->n = n;
	rc = gnutls_privkey_import_x509_raw(
	    c->key, &key_pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	return rc < 0 ? rc : check_pair(c);
}

static enum sp_code
cert_load(const struct edge_certificates *s, struct edge_certificate **out,
    struct sp_err *err)
{
	SP_AUTO_BUF chain = sp_buf_new(CERT_BYTES);
	SP_AUTO_BUF key = sp_buf_secret(CERT_BYTES);
	struct edge_certificate *c;
	int rc;

	SP_TRY(sp_file_read(AT_FDCWD, s->cert_path, &chain, err));
	SP_TRY(sp_file_read(AT_FDCWD, s->key_path, &key, err));
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a certificate");
	rc = cert_import(c, &chain, &key);
	if (rc < 0) {
		cert_free(c);
		return sp_fail(err, SP_E_INVALID, "%s and %s: %s", s->cert_path,
		    s->key_path, gnutls_strerror(rc));
	}
	c->refs = 1;
	*out = c;
	return SP_OK;
}

enum sp_code
edge_certificates_reload(struct edge_certificates *s, struct sp_err *err)
{
	struct edge_certificate *fresh = NULL, *old;

	SP_TRY(cert_load(s, &fresh, err));
	(void)pthread_mutex_lock(&s->lock);
	old = s->now;
	s->now = fresh;
	(void)pthread_mutex_unlock(&s->lock);
	edge_certificate_give(s, old);
	return SP_OK;
}

enum sp_code
edge_certificates_open(struct edge_certificates **out, const char *cert_path,
    const char *key_path, struct sp_err *err)
{
	struct edge_certificates *s = calloc(1, sizeof(*s));
	enum sp_code code = SP_OK;

	if (s == NULL)
		return sp_fail(err, SP_E_NOMEM, "no memory for a certificate");
	SP_REQUIRE(pthread_mutex_init(&s->lock, NULL) == 0);
	s->cert_path = strdup(cert_path);
	s->key_path = strdup(key_path);
	if (s->cert_path == NULL || s->key_path == NULL)
		code = sp_fail(err, SP_E_NOMEM, "no memory for a path");
	if (code == SP_OK)
		code = cert_load(s, &s->now, err);
	if (code != SP_OK) {
		edge_certificates_free(s);
		return code;
	}
	*out = s;
	return SP_OK;
}

void
edge_certificates_free(struct edge_certificates *s)
{
	if (s == NULL)
		return;
	edge_certificate_give(s, s->now);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->cert_path);
	free(s->key_path);
	free(s);
}

struct edge_certificate *
edge_certificate_take(struct edge_certificates *s)
{
	struct edge_certificate *c;

	(void)pthread_mutex_lock(&s->lock);
	c = s->now;
	c->refs++;
	(void)pthread_mutex_unlock(&s->lock);
	return c;
}

void
edge_certificate_give(struct edge_certificates *s, struct edge_certificate *c)
{
	bool last;

	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	last = --c->refs == 0;
	(void)pthread_mutex_unlock(&s->lock);
	if (last)
		cert_free(c);
}

void
edge_certificate_use(struct edge_certificate *c, gnutls_pcert_st **chain,
    unsigned *chain_len, gnutls_privkey_t *key)
{
	*chain = c->chain;
	*chain_len = c->n;
	*key = c->key;
}

/* The name alone: when it ends is for those who connect to judge. */
bool
edge_certificates_hold(struct edge_certificates *s, const char *host)
{
	struct edge_certificate *c = edge_certificate_take(s);
	gnutls_x509_crt_t crt;
	bool holds = false;

	if (gnutls_x509_crt_init(&crt) == GNUTLS_E_SUCCESS) {
		holds = gnutls_x509_crt_import(crt, &c->chain[0].cert,
			    GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
		    gnutls_x509_crt_check_hostname2(
			crt, host, GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES) != 0;
		gnutls_x509_crt_deinit(crt);
	}
	edge_certificate_give(s, c);
	return holds;
}
