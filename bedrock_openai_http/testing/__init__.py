"""Test help for programs that call Bedrock: a stand-in for it on your own machine.

This module exports what users need; nothing in the package imports it but the commands that run an endpoint.
"""

from .local_endpoint import LocalEndpoint
from .recorded import scenarios
from .service.received import ReceivedRequest

__all__ = ["LocalEndpoint", "ReceivedRequest", "scenarios"]
