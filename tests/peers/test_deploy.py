"""Manifests of deploy/ beside the types that Kubernetes' own client was generated with: each field is known and of its type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

client = pytest.importorskip("kubernetes.client", reason="kubernetes is not installed: see tests/peers.txt")

DEPLOY = Path(__file__).parents[2] / "deploy"
#: Kinds that are not Kubernetes' own.
OTHERS = {"Kustomization", "ServiceMonitor"}
MANIFESTS = [
    (path, one)
    for folder in ("kubernetes", "kubernetes-monitoring")
    for path in sorted((DEPLOY / folder).glob("*.yaml"))
    for one in yaml.safe_load_all(path.read_text("utf-8"))
    if "kind" in one and one["kind"] not in OTHERS
]
PLAIN = {"str": str, "int": int, "bool": bool, "object": object, "float": float}


def model(manifest):
    """Return the type of a manifest: apps/v1 and Deployment are V1Deployment."""
    version = manifest["apiVersion"].rpartition("/")[2]
    return f"{version[0].upper()}{version[1:]}{manifest['kind']}"


def check(value, kind, place):
    """Hold a value against the name of a type."""
    listed, mapped = re.fullmatch(r"List\[(.*)\]", kind, re.I), re.fullmatch(r"dict[\[(]str, (.*)[\])]", kind, re.I)
    if listed:
        assert isinstance(value, list), place
        for at, item in enumerate(value):
            check(item, listed[1], f"{place}[{at}]")
    elif mapped:
        assert isinstance(value, dict), place
        for key, item in value.items():
            check(item, mapped[1], f"{place}.{key}")
    elif kind in PLAIN:
        assert isinstance(value, PLAIN[kind]), place
    else:
        made = getattr(client, kind)
        fields = {wire: own for own, wire in made.attribute_map.items()}
        for key, item in value.items():
            assert key in fields, f"{place}.{key}: {kind} has {', '.join(fields)}"
            check(item, made.openapi_types[fields[key]], f"{place}.{key}")


@pytest.mark.parametrize(("path", "manifest"), MANIFESTS, ids=[path.stem for path, _ in MANIFESTS])
def test_each_field_is_one_that_kubernetes_has(path, manifest):
    check(manifest, model(manifest), path.stem)


def test_a_field_that_it_has_not_is_found():
    with pytest.raises(AssertionError, match=r"spec\.replica: V1DeploymentSpec has"):
        check({"spec": {"replica": 1}}, "V1Deployment", "deployment")
