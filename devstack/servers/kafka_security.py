"""The settings of a secure Kafka broker: three listeners, an authority, and an authorizer that denies by default.

- CLIENT is for programs: TLS and a password, by SCRAM-SHA-512.
- BROKER and CONTROLLER are for the cluster itself: TLS, and each side proves who it is by its certificate.
- A certificate's common name is the name of the user. The brokers and the administrator may do everything; all others what an ACL grants.
"""

from __future__ import annotations

import ssl

import attrs

from .secrets import ADMIN, Secrets


@attrs.frozen(kw_only=True)
class BrokerSecurity:
    """What makes the brokers of a cluster secure. `broker_ports` holds the port of each broker's BROKER listener, ordered by node id."""

    secrets: Secrets
    broker_ports: tuple[int, ...]

    def properties(self, *, node: int, host: str, client_port: int, controller_port: int) -> dict[str, str]:
        """Return the settings of one broker that replace those of a plain one."""
        listeners = {"CLIENT": client_port, "BROKER": self.broker_ports[node - 1], "CONTROLLER": controller_port}
        addresses = {name: f"{name}://{host}:{port}" for name, port in listeners.items()}
        brokers = [f"kafka-{node}" for node in range(1, len(self.broker_ports) + 1)]
        return {
            "listeners": ",".join(addresses.values()),
            "advertised.listeners": f"{addresses['CLIENT']},{addresses['BROKER']}",
            "listener.security.protocol.map": "CLIENT:SASL_SSL,BROKER:SSL,CONTROLLER:SSL",
            "inter.broker.listener.name": "BROKER",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.client.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "listener.name.broker.ssl.client.auth": "required",
            "listener.name.controller.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.secrets.key_and_certificate(f"kafka-{node}")),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.secrets.ca_file),
            "ssl.enabled.protocols": "TLSv1.3,TLSv1.2",
            "ssl.principal.mapping.rules": "RULE:^.*CN=([a-z0-9-]+).*$/$1/",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": ";".join(f"User:{name}" for name in (*brokers, ADMIN)),
        }


def administrator_context(secrets: Secrets) -> ssl.SSLContext:
    """Return the TLS settings of a client that is the administrator on the listeners of the cluster."""
    context = ssl.create_default_context(cafile=str(secrets.ca_file))
    context.load_cert_chain(secrets.key_and_certificate(ADMIN))
    return context
