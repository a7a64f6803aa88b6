#include "bag/vouched.h"

#include "authority.h"
#include "bag_fixture.h"
#include "bag_log.h"
#include "bag_model.h"
#include "base/encode.h"

/*
 * A bag that carries an earlier state of the log, cosigned and stamped: what
 * holds, and one lie of each kind at its place.
 */
#define THEN    5
#define NOW     9
#define SECONDS 1795000000U

static struct bag_log mine, other;
static struct model bag;
static struct authority honest, foreign;

struct witness {
	struct crypto_secret *seed;
	struct ledger_cosigner key;
};
static struct witness court, paper;

static void
witness_open(struct witness *w, const char *name, uint8_t seed)
{
	uint8_t bytes[CRYPTO_SIGN_SEED], pub[CRYPTO_SIGN_PUBLIC];
	struct sp_err err;

	memset(bytes, seed, sizeof(bytes));
	w->seed = crypto_secret_from(bytes, sizeof(bytes));
	CHECK(w->seed != NULL);
	CHECK_OK(crypto_sign_public(w->seed, pub, &err), &err);
	CHECK_OK(ledger_cosigner_make(name, pub, &w->key, &err), &err);
}

/* Its line over the note's text. */
static void
cosign(const struct witness *w, uint64_t time, struct sp_buf *note)
{
	SP_AUTO_BUF message = sp_buf_new(LEDGER_NOTE_MAX);
	struct ledger_cosignature c = { .time = time };
	struct sp_err err;
	size_t len = 0;

	CHECK_OK(
	    ledger_note_text(sp_buf_str(note), note->len, &len, &err), &err);
	ledger_cosign_message(time, sp_buf_str(note), len, &message);
	CHECK_OK(
	    crypto_sign(w->seed, message.at, message.len, c.sig, &err), &err);
	ledger_cosign_line(&w->key, &c, note);
}

static void
path_text(struct bag_log *l, struct sp_buf *out)
{
	const struct ledger_nodes nodes = { bag_log_node, l };
	struct ledger_path path;
	struct sp_err err;

	CHECK_OK(
	    ledger_merkle_consistency(&nodes, THEN, NOW, &path, &err), &err);
	sp_buf_fmt(out, "sallyport/consistency/v1\n%d %d\n", THEN, NOW);
	for (size_t i = 0; i < path.n; i++) {
		sp_buf_base64(out, path.hash[i].b, LEDGER_HASH_LEN);
		sp_buf_text(out, "\n");
	}
}

static struct sp_buf then_note, other_note;

static void
grow(struct bag_log *l, uint64_t n, const char *what)
{
	char entry[100];

	while (l->n < n) {
		(void)snprintf(
		    entry, sizeof(entry), "%s %ju", what, (uintmax_t)l->n);
		(void)bag_log_add(l, entry);
	}
	bag_log_sign(l);
}

static void
stamp(const struct authority *a, const struct sp_buf *of, struct sp_buf *reply)
{
	struct crypto_timestamp_wish w = { .nonce = 77 };
	SP_AUTO_BUF request = sp_buf_new(CRYPTO_TIMESTAMP_MAX);
	struct sp_err err;

	crypto_sha256(of->at, of->len, w.sha256);
	CHECK_OK(crypto_timestamp_request(&w, &request, &err), &err);
	authority_answer(a, request.at, request.len,
	    &(struct authority_lie){ .status = 0 }, reply);
}

/* The one file of the bag that is no text. */
static void
put_bytes(const char *path, const struct sp_buf *bytes)
{
	model_put(&bag, path, "x");
	for (size_t i = 0; i < bag.n; i++) {
		if (strcmp(bag.file[i].path, path) != 0)
			continue;
		CHECK(bytes->len <= sizeof(bag.file[i].bytes));
		memcpy(bag.file[i].bytes, bytes->at, bytes->len);
		bag.file[i].len = bytes->len;
	}
}

static void
good(void)
{
	SP_AUTO_BUF path = sp_buf_new(LEDGER_NOTE_MAX);
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);

	path_text(&mine, &path);
	stamp(&honest, &then_note, &reply);
	bag.n = 0;
	model_put(&bag, "bagit.txt",
	    "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
	model_put(&bag, "data/a", "a");
	model_put(&bag, "bag-info.txt", "Payload-Oxum: 1.1\n");
	model_put(&bag, "log/cosigned", sp_buf_str(&then_note));
	model_put(&bag, "log/cosigned.consistency", sp_buf_str(&path));
	model_put(&bag, "log/timestamped", sp_buf_str(&then_note));
	model_put(&bag, "log/timestamped.consistency", sp_buf_str(&path));
	put_bytes("log/timestamp.tsr", &reply);
}

static enum sp_code
check(const struct bag_vouched_wish *wish, struct bag_vouched_report *out,
    struct bag_place *place, struct sp_err *err)
{
	SP_AUTO_BUF tar = sp_buf_new(BAG_FIXTURE_MAX);
	BAG_AUTO_CONTENT content = NULL;
	struct bag_content_options from = { .progress = NULL };
	struct ledger_checkpoint c;
	const struct bag_vouched_ground g = { NULL, &mine.key, &c, place };
	struct bag_vouched_ground ground = g;

	model_payload_manifests(&bag);
	model_tag_manifests(&bag);
	model_archive(&bag, BAG_TAR, &tar);
	from.from = (struct bag_source){ NULL, tar.at, tar.len };
	CHECK_OK(bag_content_read(&content, &from, place, err), err);
	ground.bag = content;
	CHECK_OK(ledger_checkpoint_check(
		     &mine.key, sp_buf_str(&mine.note), mine.note.len, &c, err),
	    err);
	return bag_vouched_check(&ground, wish, out, err);
}

static void
lies_at(const struct bag_vouched_wish *wish, const char *at)
{
	struct bag_vouched_report r;
	struct bag_place place = { "" };
	struct sp_err err;
	enum sp_code code = check(wish, &r, &place, &err);

	if (code != SP_E_CORRUPT || strcmp(place.at, at) != 0)
		printf("# %s at '%s' (%s), not '%s'\n", sp_code_name(code),
		    place.at, code == SP_OK ? "" : err.text, at);
	CHECK(code == SP_E_CORRUPT && strcmp(place.at, at) == 0);
}

static const struct bag_vouched_wish nothing;

static void
what_others_said_holds(void)
{
	const struct ledger_cosigner both[] = { court.key, paper.key };
	struct bag_vouched_wish wish = { .witness = both,
		.witnesses = SP_COUNTOF(both),
		.authority = sp_buf_str(&honest.ca_pem) };
	struct bag_vouched_report r;
	struct bag_place place = { "" };
	struct sp_err err;

	good();
	CHECK_OK(check(&nothing, &r, &place, &err), &err);
	CHECK(r.cosigned_size == THEN && r.cosignatures == 2);
	CHECK(r.cosigned_by == 0 && r.cosigned_time == 0);
	CHECK(r.timestamped_size == THEN && r.timestamped_at == 0);
	CHECK_OK(check(&wish, &r, &place, &err), &err);
	CHECK(r.cosigned_by == 2 && r.cosigned_time == SECONDS + 1);
	CHECK(r.timestamped_at > 0);
}

static void
a_bag_may_carry_nothing(void)
{
	const struct bag_vouched_wish witness = { .witness = &court.key,
		.witnesses = 1 };
	const struct bag_vouched_wish authority = {
		.authority = sp_buf_str(&honest.ca_pem),
	};
	struct bag_vouched_report r;
	struct bag_place place = { "" };
	struct sp_err err;

	good();
	model_drop(&bag, "log/cosigned");
	model_drop(&bag, "log/cosigned.consistency");
	model_drop(&bag, "log/timestamped");
	model_drop(&bag, "log/timestamped.consistency");
	model_drop(&bag, "log/timestamp.tsr");
	CHECK_OK(check(&nothing, &r, &place, &err), &err);
	CHECK(r.cosigned_size == 0 && r.timestamped_size == 0);
	/* But not when somebody's word is insisted on. */
	lies_at(&witness, "log/cosigned");
	lies_at(&authority, "log/timestamped");
}

static void
a_part_that_is_missing_is_missed(void)
{
	static const struct {
		const char *drop, *at;
	} rows[] = {
		{ "log/cosigned", "log/cosigned.consistency" },
		{ "log/cosigned.consistency", "log/cosigned.consistency" },
		{ "log/timestamped", "log/timestamped.consistency" },
		{ "log/timestamped.consistency",
		    "log/timestamped.consistency" },
		{ "log/timestamp.tsr", "log/timestamp.tsr" },
	};

	for (size_t i = 0; i < SP_COUNTOF(rows); i++) {
		good();
		model_drop(&bag, rows[i].drop);
		lies_at(&nothing, rows[i].at);
	}
}

static void
another_history_is_found(void)
{
	SP_AUTO_BUF path = sp_buf_new(LEDGER_NOTE_MAX);

	/* Signed by the log's own key: the log that was forked. */
	path_text(&other, &path);
	good();
	model_put(&bag, "log/cosigned", sp_buf_str(&other_note));
	lies_at(&nothing, "log/cosigned");
	model_put(&bag, "log/cosigned.consistency", sp_buf_str(&path));
	lies_at(&nothing, "log/cosigned");
	good();
	model_put(&bag, "log/timestamped", sp_buf_str(&other_note));
	lies_at(&nothing, "log/timestamped");
	/* A later state than the bag's is no earlier one. */
	good();
	model_put(&bag, "log/cosigned", sp_buf_str(&other.note));
	lies_at(&nothing, "log/cosigned.consistency");
}

static void
paths_are_read_strictly(void)
{
	static const char hash[] =
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
	static const char *const texts[] = {
		"",
		"sallyport/consistency/v2\n5 9\n",
		"sallyport/consistency/v1",
		"sallyport/consistency/v1\n",
		"sallyport/consistency/v1\n5 9",
		"sallyport/consistency/v1\n5\n",
		"sallyport/consistency/v1\n5 9 \n",
		"sallyport/consistency/v1\n05 9\n",
		"sallyport/consistency/v1\n5  9\n",
		"sallyport/consistency/v1\n-5 9\n",
		"sallyport/consistency/v1\n5 9\nAAAA\n",
		"sallyport/consistency/v1\n5 9\n\n",
	};
	char more[8000];

	for (size_t i = 0; i < SP_COUNTOF(texts); i++) {
		good();
		model_put(
		    &bag, "log/cosigned.consistency", i == 0 ? " " : texts[i]);
		lies_at(&nothing, "log/cosigned.consistency");
	}
	/* A hash too many is none of the way. */
	good();
	(void)snprintf(more, sizeof(more), "%s%s",
	    model_bytes(&bag, "log/cosigned.consistency"), hash);
	model_put(&bag, "log/cosigned.consistency", more);
	lies_at(&nothing, "log/cosigned");
	(void)snprintf(more, sizeof(more), "sallyport/consistency/v1\n5 9\n");
	for (size_t i = 0; i <= LEDGER_PATH_MAX; i++)
		(void)snprintf(more + strlen(more), sizeof(more) - strlen(more),
		    "%s", hash);
	model_put(&bag, "log/cosigned.consistency", more);
	lies_at(&nothing, "log/cosigned.consistency");
	/* Between other sizes. */
	good();
	strstr(model_bytes(&bag, "log/cosigned.consistency"), "5 9")[0] = '4';
	lies_at(&nothing, "log/cosigned.consistency");
}

static void
a_witness_is_held_to_its_word(void)
{
	struct witness stranger;
	const struct bag_vouched_wish wish = { .witness = &court.key,
		.witnesses = 1 };
	struct bag_vouched_wish unknown = { .witnesses = 1 };
	char *line;

	witness_open(&stranger, "stranger.example", 9);
	unknown.witness = &stranger.key;
	good();
	lies_at(&unknown, "log/cosigned");
	/* One letter of its signature. */
	line = strstr(model_bytes(&bag, "log/cosigned"), court.key.name);
	CHECK(line != NULL);
	line += strlen(court.key.name) + 20;
	*line = *line == 'A' ? 'B' : 'A';
	lies_at(&wish, "log/cosigned");
	crypto_secret_free(stranger.seed);
}

static void
a_stamp_is_of_these_bytes_by_that_authority(void)
{
	const struct bag_vouched_wish wish = {
		.authority = sp_buf_str(&honest.ca_pem),
	};
	const struct bag_vouched_wish elsewhere = {
		.authority = sp_buf_str(&foreign.ca_pem),
	};
	SP_AUTO_BUF reply = sp_buf_new(CRYPTO_TIMESTAMP_MAX);

	good();
	lies_at(&elsewhere, "log/timestamp.tsr");
	stamp(&honest, &mine.note, &reply);
	put_bytes("log/timestamp.tsr", &reply);
	lies_at(&wish, "log/timestamp.tsr");
	model_put(&bag, "log/timestamp.tsr", "no stamp");
	lies_at(&wish, "log/timestamp.tsr");
}

static void
open_all(void)
{
	bag_log_open(&mine, "evidence.example/miami", 1);
	bag_log_open(&other, "evidence.example/miami", 1);
	grow(&mine, THEN, "entry");
	then_note = sp_buf_new(LEDGER_NOTE_MAX);
	sp_buf_add(&then_note, mine.note.at, mine.note.len);
	grow(&mine, NOW, "entry");
	grow(&other, THEN, "forked");
	other_note = sp_buf_new(LEDGER_NOTE_MAX);
	sp_buf_add(&other_note, other.note.at, other.note.len);
	grow(&other, NOW + 1, "forked");
	witness_open(&court, "court.example", 3);
	witness_open(&paper, "paper.example", 4);
	cosign(&court, SECONDS, &then_note);
	cosign(&paper, SECONDS + 1, &then_note);
	honest =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
	foreign =
	    authority_new(&(struct authority_kind){ .usage = AUTHORITY_USAGE });
}

static void
close_all(void)
{
	bag_log_close(&mine);
	bag_log_close(&other);
	sp_buf_free(&then_note);
	sp_buf_free(&other_note);
	crypto_secret_free(court.seed);
	crypto_secret_free(paper.seed);
	authority_free(&honest);
	authority_free(&foreign);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "what others said holds", what_others_said_holds },
		{ "a bag may carry nothing", a_bag_may_carry_nothing },
		{ "a part that is missing is missed",
		    a_part_that_is_missing_is_missed },
		{ "another history is found", another_history_is_found },
		{ "paths are read strictly", paths_are_read_strictly },
		{ "a witness is held to its word",
		    a_witness_is_held_to_its_word },
		{ "a stamp is of these bytes by that authority",
		    a_stamp_is_of_these_bytes_by_that_authority },
	};
	struct sp_err err;
	int rc;

	CHECK_OK(crypto_provider_open("", &err), &err);
	open_all();
	rc = tap_run(cases, SP_COUNTOF(cases));
	close_all();
	return rc;
}
