#include "report/dossier.h"
#include "report/words.h"

#include <string.h>

/* A request to the press, as a job reads it: frames, items, entries, and each
 * entry's words.  (What is then set is text that report_text_show made.) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing that changes what stands beside it is shown. */
static void
check_shown(const struct sp_buf *shown)
{
	SP_REQUIRE(sp_buf_ok(shown));
	for (size_t i = 0; i < shown->len; i++)
		SP_REQUIRE(shown->at[i] >= 0x20 && shown->at[i] != 0x7f);
}

static void
tell(const struct report_dossier *d, const struct report_entry *entry)
{
	static const struct report_text_rule everything = { NULL, NULL };
	SP_AUTO_BUF shown = sp_buf_new((size_t)1 << 20);
	REPORT_AUTO_EVENT e = { .json = NULL };
	struct sp_err err;

	SP_REQUIRE(entry->index < d->size);
	if (report_event_read(&e, entry, &err) != SP_OK)
		return;
	(void)report_words_time(e.at);
	SP_REQUIRE(report_words_act(e.act)[0] != '\0');
	report_words_detail(&e, &everything, &shown);
	check_shown(&shown);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	REPORT_AUTO_DOSSIER d = { .items = 0 };
	struct sp_err err = { .code = SP_OK };

	if (report_dossier_read(&d, data, size, &err) != SP_OK) {
		SP_REQUIRE(d.head == NULL && d.items == 0 && d.entries == 0);
		SP_REQUIRE(err.code != SP_OK && err.text[0] != '\0');
		return 0;
	}
	SP_REQUIRE(d.items > 0 && d.items <= REPORT_ITEMS_MAX);
	SP_REQUIRE(d.entries > 0 && d.entries <= REPORT_ENTRIES_MAX);
	for (size_t i = 0; i < d.items; i++)
		SP_REQUIRE(report_dossier_sealing(&d, &d.item[i]) != NULL);
	for (size_t i = 0; i < d.entries; i++)
		tell(&d, &d.entry[i]);
	return 0;
}
