"""The bill of materials of the jars, in CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json)."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from devstack.jars.lockfile import Jar


def purl(jar: Jar, *, qualifiers: bool = True) -> str:
    """Return the package URL of a jar, such as pkg:maven/org.apache.kafka/kafka-clients@4.4.0?type=jar."""
    group, artifact, version, *classifier = (quote(part, safe="") for part in jar.coordinate.split(":"))
    url = f"pkg:maven/{group}/{artifact}@{version}"
    if not qualifiers:
        return url
    return url + (f"?classifier={classifier[0]}&type=jar" if classifier else "?type=jar")


def jar_bom(groups: Mapping[str, Sequence[Jar]]) -> dict[str, object]:
    """Return the bill of materials of groups of jars. A jar of several groups comes once, with a property for each group."""
    jars = {jar.coordinate: jar for group in groups.values() for jar in group}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "tapeline", "bom-ref": "tapeline"}},
        "components": [
            _component(jar, [name for name, group in groups.items() if jar in group]) for jar in jars.values()
        ],
    }


def _component(jar: Jar, groups: Sequence[str]) -> dict[str, object]:
    group, artifact, version, *_ = jar.coordinate.split(":")
    return {
        "type": "library",
        "bom-ref": purl(jar),
        "group": group,
        "name": artifact,
        "version": version,
        "purl": purl(jar),
        "hashes": [{"alg": "SHA-256", "content": jar.sha256}],
        "properties": [{"name": "tapeline:group", "value": name} for name in groups],
    }


def require_valid(text: str) -> None:
    """Raise ValueError if a document is not valid CycloneDX 1.6."""
    # Part of the group `audit`, which the checks and the tests do without.
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise ValueError(f"not valid CycloneDX 1.6: {error}")
