"""One thread for every test here: float64 depthwise convolutions are thousands of small calls, and threads that wait
for one another on a busy machine make them a hundred times slower.
"""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
