"""Tables of scores, and what a program is told."""

from lab.incidents.bench import NO_FAULT, Played, Results, agent_environment, players_of


def played(seed: int, player: str, kind: str, score: float) -> Played:
    return Played(seed, "easy", "locate", player, kind, score, ("because",), 1.0)


RESULTS = Results(
    [
        played(1, "baseline", "missing_index", 0.5),
        played(2, "baseline", NO_FAULT, 1.0),
        played(1, "do-nothing", "missing_index", 0.0),
        played(2, "do-nothing", NO_FAULT, 1.0),
        played(1, "always-yes", "missing_index", 0.1),
        played(2, "always-yes", NO_FAULT, 0.0),
    ],
    {3: "the lab did not do what it should have\nmemory-growth …"},
)


def test_chance_is_taken_off() -> None:
    assert {row["player"]: row["score"] for row in RESULTS.scores()} == {
        "baseline": 0.5,
        "do-nothing": 0.0,
        "always-yes": 0.0,
    }


def test_one_half_alone_has_no_score() -> None:
    assert Results([played(1, "baseline", "missing_index", 1.0)]).scores()[0]["score"] is None


def test_the_table_has_every_player_and_kind() -> None:
    assert RESULTS.as_markdown() == (
        "| task | player | score | with a fault | without | incidents |\n"
        "|---|---|---|---|---|---|\n"
        "| locate | baseline | 0.50 | 0.50 | 1.00 | 2 |\n"
        "| locate | do-nothing | 0.00 | 0.00 | 1.00 | 2 |\n"
        "| locate | always-yes | 0.00 | 0.10 | 0.00 | 2 |\n"
        "\n"
        "| task | kind | baseline | do-nothing | always-yes |\n"
        "|---|---|---|---|---|\n"
        "| locate | missing_index | 0.50 | 0.00 | 0.10 |\n"
        "| locate | no fault | 1.00 | 1.00 | 0.00 |\n"
        "\n"
        "Not set up, and so not counted: seeds 3."
    )


def test_of_nothing_there_is_no_table() -> None:
    assert Results().as_markdown() == "Nothing was played."


def test_a_program_is_told_four_addresses_and_nothing_of_the_lab(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LAB_STATE_DIR", "/somewhere")
    monkeypatch.setenv("LAB_RUN_ID", "1")
    told = agent_environment("http://127.0.0.1:9", {"prometheus": "p", "loki": "l", "tempo": "t", "otlp_http": "o"})
    assert {name for name in told if name.startswith("LAB_")} == {
        "LAB_INCIDENT_URL",
        "LAB_PROMETHEUS_URL",
        "LAB_LOKI_URL",
        "LAB_TEMPO_URL",
    }
    assert "/somewhere" not in told.values()


def test_a_program_plays_beside_the_baseline_and_the_blind() -> None:
    assert players_of("./agent") == ["agent", "baseline", "always-yes", "do-nothing", "random"]
