#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Debian's testssl.sh and sslscan against the port of a centre: TLS 1.3 and nothing else, and no
# finding of severity MEDIUM or above but those that are allowed below, with the reason.
#   tests/scan/run.sh BUILD_DIR      about four minutes, nearly all of it waiting
set -euo pipefail

fail() { echo "tests/scan: $1" >&2; exit 1; }

declare -A allowed=(
  [engine_problem]="Debian's OpenSSL has no GOST to offer, and the centre takes none"
)
# A certificate counts for 30 days on purpose, which are few by the measure of the web.
export DAYS2WARN1=14 DAYS2WARN2=7

build=$(realpath "${1:?usage: tests/scan/run.sh BUILD_DIR}")
for command in testssl sslscan openssl; do
  command -v "$command" >/dev/null || fail "no $command; cmake/install_dependencies.sh scan"
done
asyndgan=$build/examples/asyndgan
federation=$build/tests/program/tiny_federation
for program in "$asyndgan" "$federation"; do [[ -x $program ]] || fail "no $program"; done

folder=$(mktemp -d /tmp/asyndgan-scan-XXXXXX)
centre=
finish() {
  local code=$?
  [[ -z $centre ]] || kill -9 "$centre" 2>/dev/null || true
  if ((code == 0)); then
    rm -rf "$folder"
  else
    tail -n 20 "$folder/centre.log" >&2 || true
    echo "tests/scan: failed; what the scanners and the centre said is in $folder" >&2
  fi
}
trap finish EXIT
cd "$folder"

"$federation" .
# Lists of revoked certificates are carried as files; a scanner wants to see an address for them.
"$asyndgan" provision init authority --consortium Scan --quiet \
  --revocations-at http://localhost/revoked.crl
"$asyndgan" provision issue authority centre --central --host localhost --out own --quiet
"$asyndgan" provision issue authority north --site --out own --quiet
port=$(shuf -i 20000-29999 -n 1)  # below those that the kernel hands out
"$asyndgan" central run.json --out run --set network.port="$port" --set network.status_port=0 \
  --set network.certificates=own/centre >centre.log 2>&1 &
centre=$!
for ((i = 0; i < 100; ++i)); do
  grep -qs "waiting for sites" centre.log && break
  kill -0 "$centre" 2>/dev/null || fail "the centre does not start"
  sleep 0.1
done

# testssl.sh 3.0 has no option for the certificate without which the centre ends a handshake, so
# the openssl that it calls brings one along; what it sends by itself is refused, as it should be.
cat >openssl <<WRAPPER
#!/bin/sh
if [ "\$1" = s_client ]; then
  shift
  set -- s_client -cert "$folder/own/north/certificate.pem" -key "$folder/own/north/key.pem" "\$@"
fi
exec $(command -v openssl) "\$@"
WRAPPER
chmod +x openssl

echo "tests/scan: sslscan"
# Without the key exchange groups, for which it waits two minutes; testssl.sh lists them too.
timeout 120 sslscan --no-colour --no-groups --certs=own/north/certificate.pem \
  --pk=own/north/key.pem "localhost:$port" >sslscan.log </dev/null || fail "sslscan ended with $?"
protocols=$(grep -oE '^(SSL|TLS)v[0-9.]+ +enabled' sslscan.log | tr -s ' ' || true)
[[ $protocols == "TLSv1.3 enabled" ]] || fail "sslscan: '$protocols', expected TLS 1.3 alone"
(($(grep -cE '^(SSL|TLS)v[0-9.]+ +disabled' sslscan.log) == 5)) ||
  fail "sslscan has not looked for SSL 2 and 3, TLS 1.0, 1.1 and 1.2"
ciphers=$(grep -E '^(Preferred|Accepted) ' sslscan.log || true)
[[ -n $ciphers ]] || fail "sslscan finds no cipher: it did not get through"
! grep -v ' TLSv1\.3 ' <<<"$ciphers" || fail "sslscan: a cipher that is not of TLS 1.3"

echo "tests/scan: testssl.sh"
# Its exit code counts findings of its own choice; the table below is what decides.
timeout 1200 testssl --openssl "$folder/openssl" --add-ca "$folder/own/centre/authority.pem" \
  --quiet --color 0 --warnings off --nodns none --csvfile findings.csv \
  --protocols --std --fs --server-preference --server-defaults --vulnerable \
  "localhost:$port" >testssl.log 2>&1 </dev/null || (($? != 124)) || fail "testssl.sh hangs"
findings() { awk -F'","' -v want="$1" '$4 ~ want { sub(/^"/, "", $1); print $1 "\t" $4 ": " $5 }' findings.csv; }
[[ $(findings '^OK$') == *TLS1_3* ]] || fail "testssl.sh does not find TLS 1.3: it did not get through"
bad=0
while IFS=$'\t' read -r id finding; do  # WARN: it could not look
  if [[ -v allowed[$id] ]]; then
    echo "tests/scan: allowed: $id: ${allowed[$id]}"
  else
    echo "tests/scan: $id: $finding" >&2
    bad=1
  fi
done < <(findings '^(MEDIUM|HIGH|CRITICAL|FATAL|WARN)$')
((!bad)) || fail "testssl.sh has findings"

kill -TERM "$centre"
status=0
wait "$centre" || status=$?
centre=
((status == 130)) || fail "the centre ended with $status after the scans, expected 130"
echo "tests/scan: passed: TLS 1.3 alone, $(findings . | wc -l) findings, none of MEDIUM or above but those allowed"
