#include "gate/role.h"

#include "gate/decision.h"
#include "people/clearance.h"
#include "roles_page.h"
#include "sentences.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static void
every_role_may_what_the_sentences_say(void)
{
	CHECK(SP_COUNTOF(sentences) == GATE_ROLE_COUNT);
	for (size_t i = 0; i < SP_COUNTOF(sentences); i++) {
		enum gate_role role;
		size_t words = 0, may = 0;

		CHECK(gate_role_parse(sentences[i].role, &role));
		for (const char *c = sentences[i].may; *c != '\0'; c++)
			words += *c == ' ';
		for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
			enum gate_act act = (enum gate_act)a;

			CHECK(gate_role_may(role, act) ==
			    has_word(sentences[i].may, gate_act_name(act)));
			may += gate_role_may(role, act);
		}
		CHECK(may == words); /* the sentence names no act unknown */
	}
}

static bool
flag(enum gate_act act, unsigned flag)
{
	return (gate_act_row(act)->flags & flag) != 0;
}

static void
every_act_takes_what_the_sentences_say(void)
{
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		enum gate_act act = (enum gate_act)a, asked;
		const struct gate_act_row *row = gate_act_row(act);
		const char *name = gate_act_name(act);
		const char *after = sentence_after(name);

		CHECK((row->most != GATE_CLASS_UNKNOWN) ==
		    sentence_evidence(name));
		CHECK(flag(act, GATE_CLEARED) == sentence_clearance(name));
		CHECK(flag(act, GATE_PERSONS) == sentence_persons(name));
		CHECK(flag(act, GATE_FOUNDS) == sentence_founds(name));
		CHECK(flag(act, GATE_NOT_SELF) == sentence_not_self(name));
		CHECK(flag(act, GATE_PLACED) == sentence_placed(name));
		CHECK(flag(act, GATE_DESTROYS) == begins(name, "disposition."));
		CHECK((int)row->factor == sentence_factor(name));
		CHECK(flag(act, GATE_APPROVES) == (after != NULL));
		CHECK(gate_act_after(act, &asked) == (after != NULL));
		if (after != NULL)
			CHECK(is(gate_act_name(asked), after));
		if (sentence_evidence(name))
			CHECK((int)row->most == sentence_act_class(name));
	}
}

/* What reveals content, or what is sealed of people, and the beginning of work
 * under a grant. */
static void
what_reveals_is_recorded_and_nothing_else(void)
{
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		enum gate_act act = (enum gate_act)a;
		const char *want = sentence_entry(gate_act_name(act));
		const char *got = gate_act_row(act)->entry;

		CHECK(gate_act_recorded(act) == (want != NULL));
		CHECK(want == NULL ? got == NULL : is(got, want));
	}
}

/* A device does not list; so it hears only of its own. */
static void
a_device_follows_its_own(void)
{
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
			CHECK(gate_role_own(
				  (enum gate_role)r, (enum gate_act)a) ==
			    (r == GATE_DEVICE && a == GATE_FOLLOW));
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		CHECK(!gate_role_may((enum gate_role)r, GATE_FOLLOW) ||
		    gate_role_own((enum gate_role)r, GATE_FOLLOW) ||
		    gate_role_may((enum gate_role)r, GATE_LIST));
}

static void
the_site_may_probe_and_nothing_else(void)
{
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
		CHECK(gate_site_may((enum gate_act)a) ==
		    is(gate_act_name((enum gate_act)a), "media.probe"));
}

/* A row with too few marks would be read beyond its end. */
static void
rows_are_whole(void)
{
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		const struct gate_act_row *row = gate_act_row((enum gate_act)a);

		CHECK(strlen(row->roles) == 2 * GATE_ROLE_COUNT - 1);
		for (size_t i = 0; row->roles[i] != '\0'; i++)
			CHECK(strchr(i % 2 == 0 ? "*.o" : " ", row->roles[i]) !=
			    NULL);
		CHECK(gate_act_words((enum gate_act)a)[0] != '\0' &&
		    row->ways != 0);
		CHECK((row->ways >> GATE_RELATION_COUNT) == 0);
		/* Nobody comes by "other". */
		CHECK((row->ways & GATE_WAY(GATE_OTHER)) == 0);
	}
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		const struct gate_role_row *row =
		    gate_role_row((enum gate_role)r);

		CHECK(row->words != NULL && row->words[0] != '\0');
		CHECK((int)row->most ==
		    sentence_role_class(gate_role_name((enum gate_role)r)));
	}
}

/* What tests, tokens and scripts from before there were people rely on. */
static void
tokens_carry_five_roles(void)
{
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		enum gate_role role = (enum gate_role)r;
		const char *name = gate_role_name(role);

		CHECK(gate_role_row(role)->token ==
		    (is(name, "administrator") || is(name, "custodian") ||
			is(name, "officer") || is(name, "auditor") ||
			is(name, "device")));
		CHECK(gate_role_row(role)->person ==
		    (!is(name, "device") && !is(name, "service")));
	}
}

/* A mark that no way leads to would be a promise the gate cannot keep. */
static void
every_mark_has_a_way(void)
{
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		for (unsigned a = 0; a < GATE_ACT_COUNT; a++)
			if (gate_role_may((enum gate_role)r, (enum gate_act)a))
				CHECK(gate_role_ways((enum gate_role)r,
					  (enum gate_act)a) != 0);
}

/* Where one role could do both, only the human differs: where it matters most,
 * the roles differ, too. */
static void
the_provider_asks_and_approves_with_two_roles(void)
{
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		enum gate_act asked, act = (enum gate_act)a;

		if (!gate_act_after(act, &asked) ||
		    !gate_role_may(GATE_OPERATOR, asked))
			continue;
		for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
			CHECK(!gate_role_may((enum gate_role)r, act) ||
			    !gate_role_may((enum gate_role)r, asked));
	}
}

static void
names_come_back(void)
{
	static const struct {
		const char *word;
		enum gate_act act, guest;
	} said[] = {
		{ "Download", GATE_VIEW, GATE_EXPORT },
		{ "evidence.download", GATE_VIEW, GATE_EXPORT },
		{ "view", GATE_VIEW, GATE_VIEW },
		{ "ingest", GATE_UPLOAD, GATE_UPLOAD },
		{ "copy", GATE_EXPORT, GATE_EXPORT },
		{ "dispose", GATE_DISPOSE_REQUEST, GATE_DISPOSE_REQUEST },
		{ "screening.add", GATE_SCREENING_RECORD,
		    GATE_SCREENING_RECORD },
		{ "training.add", GATE_TRAINING_RECORD, GATE_TRAINING_RECORD },
		{ "agreement.add", GATE_AGREEMENT_RECORD,
		    GATE_AGREEMENT_RECORD },
		{ "addendum.sign", GATE_ADDENDUM_SIGN, GATE_ADDENDUM_SIGN },
		{ "person.add", GATE_PERSON_ADD, GATE_PERSON_ADD },
	};
	static const char *const unknown[] = { "", "root", "Administrator",
		"administrator ", "admin", "officers", "LASO",
		"records clerk" };
	enum gate_role role = GATE_AUDITOR;
	enum gate_act act = GATE_CUSTODY;
	enum gate_class class = GATE_CLASS_SEALED;

	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++) {
		CHECK(
		    gate_role_parse(gate_role_name((enum gate_role)r), &role));
		CHECK(role == (enum gate_role)r);
	}
	for (unsigned a = 0; a < GATE_ACT_COUNT; a++) {
		CHECK(gate_act_parse(gate_act_name((enum gate_act)a), &act));
		CHECK(act == (enum gate_act)a);
	}
	for (unsigned c = 0; c < GATE_CLASS_COUNT; c++) {
		CHECK(gate_class_parse(
		    gate_class_name((enum gate_class)c), &class));
		CHECK(class == (enum gate_class)c);
	}
	role = GATE_AUDITOR;
	act = GATE_CUSTODY;
	class = GATE_CLASS_ORDINARY;
	for (size_t i = 0; i < SP_COUNTOF(unknown); i++) {
		CHECK(!gate_role_parse(unknown[i], &role));
		CHECK(!gate_act_parse(unknown[i], &act));
		CHECK(!gate_class_parse(unknown[i], &class));
	}
	CHECK(role == GATE_AUDITOR && act == GATE_CUSTODY);
	CHECK(!gate_role_read("root", &role) && !gate_role_read("", &role));
	CHECK(gate_role_read("Records Clerk", &role));
	CHECK(role == GATE_RECORDS_CLERK);
	CHECK(gate_role_read("LASO", &role) && role == GATE_LASO);
	CHECK(gate_role_read("device", &role) && role == GATE_DEVICE);
	for (size_t i = 0; i < SP_COUNTOF(said); i++) {
		enum gate_act guest;

		CHECK(gate_act_read(said[i].word, &act, &guest));
		CHECK(act == said[i].act && guest == said[i].guest);
	}
	{
		enum gate_act guest = GATE_CUSTODY;

		act = GATE_CUSTODY;
		CHECK(!gate_act_read("root", &act, &guest));
		CHECK(!gate_act_read("", &act, &guest));
		/* No act is a hold's yet. */
		CHECK(!gate_act_read("hold", &act, &guest));
		CHECK(act == GATE_CUSTODY && guest == GATE_CUSTODY);
	}
	/* No word stands twice, and none hides an act's name. */
	{
		enum gate_act of, guest;
		const char *word;

		for (size_t n = 0;
		     (word = gate_act_word(n, &of, &guest)) != NULL; n++) {
			CHECK(gate_act_read(word, &act, &guest) && act == of);
			CHECK(!gate_act_parse(word, &act));
		}
	}
	CHECK(class == GATE_CLASS_ORDINARY);
}

/* The records of people and the gate have the same words: roles that persons
 * can have, and what clearance can say. */
static void
people_have_the_same_words(void)
{
#define X(id, name) name,
	static const char *const roles[] = { PEOPLE_ROLES(X) };
	static const char *const codes[] = { PEOPLE_CODES(X) };
#undef X
	size_t persons = 0;

	for (size_t i = 0; i < SP_COUNTOF(roles); i++) {
		enum gate_role role;

		CHECK(gate_role_parse(roles[i], &role));
		CHECK(gate_role_row(role)->person);
	}
	for (unsigned r = 0; r < GATE_ROLE_COUNT; r++)
		persons += gate_role_row((enum gate_role)r)->person;
	CHECK(persons == SP_COUNTOF(roles));
	for (size_t i = 0; i < SP_COUNTOF(codes); i++) {
		enum gate_clearance clearance;

		CHECK(gate_clearance_parse(codes[i], &clearance));
	}
	CHECK(SP_COUNTOF(codes) == GATE_CLEARANCE_COUNT - 1);
}

static void
the_matrix_as_json(void)
{
	static const char first[] =
	    "{\"acts\":[{\"about\":\"evidence\",\"approves\":null,"
	    "\"class\":\"sealed\",\"cleared\":false,\"destroys\":false,"
	    "\"entry\":null,\"factor\":\"second\",\"founds\":false,\"name\":"
	    "\"evidence.upload\",\"not_self\":false,\"own_only\":[],"
	    "\"persons_only\":false,\"placed\":true,\"roles\":[\"officer\","
	    "\"supervisor\",";
	static const char approval[] =
	    "\"name\":\"lockbox.approve\",\"not_self\":false,\"own_only\":[],"
	    "\"persons_only\":true,\"placed\":false,\"roles\":["
	    "\"custodian\",\"laso\",\"administrator\"],\"said\":[],"
	    "\"said_of_guests\":[],\"site\":false,"
	    "\"ways\":[\"own\"],\"words\":\"approve the provider’s access\"}";
	static const char device[] =
	    "{\"class\":\"ordinary\",\"name\":\"device\",\"person\":false,"
	    "\"realm\":\"machine\",\"token\":true,";
	static const char said[] =
	    "\"said\":[\"export\",\"copy\"],\"said_of_guests\":["
	    "\"download\",\"evidence.download\"],";
	static const char *const has[] = { first, approval, device,
		"\"approves\":\"lockbox.request\",\"class\":null,",
		"\"ways\":[\"lockbox grant\"],", "\"own_only\":[\"device\"],",
		said };
	SP_AUTO_BUF out = sp_buf_new(1 << 18);
	size_t acts = 0;

	gate_role_matrix_json(&out);
	CHECK(sp_buf_ok(&out));
	for (size_t i = 0; i < SP_COUNTOF(has); i++)
		CHECK(strstr(sp_buf_str(&out), has[i]) != NULL);
	for (const char *at = sp_buf_str(&out);
	     (at = strstr(at, "\"about\":")) != NULL; at++)
		acts++;
	CHECK(acts == GATE_ACT_COUNT);
}

static const char *page_path;

static void
the_page_is_current(void)
{
	SP_AUTO_BUF want = sp_buf_new(1 << 18);
	static char got[1 << 18];
	size_t len;
	FILE *f = fopen(page_path, "rbe");

	page_write(&want);
	CHECK(sp_buf_ok(&want));
	CHECK(f != NULL);
	len = fread(got, 1, sizeof(got), f);
	(void)fclose(f);
	if (len != want.len || memcmp(got, want.at, len) != 0)
		tap_fail(__FILE__, __LINE__, page_path,
		    ": not current; make it again with --write");
}

static int
write_page(const char *path)
{
	SP_AUTO_BUF page = sp_buf_new(1 << 18);
	FILE *f = fopen(path, "wbe");
	bool ok;

	page_write(&page);
	ok = f != NULL && sp_buf_ok(&page) &&
	    fwrite(page.at, 1, page.len, f) == page.len;
	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (!ok)
		perror(path);
	return ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "every role may what the sentences say",
		    every_role_may_what_the_sentences_say },
		{ "every act takes what the sentences say",
		    every_act_takes_what_the_sentences_say },
		{ "what reveals is recorded and nothing else",
		    what_reveals_is_recorded_and_nothing_else },
		{ "a device follows its own", a_device_follows_its_own },
		{ "the site may probe media and nothing else",
		    the_site_may_probe_and_nothing_else },
		{ "rows are whole", rows_are_whole },
		{ "tokens carry the five roles they always had",
		    tokens_carry_five_roles },
		{ "every mark has a way", every_mark_has_a_way },
		{ "the provider asks and approves with two roles",
		    the_provider_asks_and_approves_with_two_roles },
		{ "names come back", names_come_back },
		{ "people have the same words", people_have_the_same_words },
		{ "the matrix as JSON", the_matrix_as_json },
		{ "docs/roles.md is current", the_page_is_current },
	};

	if (argc == 3 && is(argv[1], "--write"))
		return write_page(argv[2]);
	CHECK(argc == 2);
	page_path = argv[1];
	return tap_run(cases, SP_COUNTOF(cases));
}
