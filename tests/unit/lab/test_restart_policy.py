"""When a process that died is started again."""

from lab.restart_policy import RestartPolicy


def test_the_delay_doubles_from_death_to_death_up_to_a_limit():
    policy = RestartPolicy()

    assert [policy.delay_after_death(1.0) for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_it_gives_up_when_a_process_dies_too_often_in_a_row():
    policy = RestartPolicy(most_deaths_in_a_row=2)

    assert [policy.delay_after_death(1.0) for _ in range(4)] == [0.5, 1.0, None, None]


def test_a_healthy_minute_forgives_what_was_before():
    policy = RestartPolicy(most_deaths_in_a_row=2)
    policy.delay_after_death(1.0)
    policy.delay_after_death(1.0)

    assert policy.delay_after_death(60.0) == 0.5
    assert policy.delay_after_death(59.9) == 1.0
    assert policy.delay_after_death(59.9) is None
