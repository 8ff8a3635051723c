"""Wrong usage gets a sentence and an exit code, never a stack trace."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["upp"], 2, "No such command 'upp'"),
        (["up", "bazaar"], 2, "there is no system 'bazaar'; known are: chain, exchange"),
        (["up", "--system", "chain", "--system", "bazaar"], 2, "there is no system 'bazaar'"),
        (["doctor", "--system", "bazaar"], 2, "there is no system 'bazaar'"),
        (["load", "chain", "--system", "exchange"], 2, "load goes on one system, either chain or exchange"),
        (["up", "--port-offset", "60000"], 2, "which is not between 1 and 65535"),
        (["up", "--port-offset", "many"], 2, "'many' is not a valid integer"),
        (["up", "--rps", "-1"], 2, "-1"),
        (["load", "--duration", "soon"], 2, "'soon' is no duration; write 30s, 5m or 1h30m"),
        (["load", "--host", "ftp://nowhere"], 2, "'ftp://nowhere' is no address"),
        (["load", "--host", "http://127.0.0.1:1"], 1, "http://127.0.0.1:1 cannot be reached"),
        (["load", "bazaar"], 2, "there is no system 'bazaar'"),
        (["load"], 1, "no lab is running"),
        (["status"], 1, "no lab is running"),
        (["trace", "0123456789abcdef0123456789abcdef"], 1, "no lab is running"),
        (["logs"], 1, "nothing has been printed yet"),
    ],
)
def test_wrong_usage_is_explained(run_lab, arguments, exit_code, message):
    result = run_lab(*arguments)

    assert result.returncode == exit_code
    assert message in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def test_a_state_directory_that_cannot_be_is_explained(run_lab, tmp_path):
    (tmp_path / "file").write_text("")

    result = run_lab("up", "--state-dir", str(tmp_path / "file" / "state"))

    assert result.returncode == 1
    assert "--state-dir" in result.stderr
    assert "Traceback" not in result.stderr


def test_every_verb_has_help(run_lab):
    for verb in ("up", "down", "status", "logs", "trace", "load", "doctor", "test"):
        result = run_lab(verb, "--help")
        assert result.returncode == 0
        assert result.stdout.startswith(f"Usage: python3 lab {verb}")


@pytest.mark.slow
def test_lab_test_with_arguments_runs_pytest_alone_and_passes_its_exit_code_on(run_lab, tmp_path):
    passing, failing = tmp_path / "test_passing.py", tmp_path / "test_failing.py"
    passing.write_text("def test_it():\n    pass\n")
    failing.write_text("def test_it():\n    assert False\n")

    passed = run_lab("test", str(passing), "-q", "-p", "no:cacheprovider")
    failed = run_lab("test", str(passing), str(failing), "-q", "-p", "no:cacheprovider")

    assert (passed.returncode, failed.returncode) == (0, 1)
    assert passed.stdout.splitlines()[0] == "── pytest"
    assert passed.stdout.splitlines()[-1].startswith("1 passed in ")
    assert failed.stdout.splitlines()[-1].startswith("1 failed, 1 passed in ")
