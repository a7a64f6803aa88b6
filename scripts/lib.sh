# Shared by all of ./dev: saying, installing, building.  Sourced, never run.

# -- saying ---------------------------------------------------------------

if [ -t 1 ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi

say() { printf '%s\n' "${bold}$*${plain}"; }
note() { printf '%s\n' "${dim}$*${plain}"; }
good() { printf '%s\n' "${green}$*${plain}"; }
bad() { printf '%s\n' "${red}$*${plain}"; }
die() {
	printf '%s\n' "${red}./dev: $*${plain}" >&2
	exit 1
}

# What a site is made of: the program, and the two that it runs.
programs=(sallyport sallyport-media sallyport-press)

# -- installing: one list for each purpose, Debian 12 names ----------------
# "a|b": either will do, a is what gets installed.

# What reports are set in (src/report/fonts.c).
packages_fonts=(fonts-liberation fonts-dejavu-core fonts-freefont-ttf
	fonts-droid-fallback fonts-unifont)
packages_build=(gcc libc6-dev meson ninja-build pkg-config libssl-dev
	libsqlite3-dev libseccomp-dev libjansson-dev libcsv-dev libcjose-dev libarchive-dev
	'libcurl4-gnutls-dev|libcurl4-openssl-dev' libmicrohttpd-dev
	libgnutls28-dev libfido2-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
	libcairo2-dev libpango1.0-dev "${packages_fonts[@]}")
packages_clang=(clang libclang-rt-14-dev lld llvm)
packages_system=(ca-certificates curl openssl unzip sqlite3 procps util-linux
	chromium mandoc)
packages_clip=(ffmpeg)
packages_pdf=(poppler-utils qpdf)
packages_run=(ca-certificates curl openssl unzip procps)
packages_lint=(clang-format clang-tidy binutils shellcheck)
packages_bench=(nginx-light curl ca-certificates procps util-linux
	'libcurl4-gnutls-dev|libcurl4-openssl-dev')
packages_package=(dpkg-dev debhelper fakeroot lintian nodejs)

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "must be root or have sudo to run: $*"
	fi
}

package_there() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need PACKAGE...: apt is asked only when something is missing.
need() {
	local entry name missing=()
	for entry in "$@"; do
		for name in ${entry//|/ }; do
			package_there "$name" && continue 2
		done
		missing+=("${entry%%|*}")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		die "install these first (this is not Debian): ${missing[*]}"
	note "installing ${missing[*]}"
	as_root apt-get -qq update </dev/null >/dev/null
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# Node 18 (Debian 12's) or newer, with npm.
need_node() {
	local major=0
	if command -v node >/dev/null; then
		major=$(node -p 'process.versions.node.split(".")[0]')
	fi
	[ "$major" -ge 18 ] || need nodejs
	command -v npm >/dev/null || need npm
}

# npm_packages FOLDER: what its package-lock.json says, once.
npm_packages() {
	local mark="$1/node_modules/.sallyport-lock"
	cmp -s "$1/package-lock.json" "$mark" && return 0
	note "installing npm packages in $1"
	(cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null)
	cp "$1/package-lock.json" "$mark"
}

# -- building --------------------------------------------------------------

# configure FOLDER MESON-OPTION...: set up, or again when the options changed.
configure() {
	local folder=$1 mark="$1/.sallyport-options"
	shift
	need_node
	npm_packages web/verify # verify.html and the sign-in page are parts
	npm_packages web/signin # of the program
	if [ -f "$folder/build.ninja" ] && [ "$(cat "$mark" 2>/dev/null)" = "$*" ]; then
		return 0
	fi
	rm -rf "$folder"
	meson setup "$folder" "$@" >"/tmp/sallyport-setup.$$" 2>&1 || {
		cat "/tmp/sallyport-setup.$$" >&2
		rm -f "/tmp/sallyport-setup.$$"
		return 1
	}
	mv "/tmp/sallyport-setup.$$" "$folder/setup.log"
	printf '%s' "$*" >"$folder/.sallyport-options"
}

configure_gcc() {
	CC=gcc configure build --werror -Dbench=true
}
# The sanitizers' builds tell lines, not variables, and link with lld: a third
# less to wait for.
configure_sanitized() {
	local folder=$1 sanitizers=$2
	CC=clang CC_LD=lld configure "$folder" --werror -Db_lundef=false \
		-Db_sanitize="$sanitizers" -Dc_args=-gline-tables-only
}
configure_asan() {
	configure_sanitized build-asan address,undefined
}
configure_tsan() {
	configure_sanitized build-tsan thread
}
