/* Before ours: it has macros for functions that base.h poisons. */
#include <pango/pangofc-fontmap.h>

#include "report/fonts.h"

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIR "/usr/share/fonts/"

/*
 * Where Debian's packages put them.  cairo keeps ten files open at most, and
 * closes one of them for an eleventh: there must not be one.
 */
static const struct file {
	const char *path;
	const char *family;
	bool needed;
} files[] = {
	{ DIR "truetype/liberation/LiberationSerif-Regular.ttf", REPORT_SERIF,
	    true },
	{ DIR "truetype/liberation/LiberationSans-Regular.ttf", REPORT_SANS,
	    true },
	{ DIR "truetype/liberation/LiberationSans-Bold.ttf", REPORT_SANS,
	    true },
	{ DIR "truetype/liberation/LiberationMono-Regular.ttf", REPORT_MONO,
	    true },
	{ DIR "truetype/dejavu/DejaVuSans.ttf", "DejaVu Sans", false },
	{ DIR "truetype/freefont/FreeSerif.ttf", "FreeSerif", false },
	{ DIR "truetype/droid/DroidSansFallbackFull.ttf", "Droid Sans Fallback",
	    false },
	{ DIR "opentype/unifont/unifont.otf", "Unifont", false },
	{ DIR "opentype/unifont/unifont_upper.otf", "Unifont Upper", false },
};
#define CAIRO_OPEN_FILES 10
_Static_assert(SP_COUNTOF(files) < CAIRO_OPEN_FILES, "all stay open");

struct report_fonts {
	FcConfig *config;
	FcCharSet *chars; /* of all */
	PangoFontMap *map;
	size_t there;
};

void
report_fonts_free(struct report_fonts *f)
{
	if (f == NULL)
		return;
	if (f->map != NULL)
		g_object_unref(f->map);
	if (f->chars != NULL)
		FcCharSetDestroy(f->chars);
	if (f->config != NULL)
		FcConfigDestroy(f->config);
	free(f);
}

static enum sp_code
no_memory(struct sp_err *err)
{
	return sp_fail(err, SP_E_NOMEM, "no memory for fonts");
}

static enum sp_code
add_file(struct report_fonts *f, const struct file *file, struct sp_err *err)
{
	/* Where it is missing, its characters are told as numbers. */
	if (access(file->path, R_OK) == 0 &&
	    FcConfigAppFontAddFile(f->config, (const FcChar8 *)file->path) ==
		FcTrue) {
		f->there++;
		return SP_OK;
	}
	if (!file->needed)
		return SP_OK;
	return sp_fail_as(
	    err, SP_E_UNAVAIL, "report.fonts", "no font at %s", file->path);
}

/* What all of them together can show. */
static enum sp_code
add_characters(struct report_fonts *f, struct sp_err *err)
{
	const FcFontSet *set = FcConfigGetFonts(f->config, FcSetApplication);

	f->chars = FcCharSetCreate();
	if (f->chars == NULL || set == NULL)
		return no_memory(err);
	for (int i = 0; i < set->nfont; i++) {
		FcCharSet *chars = NULL;

		if (FcPatternGetCharSet(set->fonts[i], FC_CHARSET, 0, &chars) !=
			FcResultMatch ||
		    FcCharSetMerge(f->chars, chars, NULL) != FcTrue)
			return no_memory(err);
	}
	return SP_OK;
}

static enum sp_code
open_map(struct report_fonts *f, struct sp_err *err)
{
	f->map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
	if (f->map == NULL)
		return sp_fail_as(err, SP_E_UNAVAIL, "report.fonts",
		    "cairo was built without FreeType");
	pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(f->map), f->config);
	pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(f->map), 72.0);
	return SP_OK;
}

PangoContext *
report_fonts_context(struct report_fonts *f)
{
	PangoContext *c = pango_font_map_create_context(f->map);
	cairo_font_options_t *o = cairo_font_options_create();

	cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
	cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
	pango_cairo_context_set_font_options(c, o);
	cairo_font_options_destroy(o);
	pango_context_set_round_glyph_positions(c, FALSE);
	pango_context_set_base_dir(c, PANGO_DIRECTION_LTR);
	pango_context_set_language(c, pango_language_from_string("en-us"));
	return c;
}

/* One glyph of each file, in ink: then it is open, for shaping and drawing. */
static void
open_file(PangoContext *c, const struct file *file, cairo_t *cr)
{
	PangoFontDescription *d = pango_font_description_new();
	PangoLayout *layout = pango_layout_new(c);

	pango_font_description_set_family(d, file->family);
	if (strstr(file->path, "-Bold") != NULL)
		pango_font_description_set_weight(d, PANGO_WEIGHT_BOLD);
	pango_font_description_set_absolute_size(d, 10.0 * PANGO_SCALE);
	pango_layout_set_font_description(layout, d);
	/* The upper half of Unifont has no letter, but this ideogram. */
	pango_layout_set_text(
	    layout, strstr(file->path, "upper") != NULL ? "🀀" : "a一", -1);
	pango_cairo_show_layout(cr, layout);
	g_object_unref(layout);
	pango_font_description_free(d);
}

static cairo_status_t
discard(void *arg, const unsigned char *bytes, unsigned len)
{
	(void)arg;
	(void)bytes;
	(void)len;
	return CAIRO_STATUS_SUCCESS;
}

/* Onto a page that goes nowhere; its end has the glyphs read. */
static enum sp_code
open_files(struct report_fonts *f, struct sp_err *err)
{
	cairo_surface_t *page =
	    cairo_pdf_surface_create_for_stream(discard, NULL, 100.0, 100.0);
	cairo_t *cr = cairo_create(page);
	PangoContext *c = report_fonts_context(f);
	cairo_status_t status;

	for (size_t i = 0; i < SP_COUNTOF(files); i++)
		open_file(c, &files[i], cr);
	cairo_surface_finish(page);
	status = cairo_surface_status(page);
	g_object_unref(c);
	cairo_destroy(cr);
	cairo_surface_destroy(page);
	return status == CAIRO_STATUS_SUCCESS
	    ? SP_OK
	    : sp_fail_as(err, SP_E_UNAVAIL, "report.fonts",
		  "the fonts cannot be used: %s",
		  cairo_status_to_string(status));
}

static enum sp_code
open_all(struct report_fonts *f, struct sp_err *err)
{
	for (size_t i = 0; i < SP_COUNTOF(files); i++)
		SP_TRY(add_file(f, &files[i], err));
	SP_TRY(add_characters(f, err));
	/* Else pango has the system's configuration read, and its caches. */
	if (FcConfigSetCurrent(f->config) != FcTrue)
		return no_memory(err);
	SP_TRY(open_map(f, err));
	return open_files(f, err);
}

enum sp_code
report_fonts_open(struct report_fonts **out, struct sp_err *err)
{
	REPORT_AUTO_FONTS f = calloc(1, sizeof(*f));

	if (f == NULL)
		return no_memory(err);
	f->config = FcConfigCreate();
	if (f->config == NULL)
		return no_memory(err);
	SP_TRY(open_all(f, err));
	*out = SP_STEAL(f);
	return SP_OK;
}

size_t
report_fonts_there(const struct report_fonts *f, size_t *all)
{
	*all = SP_COUNTOF(files);
	return f->there;
}

bool
report_fonts_have(const struct report_fonts *f, uint32_t c)
{
	return FcCharSetHasChar(f->chars, c) == FcTrue;
}

static bool
have(const void *arg, uint32_t c)
{
	return report_fonts_have(arg, c);
}

struct report_text_rule
report_fonts_rule(const struct report_fonts *f)
{
	return (struct report_text_rule){ have, f };
}
