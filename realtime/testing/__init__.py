"""Proves that a plugin keeps the contract of ``realtime/plugin.py``; for plugin authors and their tests.

::

    import torch
    from realtime.testing import check_plugin

    def test_my_plugin_keeps_the_contract():
        report = check_plugin(MyPlugin(torch.device("cpu")))
        assert report.real_time_factor < 0.01

``check_plugin`` needs no test framework. A plugin that passes may be batched with any number of other
sessions, interrupted, moved and restarted by the engine without a listener noticing.
"""

from .check import CheckReport, check_plugin
from .comparison import PluginCheckFailed

__all__ = ["CheckReport", "PluginCheckFailed", "check_plugin"]
