"""The stage of Ray Data, run on a local Ray."""

import json

import pytest

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]


def test_lines_are_translated_on_a_local_ray(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray", reason="ray is not installed: see tests/peers.txt")
    pytest.importorskip("pyarrow", reason="ray[data] is not installed: see tests/peers.txt")
    from quirkbook.adapters.ray import Translate

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    lines = [json.dumps({"model": "moonshot-v1-8k", "temperature": 1.7, "seed": at}) for at in range(50)]
    (tmp_path / "in.jsonl").write_text("\n".join([*lines, json.dumps({"messages": []}), "{"]))

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    try:
        stage = ray.data.read_text(str(tmp_path / "in.jsonl")).map_batches(
            Translate, fn_constructor_kwargs={"provider": "moonshot"}, concurrency=1, batch_size=16
        )
        rows = stage.take_all()
    finally:
        ray.shutdown()

    assert sorted(json.loads(row["text"])["seed"] for row in rows if row["text"]) == list(range(50))
    assert {json.loads(row["text"])["temperature"] for row in rows if row["text"]} == {1}
    assert sorted(row["fate"] for row in rows if row["fate"] != "changed") == ["refused", "unread"]
    assert all("rules" in json.loads(row["report"]) for row in rows if row["fate"] == "changed")
