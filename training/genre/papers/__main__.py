"""``python -m training.genre.papers NETWORK --protocol segments | tracks | filtered --seed N``."""

import typer

from .command import train_paper

app = typer.Typer(add_completion=False)
app.command()(train_paper)

if __name__ == "__main__":
    app()
