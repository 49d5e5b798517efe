"""``python -m training.genre.papers NETWORK --protocol segments | tracks | filtered --seed N``."""

import typer

from .command import train_paper

if __name__ == "__main__":
    typer.run(train_paper)
