# ./dev fuzz [SECONDS] [NAME]: libFuzzer on every harness, or on one.
#
# What it finds grows in build-fuzz/corpus/NAME; a crash is left in
# build-fuzz/crashes and ends the run with status 1.

need "${packages_build[@]}" "${packages_clang[@]}"

seconds=30
case ${1-} in
'' | *[!0-9]*) ;;
*)
	seconds=$1
	shift
	;;
esac
only=${1-}

CC=clang configure build-fuzz -Dfuzz=true -Db_lundef=false \
	-Db_sanitize=address,undefined -Dc_args=-fsanitize=fuzzer-no-link
if [ -n "$only" ]; then
	ninja -C build-fuzz --quiet "fuzz/fuzz_$only"
else
	ninja -C build-fuzz --quiet
fi

status=0
mkdir -p build-fuzz/crashes
for program in build-fuzz/fuzz/fuzz_${only:-*}; do
	if [ ! -f "$program" ] || [ ! -x "$program" ]; then continue; fi
	name=${program##*/fuzz_}
	mkdir -p "build-fuzz/corpus/$name"
	if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="build-fuzz/crashes/$name-" \
		"build-fuzz/corpus/$name" "fuzz/corpus/$name" \
		>"build-fuzz/$name.log" 2>&1 </dev/null; then
		runs=$(awk '/number_of_executed_units/ { print $2 }' "build-fuzz/$name.log")
		good "$name: $runs runs, nothing found"
	else
		bad "$name: see build-fuzz/$name.log"
		tail -n 20 "build-fuzz/$name.log"
		status=1
	fi
done
exit "$status"
