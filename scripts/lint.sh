# ./dev lint [PART...]: what a reviewer should not have to look for.

need "${packages_build[@]}" "${packages_clang[@]}" "${packages_lint[@]}"
need_node

# Who may know whom (ARCHITECTURE.md).  Every room knows base; `crypto` stands
# in a row where it is used.
declare -A knows=(
	[base]=''
	[media]='base'
	[events]='base'
	[edge]='base'
	[errand]='base'
	[crypto]='base'
	[db]='base'
	[ledger]='base crypto db'
	[vault]='base crypto'
	[keeper]='base crypto ledger'
	[people]='base crypto db ledger'
	[roster]='base crypto db ledger people'
	[gate]='base crypto db ledger people'
	[signin]='base crypto db ledger people gate'
	[federation]='base errand crypto db ledger people gate signin'
	[machine]='base crypto db ledger keeper people gate'
	[evidence]='base events crypto db ledger vault keeper people gate signin machine
		federation'
	[grants]='base events crypto db ledger vault keeper people gate signin
		machine evidence'
	[processing]='base media events crypto db ledger vault keeper people gate
		evidence'
	[report]='base ledger gate evidence'
	[bag]='base crypto ledger evidence report'
	[witness]='base edge crypto ledger'
	[vouch]='base errand crypto db ledger evidence witness events'
	[http]='base edge gate evidence'
	[transfer]='base crypto gate evidence processing bag vouch http'
	[entrance]='base edge events crypto db ledger keeper people gate signin errand federation
		machine evidence http'
	[api]='base edge events crypto db ledger vault keeper people roster gate signin machine evidence
		grants processing report bag vouch http transfer entrance'
	[client]='base crypto ledger'
	[dock]='base crypto ledger client'
	[cmd]='base edge errand events media crypto db ledger vault keeper people roster gate signin federation machine
		evidence grants processing
		report bag
		witness vouch http transfer entrance api client dock'
)

c_files() { git ls-files --cached --others --exclude-standard "$@"; }
complain() {
	printf '%s\n' "$*"
	found=$((found + 1))
}

lint_format() {
	local file
	while read -r file; do
		clang-format --dry-run -Werror "$file" >/dev/null 2>&1 ||
			complain "$file: not as clang-format has it (./dev format)"
	done < <(c_files '*.c' '*.h')
}

# Includes point one way, and always name their room.
lint_rooms() {
	local file room line other
	while read -r file; do
		room=${file#src/}
		room=${room%%/*}
		[ -n "${knows[$room]+set}" ] || {
			complain "$file: no such room as '$room'"
			continue
		}
		while IFS=: read -r line other; do
			other=${other#*\"}
			other=${other%%\"*}
			if [[ $other != */* ]]; then
				complain "$file:$line: \"$other\" does not name its room"
				continue
			fi
			other=${other%%/*}
			[[ " $room ${knows[$room]//[[:space:]]/ } " == *" $other "* ]] ||
				complain "$file:$line: $room may not know $other"
		done < <(grep -nE '^#[[:space:]]*include "' "$file")
	done < <(c_files 'src/*.c' 'src/*.h')
}

# One module is one header, one source, one test; ten modules a room.  What
# stands behind another's header (store_fs.c, store_mem.c behind store.h) is
# part of that module.
lint_modules() {
	local room file name whole n
	for room in "${!knows[@]}"; do
		[ "$room" != cmd ] || continue
		n=$(comm -12 <(c_files "src/$room/*.c" | sed 's/c$//' | sort) \
			<(c_files "src/$room/*.h" | sed 's/h$//' | sort) | wc -l)
		[ "$n" -le 10 ] || complain "src/$room: $n modules, a room has at most ten"
		while read -r file; do
			name=$(basename "$file" .c)
			whole=${name%_*}
			[ -f "src/$room/$name.h" ] || [ -f "src/$room/$whole.h" ] ||
				complain "$file: has no header"
			[ -f "tests/unit/$room/${name}_test.c" ] ||
				[ -f "tests/unit/$room/${whole}_test.c" ] ||
				complain "$file: has no tests/unit/$room/${name}_test.c"
		done < <(c_files "src/$room/*.c")
	done
}

lint_functions() {
	c_files 'src/*.c' 'fuzz/*.c' | xargs -r awk '
		FNR == 1 { open = 0 }
		/^[a-z_][a-z0-9_]*\(/ { name = $0; sub(/\(.*/, "", name) }
		/^\{/ { start = FNR; open = 1 }
		/^\}/ && open {
			if (FNR - start - 1 > 60)
				printf "%s:%d: %s is %d lines, at most 60\n",
				    FILENAME, start, name, FNR - start - 1
			open = 0
		}' >"$scratch/long"
	while read -r line; do complain "$line"; done <"$scratch/long"
}

lint_headers() {
	local file flags
	flags=$(pkg-config --cflags libcrypto sqlite3 libmicrohttpd gnutls pangocairo)
	while read -r file; do
		# shellcheck disable=SC2086
		gcc -std=gnu17 -D_GNU_SOURCE -Isrc $flags -Wall -Wextra -Werror \
			-fsyntax-only -x c "$file" 2>"$scratch/header" ||
			complain "$file: does not compile alone: $(head -n 3 "$scratch/header")"
	done < <(c_files 'src/*.h')
}

# What a room exports begins with its name (base: sp_).
lint_names() {
	local library room prefix symbol
	configure_gcc && ninja -C build --quiet
	for library in build/src/*/lib*.a; do
		room=$(basename "$(dirname "$library")")
		prefix="${room}_"
		[ "$room" != base ] || prefix=sp_
		while read -r symbol; do
			[[ $symbol == "$prefix"* ]] ||
				complain "$library: exports $symbol, not $prefix…"
		done < <(nm --defined-only --extern-only "$library" 2>/dev/null |
			awk 'NF == 3 && $2 ~ /[TDBRV]/ { print $3 }' | sort -u)
	done
}

# Functions that are never right here (STYLE in CONTRIBUTING.md).
lint_poisoned() {
	local poisoned='atoi|atol|atoll|strtol|strtoul|strtoll|strtoull|sscanf'
	poisoned+='|strtok|strcpy|strcat|sprintf|vsprintf|gets|alloca|system|popen'
	local line
	while read -r line; do
		complain "$line"
	done < <(c_files 'src/*.c' 'src/*.h' | xargs -r grep -nE \
		"(^|[^a-zA-Z0-9_.>])($poisoned)\(" |
		grep -vE ':[0-9]+:[[:space:]]*(/?\*|#pragma GCC poison)')
}

lint_tidy() {
	local file
	CC=clang configure build-lint
	# Sources that the build generates must be there to be read.
	ninja -C build-lint --quiet >"$scratch/build" 2>&1 || cat "$scratch/build"
	c_files 'src/*.c' 'tests/unit/*.c' 'fuzz/*.c' | grep -v '/replay\.c$' |
		xargs -P "$(nproc)" -I{} sh -c \
			'clang-tidy --quiet -p build-lint "$1" >"$2/$(echo "$1" | tr / _).tidy" 2>/dev/null ||
			echo "$1" >>"$2/untidy"' _ {} "$scratch"
	[ ! -s "$scratch/untidy" ] || while read -r file; do
		grep -hE '(error|warning):' "$scratch/$(echo "$file" | tr / _).tidy" | head -n 20
		complain "$file: clang-tidy complains"
	done <"$scratch/untidy"
}

lint_scripts() {
	local file
	shellcheck -s bash -e SC1090,SC1091,SC2016,SC2034,SC2154 dev .ci/run scripts/*.sh >"$scratch/shell" ||
		complain "$(cat "$scratch/shell")"
	while read -r file; do
		node --check "$file" 2>"$scratch/node" ||
			complain "$file: $(head -n 3 "$scratch/node")"
	done < <(c_files '*.mjs')
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
parts=("$@")
[ ${#parts[@]} -gt 0 ] ||
	parts=(format rooms modules functions headers names poisoned scripts tidy)
wrong=0
for part in "${parts[@]}"; do
	declare -F "lint_$part" >/dev/null || die "lint: no part named '$part'"
	found=0
	"lint_$part"
	if [ "$found" -eq 0 ]; then good "$part: clean"; else bad "$part: $found"; fi
	wrong=$((wrong + found))
done
[ "$wrong" -eq 0 ]
