"""A stand-in for Bedrock on your own machine: this room uses values and checks, and nothing that makes a call.

This module exports what users need; nothing in the package imports it but the commands that run an endpoint.
"""

from .local_endpoint import LocalEndpoint
from .recorded import scenarios
from .service.received import ReceivedRequest

__all__ = ["LocalEndpoint", "ReceivedRequest", "scenarios"]
