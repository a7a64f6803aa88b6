#include "cmd/device_key.h"

#include "base/file.h"
#include "crypto/leaf.h"
#include "crypto/provider.h"
#include "crypto/sign.h"
#include "tap.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY (86400 * SP_SECOND)

/* ---- A site that certifies, or says something else ---- */

enum mood { GOOD, LOST, OTHERS_KEY, NO_AGENCY, NO_CERTIFICATE, REFUSES };

static struct {
	struct site_transport base;
	enum mood mood;
	sp_time from, until;
	char path[200];
	char body[4096]; /* of the last request */
	int asked;
} site;

static enum sp_code
certificate(const char *request, struct sp_buf *pem, struct sp_err *err)
{
	CRYPTO_AUTO_SECRET seed = crypto_secret_random(CRYPTO_SIGN_SEED);
	SP_AUTO_BUF der = sp_buf_new(CRYPTO_LEAF_MAX);
	struct crypto_leaf_key key;
	struct crypto_leaf leaf = { "owner", "subject", &key, site.from,
		site.until };

	SP_TRY(crypto_leaf_request(request, strlen(request), &key, err));
	SP_TRY(crypto_leaf_issue(seed, &leaf, &der, err));
	crypto_leaf_pem(der.at, der.len, pem);
	return SP_OK;
}

static void
answer(struct site_answer *an, const json_t *sent)
{
	SP_AUTO_BUF pem = sp_buf_new(8192), other = sp_buf_new(4096);
	SP_AUTO_BUF secret = sp_buf_secret(4096);
	const char *csr = json_string_value(json_object_get(sent, "csr"));
	struct sp_err err;
	json_t *j;
	char *text;

	if (site.mood == OTHERS_KEY) {
		CHECK_OK(crypto_leaf_ask(&secret, &other, &err), &err);
		csr = sp_buf_str(&other);
	}
	CHECK_OK(certificate(csr, &pem, &err), &err);
	j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "agency",
	    site.mood == NO_AGENCY ? "../x" : "harbor-pd", "certificate",
	    site.mood == NO_CERTIFICATE ? "none" : sp_buf_str(&pem),
	    "expires_at", "2027-01-01T00:00:00.000000Z", "id",
	    "0193a000-0000-7000-8000-000000000002", "sha256", "00");
	CHECK(j != NULL);
	text = json_dumps(j, 0);
	sp_buf_text(&an->body, text);
	an->status = 201;
	free(text);
	json_decref(j);
}

static enum sp_code
exchange(struct site_transport *t, const struct site_request *rq,
    struct site_answer *an, struct sp_err *err)
{
	size_t got = 0;
	json_t *sent;

	(void)t;
	site.asked++;
	(void)snprintf(site.path, sizeof(site.path), "%s", rq->path);
	CHECK_OK(rq->source->read(rq->source->arg, 0, site.body,
		     sizeof(site.body) - 1, &got, err),
	    err);
	site.body[got] = '\0';
	if (site.mood == REFUSES) {
		an->status = 401;
		return SP_OK;
	}
	sent = json_loads(site.body, 0, NULL);
	CHECK(sent != NULL);
	answer(an, sent);
	json_decref(sent);
	if (site.mood != LOST)
		return SP_OK;
	sp_buf_clear(&an->body);
	an->status = 0;
	return sp_fail_as(
	    err, SP_E_UNAVAIL, client_site_unreachable, "the line broke");
}

static enum sp_code
no_pause(struct site_transport *t, int64_t micros, struct sp_err *err)
{
	(void)t, (void)micros, (void)err;
	return SP_OK;
}

static void
no_free(struct site_transport *t)
{
	(void)t;
}

static const struct site_transport_ops ops = { exchange, no_pause, no_free };

/* ---- A device ---- */

static char dir[] = "/tmp/device-key-XXXXXX";
static char path[100], next[120];
static struct site_client client;

static void
begin(enum mood mood)
{
	struct sp_err err;

	(void)unlink(path);
	(void)unlink(next);
	site.base.ops = &ops;
	site.mood = mood;
	site.from = sp_now();
	site.until = site.from + 90 * DAY;
	site.asked = 0;
	CHECK_OK(
	    client_site_init(&client, &site.base, "harbor-pd", &err), &err);
}

static bool
there(const char *name)
{
	struct stat st;

	if (stat(name, &st) != 0)
		return false;
	CHECK((st.st_mode & 0777) == 0600);
	return true;
}

static void
check_pair(void)
{
	SP_AUTO_BUF pem = sp_buf_secret(DEVICE_PEM_MAX);
	sp_time from, until;
	struct sp_err err;

	CHECK(there(path));
	CHECK_OK(sp_file_read(AT_FDCWD, path, &pem, &err), &err);
	CHECK_OK(crypto_leaf_fits(
		     sp_buf_str(&pem), sp_buf_str(&pem), &from, &until, &err),
	    &err);
}

static void
it_enrols(void)
{
	struct device_got got;
	struct sp_err err;

	begin(GOOD);
	CHECK_OK(
	    cmd_device_key_enrol(&client, path, "spd_x", &got, &err), &err);
	check_pair();
	CHECK(!there(next));
	CHECK(strcmp(site.path, "/v1/devices/enrol") == 0);
	CHECK(strstr(site.body, "\"spd_x\"") != NULL);
	CHECK(strstr(site.body, "PRIVATE") == NULL);
	CHECK(strcmp(got.agency, "harbor-pd") == 0);
	client_site_done(&client);
}

/* The key is kept until there is a certificate of it: whoever asks again asks
 * for the same. */
static void
a_lost_answer_is_asked_for_again(void)
{
	char first[sizeof(site.body)];
	struct device_got got;
	struct sp_err err;

	begin(LOST);
	CHECK_CODE(cmd_device_key_enrol(&client, path, "spd_x", &got, &err),
	    SP_E_UNAVAIL, &err);
	CHECK(!there(path) && there(next));
	memcpy(first, site.body, sizeof(first));
	site.mood = GOOD;
	CHECK_OK(
	    cmd_device_key_enrol(&client, path, "spd_x", &got, &err), &err);
	/* ECDSA signs differently each time; what is signed is the same key. */
	{
		json_t *a = json_loads(first, 0, NULL);
		json_t *b = json_loads(site.body, 0, NULL);
		const char *x = json_string_value(json_object_get(a, "csr"));
		const char *y = json_string_value(json_object_get(b, "csr"));
		struct crypto_leaf_key k, l;

		CHECK_OK(crypto_leaf_request(x, strlen(x), &k, &err), &err);
		CHECK_OK(crypto_leaf_request(y, strlen(y), &l, &err), &err);
		CHECK(k.len == l.len && memcmp(k.der, l.der, k.len) == 0);
		json_decref(a);
		json_decref(b);
	}
	check_pair();
	CHECK(!there(next));
	client_site_done(&client);
}

static void
odd_answers_change_nothing(void)
{
	static const struct {
		enum mood mood;
		enum sp_code want;
	} rows[] = {
		{ OTHERS_KEY, SP_E_MISMATCH },
		{ NO_AGENCY, SP_E_INVALID },
		{ NO_CERTIFICATE, SP_E_INVALID },
	};
	SP_AUTO_BUF before = sp_buf_secret(DEVICE_PEM_MAX);
	SP_AUTO_BUF after = sp_buf_secret(DEVICE_PEM_MAX);
	struct device_got got;
	struct sp_err err;

	begin(GOOD);
	CHECK_OK(
	    cmd_device_key_enrol(&client, path, "spd_x", &got, &err), &err);
	CHECK_OK(sp_file_read(AT_FDCWD, path, &before, &err), &err);
	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		site.mood = rows[i].mood;
		CHECK_CODE(cmd_device_key_rotate(&client, path, &got, &err),
		    rows[i].want, &err);
	}
	site.mood = REFUSES;
	CHECK(cmd_device_key_rotate(&client, path, &got, &err) != SP_OK);
	sp_buf_clear(&after);
	CHECK_OK(sp_file_read(AT_FDCWD, path, &after, &err), &err);
	CHECK(before.len == after.len &&
	    memcmp(before.at, after.at, after.len) == 0);
	client_site_done(&client);
}

static void
it_renews_in_the_last_third(void)
{
	SP_AUTO_BUF before = sp_buf_secret(DEVICE_PEM_MAX);
	SP_AUTO_BUF after = sp_buf_secret(DEVICE_PEM_MAX);
	struct device_got got;
	bool renewed = true;
	struct sp_err err;

	CHECK(!cmd_device_key_due(0, 90 * DAY, 0));
	CHECK(!cmd_device_key_due(0, 90 * DAY, 60 * DAY));
	CHECK(cmd_device_key_due(0, 90 * DAY, 60 * DAY + 1));
	CHECK(cmd_device_key_due(0, 90 * DAY, 91 * DAY));
	begin(GOOD);
	CHECK_OK(
	    cmd_device_key_enrol(&client, path, "spd_x", &got, &err), &err);
	CHECK_OK(cmd_device_key_renew(&client, path, &renewed, &err), &err);
	CHECK(!renewed && site.asked == 1);
	/* One that is old already. */
	site.from -= 70 * DAY;
	site.until -= 70 * DAY;
	CHECK_OK(cmd_device_key_rotate(&client, path, &got, &err), &err);
	CHECK_OK(sp_file_read(AT_FDCWD, path, &before, &err), &err);
	site.from += 70 * DAY;
	site.until += 70 * DAY;
	CHECK_OK(cmd_device_key_renew(&client, path, &renewed, &err), &err);
	CHECK(renewed && site.asked == 3);
	CHECK(strcmp(site.path, "/v1/agencies/harbor-pd/devices/rotate") == 0);
	CHECK(strstr(site.body, "code") == NULL);
	CHECK_OK(sp_file_read(AT_FDCWD, path, &after, &err), &err);
	CHECK(before.len != after.len ||
	    memcmp(before.at, after.at, after.len) != 0);
	check_pair();
	CHECK_OK(cmd_device_key_renew(&client, path, &renewed, &err), &err);
	CHECK(!renewed && site.asked == 3);
	client_site_done(&client);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "it enrols", it_enrols },
		{ "a lost answer is asked for again",
		    a_lost_answer_is_asked_for_again },
		{ "odd answers change nothing", odd_answers_change_nothing },
		{ "it renews in the last third", it_renews_in_the_last_third },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/device.pem", dir);
	(void)snprintf(next, sizeof(next), "%s.next", path);
	rc = tap_run(cases, SP_COUNTOF(cases));
	(void)unlink(path);
	(void)unlink(next);
	(void)rmdir(dir);
	return rc;
}
