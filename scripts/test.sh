# ./dev test [PART...]: unit web asan tsan system; all of them without PART.
#
# A part that fails does not stop the next.  Each writes its log into its
# build folder; tally.mjs counts every TAP line of every test program and
# prints the last line, "N passed, N failed".

need "${packages_build[@]}"
need_node

export ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
export TSAN_OPTIONS=suppressions=$PWD/tests/tsan.supp:halt_on_error=1:second_deadlock_stack=1

# Rooms with threads of their own, or whose locks the threads of others take.
tsan_rooms="edge|db|events|ledger|vault|keeper|gate_gate|gate_once|gate_ongoing|gate_token|evidence|processing|witness|vouch|http|transfer|api_events|dock_dock|dock_send|dock_watch"
# System tests worth running again under ASan: they move bytes and meet
# hostile input, and preload no libraries of their own.
asan_system=(tus protocol reading keeper media)

results=()

# step LOG NAME COMMAND...: run, say how it went and how long it took.
step() {
	local log=$1 name=$2 began=$SECONDS
	shift 2
	mkdir -p "$(dirname "$log")"
	if "$@" >"$log" 2>&1 </dev/null; then
		good "  $name ($((SECONDS - began)) s)"
	else
		bad "  $name: failed ($((SECONDS - began)) s), see $log"
		return 1
	fi
}

# built FOLDER CONFIGURE [TARGET...]: a build that fails counts as a failed
# test; what could be built is tested all the same.
built() {
	local folder=$1 configure=$2
	shift 2
	if ! "$configure"; then
		results+=("failed:$folder:its configuration")
		return 1
	fi
	if ! step "$folder/test-logs/build.log" "build $folder" \
		ninja -k 0 -C "$folder" --quiet "$@"; then
		grep -E ' (error|warning): |undefined reference' "$folder/test-logs/build.log" | head -n 20
		results+=("failed:$folder:the build")
	fi
}

# unit FOLDER TIMES [TEST...]: what meson knows as tests.
unit() {
	local folder=$1 times=$2
	shift 2
	rm -f "$folder/meson-logs/testlog.json"
	step "$folder/test-logs/unit.log" "tests of $folder" \
		meson test -C "$folder" --no-rebuild --num-processes 3 \
		--timeout-multiplier "$times" "$@" || true
	results+=("meson:$folder:$folder/meson-logs/testlog.json")
}

# system FOLDER FILE...: whole-system tests of the program in FOLDER.
system() {
	local folder=$1
	shift
	rm -rf "$folder/test-logs/system"
	node scripts/system.mjs "$folder" "$@" </dev/null || true
	results+=("tap:$folder:$folder/test-logs/system")
}

part_unit() {
	say "modules: gcc"
	need "${packages_clip[@]}" "${packages_pdf[@]}"
	if built build configure_gcc; then
		unit build 1
	fi
}

part_web() {
	local page
	say "verify.html and the sign-in page: types, modules"
	need_node
	rm -rf build/test-logs/web
	for page in verify signin; do
		npm_packages "web/$page"
		step "build/test-logs/types-$page.log" "types: $page" \
			npm --prefix "web/$page" --silent run types ||
			results+=("failed:web:types")
		step "build/test-logs/web-$page.log" "modules: $page" \
			node "web/$page/test.mjs" --tap "build/test-logs/web/$page" || true
		results+=("tap:web:build/test-logs/web/$page")
	done
}

part_asan() {
	say "modules and fuzz corpora: clang with ASan and UBSan"
	need "${packages_clang[@]}" "${packages_clip[@]}" "${packages_pdf[@]}"
	if built build-asan configure_asan; then
		unit build-asan 4
	fi
}

part_tsan() {
	local tests programs
	say "modules with threads: clang with TSan"
	need "${packages_clang[@]}"
	configure_tsan || true
	mapfile -t tests < <(meson introspect --tests build-tsan |
		node scripts/select.mjs names "$tsan_rooms")
	mapfile -t programs < <(meson introspect --tests build-tsan |
		node scripts/select.mjs programs "$tsan_rooms" build-tsan)
	if built build-tsan configure_tsan "${programs[@]}"; then
		unit build-tsan 8 "${tests[@]}"
	fi
}

part_system() {
	local file name under_asan=()
	say "the whole program: real clients"
	need "${packages_system[@]}" "${packages_pdf[@]}" "${packages_bench[@]}"
	need "${packages_clip[@]}"
	npm_packages tests/system
	built build configure_gcc || return 0
	system build tests/system/*.test.mjs
	if [ -x build-asan/sallyport ]; then
		for name in "${asan_system[@]}"; do
			file=tests/system/$name.test.mjs
			[ ! -f "$file" ] || under_asan+=("$file")
		done
		note "  again under ASan: ${asan_system[*]}"
		system build-asan "${under_asan[@]}"
	fi
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(unit web asan tsan system)
for part in "${parts[@]}"; do
	declare -F "part_$part" >/dev/null || die "test: no part named '$part'"
	"part_$part" || results+=("failed:$part:the part itself")
done
note "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
exec node scripts/tally.mjs "${results[@]}"
