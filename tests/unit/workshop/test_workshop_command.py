"""`lab workshop`: wrong use hears what is right, and nothing is left behind."""

import pytest
from click.testing import CliRunner

from lab.commands.workshop import command
from lab.paths import StateDirectory
from lab.process_group import identify
from lab.workshop.membership import CompanionRunning, Membership, MembershipFiles
from lab.workshop.server import server_address

ADA = Membership("http://192.168.1.5:8010", "Ada", "red", "learner", "a" * 32)


def run(tmp_path, *arguments):
    return CliRunner().invoke(command, [*arguments, "--state-dir", str(tmp_path)])


@pytest.mark.parametrize(
    ("arguments", "code", "hears"),
    [
        (["join", "127.0.0.1:1", "--name", "ada"], 1, "Start one with: python3 lab up"),
        (["join", "http://127.0.0.1:8010/instructor#secret", "--name", "ada"], 2, "is no address such as"),
        (["join", "127.0.0.1:8010"], 2, "Missing option '--name'"),
        (["leave"], 0, "You take part in no workshop."),
        (["status"], 0, "You take part in no workshop."),
        (["status", "--json"], 0, '"joined": false'),
        (["serve", "--port", "70000"], 2, "1<=x<=65535"),
    ],
)
def test_wrong_use_hears_what_is_right(tmp_path, arguments, code, hears):
    result = run(tmp_path, *arguments)

    assert result.exit_code == code
    assert hears in result.output


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("192.168.1.5:8010", "http://192.168.1.5:8010"),
        ("http://192.168.1.5:8010/", "http://192.168.1.5:8010"),
        ("https://Class.example", "https://class.example"),
        ("[::1]:8010", "http://[::1]:8010"),
    ],
)
def test_an_address_may_be_written_in_short(said, address):
    assert server_address(said) == address


@pytest.mark.parametrize(
    "said", ["", "ftp://host", "host:port", "host:99999", "host/path", "me@host", "host?a", "host#a"]
)
def test_what_is_no_address_of_a_workshop_is_refused(said):
    with pytest.raises(ValueError, match="is no address such as"):
        server_address(said)


def test_who_comes_back_to_the_same_place_has_the_same_token(tmp_path):
    files = MembershipFiles(StateDirectory(tmp_path))
    files.write_membership(ADA)
    files.forget_membership()

    assert files.membership() is None
    assert files.token_for(ADA.address, "ADA") == ADA.token
    assert files.token_for(ADA.address, "bob") != ADA.token
    assert files.token_for("http://elsewhere:8010", "Ada") != ADA.token


def test_what_is_kept_is_for_its_owner(tmp_path):
    files = MembershipFiles(StateDirectory(tmp_path))
    files.write_membership(ADA)

    assert files.folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in files.folder.iterdir() if path.stat().st_mode & 0o077] == []


def test_of_one_lab_one_process_takes_part(tmp_path):
    files = MembershipFiles(StateDirectory(tmp_path))
    assert not files.is_running()

    with files.held(identify(1)):
        assert files.is_running()
        with pytest.raises(CompanionRunning), files.held(identify(1)):
            pass
    assert not files.is_running()


def test_a_process_that_has_ended_is_told_as_one(tmp_path):
    MembershipFiles(StateDirectory(tmp_path)).write_membership(ADA)

    told = run(tmp_path, "status").output
    assert "You take part as Ada, team red." in told
    assert "Nothing is reported any more" in told
