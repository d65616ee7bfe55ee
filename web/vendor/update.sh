#!/bin/sh
# Fetch the vendored files again from npm; --accept rewrites SHA256SUMS instead of checking against it.
set -eu
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # package, file in it
    package=$1
    file=$2
    name=${package##*/}
    for folder in "$here/$name"-[0-9]*; do
        version=${folder##*/"$name"-}
        (cd "$work" && npm pack --silent "$package@$version" >/dev/null && tar xzf ./*"$name-$version.tgz")
        cp "$work/package/$file" "$work/package/LICENSE" "$folder/"
        rm -r "$work/package"
    done
}

fetch hls.js dist/hls.min.mjs
fetch media-chrome dist/iife/all.js
fetch uplot dist/uPlot.esm.js
fetch uplot dist/uPlot.min.css
fetch uppy dist/uppy.min.mjs
fetch mediabunny dist/bundles/mediabunny.min.mjs
fetch @mediabunny/aac-encoder dist/bundles/mediabunny-aac-encoder.min.mjs

# Without an import map, which would be an inline script, the encoder has to name its neighbour by path.
neighbour=$(ls -d mediabunny-[0-9]*)/mediabunny.min.mjs
sed -i "s|from\"mediabunny\"|from\"../$neighbour\"|g" aac-encoder-*/mediabunny-aac-encoder.min.mjs

if [ "${1:-}" = --accept ]; then
    sha256sum ./*/* >SHA256SUMS
else
    sha256sum --check SHA256SUMS
fi
