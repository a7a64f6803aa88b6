#include "client/upload_memory.h"
#include "crypto/provider.h"
#include "scratch.h"

#include <dirent.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ID  "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define SUM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct settings
site_settings(const char *site)
{
	struct settings s = { .site = sp_buf_new(300) };

	sp_buf_text(&s.site, site);
	return s;
}

static void
an_upload_is_remembered_for_this_very_file(void)
{
	SETTINGS_AUTO s = site_settings("https://a.example");
	SETTINGS_AUTO other = site_settings("https://b.example");
	struct stat st;

	scratch_write("clip.mp4", "bytes", 0644);
	CHECK(stat(scratch("clip.mp4"), &st) == 0);
	UPLOAD_AUTO_MEMORY m = client_upload_memory_open(
	    &s, "harbor-pd", scratch("clip.mp4"), &st);

	CHECK(*m.id == '\0' && *m.sha256 == '\0' && m.path.len > 0);
	client_upload_memory_keep(&m, ID, SUM);
	UPLOAD_AUTO_MEMORY again = client_upload_memory_open(
	    &s, "harbor-pd", scratch("./clip.mp4"), &st);

	CHECK(strcmp(again.id, ID) == 0 && strcmp(again.sha256, SUM) == 0);

	/* Another site, agency, file, size, inode or time: nothing known. */
	for (unsigned i = 0; i < 6; i++) {
		struct stat changed = st;

		changed.st_size += i == 0;
		changed.st_ino += i == 1;
		changed.st_mtim.tv_sec += i == 2;
		changed.st_mtim.tv_nsec += i == 3;
		UPLOAD_AUTO_MEMORY none = client_upload_memory_open(
		    i == 4 ? &other : &s, i == 5 ? "mesa-so" : "harbor-pd",
		    scratch("clip.mp4"), &changed);

		CHECK(*none.id == '\0' && *none.sha256 == '\0');
	}
	client_upload_memory_forget(&again);
	UPLOAD_AUTO_MEMORY gone = client_upload_memory_open(
	    &s, "harbor-pd", scratch("clip.mp4"), &st);

	CHECK(*gone.id == '\0');
}

static void
a_damaged_memory_of_an_upload_is_an_empty_one(void)
{
	static const char *const bad[] = { "", "{", "[]", "{}",
		"{\"upload\":\"" ID "\"}", "{\"sha256\":\"" SUM "\"}",
		"{\"upload\":\"../x\",\"sha256\":\"" SUM "\"}",
		"{\"upload\":\"" ID "\",\"sha256\":\"00\"}",
		"{\"upload\":7,\"sha256\":\"" SUM "\"}" };
	SETTINGS_AUTO s = site_settings("https://a.example");
	struct stat st;
	struct sp_err err;

	CHECK(stat(scratch("clip.mp4"), &st) == 0);
	UPLOAD_AUTO_MEMORY m = client_upload_memory_open(
	    &s, "harbor-pd", scratch("clip.mp4"), &st);

	for (size_t i = 0; i < SP_COUNTOF(bad); i++) {
		int fd = open(
		    sp_buf_str(&m.path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

		CHECK(fd >= 0);
		CHECK(write(fd, bad[i], strlen(bad[i])) ==
		    (ssize_t)strlen(bad[i]));
		CHECK(close(fd) == 0);
		UPLOAD_AUTO_MEMORY got = client_upload_memory_open(
		    &s, "harbor-pd", scratch("clip.mp4"), &st);

		CHECK(*got.id == '\0' && *got.sha256 == '\0');
	}
	(void)err;
}

static void
old_memories_are_removed(void)
{
	SETTINGS_AUTO s = site_settings("https://a.example");
	const time_t long_ago = time(NULL) - 31 * (time_t)86400;
	struct timeval then[2] = { { .tv_sec = long_ago },
		{ .tv_sec = long_ago } };
	struct stat st;

	scratch_write("other.mp4", "bytes", 0644);
	CHECK(stat(scratch("clip.mp4"), &st) == 0);
	UPLOAD_AUTO_MEMORY old = client_upload_memory_open(
	    &s, "harbor-pd", scratch("clip.mp4"), &st);
	UPLOAD_AUTO_MEMORY new = client_upload_memory_open(
	    &s, "harbor-pd", scratch("other.mp4"), &st);

	client_upload_memory_keep(&old, ID, SUM);
	client_upload_memory_keep(&new, ID, SUM);
	CHECK(utimes(sp_buf_str(&old.path), then) == 0);
	client_upload_memory_tidy();
	CHECK(access(sp_buf_str(&old.path), F_OK) != 0);
	CHECK(access(sp_buf_str(&new.path), F_OK) == 0);
	CHECK(chmod(sp_buf_str(&new.path), 0600) == 0);
}

static void
without_a_place_nothing_is_remembered_and_nothing_fails(void)
{
	SETTINGS_AUTO s = site_settings("https://a.example");
	struct stat st;

	CHECK(stat(scratch("clip.mp4"), &st) == 0);
	CHECK(setenv("XDG_STATE_HOME", "/proc/nowhere", 1) == 0);
	UPLOAD_AUTO_MEMORY m = client_upload_memory_open(
	    &s, "harbor-pd", scratch("clip.mp4"), &st);

	CHECK(m.path.len == 0 && *m.id == '\0');
	client_upload_memory_keep(&m, ID, SUM);
	client_upload_memory_forget(&m);
	client_upload_memory_tidy();
	CHECK(unsetenv("XDG_STATE_HOME") == 0);
}

int
main(void)
{
	static const struct tap_case cases[] = {
		{ "an upload is remembered for this very file",
		    an_upload_is_remembered_for_this_very_file },
		{ "a damaged memory of an upload is an empty one",
		    a_damaged_memory_of_an_upload_is_an_empty_one },
		{ "old memories are removed", old_memories_are_removed },
		{ "without a place nothing is remembered and nothing fails",
		    without_a_place_nothing_is_remembered_and_nothing_fails },
	};
	struct sp_err err;

	CHECK_OK(crypto_provider_open("", &err), &err);
	scratch_make();
	int code = tap_run(cases, SP_COUNTOF(cases));

	scratch_done();
	return code;
}
