# ./dev run [--once]: a site with two agencies, the whole path with proofs.
#
# The tour itself is scripts/tour.sh.  The site lies in build/run, made
# afresh each time.

need "${packages_build[@]}" "${packages_run[@]}"
[ -d ../shared/data ] || need "${packages_clip[@]}"
configure_gcc
if [ -t 1 ]; then
	ninja -C build "${programs[@]}"
else
	ninja -C build --quiet "${programs[@]}"
fi
exec scripts/tour.sh "$@"
