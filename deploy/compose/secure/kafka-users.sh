#!/bin/sh
# Create or correct the users of Kafka, and grant each program what it needs: the table of docs/deploy.md.
set -eu
umask 077
bin=/opt/kafka/bin
brokers="--bootstrap-server kafka-1:9094,kafka-2:9094,kafka-3:9094 --command-config /etc/kafka/broker.properties"

for user in admin producer aggregator watchlist; do
    # By a file, because a password in an argument is visible to others.
    printf 'SCRAM-SHA-512=[password=%s]\n' "$(cat "/run/secrets/kafka-$user")" > "/tmp/$user.properties"
    $bin/kafka-configs.sh $brokers --alter --entity-type users --entity-name "$user" --add-config-file "/tmp/$user.properties"
    rm "/tmp/$user.properties"
done

allow() { user=$1; shift; $bin/kafka-acls.sh $brokers --add --allow-principal "User:$user" "$@"; }
for topic in trades trades.dlq feed.events; do allow producer --operation Write --operation Describe --topic "$topic"; done
allow producer --operation Read --operation Describe --topic watchlist
allow producer --operation Read --operation Describe --group tapeline-watchlist
for topic in trades feed.events; do allow aggregator --operation Read --operation Describe --topic "$topic"; done
allow aggregator --operation Write --operation Describe --topic trades.dlq
for group in tapeline-trades tapeline-candles tapeline-events; do
    allow aggregator --operation Read --group "$group" --resource-pattern-type prefixed
done
allow watchlist --operation Read --operation Write --operation Describe --topic watchlist
allow watchlist --operation Describe --topic trades
allow watchlist --operation Describe --group tapeline-watchlist
