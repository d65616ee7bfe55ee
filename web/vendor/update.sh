#!/bin/sh
# Fetch the vendored files again from npm; --accept rewrites SHA256SUMS instead of checking against it.
set -eu
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # name, file in the package
    name=$1
    file=$2
    for folder in "$here/$name"-*; do
        version=${folder##*/"$name"-}
        (cd "$work" && npm pack --silent "$name@$version" >/dev/null && tar xzf "$name-$version.tgz")
        cp "$work/package/$file" "$work/package/LICENSE" "$folder/"
        rm -r "$work/package"
    done
}

fetch hls.js dist/hls.min.mjs
fetch media-chrome dist/iife/all.js

if [ "${1:-}" = --accept ]; then
    sha256sum ./*/* >SHA256SUMS
else
    sha256sum --check SHA256SUMS
fi
