#!/usr/bin/env bash
# The tour of ./dev run: one file from upload to a bag that proves itself, on
# a site made for it in build/run, each step with its proof.
#
#   scripts/tour.sh [--once]     --once: end after the tour (exit status 1 when
#                                a step did not prove what it should)
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
. scripts/lib.sh

once=no
[ "${1-}" != --once ] || once=yes
top=$PWD
here=$top/build/run
site=$here/site
log=$here/serve.log
server=
PATH=$PWD/build:$PATH

# -- showing -----------------------------------------------------------------

number=0
step() {
	number=$((number + 1))
	printf '\n%s\n' "${bold}$number. $*${plain}"
}
# show COMMAND...: print it, run it, indent what it says; paths from here.
show() {
	local said word
	said=''
	for word in "${@:1:$#}"; do
		case $word in *' '*) word="'$word'" ;; esac
		said+="$word "
	done
	[ "$1" != as ] || said=${said#as * }
	printf '   %s\n' "${dim}\$ ${said//"$top/"/}${plain}"
	"$@" 2>&1 | sed "s#$top/##g; s/^/   /"
	return "${PIPESTATUS[0]}"
}
proof() { printf '   %s %s\n' "${green}✓${plain}" "$*"; }
broken() {
	printf '   %s %s\n' "${red}✗${plain}" "$*"
	exit 1
}

# -- the site ----------------------------------------------------------------

free_port() {
	local port=$1
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		port=$((port + 1))
	done
	echo "$port"
}

stop() {
	local status=$?
	trap - EXIT INT TERM
	if [ -n "$server" ] && kill -TERM "$server" 2>/dev/null; then
		if wait "$server"; then
			printf '\n%s\n' "${green}stopped cleanly${plain}"
		else
			printf '\n%s\n' "${red}the site did not stop cleanly: $log${plain}"
			status=1
		fi
	fi
	exit "$status"
}

wait_ready() {
	local i
	for ((i = 0; i < 300; i++)); do
		if grep -qw ready "$log"; then return 0; fi
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	cat "$log" >&2
	broken "the site does not serve"
}

# as AGENCY COMMAND...: with that agency's settings, secrets in the environment.
as() {
	local agency=$1
	shift
	SALLYPORT_SITE=$url SALLYPORT_CA=$site/ca.pem SALLYPORT_AGENCY=$agency \
		SALLYPORT_TOKEN=$(<"$here/$agency.token") XDG_STATE_HOME=$here "$@"
}

# status AGENCY PATH: of a GET with that agency's token (given on stdin: what
# is an argument can be seen by others).
status() {
	curl --silent --output /dev/null --write-out '%{http_code}' --cacert "$site/ca.pem" \
		--config - "$url$2" <<<"header = \"Authorization: Bearer $(<"$here/$1.token")\""
}

# field NAME: of a flat JSON object on stdin.
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

clip_of() {
	local clip
	for clip in ../shared/data/*.mp4; do
		if [ -f "$clip" ]; then
			echo "$clip"
			return
		fi
	done
	ffmpeg -loglevel error -y -f lavfi -i testsrc2=size=640x360:rate=25:duration=10 \
		-c:v libx264 -preset ultrafast -pix_fmt yuv420p "$here/test-drive.mp4"
	echo "$here/test-drive.mp4"
}

make_site() {
	rm -rf "$here"
	mkdir -p "$here"
	port=$(free_port 8443)
	url=https://127.0.0.1:$port
	(
		umask 077
		sallyport init "$site" --agency harbor-pd --name "Harbor Police Department" \
			--state FL --ori FL0130000 --geography us --listen "127.0.0.1:$port" \
			--json >"$here/harbor-pd.json"
		sallyport agency add "$site" --agency mesa-so --name "Mesa County Sheriff" \
			--state CO --ori CO0390000 --geography us --json >"$here/mesa-so.json"
		for agency in harbor-pd mesa-so; do
			field token <"$here/$agency.json" >"$here/$agency.token"
		done
	)
	: >"$log"
	sallyport serve "$site" >>"$log" 2>&1 &
	server=$!
	wait_ready
}

keeper_pid() { pgrep -P "$server" -f 'keeper' | head -n 1; }

# -- the tour ----------------------------------------------------------------

trap stop EXIT
trap 'exit 0' INT TERM

step "A site with two agencies, each with its own database, keys and log"
make_site
proof "serving on $url (self-made CA: $site/ca.pem)"

clip=$(clip_of)
step "Put: hashed and sealed as it arrives, acknowledged with a receipt"
show as harbor-pd sallyport put "$clip" --title "Traffic stop, demonstration"
id=$(as harbor-pd sallyport list --json | field id)
sum=$(sha256sum "$clip" | cut -d' ' -f1)
[ -n "$id" ] || broken "no evidence id"
proof "evidence $id; the receipt was checked against the log's key"

step "Show: what is known of it"
show as harbor-pd sallyport show "$id"
as harbor-pd sallyport show "$id" --json | grep -q "$sum" || broken "another SHA-256"
proof "its SHA-256 is that of the file: $sum"

step "On the disk it is sealed"
object=$(find "$site/agencies/harbor-pd/objects" -type f | head -n 1)
if head -c 64 "$object" | grep -qaF ftyp; then broken "plain bytes are on the disk"; fi
printf '   %s: %s…\n' "$(basename "$object")" "$(head -c 24 "$object" | od -An -tx1 | tr -d ' \n')"
proof "AES-256-GCM in 1 MiB segments, a key of its own, wrapped by the agency's key in the keeper"

step "Media: looked into by a process without files, network or keys"
for ((i = 0; i < 300; i++)); do
	as harbor-pd sallyport show "$id" --json >"$here/show.json"
	grep -q '"media_state": *"queued"\|"media_state": *"working"' "$here/show.json" || break
	sleep 0.1
done
grep -q '"media_state": *"done"' "$here/show.json" || broken "it was not looked into"
proof "duration, streams and a poster frame are on record"

step "Get: the same bytes"
show as harbor-pd sallyport get "$id" -o "$here/back.mp4"
cmp "$clip" "$here/back.mp4" || broken "not the same bytes"
proof "cmp finds no difference"

step "Custody: who did what, in the order of the log"
show as harbor-pd sallyport custody "$id"
proof "reading left its own entry before the first byte"

step "Another agency's token finds nothing"
code=$(status mesa-so "/v1/agencies/harbor-pd/evidence/$id")
[ "$code" = 404 ] || broken "it got $code"
proof "404, as for an id that was never given"

step "A new officer is let in by what is on record, and not before"
show as harbor-pd sallyport person add "Ann Lee" --role officer || broken "no account"
explained() {
	as harbor-pd sallyport explain ann.lee evidence.view "$id" --json >"$here/explain.json"
	grep -q "\"decision\": *\"$1\"" "$here/explain.json"
}
explained deny || broken "nothing is on record, and she is let in"
show as harbor-pd sallyport explain ann.lee evidence.view "$id"
for record in 'screening add ann.lee' 'training add ann.lee' 'addendum sign ann.lee' 'agreement add'; do
	read -ra words <<<"$record"
	show as harbor-pd sallyport "${words[@]}" || broken "not recorded"
done
explained permit || broken "she is not let in: $(<"$here/explain.json")"
show as harbor-pd sallyport explain ann.lee evidence.view "$id"
proof "denied with the rule's section; permitted by a check, training, a signature and the agreement"

step "Export, and check it with tools that are not ours"
show as harbor-pd sallyport export "$id" -o "$here/bag.zip"
mkdir "$here/bag"
unzip -q "$here/bag.zip" -d "$here/bag"
bag=$(dirname "$(find "$here/bag" -name bagit.txt | head -n 1)")
(cd "$bag" && show sha256sum -c manifest-sha256.txt) || broken "sha256sum disagrees"
for paper in "$bag/certification.pdf" "$bag/custody/$id/report.pdf" "$bag/verify.html"; do
	[ -s "$paper" ] || broken "no $(basename "$paper") in the bag"
done
proof "unzip and sha256sum are content; report, certification and verify.html are there"

step "Verify: without a server, a network or a secret"
show sallyport verify "$here/bag.zip" || broken "the bag does not verify"
proof "every file, entry and inclusion proof holds under the log's signed root"

step "A bag that lies"
victim=$(find "$bag/data" -type f | head -n 1)
printf 'X' | dd of="$victim" bs=1 seek=1000 conv=notrunc status=none
if show sallyport verify "$bag"; then broken "a changed byte was not seen"; fi
proof "refused, and it says where"

step "Dock: a camera forgets its clip once there is proof"
camera=$here/camera
movie=$camera/DCIM/100MEDIA/MOVI0001.MP4
mkdir -p "$(dirname "$movie")"
# The same clip with an empty box at its end is another file.
{
	cat "$clip"
	printf '\000\000\000\010free'
} >"$movie"
sum=$(sha256sum "$movie" | cut -d' ' -f1)
show as harbor-pd sallyport dock "$camera" --device cam-114 --clear --once ||
	broken "it was not docked"
[ ! -e "$movie" ] || broken "it is still on the camera"
docked=$(as harbor-pd sallyport list --json | grep "$sum" | field id)
[ -n "$docked" ] || broken "the site does not have it"
receipt=$(find "$here/sallyport/dock" -name "$docked.tlog-proof")
[ -n "$receipt" ] || broken "no receipt was kept"
proof "it is gone from the camera, and its receipt is kept: ${receipt#"$top/"}"

step "The log proves itself"
show as harbor-pd sallyport log check || broken "the log does not check"
proof "every tile and entry was read again and leads to the signed root"

step "The keeper, which holds the keys, is killed"
keeper=$(keeper_pid)
kill -9 "$keeper"
for ((i = 0; i < 200; i++)); do
	[ "$(status harbor-pd /readyz)" = 200 ] && [ "$(keeper_pid)" != "$keeper" ] && break
	sleep 0.05
done
again=$(keeper_pid)
if [ -z "$again" ] || [ "$again" = "$keeper" ]; then broken "no new keeper"; fi
as harbor-pd sallyport get "$id" -o "$here/again.mp4" >"$here/get.log" 2>&1 || {
	cat "$here/get.log"
	broken "not readable"
}
cmp "$clip" "$here/again.mp4" || broken "not the same bytes"
proof "process $keeper is gone, $again took over, the clip reads as before"

printf '\n%s\n' "${bold}The site is up: $url${plain}"
for agency in harbor-pd mesa-so; do
	cat <<EOF

  # sign in as the administrator of $agency
  export SALLYPORT_SITE=$url SALLYPORT_CA=$site/ca.pem
  export SALLYPORT_AGENCY=$agency SALLYPORT_TOKEN=$(<"$here/$agency.token")
EOF
done
cat <<EOF

  then, for example:  build/sallyport list
  the log of the site: $log
EOF
[ "$once" = no ] || exit 0
printf '\n%s\n' "Ctrl-C stops it."
wait "$server" || {
	tail -n 20 "$log"
	broken "the site ended by itself"
}
