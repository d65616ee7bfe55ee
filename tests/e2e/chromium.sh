#!/bin/sh
# Print the path of a Chromium for the browser tests. Installs Debian's when run as root and there is none.
set -eu

find_chromium() {
  for name in "${HEADWATER_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable chrome; do
    # Asked for its version, because Ubuntu's chromium-browser may be a note that tells to install a snap.
    if [ -n "$name" ] && "$name" --version >/dev/null 2>&1; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

find_chromium && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing chromium" >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || true
  find_chromium && exit 0
fi

cat >&2 <<'TEXT'
The browser tests need Chromium or Chrome, and there is none on the path.
Install it (Debian: apt-get install chromium), or name it: HEADWATER_CHROMIUM=/path/to/chrome make e2e
TEXT
exit 1
