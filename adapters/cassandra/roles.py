"""The roles of Cassandra that the table of rights asks for: created where they are missing, with their grants; nothing is removed.

A role with a password may log in, and gets that password each time. A role without one may not: grant it to a role that may.
"""

from collections.abc import Mapping
from typing import Any

import attrs
from cassandra import Unauthorized

from domain.program_rights import ROLES, TABLE_RIGHTS, TableRight
from ports.errors import StoreError

from .errors import translated
from .session import CassandraSession
from .settings import CassandraSettings


@attrs.frozen(kw_only=True)
class RoleReport:
    """A role or a grant, in words, and whether it was missing."""

    text: str
    was_missing: bool


def ensure_roles(
    settings: CassandraSettings, passwords: Mapping[str, str], *, dry_run: bool = False
) -> list[RoleReport]:
    """Create the roles and the grants that are missing, unless `dry_run`, and return all of them.

    `passwords` are those of roles that may log in, by role. Raise StoreError when Cassandra refuses or does not answer.
    """
    with CassandraSession(settings) as session, translated(settings, "applying the roles"):
        driver = session.driver
        try:
            reports = [_role(driver, role, passwords.get(role), dry_run=dry_run) for role in ROLES]
            reports += [_grant(driver, settings.keyspace, right, dry_run=dry_run) for right in TABLE_RIGHTS]
        except Unauthorized as error:
            raise StoreError(f"the user {settings.username!r} may not manage roles: use a superuser") from error
        return reports


def _role(driver: Any, role: str, password: str | None, *, dry_run: bool) -> RoleReport:
    exists = driver.execute("SELECT role FROM system_auth.roles WHERE role = %s", (role,)).one() is not None
    if not dry_run:
        # A value cannot be bound in a statement on roles.
        login = "LOGIN = false" if password is None else f"LOGIN = true AND PASSWORD = '{_quoted(password)}'"
        if not exists:
            driver.execute(f"CREATE ROLE IF NOT EXISTS {role} WITH {login}")
        elif password is not None:
            driver.execute(f"ALTER ROLE {role} WITH {login}")
    may = "may not log in" if password is None else "may log in"
    return RoleReport(text=f"role {role}, which {may}", was_missing=not exists)


def _grant(driver: Any, keyspace: str, right: TableRight, *, dry_run: bool) -> RoleReport:
    table = f"{keyspace}.{right.table}"
    resource = f"data/{table.replace('.', '/')}"
    held = driver.execute(
        "SELECT permissions FROM system_auth.role_permissions WHERE role = %s AND resource = %s", (right.role, resource)
    ).one()
    is_missing = held is None or right.permission not in held[0]
    if is_missing and not dry_run:
        driver.execute(f"GRANT {right.permission} ON TABLE {table} TO {right.role}")
    return RoleReport(text=f"{right.permission} on {table} to {right.role}", was_missing=is_missing)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
