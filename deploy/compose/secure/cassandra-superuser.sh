#!/bin/bash
# Replace the default superuser by `admin`. Running it again changes nothing.
set -eu
umask 077
printf '[ssl]\ncertfile = /run/secrets/ca.crt\nvalidate = true\n' > /tmp/cqlshrc
password=$(cat /run/secrets/cassandra-admin)
printf '[PlainTextAuthProvider]\nusername = admin\npassword = %s\n' "$password" > /tmp/admin
printf '[PlainTextAuthProvider]\nusername = cassandra\npassword = cassandra\n' > /tmp/default
as() { cqlsh --ssl --cqlshrc /tmp/cqlshrc --credentials "/tmp/$1" 172.30.7.11; }

if ! echo "SELECT release_version FROM system.local;" | as admin; then
    # Three copies first: a role that was written before would stay on one node, and a quorum of the others would not know it.
    as default <<CQL
ALTER KEYSPACE system_auth WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};
CREATE ROLE IF NOT EXISTS admin WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = '$password';
CQL
fi
echo "ALTER ROLE cassandra WITH SUPERUSER = false AND LOGIN = false;" | as admin
