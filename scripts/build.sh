# ./dev build: build/sallyport

need "${packages_build[@]}"
configure_gcc
ninja -C build ${CI:+--quiet} "${programs[@]}"
good "build/sallyport is ready: build/sallyport --help"
