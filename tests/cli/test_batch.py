"""`quirkbook batch`: files in, files out, and nothing lost or doubled when it is killed on the way."""

import errno
import json
import os
import resource
import subprocess
import sys
import time

import pytest

from quirkbook.batch import files, lines
from quirkbook.batch.files import Batch, Settings
from quirkbook.cli import main
from quirkbook.errors import UsageError

GOOD = {"model": "moonshot-v1-8k", "temperature": 1.7, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def run(capsys):
    """Run the command in this process; return (exit code, stdout, stderr)."""

    def command(*args):
        with pytest.raises(SystemExit) as ended:
            main(["batch", *map(str, args)])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return command


@pytest.fixture
def place(tmp_path):
    def write(lines, name="in.jsonl"):
        raw = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
        (tmp_path / name).write_bytes(raw)
        return tmp_path / name, tmp_path / "out.jsonl"

    return write


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_is_translated_and_told(place, run):
    source, target = place([GOOD, b"\r\n", {"messages": []}, b"{\n", {"temperature": 0.5}])

    code, out, err = run(source, target, "-p", "moonshot")

    report, refused = f"{target}.report.jsonl", f"{target}.refused.jsonl"
    assert (code, out) == (1, "")
    assert err == (f"4 requests: 1 unchanged, 1 changed, 1 refused, 1 unreadable: see {refused}; report: {report}\n")
    assert lines_of(target) == [{**GOOD, "temperature": 1}, {"temperature": 0.5}]
    assert [line["line"] for line in lines_of(target.with_name("out.jsonl.report.jsonl"))] == [1, 3, 4, 5]
    assert target.with_name("out.jsonl.refused.jsonl").read_text() == '{"messages": []}\n{\n'
    assert not target.with_name("out.jsonl.journal").exists()


def test_what_is_all_good_ends_with_0_and_leaves_no_file_of_refused_lines(place, tmp_path, run):
    source, target = place([GOOD, json.dumps(GOOD).encode()])  # the last line without its end

    code, _, err = run(source, target, "-p", "moonshot")

    assert (code, err) == (0, f"2 requests: 0 unchanged, 2 changed; report: {target}.report.jsonl\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl", "out.jsonl.report.jsonl"]


def test_strict_refuses_lossy_lines(place, run):
    source, target = place([GOOD])

    assert run(source, target, "-p", "moonshot", "--strict")[0] == 1
    assert target.read_bytes() == b""


def test_an_output_that_is_there_is_kept_unless_forced(place, run):
    source, target = place([GOOD])
    target.write_text("precious")

    assert run(source, target, "-p", "moonshot") == (
        2, "", f"quirkbook: {target} is there already: name another output, or write it anew with --force\n",
    )  # fmt: skip
    assert target.read_text() == "precious"
    assert run(source, target, "-p", "moonshot", "--force")[0] == 0
    assert len(lines_of(target)) == 1


def test_an_unknown_provider_is_told_before_a_file_is_made(place, tmp_path, run):
    source, target = place([GOOD])

    code, _, err = run(source, target, "-p", "moonshoot")

    assert (code, err.splitlines()[0]) == (2, "quirkbook: unknown provider 'moonshoot': did you mean 'moonshot'?")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def requests(count):
    return [{**GOOD, "messages": [{"role": "user", "content": f"{at} " + "x" * (at % 700)}]} for at in range(count)]


def expected(source, target):
    Batch(source, target, Settings("moonshot"), workers=1).run()
    return [target.read_bytes(), target.with_name(f"{target.name}.report.jsonl").read_bytes()]


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 4000)


class Killed(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize("kills", [[1], [1, 1, 2], [3, 1]])
def test_a_batch_that_was_stopped_goes_on_without_losing_or_doubling_a_line(place, small_blocks, kills):
    source, target = place(requests(200))
    whole = expected(source, target.with_name("whole.jsonl"))

    for blocks in kills:
        seen = []

        def stop(progress, seen=seen, blocks=blocks):
            seen.append(progress.read)
            if len(seen) == blocks:
                raise Killed

        with pytest.raises(Killed):
            Batch(source, target, Settings("moonshot"), workers=1).run(on_progress=stop)
        with target.open("ab") as file:  # what was written and not noted down
            file.write(b'{"half a li')
    done = Batch(source, target, Settings("moonshot"), workers=1).run()

    assert [target.read_bytes(), target.with_name("out.jsonl.report.jsonl").read_bytes()] == whole
    assert (done.lines, done.fates["changed"]) == (200, 200)


def is_group(number):
    """Tell whether a process of that group is left."""
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_batch_that_is_killed_on_all_cores_goes_on_too(place, run):
    source, target = place(requests(12_000))
    whole = expected(source, target.with_name("whole.jsonl"))
    command = [sys.executable, "-m", "quirkbook", "batch", str(source), str(target), "-p", "moonshot", "--workers", "2"]

    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if (target.exists() and target.stat().st_size) or process.poll() is not None:
            break
        time.sleep(0.01)
    process.kill()
    process.wait()

    for _ in range(200):  # its workers end with it
        if not is_group(process.pid):
            break
        time.sleep(0.05)
    assert not is_group(process.pid)
    assert run(source, target, "-p", "moonshot", "--workers", "2")[0] == 0
    assert [target.read_bytes(), target.with_name("out.jsonl.report.jsonl").read_bytes()] == whole


def test_all_cores_do_what_one_does(place, small_blocks):
    source, target = place(requests(200))
    whole = expected(source, target.with_name("whole.jsonl"))

    Batch(source, target, Settings("moonshot"), workers=2).run()

    assert [target.read_bytes(), target.with_name("out.jsonl.report.jsonl").read_bytes()] == whole


def test_a_terminal_shows_a_bar_while_it_lasts(place, monkeypatch, run):
    monkeypatch.setenv("FORCE_COLOR", "1")
    source, target = place([GOOD])

    code, _, err = run(source, target, "-p", "moonshot")

    assert code == 0
    assert "translating" in err
    assert "1 request: 0 unchanged, 1 changed" in err


def test_rules_of_ones_own_apply(place, tmp_path, run):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "moonshot.yaml").write_text(OWN)
    source, target = place([{"seed": 1, "temperature": 0.5}])

    assert run(source, target, "-p", "moonshot", "--rules", tmp_path / "mine", "--workers", 1)[0] == 0
    assert lines_of(target) == [{"temperature": 0.5}]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda source: source.write_text("{}\n"), "{} has changed"),
        (lambda source: None, "provider, model, rules or policy differ"),
    ],
)
def test_a_journal_of_another_batch_is_not_gone_on_with(place, small_blocks, change, text):
    source, target = place(requests(60))

    def stop(progress):
        raise Killed

    with pytest.raises(Killed):
        Batch(source, target, Settings("moonshot"), workers=1).run(on_progress=stop)
    change(source)

    with pytest.raises(UsageError) as caught:
        Batch(source, target, Settings("moonshot", "kimi-k2"), workers=1).run()
    assert str(caught.value) == f"{target}.journal is of another batch: {text.format(source)}; begin anew with --force"
    Batch(source, target, Settings("moonshot", "kimi-k2"), workers=1).run(force=True)


OWN = (
    "quirks: 1\nprovider: moonshot\nrules:\n"
    "  - {id: no-seed, why: w, source: s, verified: {date: 2026-11-23, by: docs}, when: {seed: {exists: true}},\n"
    "     do: [{drop: [seed]}], examples: [{in: {seed: 1}, out: {}}]}\n"
)


def stopped(source, target, settings=Settings("moonshot")):  # noqa: B008 - it is frozen
    """Run a batch, and stop it behind its first block."""

    def stop(progress):
        raise Killed

    with pytest.raises(Killed):
        Batch(source, target, settings, workers=1).run(on_progress=stop)


@pytest.mark.parametrize("by", ["option", "variable", "package"])
def test_a_batch_whose_rules_were_edited_is_not_gone_on_with(place, tmp_path, small_blocks, monkeypatch, run, by):
    source, target = place(requests(60))
    rules = tmp_path / "mine"
    rules.mkdir()
    (rules / "moonshot.yaml").write_text(OWN)
    options = ["--rules", rules] if by == "option" else []
    if by == "variable":
        monkeypatch.setenv("QUIRKBOOK_RULES", str(rules))
        monkeypatch.setattr(lines.api, "default_rulebook", lines.api.default_rulebook.__wrapped__)
    stopped(source, target, Settings("moonshot", rules=tuple(map(str, options[1:]))))
    before = target.read_bytes()

    if by == "package":
        monkeypatch.setattr(files, "__version__", "0.0.1")
    else:
        (rules / "moonshot.yaml").write_text(OWN.replace("seed", "user"))

    assert run(source, target, "-p", "moonshot", *options) == (
        2, "", f"quirkbook: {target}.journal is of another batch: provider, model, rules or policy differ; "
        "begin anew with --force\n",
    )  # fmt: skip
    assert target.read_bytes() == before


@pytest.mark.parametrize("force", [["--force"], []])
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("k", "output"),
        ("k.report.jsonl", "report"),
        ("k.refused.jsonl", "file of refused lines"),
        ("k.journal", "journal"),
        ("k.journal.new", "next journal"),
    ],
)
@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_an_input_that_the_batch_would_write_over_stays(place, tmp_path, run, force, name, what, link):
    source, _ = place([GOOD], "in.jsonl" if link else name)
    if link:
        link(source, tmp_path / name)
    before = source.read_bytes()

    assert run(source, tmp_path / "k", "-p", "moonshot", *force) == (
        2, "", f"quirkbook: {tmp_path / name} is both the input and the {what} of this batch: name another output\n",
    )  # fmt: skip
    assert source.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {source.name, name}


def test_an_input_that_can_be_read_but_once_is_refused_unread(tmp_path, run):
    os.mkfifo(tmp_path / "pipe")

    assert run(tmp_path / "pipe", tmp_path / "out.jsonl", "-p", "moonshot") == (
        2, "", f"quirkbook: {tmp_path / 'pipe'} is not a file that a batch can go on in: save it as a regular file first\n",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.report.jsonl"])
@pytest.mark.parametrize("harm", [os.unlink, lambda path: os.truncate(path, 7)])
def test_a_batch_whose_output_got_shorter_is_not_gone_on_with(place, tmp_path, small_blocks, run, name, harm):
    source, target = place(requests(60))
    stopped(source, target)
    harm(tmp_path / name)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert run(source, target, "-p", "moonshot") == (
        2, "", f"quirkbook: {tmp_path / name} is shorter than its journal {target}.journal says: begin anew with --force\n",
    )  # fmt: skip
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("force", [["--force"], []])
def test_two_batches_do_not_write_one_output(place, small_blocks, run, force):
    source, target = place(requests(60))
    whole = expected(source, target.with_name("whole.jsonl"))
    said = []

    Batch(source, target, Settings("moonshot"), workers=1).run(
        on_progress=lambda progress: said.append(run(source, target, "-p", "moonshot", *force))
    )

    assert set(said) == {
        (2, "", f"quirkbook: another batch is writing {target}: wait for it, or name another output\n")
    }
    assert [target.read_bytes(), target.with_name("out.jsonl.report.jsonl").read_bytes()] == whole


def test_a_batch_runs_on_a_file_system_without_locks(place, monkeypatch, run):
    def flock(file, how):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", flock)
    source, target = place([GOOD])

    assert run(source, target, "-p", "moonshot")[0] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda found: b"garbage",
        lambda found: b"\xff",
        lambda found: b"[" * 100_000,
        lambda found: [],
        lambda found: {},
        lambda found: {**found, "progress": []},
        lambda found: {**found, "progress": {"red": 1}},
        lambda found: {**found, "progress": {**found["progress"], "read": "1"}},
        lambda found: {**found, "progress": {**found["progress"], "lines": -1}},
        lambda found: {**found, "progress": {**found["progress"], "sizes": [0, 0]}},
        lambda found: {**found, "progress": {**found["progress"], "sizes": 0}},
        lambda found: {**found, "progress": {**found["progress"], "fates": []}},
        lambda found: {**found, "progress": {**found["progress"], "fates": {"changed": 1}}},
        lambda found: {"progress": found["progress"]},
    ],
)
def test_a_journal_that_is_none_is_told(place, small_blocks, run, change):
    source, target = place(requests(60))
    stopped(source, target)
    journal = target.with_name("out.jsonl.journal")
    raw = change(json.loads(journal.read_bytes()))
    journal.write_bytes(raw if isinstance(raw, bytes) else json.dumps(raw).encode())

    assert run(source, target, "-p", "moonshot") == (
        2, "", f"quirkbook: {journal} is not a journal of a batch: begin anew with --force\n",
    )  # fmt: skip
    assert run(source, target, "-p", "moonshot", "--force", "--workers", "1")[0] == 0


def test_a_folder_that_is_not_there_is_told(place, tmp_path, run):
    source, _ = place([GOOD])
    target = tmp_path / "nowhere" / "out.jsonl"

    assert run(source, target, "-p", "moonshot") == (2, "", f"quirkbook: {target}: No such file or directory\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(place, tmp_path, run):
    source, _ = place([GOOD])
    (tmp_path / "locked").mkdir(0o500)
    target = tmp_path / "locked" / "out.jsonl"

    assert run(source, target, "-p", "moonshot") == (2, "", f"quirkbook: {target}: Permission denied\n")


def test_a_report_that_cannot_be_written_is_told_by_name(place, run):
    source, target = place([GOOD])
    report = target.with_name("out.jsonl.report.jsonl")
    report.symlink_to("nowhere/report")

    assert run(source, target, "-p", "moonshot") == (2, "", f"quirkbook: {report}: No such file or directory\n")
    report.unlink()
    assert run(source, target, "-p", "moonshot")[0] == 0


def test_a_device_that_is_full_is_told_by_name(place, run):
    source, target = place([GOOD])
    target.symlink_to("/dev/full")

    assert run(source, target, "-p", "moonshot") == (2, "", f"quirkbook: {target}: No space left on device\n")
    target.unlink()
    assert run(source, target, "-p", "moonshot")[0] == 0
    assert len(lines_of(target)) == 1


@pytest.mark.parametrize("limit", [1000, 20_000])  # in the first block, in a later one
def test_a_batch_goes_on_when_a_full_disk_has_room_again(place, small_blocks, run, limit):
    source, target = place(requests(200))
    whole = expected(source, target.with_name("whole.jsonl"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        full = run(source, target, "-p", "moonshot", "--workers", 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert full == (2, "", f"quirkbook: {target}: File too large\n")
    assert target.stat().st_size == limit
    assert run(source, target, "-p", "moonshot", "--workers", 1)[0] == 0
    assert [target.read_bytes(), target.with_name("out.jsonl.report.jsonl").read_bytes()] == whole


def test_an_input_that_cannot_be_read_is_told_by_name(place, monkeypatch, run):
    def broken(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "_read_block", broken)
    source, target = place([GOOD])

    assert run(source, target, "-p", "moonshot") == (2, "", f"quirkbook: {source}: Input/output error\n")


def test_a_line_that_is_too_long_is_told_and_passed_over(place, small_blocks, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 1000)
    long = {**GOOD, "messages": [{"role": "user", "content": "x" * 9000}]}
    source, target = place([GOOD, long, GOOD, json.dumps(long).encode()])

    done = Batch(source, target, Settings("moonshot"), workers=1).run()

    assert done.fates == {"unchanged": 0, "changed": 2, "refused": 0, "unread": 2}
    assert lines_of(target.with_name("out.jsonl.report.jsonl"))[1] == {
        "line": 2, "error": "the line holds more than 1000 bytes, too many for a payload",
    }  # fmt: skip


def test_an_empty_file_gives_empty_ones(place, run):
    source, target = place([])

    assert run(source, target, "-p", "moonshot")[0] == 0
    assert target.read_bytes() == b""


def test_memory_does_not_grow_with_the_file(place):
    code = (
        "import resource, sys; from pathlib import Path; from quirkbook.batch.files import Batch, Settings; "
        "Batch(Path(sys.argv[1]), Path(sys.argv[2]), Settings('moonshot'), workers=1).run(force=True); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak(count):
        source, target = place(requests(count), f"{count}.jsonl")
        done = subprocess.run(
            [sys.executable, "-c", code, str(source), str(target)], capture_output=True, text=True, check=True
        )
        return int(done.stdout) / 1024

    assert peak(24_000) < peak(4_000) + 12  # MiB; the file is 10 MiB larger, and twice that in objects
