import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Torch on one thread: the matrices are small, and threads that wait for a busy core can take 100 times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
