"""TLS to the nodes: certificates are verified, with the names of the hosts, and nothing older than TLS 1.2 is spoken."""

import ssl

from ports.errors import StoreError

from .settings import CassandraSettings


def client_context(settings: CassandraSettings) -> ssl.SSLContext | None:
    """Return the context for connections, None without TLS.

    Raise StoreError if a file cannot be read or is not PEM.
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
            # Without a password, OpenSSL would ask the terminal for the one of an encrypted key, and the program would wait.
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
        except OSError as error:
            raise StoreError(
                f"the client certificate {settings.cert_file} and its key {settings.key_file} cannot be used: {_reason(error)}"
            ) from error
    return context


def socket_options(settings: CassandraSettings) -> dict[str, str]:
    """Return the options of each TLS connection.

    The driver connects by IP address to the nodes that it discovers. So the certificate of a node has to name its address, or all of them the
    name of the settings.
    """
    return {"server_hostname": settings.tls_server_name} if settings.tls_server_name else {}


def _reason(error: OSError) -> str:
    # Of a file that is not PEM the library reports a code of its own.
    return (
        "not PEM, not of one pair, or an encrypted key"
        if isinstance(error, ssl.SSLError)
        else error.strerror or str(error)
    )
