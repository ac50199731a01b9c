"""One thread for torch: small matrices on threads that wait for a busy core can take a hundred times as long."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """For a folder of tests: import it in the folder's `conftest.py`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
