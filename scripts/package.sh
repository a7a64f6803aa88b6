# ./dev package: the Debian packages, into build-package/
#
# dpkg-buildpackage wants debian/ at the top of a source tree: one is laid out
# from what git knows, with packaging/debian in its place.

need "${packages_build[@]}" "${packages_package[@]}"

version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" meson.build)
tree=build-package/sallyport-$version
rm -rf build-package
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard |
	tar --null --files-from=- --create | tar --extract --directory="$tree"
cp -R packaging/debian "$tree/debian"
# verify.html and the sign-in page are made with them; packages are built without a network.
need_node
for page in web/verify web/signin; do
	npm_packages "$page"
	cp -R "$page/node_modules" "$tree/$page/node_modules"
done
(
	cd "$tree"
	dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary </dev/null
) >build-package/build.log 2>&1 || {
	tail -n 40 build-package/build.log
	die "package: see build-package/build.log"
}
lintian --fail-on error build-package/*.changes ||
	die "package: lintian found errors"
for package in build-package/*.deb; do
	good "$package"
	dpkg-deb --contents "$package" | awk '{ print "  " $6 }' | grep -v '/$'
done
