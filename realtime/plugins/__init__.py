"""The plugins that come with Tectum, found like any other through the entry-point group ``tectum.plugins``."""
