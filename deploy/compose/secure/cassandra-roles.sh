#!/bin/bash
# The roles and grants of Kubernetes' schema job, with passwords from files.
set -eu
secret() { cat "/run/secrets/$1"; }
SUPERUSER=admin
SUPERUSER_PASSWORD=$(secret cassandra-admin)
AGGREGATOR_PASSWORD=$(secret cassandra-aggregator)
RECONCILE_PASSWORD=$(secret cassandra-reconcile)
DASHBOARD_PASSWORD=$(secret cassandra-dashboard)
TAPELINE_CASSANDRA_CA_FILE=/run/secrets/ca.crt
TAPELINE_CASSANDRA_HOSTS=172.30.7.11
HOME=/tmp
export HOME SUPERUSER SUPERUSER_PASSWORD AGGREGATOR_PASSWORD RECONCILE_PASSWORD DASHBOARD_PASSWORD
export TAPELINE_CASSANDRA_CA_FILE TAPELINE_CASSANDRA_HOSTS
exec sh /etc/tapeline/roles.sh
