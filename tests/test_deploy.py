"""Files of deploy/: they name options, addresses, variables and times that the gateway has."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from quirkbook.cli import quirkbook
from quirkbook.gateway.app import Gateway
from quirkbook.gateway.config.findings import findings
from quirkbook.gateway.config.load import read_config
from quirkbook.gateway.observe import Metrics
from quirkbook.gateway.worker import GRACE

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
FILES = sorted(DEPLOY.rglob("*.yaml"))
KUBERNETES = DEPLOY / "kubernetes"
MONITORING = DEPLOY / "kubernetes-monitoring"
CONFIG = KUBERNETES / "config.yaml"
KEYS = {"MOONSHOT_API_KEY": "sk-1", "GATEWAY_KEY": "sk-gateway"}
SERVE = quirkbook.commands["serve"]
OPTIONS = {name: option for option in SERVE.params for name in option.opts}
#: What the image starts before the arguments that a manifest gives.
ENTRYPOINT = ["quirkbook", "serve", "--host", "0.0.0.0"]


def loaded(path):
    return yaml.safe_load(path.read_text("utf-8"))


def unit():
    """Return the unit's keys, with sections: (section, key) -> values in order."""
    parser = RawConfigParser(strict=False, delimiters="=", comment_prefixes="#", interpolation=None)
    parser.optionxform = str
    parser.read_string((DEPLOY / "systemd" / "quirkbook.service").read_text("utf-8"))
    return parser


def container():
    return loaded(KUBERNETES / "deployment.yaml")["spec"]["template"]["spec"]["containers"][0]


def compose():
    return loaded(DEPLOY / "compose" / "compose.yaml")["services"]["gateway"]


def commands():
    """Return the command line that each way starts, from `serve` on."""
    return {
        "systemd": shlex.split(unit()["Service"]["ExecStart"])[1:],
        "compose": [*ENTRYPOINT[1:], *compose()["command"]],
        "kubernetes": [*ENTRYPOINT[1:], *container()["args"]],
    }


def options(name):
    """Return the options of a command line."""
    _, *words = commands()[name]
    return dict(zip(words[::2], words[1::2], strict=True))


each_way = pytest.mark.parametrize("way", ["systemd", "compose", "kubernetes"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(DEPLOY).as_posix())
def test_it_is_yaml(path):
    assert list(yaml.safe_load_all(path.read_text("utf-8")))


@each_way
def test_the_command_has_the_options_and_takes_their_values(way):
    told = CliRunner().invoke(quirkbook, ["serve", "--help"]).output

    assert commands()[way][0] == "serve"
    for name, value in options(way).items():
        assert re.search(rf"(^|\s){name}\b", told, re.MULTILINE)
        assert OPTIONS[name].type_cast_value(None, value) is not None


def test_the_image_starts_what_the_manifests_go_on_with():
    text = (ROOT / "Containerfile").read_text("utf-8")
    (entrypoint,) = re.findall(r"^ENTRYPOINT (.*)", text, re.MULTILINE)

    assert [Path(word).name if "/" in word else word for word in yaml.safe_load(entrypoint)] == ENTRYPOINT


def seconds(text):
    return float(str(text).removesuffix("s"))


def test_whoever_would_kill_it_waits_for_longer_than_it_drains():
    pod = loaded(KUBERNETES / "deployment.yaml")["spec"]["template"]["spec"]
    (_, pause) = container()["lifecycle"]["preStop"]["exec"]["command"]
    waits = {
        "systemd": seconds(unit()["Service"]["TimeoutStopSec"]),
        "compose": seconds(compose()["stop_grace_period"]),
        "kubernetes": pod["terminationGracePeriodSeconds"] - seconds(pause),
    }

    for way, wait in waits.items():
        assert wait > float(options(way)["--drain"]) + GRACE, way


@pytest.fixture(scope="module")
def gateway():
    return Gateway(read_config(CONFIG, environ=KEYS))


def test_probes_ask_what_is_served_to_those_without_a_key(gateway):
    probes = [container()[f"{which}Probe"]["httpGet"]["path"] for which in ("startup", "readiness", "liveness")]
    asked = re.findall(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", " ".join(compose()["healthcheck"]["test"]))

    assert asked == [("4000", "/health/readiness")]
    for path in (*probes, asked[0][1]):
        assert gateway._pages.find("GET", path) and path in gateway._pages.open
    assert {
        probe["port"]
        for probe in (container()[f"{which}Probe"]["httpGet"] for which in ("startup", "readiness", "liveness"))
    } == {"http"}


def test_the_port_is_the_one_that_it_listens_on():
    (port,) = container()["ports"]
    (service,) = loaded(KUBERNETES / "service.yaml")["spec"]["ports"]

    assert port == {"name": "http", "containerPort": OPTIONS["--port"].default}
    assert service["targetPort"] == "http"
    assert compose()["ports"] == [f"127.0.0.1:{port['containerPort']}:{port['containerPort']}"]


def test_the_user_is_the_images():
    pod = loaded(KUBERNETES / "deployment.yaml")["spec"]["template"]["spec"]
    (user,) = re.findall(r"^USER (\d+)", (ROOT / "Containerfile").read_text("utf-8"), re.MULTILINE)

    assert pod["securityContext"]["runAsUser"] == int(user) and pod["securityContext"]["runAsNonRoot"]


@each_way
def test_nothing_is_written_and_no_right_is_held(way):
    if way == "systemd":
        service = unit()["Service"]
        assert (service["ProtectSystem"], service["DynamicUser"], service["CapabilityBoundingSet"]) == (
            "strict",
            "yes",
            "",
        )
    elif way == "compose":
        assert compose()["read_only"] and compose()["cap_drop"] == ["ALL"]
        assert all(volume["read_only"] for volume in compose()["volumes"])
    else:
        rights = container()["securityContext"]
        assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"] == {"drop": ["ALL"]}


def test_the_config_is_sound_and_needs_the_keys_of_the_secret():
    config = read_config(CONFIG, environ={}, unset="note")
    named = re.findall(r"--from-literal=(\w+)", (KUBERNETES / "kustomization.yaml").read_text("utf-8"))

    assert findings(config.settings, config.remarks) == []
    assert set(config.needs) == set(named) == set(KEYS)


def test_edits_arrive_as_the_config_is_a_folder():
    (mount,) = [one for one in container()["volumeMounts"] if one["name"] == "config"]

    assert "subPath" not in mount and mount["readOnly"]
    assert Path(options("kubernetes")["--config"]).parent == Path(mount["mountPath"])


def test_the_autoscaler_and_the_monitor_read_what_is_there(gateway):
    names = {family[0] for family in Metrics(lambda: 0).taken()}
    scaler, monitor = loaded(MONITORING / "autoscaler.yaml"), loaded(MONITORING / "monitor.yaml")
    (endpoint,) = monitor["spec"]["endpoints"]

    assert scaler["spec"]["metrics"][0]["pods"]["metric"]["name"] in names
    assert gateway._pages.find("GET", endpoint["path"])
    assert endpoint["authorization"]["credentials"]["key"] in KEYS


def test_the_image_has_the_version_of_the_package():
    import quirkbook as package

    (image,) = loaded(KUBERNETES / "kustomization.yaml")["images"]
    assert image["newTag"] == package.__version__


def test_kustomize_makes_manifests_whose_selectors_find_the_pods():
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(["kubectl", "kustomize", str(MONITORING)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made = {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}
    labels = made["Deployment"]["spec"]["template"]["metadata"]["labels"]

    for kind, place in (("Service", "selector"), ("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        selector = made[kind]["spec"][place]
        assert selector.get("matchLabels", selector).items() <= labels.items() and selector
    assert (
        made["ServiceMonitor"]["spec"]["selector"]["matchLabels"].items()
        <= made["Service"]["metadata"]["labels"].items()
    )
    assert "replicas" not in made["Deployment"]["spec"]
    assert (
        made["ConfigMap"]["metadata"]["name"]
        == made["Deployment"]["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]
    )


def test_the_page_about_it_names_files_that_exist():
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", (DEPLOY / "README.md").read_text("utf-8")):
        assert (DEPLOY / link).exists(), link
