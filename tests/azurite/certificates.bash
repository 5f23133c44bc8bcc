# Creates a throwaway certificate authority, and a certificate for loopback.
#
# shellcheck shell=bash

# Writes ca.pem, server.pem and server.key into a folder.
make_certificates() (
  cd "$1" || exit
  request() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 "$@" 2>&1
  }
  request -subj '/CN=Throwaway authority' -keyout ca.key -out ca.pem
  request -subj '/CN=loopback' -keyout server.key -out server.pem -CA ca.pem -CAkey ca.key \
    -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE
)
