"""Amazon Bedrock's OpenAI-compatible Chat Completions API over plain, signed HTTP.

    from bedrock_openai_http import ChatCompletionRequest, Client, UserMessage

    client = Client(region="us-west-2")
    request = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Hello!")])
    completion = client.complete(request)
    print(completion.text, completion.request_id)

This module holds the public names; each is loaded when it is first used, so that the import is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from .answer_message import Message as Message
    from .api_keys import ApiKeyInfo as ApiKeyInfo
    from .api_keys import inspect_api_key as inspect_api_key
    from .building import build_http_request as build_http_request
    from .chunk import ChatCompletionChunk as ChatCompletionChunk
    from .client import Client as Client
    from .completion import ChatCompletion as ChatCompletion
    from .completion import Choice as Choice
    from .credentials import Credentials as Credentials
    from .delta import ChunkChoice as ChunkChoice
    from .delta import Delta as Delta
    from .delta import FunctionCallDelta as FunctionCallDelta
    from .delta import ToolCallDelta as ToolCallDelta
    from .endpoint import Endpoint as Endpoint
    from .endpoint import resolve_endpoint as resolve_endpoint
    from .errors import APIConnectionError as APIConnectionError
    from .errors import APIStatusError as APIStatusError
    from .errors import APITimeoutError as APITimeoutError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadRequestError as BadRequestError
    from .errors import BedrockOpenAIError as BedrockOpenAIError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ConflictError as ConflictError
    from .errors import CredentialsError as CredentialsError
    from .errors import IncompleteStreamError as IncompleteStreamError
    from .errors import InternalServerError as InternalServerError
    from .errors import NotFoundError as NotFoundError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import RateLimitError as RateLimitError
    from .errors import RequestValidationError as RequestValidationError
    from .errors import ResponseFormatError as ResponseFormatError
    from .errors import UnprocessableEntityError as UnprocessableEntityError
    from .guardrail_outcome import GuardrailOutcome as GuardrailOutcome
    from .lambda_deadline import lambda_deadline as lambda_deadline
    from .lint import CompatibilityWarning as CompatibilityWarning
    from .lint import Lint as Lint
    from .lint import lint_request as lint_request
    from .messages import AssistantMessage as AssistantMessage
    from .messages import AudioPart as AudioPart
    from .messages import CustomCall as CustomCall
    from .messages import CustomToolCall as CustomToolCall
    from .messages import DeveloperMessage as DeveloperMessage
    from .messages import FilePart as FilePart
    from .messages import FunctionCall as FunctionCall
    from .messages import FunctionMessage as FunctionMessage
    from .messages import ImagePart as ImagePart
    from .messages import OtherPart as OtherPart
    from .messages import OtherToolCall as OtherToolCall
    from .messages import RefusalPart as RefusalPart
    from .messages import SystemMessage as SystemMessage
    from .messages import TextPart as TextPart
    from .messages import ToolCall as ToolCall
    from .messages import ToolMessage as ToolMessage
    from .messages import UserMessage as UserMessage
    from .minting import ApiKeyProvider as ApiKeyProvider
    from .minting import mint_api_key as mint_api_key
    from .request import ChatCompletionRequest as ChatCompletionRequest
    from .request import CustomTool as CustomTool
    from .request import FunctionTool as FunctionTool
    from .request import Guardrail as Guardrail
    from .request import OtherTool as OtherTool
    from .response import parse_completion as parse_completion
    from .schemas import load_schema as load_schema
    from .signing import sign as sign
    from .streaming import ChatCompletionStream as ChatCompletionStream
    from .streaming import iter_chunks as iter_chunks
    from .usage import Usage as Usage
    from .validation import validate_request as validate_request
    from .wire import Headers as Headers
    from .wire import HTTPRequest as HTTPRequest
    from .wire import HTTPResponse as HTTPResponse

_NAMES_BY_MODULE = {
    "answer_message": "Message",
    "api_keys": "ApiKeyInfo inspect_api_key",
    "building": "build_http_request",
    "chunk": "ChatCompletionChunk",
    "client": "Client",
    "completion": "ChatCompletion Choice",
    "credentials": "Credentials",
    "delta": "ChunkChoice Delta FunctionCallDelta ToolCallDelta",
    "endpoint": "Endpoint resolve_endpoint",
    "errors": (
        "APIConnectionError APIStatusError APITimeoutError AuthenticationError BadRequestError BedrockOpenAIError "
        "ConfigurationError ConflictError CredentialsError IncompleteStreamError InternalServerError NotFoundError "
        "PermissionDeniedError RateLimitError RequestValidationError ResponseFormatError UnprocessableEntityError"
    ),
    "guardrail_outcome": "GuardrailOutcome",
    "lambda_deadline": "lambda_deadline",
    "lint": "CompatibilityWarning Lint lint_request",
    "messages": (
        "AssistantMessage AudioPart CustomCall CustomToolCall DeveloperMessage FilePart FunctionCall "
        "FunctionMessage ImagePart OtherPart OtherToolCall RefusalPart SystemMessage TextPart ToolCall ToolMessage "
        "UserMessage"
    ),
    "minting": "ApiKeyProvider mint_api_key",
    "request": "ChatCompletionRequest CustomTool FunctionTool Guardrail OtherTool",
    "response": "parse_completion",
    "schemas": "load_schema",
    "signing": "sign",
    "streaming": "ChatCompletionStream iter_chunks",
    "usage": "Usage",
    "validation": "validate_request",
    "wire": "HTTPRequest HTTPResponse Headers",
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}

__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
