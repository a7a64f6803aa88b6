# ./dev bench ingest|read|slow|idle|verify|growth|ledger|seal|policy|page [OPTION...]
#
# Peers and ours run in the same minutes on the same machine; trust the
# ratios.  Each has its quantities as options (the head of bench/<name>.mjs);
# --json prints figures, --write puts the table into docs/performance.md.

need "${packages_build[@]}" "${packages_bench[@]}"
need_node

what=${1-}
[ $# -eq 0 ] || shift
CC=gcc configure build-bench --werror -Dbench=true
case $what in
ingest)
	[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
		note "Node $(node --version): @tus/server asks for 20.19 or newer"
	npm_packages bench
	ninja -C build-bench --quiet "${programs[@]}" bench/seal_bench
	;;
read | slow)
	need unzip openssl
	ninja -C build-bench --quiet "${programs[@]}"
	;;
idle)
	need openssl
	ninja -C build-bench --quiet "${programs[@]}" bench/idle_bench
	;;
verify | growth)
	need unzip
	ninja -C build-bench --quiet "${programs[@]}" bench/fill
	;;
page)
	need chromium procps
	npm_packages tests/system
	ninja -C build-bench --quiet "${programs[@]}"
	;;
ledger | seal | policy) ninja -C build-bench --quiet "bench/${what}_bench" ;;
*) die "bench: ingest, read, slow, idle, verify, growth, ledger, seal, policy or page" ;;
esac
exec node "bench/$what.mjs" build-bench "$@"
