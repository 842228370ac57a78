#!/bin/sh
# Create or correct the role of each program, and grant it what it needs. Running it again changes nothing.
# The passwords are hexadecimal (docs/deploy.md), so they need no quotes. They reach cqlsh by a file and by its input, never by its arguments.
set -eu
umask 077
printf '[PlainTextAuthProvider]\nusername = %s\npassword = %s\n' "$SUPERUSER" "$SUPERUSER_PASSWORD" > "$HOME/credentials"
printf '[ssl]\ncertfile = %s\nvalidate = true\n' "$TAPELINE_CASSANDRA_CA_FILE" > "$HOME/cqlshrc"

role() { echo "CREATE ROLE IF NOT EXISTS $1 WITH LOGIN = true AND PASSWORD = '$2'; ALTER ROLE $1 WITH PASSWORD = '$2';"; }
grant() { for table in $3; do echo "GRANT $2 ON tapeline.$table TO $1;"; done; }
{
  role aggregator "$AGGREGATOR_PASSWORD"
  grant aggregator SELECT "trades_v2 trade_aggregates feed_events"
  grant aggregator MODIFY "trades_v2 trade_aggregates feed_events"
  role reconcile "$RECONCILE_PASSWORD"
  grant reconcile SELECT "trades_v2 trade_aggregates feed_events"
  grant reconcile MODIFY "trade_aggregates"
  role dashboard "$DASHBOARD_PASSWORD"
  grant dashboard SELECT "trades_v2 trade_aggregates feed_events"
} | cqlsh --ssl --cqlshrc "$HOME/cqlshrc" --credentials "$HOME/credentials" "$TAPELINE_CASSANDRA_HOSTS"
