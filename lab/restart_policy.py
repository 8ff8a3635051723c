"""How long to wait before starting a process again, and when to stop trying. Pure: knows no process and no clock."""

from dataclasses import dataclass

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
#: A process that lived this long has recovered: its earlier deaths no longer count.
HEALTHY_SECONDS = 60.0
#: Deaths in a row after which a process is left alone; with the delays above that is a minute and a half of trying.
MOST_DEATHS_IN_A_ROW = 8


@dataclass
class RestartPolicy:
    """Exponential backoff for one process.

    >>> policy = RestartPolicy()
    >>> policy.delay_after_death(lived_seconds=3.0), policy.delay_after_death(lived_seconds=0.1)
    (0.5, 1.0)
    """

    first_delay_seconds: float = FIRST_DELAY_SECONDS
    longest_delay_seconds: float = LONGEST_DELAY_SECONDS
    healthy_seconds: float = HEALTHY_SECONDS
    most_deaths_in_a_row: int = MOST_DEATHS_IN_A_ROW
    deaths_in_a_row: int = 0

    def delay_after_death(self, lived_seconds: float) -> float | None:
        """Seconds until the next start, or None when the process dies too often to go on."""
        if lived_seconds >= self.healthy_seconds:
            self.deaths_in_a_row = 0
        self.deaths_in_a_row += 1
        if self.deaths_in_a_row > self.most_deaths_in_a_row:
            return None
        return min(self.first_delay_seconds * 2.0 ** (self.deaths_in_a_row - 1), self.longest_delay_seconds)
