"""Pictures of the results: one kind a module, each drawn from condensed results, or not at all without its data."""

from .gallery import draw_pictures

__all__ = ["draw_pictures"]
