#ifndef PEOPLE_ADDENDUM_H
#define PEOPLE_ADDENDUM_H

#include "crypto/digest.h"
#include "people/person.h"

/*
 * What persons and companies sign before they see anything: contractors the
 * FBI's Security Addendum (company and each person, 28 CFR 20.33(a)(7)), all
 * others the agency's terms of access (PS-6, PL-4).
 *
 * A signature is electronic: the exact statement that was agreed to (canonical
 * JSON: who, when, from where, the words, the SHA-256 of the document, how the
 * signer was known) is kept in the row, and its SHA-256 is in the ledger.  The
 * agency may keep the documents themselves here; one that was signed never
 * changes.
 */
#define PEOPLE_DOCUMENT_MAX   ((size_t)1 << 20)
#define PEOPLE_DOCUMENT_TITLE 200
#define PEOPLE_SIGNER         200
#define PEOPLE_STATEMENT_MAX  ((size_t)8192)
/* Signatures that are kept: of one person, and of all companies. */
#define PEOPLE_SIGNATURES_MAX       1024
#define PEOPLE_SIGNATURES_COMPANIES 4096

#define PEOPLE_DOCUMENTS(X)                                                    \
	X(PEOPLE_SECURITY_ADDENDUM, "security-addendum")                       \
	X(PEOPLE_ACCESS_TERMS, "access-terms")

enum people_document {
#define X(id, name) id,
	PEOPLE_DOCUMENTS(X)
#undef X
	    PEOPLE_DOCUMENT_COUNT
};
const char *people_document_name(enum people_document document);
bool people_document_parse(
    const char *s, enum people_document *out) SP_MUST_USE;
/* The one that this person has to sign.  People of the provider's house are
 * contractors to all whose evidence they may come to. */
enum people_document people_document_for(
    enum people_kind kind, const struct people_rules *rules);

/* Keep a document: plain UTF-8 text.  The last one of a kind is what is signed
 * from then on.  Entry "addendum.document" (kind, sha256). */
struct people_document_new {
	const char *kind, *version, *title, *text;
};
enum sp_code people_addendum_document(const struct people_act *a,
    const struct people_document_new *n,
    uint8_t sha256[static CRYPTO_SHA256_LEN], struct sp_err *err) SP_MUST_USE;

/* The document that is signed now, and the words of a signature:
 * {"kind":…,"recorded":…,"sha256":…,"text":…,"title":…,"version":…,"words":…};
 * without a document of the agency's only kind and words. */
enum sp_code people_addendum_document_json(struct sp_json *j, const char *name,
    struct db *db, enum people_document kind, struct sp_err *err) SP_MUST_USE;

struct people_signature {
	struct sp_id id;
	enum people_document document;
	people_day signed_on;
	people_day expires; /* NONE: by rule */
	sp_time recorded;
};

/* Exactly one of person and company.  A person who signs by an account of
 * their own signs electronically; what somebody else enters was signed on
 * paper, and the entry says so. */
struct people_addendum_new {
	const struct sp_id *person;
	const char *company; /* as persons' `employer` has it */
	const char *signer;  /* who signed for the company; of a person: NULL */
	const char *signed_on; /* NULL: today; by oneself only today */
	const char *expires;   /* NULL: by rule */
};
/* SP_E_INVALID, reason "addendum.<field>".  Entry "addendum.signed" (kind,
 * method electronic or paper, record, sha256 of the statement); its object is
 * the person, for a company the record. */
enum sp_code people_addendum_sign(const struct people_act *a,
    const struct people_addendum_new *n, struct sp_id *id,
    struct sp_err *err) SP_MUST_USE;

/* Of each document (at its index), the signature that holds longest. */
enum sp_code people_addendum_of(struct db *db, const struct sp_id *person,
    const struct people_rules *rules,
    struct people_signature out[static PEOPLE_DOCUMENT_COUNT],
    bool has[static PEOPLE_DOCUMENT_COUNT], struct sp_err *err) SP_MUST_USE;
/* The company's, under the Security Addendum. */
enum sp_code people_addendum_of_company(struct db *db, const char *company,
    const struct people_rules *rules, struct people_signature *out, bool *found,
    struct sp_err *err) SP_MUST_USE;
people_day people_addendum_until(
    const struct people_signature *s, const struct people_rules *rules);
/* The statement as it was signed; SP_E_NOTFOUND. */
enum sp_code people_addendum_statement(struct db *db, const struct sp_id *id,
    struct sp_buf *out, struct sp_err *err) SP_MUST_USE;

enum sp_code people_addendum_json(struct sp_json *j, const char *name,
    struct db *db, const struct sp_id *person, const struct people_rules *rules,
    struct sp_err *err) SP_MUST_USE;
/* Those of companies, with company and signer. */
enum sp_code people_addendum_companies_json(struct sp_json *j, const char *name,
    struct db *db, const struct people_rules *rules,
    struct sp_err *err) SP_MUST_USE;

#endif
