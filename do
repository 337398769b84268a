#!/bin/sh
# SPDX-License-Identifier: MIT
# The one entry to nodewise: every command installs what it lacks, builds what is stale, and runs.
# Invariant: a second run with nothing changed installs nothing, configures nothing, builds nothing.
set -eu
from=$PWD
cd "$(dirname "$0")"
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

say() { echo "./do: $*"; }
die() { echo "./do: $*" >&2; exit "${status:-1}"; }

help() {
	cat <<'TEXT'
usage: ./do COMMAND

  demo            build, prove placement on this machine, explore the pocket cube
  test [ARG]...   build and run all tests (ARG: for ctest, as -L unit or -R topo)
  build           the optimised command, at build/release/bin/nodewise
  bench [NAME]    run the benchmarks under bench/, each beside its baseline
                  (NAME: those with it in their name; what follows is for them)
  corpus [ARG]... TLA+ models, each against what TLC found, as a table (TLA_DATA: their folder;
                  --limit S: seconds for each; a word: only models with it in their path)
  asan [ARG]...   all tests under AddressSanitizer and UBSan
  tsan [ARG]...   tests under ThreadSanitizer, with small limits; golden_check_cube2, which
                  takes minutes under it, is left out
  clang [ARG]...  all tests, built with clang
  lint            clang-tidy, cppcheck, clang-format, shellcheck, each header alone
  fmt             format every C file
  soak            stress tests, simulations, faults at a relay and random TLA+ specifications,
                  NW_TEST_SCALE (20) times longer, asan and tsan;
                  all lock-free structures at once, NW_CHURN_S (600) seconds under each
  model [NAME]    the lock-free structures under a model checker of C's weak memory, each with
                  mistakes that it must find (needs genmc on PATH; Debian does not have it)
  install PREFIX  install the command, libraries, headers and man pages below PREFIX
  help            this text

What is missing is installed from Debian, as packages.list says.
TEXT
}

# packages CATEGORY...: the names that packages.list has for these.
packages() {
	while read -r package category _; do
		case " $* " in
		*" $category "*) echo "$package" ;;
		esac
	done <packages.list
}

# absent NAME...: those of the packages that are not installed.
absent() {
	here=" $(dpkg-query -W -f='${Package}:${db:Status-Status} ' "$@" 2>/dev/null || true)"
	for package in "$@"; do
		case $here in
		*" $package:installed "*) ;;
		*) echo "$package" ;;
		esac
	done
}

# apt ARG...: apt-get as root, quiet unless it fails.
apt() {
	mkdir -p build
	if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" \
		>build/apt.log 2>&1 </dev/null; then
		tail -n 5 build/apt.log >&2
		return 1
	fi
}

# need CATEGORY...: installs the packages of these that are missing, or names the one that fails.
need() {
	if ! command -v dpkg-query >/dev/null; then
		say "not a Debian system: packages.list says what has to be here"
		return
	fi
	# shellcheck disable=SC2046 # one word a package
	missing=$(absent $(packages "$@") | tr '\n' ' ')
	missing=${missing% }
	[ -n "$missing" ] || return 0
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "missing: $missing (neither root nor sudo here)"
		as_root=sudo
	fi
	say "installing from Debian: $missing"
	apt update || die "apt-get update failed; missing: $missing"
	# shellcheck disable=SC2086 # one word a package
	apt install -y --no-install-recommends $missing && return
	for package in $missing; do
		apt install -y --no-install-recommends "$package" || die "cannot install $package"
	done
}

# build PRESET [TARGET]...: configures when the tree is new or the presets changed, then builds.
build() {
	preset=$1
	shift
	mark=build/$preset/.configured
	if [ ! -f "$mark" ] || [ -n "$(find CMakePresets.json -newer "$mark")" ]; then
		mkdir -p "build/$preset"
		if ! cmake --preset "$preset" >"build/$preset/configure.log" 2>&1; then
			cat "build/$preset/configure.log" >&2
			die "cannot configure build/$preset"
		fi
		touch "$mark"
	fi
	cmake --build --preset "$preset" "$@" -- -j"$cores" || die "build/$preset does not build"
}

# suite PRESET [ARG]...: runs ctest; last come the reasons of every skip, and the counts.
suite() {
	preset=$1
	shift
	result=0
	ctest --preset "$preset" -j"$cores" --no-label-summary \
		--output-junit "$PWD/build/$preset/tests.xml" "$@" || result=$?
	echo
	awk '/ Testing: / { test = $3 } /(# skip|SKIP): / { sub(/^.*(# skip|SKIP): /, "")
		print "skipped in " test ": " $0 }' \
		"build/$preset/Testing/Temporary/LastTest.log" | sort | uniq
	count() { sed -n "s/^.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "build/$preset/tests.xml" | head -n 1; }
	[ -n "$(count tests)" ] || die "ctest left no counts (status $result)"
	skipped=$(($(count skipped) + $(count disabled)))
	echo "$(($(count tests) - $(count failures) - skipped)) passed, $(count failures) failed," \
		"$skipped skipped"
	return "$result"
}

tests() { # tests PRESET [ARG]...
	need build test
	build "$1"
	[ "$1" != tsan ] || say "tsan leaves out golden_check_cube2: it takes minutes under it"
	suite "$@"
}

demo() {
	need build
	build release
	build/release/bin/nodewise verify ||
		say "verify: not all that was asked for was got here; the lines above say what and why"
	echo
	build/release/bin/nodewise check --model cube2
	echo
	echo "Next: build/release/bin/nodewise --help, README.md, and ./do test"
}

bench() { # [NAME [ARG]...]
	need build bench
	build release
	name=${1-}
	[ $# -eq 0 ] || shift
	found=
	for source in bench/*"$name"*; do
		program=$source
		[ "$source" = "${source%.c}" ] || program=build/release/bin/$(basename "$source" .c)
		if [ -d "$program" ] || [ ! -x "$program" ]; then continue; fi
		found=yes
		say "$program $*"
		"$program" "$@"
	done
	[ -n "$found" ] || { status=2; die "no benchmark is called '$name'; see bench/"; }
}

corpus() { # [ARG]...
	need build
	build release
	result=0
	tests/corpus/run-corpus build/release/bin/nodewise "$@" || result=$?
	[ "$result" -eq 0 ] || [ "$result" -eq 77 ] || die "corpus: not all answers are TLC's"
}

lint() {
	need build clang lint
	git ls-files -z -- '*.[ch]' | xargs -0 clang-format --dry-run -Werror
	git grep -lzE '^#!/bin/sh' -- . | xargs -0 shellcheck
	build lint
	say "lint: clean"
}

soak() {
	need build test
	NW_TEST_SCALE=${NW_TEST_SCALE:-20} NW_TEST_TIMEOUT_S=${NW_TEST_TIMEOUT_S:-0}
	NW_CHURN_S=${NW_CHURN_S:-600} NW_TEST_SLOW=${NW_TEST_SLOW:-10}
	export NW_TEST_SCALE NW_TEST_TIMEOUT_S NW_CHURN_S NW_TEST_SLOW
	for preset in asan tsan; do
		build "$preset"
		for program in build/"$preset"/bin/stress_* build/"$preset"/bin/sim_*; do
			say "$program, NW_TEST_SCALE=$NW_TEST_SCALE"
			"$program" || die "$program failed"
		done
		say "tests/relay/run-soak, $preset"
		tests/relay/run-soak build/"$preset"/bin/nodewise || die "run-soak found something"
		say "tests/corpus/run-fuzz, $preset"
		tests/corpus/run-fuzz build/"$preset"/bin/nodewise || die "run-fuzz found something"
	done
	say "soak: all passed"
}

model() { # [NAME]...
	result=0
	tests/model/run-models "$@" || result=$?
	[ "$result" -ne 77 ] || say "model: nothing was checked, for the reason above"
	[ "$result" -eq 0 ] || [ "$result" -eq 77 ] || die "model: see above"
}

install() {
	[ $# -eq 1 ] || { status=2; die "install PREFIX: give the folder to install below"; }
	case $1 in
	/*) prefix=$1 ;;
	*) prefix=$from/$1 ;;
	esac
	need build
	build release
	cmake --install build/release --prefix "$prefix" >/dev/null || die "cannot install below $prefix"
	say "installed: $prefix/bin/nodewise; PKG_CONFIG_PATH=$prefix/lib/pkgconfig for nodewise.pc"
}

# Ctrl-C reaches the child too; it says its last words, then this ends without a second message.
trap 'exit 130' INT
trap 'exit 143' TERM
[ $# -gt 0 ] || set -- help
command=$1
shift
case $command in
demo | bench | corpus | lint | soak | model | install) "$command" "$@" ;;
build) need build && build release ;;
test) tests dev "$@" ;;
asan | tsan | clang)
	[ "$command" != clang ] || need clang
	tests "$command" "$@"
	;;
fmt)
	need lint
	git ls-files -z -- '*.[ch]' | xargs -0 clang-format -i
	;;
help | -h | --help) help ;;
*)
	status=2
	die "no command '$command'; ./do help lists them"
	;;
esac
