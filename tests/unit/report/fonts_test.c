#include "report/fonts.h"

#include "report/report_fixture.h"

#include <pango/pangocairo.h>

static struct report_fonts *fonts;

static void
all_of_the_list_are_there(void)
{
	size_t all = 0;

	CHECK(report_fonts_there(fonts, &all) == all && all == 9);
}

static void
they_have_what_people_write(void)
{
	static const char *const samples[] = { "abcXYZ019", "ÄÖÜßéñøåžğ",
		"Ελληνικά", "Русский", "עברית", "العربية", "हिन्दी", "বাংলা",
		"தமிழ்", "ไทย", "한국어", "日本語かな", "中文汉字", "ქართული",
		"Հայերեն", "አማርኛ", "😀🚓🚨", "␀␛", "←→⇒", "☐☑", "‹›“”–—…·§" };
	const struct report_text_rule rule = report_fonts_rule(fonts);

	for (size_t i = 0; i < SP_COUNTOF(samples); i++)
		for (size_t at = 0; at < strlen(samples[i]);) {
			gunichar c = g_utf8_get_char(samples[i] + at);

			if (!rule.have(rule.arg, c))
				tap_fail(__FILE__, __LINE__, "nothing has ",
				    samples[i] + at);
			at += (size_t)g_unichar_to_utf8(c, NULL);
		}
	CHECK(!report_fonts_have(fonts, 0x10FFFF));
	CHECK(!report_fonts_have(fonts, 0xE000));
}

/* pango finds a glyph for each: none is drawn as a box. */
static void
they_are_found(void)
{
	static const char *const samples[] = { "Sallyport", "שלום", "مرحبا",
		"नमस्ते", "漢字", "😀", "ᚠᚢᚦ" };
	PangoContext *c = report_fonts_context(fonts);
	PangoLayout *layout = pango_layout_new(c);
	PangoFontDescription *d = pango_font_description_new();

	pango_font_description_set_family(d, REPORT_SANS "," REPORT_OTHERS);
	pango_font_description_set_absolute_size(d, 10.0 * PANGO_SCALE);
	pango_layout_set_font_description(layout, d);
	for (size_t i = 0; i < SP_COUNTOF(samples); i++) {
		pango_layout_set_text(layout, samples[i], -1);
		CHECK(pango_layout_get_unknown_glyphs_count(layout) == 0);
	}
	pango_font_description_free(d);
	g_object_unref(layout);
	g_object_unref(c);
}

static void
widths_are_the_fonts_own(void)
{
	PangoContext *c = report_fonts_context(fonts);
	PangoLayout *layout = pango_layout_new(c);
	PangoFontDescription *d = pango_font_description_new();
	int narrow = 0, wide = 0;

	pango_font_description_set_family(d, REPORT_MONO);
	pango_font_description_set_absolute_size(d, 10.0 * PANGO_SCALE);
	pango_layout_set_font_description(layout, d);
	pango_layout_set_text(layout, "iiiiiiiiii", -1);
	pango_layout_get_size(layout, &narrow, NULL);
	pango_layout_set_text(layout, "WWWWWWWWWW", -1);
	pango_layout_get_size(layout, &wide, NULL);
	/* 10 of 0.6 em, in points, not rounded to pixels */
	CHECK(narrow == wide);
	CHECK(narrow > 60 * PANGO_SCALE - PANGO_SCALE / 2 &&
	    narrow < 60 * PANGO_SCALE + PANGO_SCALE / 2);
	pango_font_description_free(d);
	g_object_unref(layout);
	g_object_unref(c);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "all of the list are there", all_of_the_list_are_there },
		{ "they have what people write", they_have_what_people_write },
		{ "they are found", they_are_found },
		{ "widths are the fonts' own", widths_are_the_fonts_own },
	};
	struct sp_err err;
	int status;

	CHECK_OK(report_fonts_open(&fonts, &err), &err);
	status = tap_run(cases, SP_COUNTOF(cases));
	report_fonts_free(fonts);
	return status;
}
