# ./dev format: every C file as .clang-format has it

need "${packages_lint[@]}"
git ls-files -z --cached --others --exclude-standard '*.c' '*.h' |
	xargs -0r clang-format -i
