"""TLS to the nodes: certificates are verified, with the names of the hosts, and nothing older than TLS 1.2 is spoken."""

import ssl

from ports.errors import StoreError

from .settings import CassandraSettings


def client_context(settings: CassandraSettings) -> ssl.SSLContext | None:
    """Return the context for connections, None without TLS.

    Nodes that the driver discovers are connected to by IP address, so a node's certificate has to name its address. Raise StoreError if a
    file cannot be read or is not PEM.
    """
    if not settings.tls:
        return None
    try:
        # Only this authority is trusted; without one, those of the system are.
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=settings.ca_file or None)
    except OSError as error:
        raise StoreError(f"the CA file {settings.ca_file} cannot be used: {_reason(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert_file:
        try:
            context.load_cert_chain(settings.cert_file, settings.key_file)
        except OSError as error:
            raise StoreError(
                f"the client certificate {settings.cert_file} and its key {settings.key_file} cannot be used: {_reason(error)}"
            ) from error
    return context


def _reason(error: OSError) -> str:
    # Of a file that is not PEM the library reports a code of its own.
    return "not PEM, or not of one pair" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
