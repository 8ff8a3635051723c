"""The systems that have incidents, as their files say."""

from lab.incidents.system_file import has_incidents, read_system_incidents
from lab.manifest import discover

ABOUT = {name: read_system_incidents(system) for name, system in discover().items() if has_incidents(system)}
CHAIN = ABOUT["chain"]
