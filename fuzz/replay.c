/*
 * Runs a fuzz harness over its corpus as a test: every file as it is, every
 * prefix of the short ones, and each of those with one byte changed.  A crash
 * is the failure; sanitizers see the rest.
 *
 * usage: fuzz_NAME_replay CORPUS-FOLDER     (TAP on stdout)
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	INPUT_MAX = 4 << 20,
	PREFIXES_MAX = 1024, /* longer inputs are not cut */
	NAMES_MAX = 10000,
};

/* A copy of exactly `size` bytes, so that a read past the end is seen. */
static void
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_cut_and_changed(uint8_t *data, size_t size)
{
	if (size > PREFIXES_MAX)
		return;
	for (size_t n = 0; n < size; n++)
		run(data, n);
	for (size_t i = 0; i < size; i++) {
		uint8_t was = data[i];

		data[i] = (uint8_t)(was ^ (1u << (i % 8)));
		run(data, size);
		data[i] = was;
	}
}

static size_t
load(const char *dir, const char *name, uint8_t *out)
{
	char path[4096];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "rbe");
	if (f == NULL) {
		printf("Bail out! cannot open %s\n", path);
		exit(1);
	}
	n = fread(out, 1, INPUT_MAX, f);
	(void)fclose(f);
	return n;
}

static int
seed(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	static uint8_t input[INPUT_MAX];
	struct dirent **name;
	int n;

	if (argc != 2)
		return 2;
	n = scandir(argv[1], &name, seed, alphasort);
	if (n <= 0 || n > NAMES_MAX) {
		printf("1..1\nnot ok 1 - no seeds in %s\n", argv[1]);
		return 1;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		size_t size = load(argv[1], name[i]->d_name, input);

		run(input, size);
		run_cut_and_changed(input, size);
		printf("ok %d - %s\n", i + 1, name[i]->d_name);
		(void)fflush(stdout);
		free(name[i]);
	}
	free(name);
	return 0;
}
