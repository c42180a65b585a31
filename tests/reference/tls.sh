#!/usr/bin/env bash
# Makes the certificate in tests/reference/tls for 127.0.0.1 and localhost, with which `serve` is tested over https.
# It provides no security: its key is public.
set -euo pipefail

cd "$(dirname "$0")/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj "/CN=a test of skinlesion" \
  -addext "subjectAltName=IP:127.0.0.1,DNS:localhost" -addext "basicConstraints=critical,CA:FALSE" \
  -keyout key.pem -out certificate.pem
