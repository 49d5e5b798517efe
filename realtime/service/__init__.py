"""The service: one port for the page, the API and the sockets.

Invariant: a client reaches the engine only through the limits set here.
"""
