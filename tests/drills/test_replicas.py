from pathlib import Path

import pytest

from drills.replicas import FAULTS, Plan, drill
from tests.replication import Cluster


@pytest.mark.slow
@pytest.mark.no_cover
def test_no_poll_fails_when_a_server_of_the_store_is_killed_or_hangs(
    tmp_path: Path, cluster: Cluster
) -> None:
    # On a busy machine every poll is slow. One that waited without a limit would fail.
    plan = Plan(seconds=2.5, releases=600, slow=20)
    lines = list(drill(cluster, tmp_path, plan))
    assert len(lines) == 2 * len(FAULTS)
    assert all(" 0 failed" in line for line in lines)
