#!/bin/sh
# npm-install.sh FOLDER: install what its package-lock.json says. Installs Debian's Node.js when run as root and there is none.
set -eu
cd "$(dirname "$0")/$1"

has_node() {
  # 18 is the first with fetch. npm is asked too: Debian has it in a package of its own.
  node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1
}

if ! has_node && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing nodejs and npm" >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm; } >/dev/null 2>&1 || true
fi

if ! has_node; then
  cat >&2 <<'TEXT'
Playlists are read by a parser of npm's, pages checked by TypeScript and axe. That needs Node.js 18 or newer and npm on the path.
Install them (Debian: apt-get install nodejs npm) and run this again.
TEXT
  exit 1
fi

exec npm ci --ignore-scripts --silent --no-audit --no-fund
