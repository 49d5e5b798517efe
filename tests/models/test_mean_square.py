import torch

from models.mean_square import mean_square


def test_it_is_the_mean_of_the_squares_of_each_row_and_the_floor() -> None:
    x = torch.tensor([[1.0, 2.0, -3.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(mean_square(x, torch.tensor(0.25)), torch.tensor([[3.75], [0.25]]))
