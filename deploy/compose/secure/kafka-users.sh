#!/bin/sh
# Create or correct the users of Kafka. `tapeline admin acls` grants each what it needs.
set -eu
umask 077
bin=/opt/kafka/bin
brokers="--bootstrap-server kafka-1:9094,kafka-2:9094,kafka-3:9094 --command-config /etc/kafka/broker.properties"

for user in admin producer aggregator watchlist; do
    # By a file, because a password in an argument is visible to others.
    printf 'SCRAM-SHA-512=password=%s\n' "$(cat "/run/secrets/kafka-$user")" > "/tmp/$user.properties"
    $bin/kafka-configs.sh $brokers --alter --entity-type users --entity-name "$user" --add-config-file "/tmp/$user.properties"
    rm "/tmp/$user.properties"
done
