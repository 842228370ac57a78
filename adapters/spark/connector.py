"""The options of the Cassandra connector that protect its connections.

The names of hosts are verified by a system property of the driver and of executors (`session.JAVA_PROPERTIES`): the connector has no option for it.
"""

from .key_stores import KeyStores
from .security_settings import CassandraSecurity

_TLS = "spark.cassandra.connection.ssl"


def connector_options(security: CassandraSecurity, stores: KeyStores | None) -> dict[str, str]:
    """Return the options, which hold secrets; `stores` are those of the certificates, where TLS is on.

    The key stores are files of the driver's machine: on a cluster, executors need stores of their own, at a path that is the same on each machine.
    """
    options: dict[str, str] = {}
    if security.username:
        options["spark.cassandra.auth.username"] = security.username
        options["spark.cassandra.auth.password"] = security.password
    if not security.tls:
        return options
    options[f"{_TLS}.enabled"] = "true"
    if stores is not None and stores.trust_store is not None:
        options[f"{_TLS}.trustStore.path"] = str(stores.trust_store)
        options[f"{_TLS}.trustStore.type"] = "PKCS12"
        options[f"{_TLS}.trustStore.password"] = stores.password
    if stores is not None and stores.key_store is not None:
        options[f"{_TLS}.clientAuth.enabled"] = "true"
        options[f"{_TLS}.keyStore.path"] = str(stores.key_store)
        options[f"{_TLS}.keyStore.type"] = "PKCS12"
        options[f"{_TLS}.keyStore.password"] = stores.password
    return options
