#include "base/clock.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "vectors.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* libcrypto's default context reads here what our own context made. */

static const char *const hosts[] = { "evidence.example.gov", "*.example.gov",
	"127.0.0.1", "::1", "localhost" };

struct pair {
	struct sp_buf cert, key;
};

static struct pair
pair_new(void)
{
	return (struct pair){ sp_buf_new(10000), sp_buf_secret(10000) };
}

static void
pair_free(struct pair *p)
{
	sp_buf_free(&p->cert);
	sp_buf_free(&p->key);
}
#define AUTO_PAIR SP_CLEANUP(pair_free) struct pair

static void
make_both(struct pair *ca, struct pair *server)
{
	struct sp_err err;

	CHECK_OK(
	    crypto_cert_make_ca("Test CA", &ca->cert, &ca->key, &err), &err);
	CHECK_OK(
	    crypto_cert_make_server(sp_buf_str(&ca->cert), sp_buf_str(&ca->key),
		hosts, SP_COUNTOF(hosts), &server->cert, &server->key, &err),
	    &err);
}

static X509 *
read_cert(const struct sp_buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->at, (int)pem->len);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	CHECK(x != NULL);
	BIO_free(bio);
	return x;
}

static EVP_PKEY *
read_key(const struct sp_buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->at, (int)pem->len);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	CHECK(k != NULL);
	BIO_free(bio);
	return k;
}

/* A client's whole check, for a host name or (as_ip) an address. */
static bool
chain_ok(X509 *ca, X509 *server, const char *host, bool as_ip)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	bool ok;

	CHECK(store != NULL && ctx != NULL);
	CHECK(X509_STORE_add_cert(store, ca) == 1);
	CHECK(X509_STORE_CTX_init(ctx, store, server, NULL) == 1);
	param = X509_STORE_CTX_get0_param(ctx);
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	CHECK(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER));
	if (as_ip)
		CHECK(X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1);
	else
		CHECK(X509_VERIFY_PARAM_set1_host(param, host, 0) == 1);
	ok = X509_verify_cert(ctx) == 1;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

static void
the_chain_verifies_for_its_hosts_only(void)
{
	AUTO_PAIR ca = pair_new();
	AUTO_PAIR server = pair_new();
	AUTO_PAIR other = pair_new();
	struct sp_err err;
	X509 *root, *leaf, *stranger;

	make_both(&ca, &server);
	CHECK_OK(crypto_cert_make_ca("Test CA", &other.cert, &other.key, &err),
	    &err);
	root = read_cert(&ca.cert);
	leaf = read_cert(&server.cert);
	stranger = read_cert(&other.cert);
	CHECK(chain_ok(root, leaf, "evidence.example.gov", false));
	CHECK(chain_ok(root, leaf, "x.example.gov", false));
	CHECK(chain_ok(root, leaf, "localhost", false));
	CHECK(chain_ok(root, leaf, "127.0.0.1", true));
	CHECK(chain_ok(root, leaf, "::1", true));
	CHECK(!chain_ok(root, leaf, "example.org", false));
	CHECK(!chain_ok(root, leaf, "x.y.example.gov", false));
	CHECK(!chain_ok(root, leaf, "127.0.0.2", true));
	CHECK(!chain_ok(stranger, leaf, "localhost", false));
	CHECK(!chain_ok(leaf, leaf, "x.example.org", false));
	X509_free(root);
	X509_free(leaf);
	X509_free(stranger);
}

static bool
critical(const X509 *x, int nid)
{
	int at = X509_get_ext_by_NID(x, nid, -1);

	return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(x, at));
}

static void
extensions_say_what_each_may_do(void)
{
	AUTO_PAIR ca = pair_new();
	AUTO_PAIR server = pair_new();
	X509 *root, *leaf;

	make_both(&ca, &server);
	root = read_cert(&ca.cert);
	leaf = read_cert(&server.cert);
	CHECK(X509_get_version(root) == X509_VERSION_3);
	CHECK(X509_check_ca(root) == 1 && X509_check_ca(leaf) == 0);
	CHECK((X509_get_extension_flags(root) & EXFLAG_CA) != 0);
	CHECK((X509_get_extension_flags(leaf) & EXFLAG_CA) == 0);
	CHECK(X509_get_pathlen(root) == 0);
	CHECK(critical(root, NID_basic_constraints));
	CHECK(critical(leaf, NID_basic_constraints));
	CHECK(critical(root, NID_key_usage) && critical(leaf, NID_key_usage));
	CHECK(X509_get_key_usage(root) == (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
	CHECK(X509_get_key_usage(leaf) == KU_DIGITAL_SIGNATURE);
	CHECK(X509_get_extended_key_usage(leaf) == XKU_SSL_SERVER);
	CHECK(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(root),
		  X509_get0_authority_key_id(leaf)) == 0);
	CHECK(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(leaf),
		  X509_get0_authority_key_id(leaf)) != 0);
	CHECK(X509_get_signature_nid(root) == NID_ecdsa_with_SHA256);
	CHECK(X509_get_signature_nid(leaf) == NID_ecdsa_with_SHA256);
	X509_free(root);
	X509_free(leaf);
}

static void
keys_fit_and_are_pkcs8(void)
{
	AUTO_PAIR ca = pair_new();
	AUTO_PAIR server = pair_new();
	EVP_PKEY *key;
	char group[32];
	X509 *leaf;

	make_both(&ca, &server);
	CHECK(strncmp(sp_buf_str(&server.key), "-----BEGIN PRIVATE KEY-----\n",
		  28) == 0);
	key = read_key(&server.key);
	leaf = read_cert(&server.cert);
	CHECK(X509_check_private_key(leaf, key) == 1);
	CHECK(EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1);
	CHECK(strcmp(group, "prime256v1") == 0);
	X509_free(leaf);
	EVP_PKEY_free(key);
}

static int64_t
not_before(const X509 *x)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0;
	int seconds = 0;

	CHECK(ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notBefore(x)));
	ASN1_TIME_free(epoch);
	return (days * INT64_C(86400) + seconds) * SP_SECOND;
}

static void
lifetimes(void)
{
	const int64_t day = 86400 * SP_SECOND;
	AUTO_PAIR ca = pair_new();
	AUTO_PAIR server = pair_new();
	sp_time now = sp_now();
	struct sp_err err;
	int64_t ca_end, end;
	X509 *leaf;

	make_both(&ca, &server);
	CHECK_OK(crypto_cert_expiry(sp_buf_str(&ca.cert), &ca_end, &err), &err);
	CHECK_OK(
	    crypto_cert_expiry(sp_buf_str(&server.cert), &end, &err), &err);
	CHECK(ca_end - now > 3652 * day && ca_end - now <= 3654 * day);
	CHECK(end - now > 396 * day && end - now <= 397 * day);
	leaf = read_cert(&server.cert);
	CHECK(not_before(leaf) <= now - 3599 * SP_SECOND);
	CHECK(not_before(leaf) >= now - 3700 * SP_SECOND);
	CHECK(end - not_before(leaf) < 397 * day); /* both ends count */
	X509_free(leaf);
}

static void
serials_are_random_and_positive(void)
{
	AUTO_PAIR ca = pair_new();
	char *seen[8];

	for (size_t i = 0; i < SP_COUNTOF(seen); i++) {
		struct sp_err err;
		BIGNUM *n;
		X509 *x;

		sp_buf_clear(&ca.cert);
		CHECK_OK(
		    crypto_cert_make_ca("x", &ca.cert, &ca.key, &err), &err);
		x = read_cert(&ca.cert);
		n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
		CHECK(!BN_is_negative(n) && BN_num_bits(n) == 127);
		seen[i] = BN_bn2hex(n);
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(seen[i], seen[k]) != 0);
		BN_free(n);
		X509_free(x);
	}
	for (size_t i = 0; i < SP_COUNTOF(seen); i++)
		OPENSSL_free(seen[i]);
}

static void
hosts_are_checked(void)
{
	static const struct {
		const char *host;
		bool ok;
	} rows[] = {
		{ "a", true },
		{ "a-b.example", true },
		{ "1and1.example", true },
		{ "10.0.0.1", true },
		{ "fe80::1", true },
		{ "*.example", true },
		{ "", false },
		{ ".", false },
		{ "a.", false },
		{ ".a", false },
		{ "a..b", false },
		{ "-a.example", false },
		{ "a-.example", false },
		{ "a_b.example", false },
		{ "a b", false },
		{ "example.com,DNS:evil.example", false },
		{ "ex\nample", false },
		{ "ex\xc3\xa4mple", false },
		{ "*", false },
		{ "*a.example", false },
		{ "a.*.example", false },
		{ "1.2.3.4.5", false },
		{ "1.2.3.256", false },
		{ "[::1]", false },
		{ "localhost:8443", false },
	};
	AUTO_PAIR ca = pair_new();
	char long_label[80];
	struct sp_err err;

	CHECK_OK(crypto_cert_make_ca("x", &ca.cert, &ca.key, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		AUTO_PAIR server = pair_new();
		const char *two[] = { "fine.example", rows[i].host };

		CHECK_CODE(crypto_cert_make_server(sp_buf_str(&ca.cert),
			       sp_buf_str(&ca.key), two, 2, &server.cert,
			       &server.key, &err),
		    rows[i].ok ? SP_OK : SP_E_INVALID, &err);
		CHECK(rows[i].ok ||
		    (server.cert.len == 0 && server.key.len == 0));
	}
	memset(long_label, 'a', sizeof(long_label));
	for (size_t n = 63; n < 65; n++) {
		AUTO_PAIR server = pair_new();
		const char *one[] = { long_label };

		long_label[n] = '\0';
		CHECK_CODE(crypto_cert_make_server(sp_buf_str(&ca.cert),
			       sp_buf_str(&ca.key), one, 1, &server.cert,
			       &server.key, &err),
		    n == 63 ? SP_OK : SP_E_INVALID, &err);
		long_label[n] = 'a';
	}
}

static void
counts_and_names_are_bounded(void)
{
	AUTO_PAIR ca = pair_new();
	AUTO_PAIR server = pair_new();
	const char *many[CRYPTO_CERT_HOSTS_MAX + 1];
	char name[80];
	struct sp_err err;

	for (size_t i = 0; i < SP_COUNTOF(many); i++)
		many[i] = "a.example";
	memset(name, 'n', sizeof(name));
	name[65] = '\0';
	CHECK_CODE(crypto_cert_make_ca(name, &ca.cert, &ca.key, &err),
	    SP_E_INVALID, &err);
	CHECK_CODE(crypto_cert_make_ca("", &ca.cert, &ca.key, &err),
	    SP_E_INVALID, &err);
	CHECK_CODE(crypto_cert_make_ca("\xff", &ca.cert, &ca.key, &err),
	    SP_E_INVALID, &err);
	name[64] = '\0';
	CHECK_OK(crypto_cert_make_ca(name, &ca.cert, &ca.key, &err), &err);
	CHECK_CODE(
	    crypto_cert_make_server(sp_buf_str(&ca.cert), sp_buf_str(&ca.key),
		many, 0, &server.cert, &server.key, &err),
	    SP_E_INVALID, &err);
	CHECK_CODE(
	    crypto_cert_make_server(sp_buf_str(&ca.cert), sp_buf_str(&ca.key),
		many, SP_COUNTOF(many), &server.cert, &server.key, &err),
	    SP_E_INVALID, &err);
	CHECK_OK(
	    crypto_cert_make_server(sp_buf_str(&ca.cert), sp_buf_str(&ca.key),
		many, SP_COUNTOF(many) - 1, &server.cert, &server.key, &err),
	    &err);
}

static void
a_ca_that_is_none_is_refused(void)
{
	static const char encrypted[] =
	    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgAAAAAAAAAAAICCAAw\n"
	    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAAAAAAAAAAAAAAAAAAAAAAEQAAA\n"
	    "-----END ENCRYPTED PRIVATE KEY-----\n";
	AUTO_PAIR ca = pair_new();
	AUTO_PAIR server = pair_new();
	AUTO_PAIR other = pair_new();
	struct sp_err err;
	const char *keys[5];

	make_both(&ca, &server);
	CHECK_OK(crypto_cert_make_ca("x", &other.cert, &other.key, &err), &err);
	keys[0] = "";
	keys[1] = "-----BEGIN PRIVATE KEY-----\nAAAA\n"
		  "-----END PRIVATE KEY-----\n";
	keys[2] = sp_buf_str(&ca.cert);
	keys[3] = sp_buf_str(&other.key); /* not this CA's */
	keys[4] = encrypted;              /* and no terminal is asked */
	sp_buf_clear(&server.cert);
	sp_buf_clear(&server.key);
	for (size_t i = 0; i < SP_COUNTOF(keys); i++)
		CHECK_CODE(
		    crypto_cert_make_server(sp_buf_str(&ca.cert), keys[i],
			hosts, 1, &server.cert, &server.key, &err),
		    SP_E_INVALID, &err);
	CHECK_CODE(crypto_cert_make_server("no PEM", sp_buf_str(&ca.key), hosts,
		       1, &server.cert, &server.key, &err),
	    SP_E_INVALID, &err);
	CHECK(server.cert.len == 0 && server.key.len == 0);
}

static void
what_does_not_fit_leaves_nothing(void)
{
	SP_AUTO_BUF cert = sp_buf_new(10000);
	SP_AUTO_BUF key = sp_buf_new(20);
	struct sp_err err;

	sp_buf_text(&cert, "kept");
	CHECK_CODE(
	    crypto_cert_make_ca("x", &cert, &key, &err), SP_E_LIMIT, &err);
	CHECK(strcmp(sp_buf_str(&cert), "kept") == 0 && key.len == 0);
}

static void
expiry_of_nonsense_is_refused(void)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
				     "-----END CERTIFICATE-----\n";
	static const char *const rows[] = { "", "x", broken };
	struct sp_err err;
	int64_t t = 42;

	for (size_t i = 0; i < SP_COUNTOF(rows); i++)
		CHECK_CODE(
		    crypto_cert_expiry(rows[i], &t, &err), SP_E_INVALID, &err);
	CHECK(t == 42);
}

/* And the openssl program, which is another's whole. */
static void
openssl_verify_agrees(void)
{
	char dir[] = "/tmp/sp_cert.XXXXXX";
	char ca_path[64], leaf_path[64];
	char *argv[] = { (char[]){ "openssl" }, (char[]){ "verify" },
		(char[]){ "-x509_strict" }, (char[]){ "-purpose" },
		(char[]){ "sslserver" }, (char[]){ "-verify_hostname" },
		(char[]){ "evidence.example.gov" }, (char[]){ "-CAfile" },
		ca_path, leaf_path, NULL };
	AUTO_PAIR ca = pair_new();
	AUTO_PAIR server = pair_new();
	struct sp_err err;
	posix_spawn_file_actions_t quiet;
	int status = 0;
	pid_t pid;

	make_both(&ca, &server);
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", dir);
	(void)snprintf(leaf_path, sizeof(leaf_path), "%s/leaf.pem", dir);
	CHECK_OK(sp_file_replace(
		     AT_FDCWD, ca_path, ca.cert.at, ca.cert.len, 0600, &err),
	    &err);
	CHECK_OK(sp_file_replace(AT_FDCWD, leaf_path, server.cert.at,
		     server.cert.len, 0600, &err),
	    &err);
	CHECK(posix_spawn_file_actions_init(&quiet) == 0);
	CHECK(posix_spawn_file_actions_addopen(
		  &quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0);
	CHECK(posix_spawnp(&pid, "openssl", &quiet, NULL, argv, environ) == 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(posix_spawn_file_actions_destroy(&quiet) == 0);
	CHECK(unlink(ca_path) == 0 && unlink(leaf_path) == 0);
	CHECK(rmdir(dir) == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "the chain verifies, for its hosts only",
		    the_chain_verifies_for_its_hosts_only },
		{ "extensions say what each may do",
		    extensions_say_what_each_may_do },
		{ "keys fit and are PKCS#8", keys_fit_and_are_pkcs8 },
		{ "lifetimes", lifetimes },
		{ "serials are random and positive",
		    serials_are_random_and_positive },
		{ "hosts are checked", hosts_are_checked },
		{ "counts and names are bounded",
		    counts_and_names_are_bounded },
		{ "a CA that is none is refused",
		    a_ca_that_is_none_is_refused },
		{ "what does not fit leaves nothing",
		    what_does_not_fit_leaves_nothing },
		{ "expiry of nonsense is refused",
		    expiry_of_nonsense_is_refused },
		{ "openssl verify agrees", openssl_verify_agrees },
	};
	open_provider();
	return tap_run(cases, SP_COUNTOF(cases));
}
