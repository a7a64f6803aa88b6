#include "api/routes.h"

#include "api/events.h"
#include "api/evidence.h"
#include "api/lockbox.h"
#include "api/log.h"
#include "api/ops.h"
#include "api/people.h"
#include "api/share.h"
#include "entrance/device.h"
#include "entrance/machine.h"
#include "entrance/recovery.h"
#include "entrance/signin.h"
#include "entrance/token.h"
#include "transfer/content.h"
#include "transfer/export.h"
#include "transfer/tus.h"

/* A new topic is a line here, with what it is about. */
static const struct http_topic *const topics[] = {
	&transfer_tus_topic,            /* uploads */
	&transfer_content_topic,        /* evidence/{id}/content, poster.jpg */
	&transfer_export_topic,         /* exports */
	&api_evidence_topic,            /* evidence */
	&api_events_topic,              /* events */
	&entrance_signin_topic,         /* signin, session/renew */
	&entrance_signin_passkey_topic, /* signin/passkey, signin/passkey/… */
	&entrance_session_topic,     /* session, sessions, password, factors */
	&entrance_recovery_topic,    /* recovery */
	&entrance_signin_page_topic, /* /signin/{agency} */
	&entrance_machine_topic,     /* services, oauth/token */
	&entrance_signin_oidc_topic, /* signin/oidc */
	&entrance_signin_provider_topic, /* providers */
	&entrance_device_topic,          /* devices */
	&entrance_token_topic,           /* tokens, /v1/token */
	&api_people_topic,               /* persons */
	&api_people_sealed_topic,        /* sealed */
	&api_people_record_topic,        /* clearance, screenings, trainings */
	&api_people_signature_topic,     /* signatures, documents */
	&api_people_agreement_topic,     /* agreements */
	&api_people_policy_topic,        /* rules, roles */
	&api_people_roster_topic,        /* roster */
	&api_people_explain_topic,       /* explain */
	&api_share_topic,                /* shares */
	&api_share_guest_topic,          /* shares/{share}/evidence */
	&api_share_group_topic,          /* groups */
	&api_lockbox_topic,              /* lockbox */
	&api_lockbox_guest_topic,        /* lockbox/{request}/evidence */
	&api_log_topic,                  /* log */
	&api_ops_topic, /* /healthz, /readyz, /metrics, openapi.json */
};

const struct http_routes api_routes = { topics, SP_COUNTOF(topics) };
