#!/usr/bin/env bash
# Runs the test suite with the newer uWebSockets.js build, which wants glibc 2.38, on a machine that has an older one.
#
#   bash test/run-with-engine.sh [NODE_MAJOR] [mocha arguments]
#
# NODE_MAJOR 20 (default) takes the Node of this machine, 24 (or 22) the newest such one from the npm registry. The
# binary is copied, and its loader and library path are set to Debian 13's packages, fetched by apt without touching
# the system: so process.execPath is a real Node, and every process that the tests start is one too.
set -euo pipefail
cd "$(dirname "$0")/.."

major="${1:-20}"
[ $# -eq 0 ] || shift
work="${CCPROXY_ENGINE_DIR:-${TMPDIR:-/tmp}/ccproxy-engines}"
case "$(uname -m)" in
  x86_64) arch=x64 multiarch=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
  aarch64) arch=arm64 multiarch=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
  *) echo "run-with-engine: no uWebSockets.js build for $(uname -m)" >&2; exit 1 ;;
esac
command -v patchelf >/dev/null || { echo 'run-with-engine: patchelf is missing (apt-get install patchelf)' >&2; exit 1; }
mkdir -p "$work"

libraries="$work/root/usr/lib/$multiarch"
if [ ! -e "$libraries/$loader" ]; then
  apt="$work/apt"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$work/debs"
  echo 'deb http://deb.debian.org/debian trixie main' >"$apt/sources.list"
  options=(-qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  (cd "$work/debs" && apt-get "${options[@]}" download libc6 libstdc++6 libgcc-s1)
  for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$work/root"; done
fi

node="$work/node$major"
if [ ! -x "$node" ]; then
  if [ "$major" = "$(node -p 'process.versions.node.split(".")[0]')" ]; then
    cp "$(readlink -f "$(command -v node)")" "$node.part"
  else
    rm -rf "$work/package"
    (cd "$work" && tar xzf "$(npm pack --silent "node-linux-$arch@$major")" package/bin/node)
    mv "$work/package/bin/node" "$node.part"
  fi
  patchelf --set-interpreter "$libraries/$loader" --force-rpath --set-rpath "$libraries" "$node.part"
  mv "$node.part" "$node"
fi

echo "run-with-engine: Node $("$node" -p process.versions.node), glibc $("$node" -p 'process.report.getReport().header.glibcVersionRuntime')"
export CCPROXY_ENGINE=20.57
# Files that are named replace those of .mocharc.json; mocha by itself would run both.
[ $# -eq 0 ] || set -- --no-config --timeout 20000 "$@"
exec "$node" node_modules/mocha/bin/mocha.js "$@"
