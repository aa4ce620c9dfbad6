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
    from .aws.api_keys import ApiKeyInfo as ApiKeyInfo
    from .aws.api_keys import inspect_api_key as inspect_api_key
    from .aws.credentials import Credentials as Credentials
    from .aws.endpoint import Endpoint as Endpoint
    from .aws.endpoint import resolve_endpoint as resolve_endpoint
    from .aws.lambda_deadline import lambda_deadline as lambda_deadline
    from .aws.minting import ApiKeyProvider as ApiKeyProvider
    from .aws.minting import mint_api_key as mint_api_key
    from .aws.signing import sign as sign
    from .call.answer import parse_completion as parse_completion
    from .call.building import build_http_request as build_http_request
    from .call.decode import iter_chunks as iter_chunks
    from .clients.async_client import AsyncClient as AsyncClient
    from .clients.async_stream import AsyncChatCompletionStream as AsyncChatCompletionStream
    from .clients.async_stream import PendingStream as PendingStream
    from .clients.client import Client as Client
    from .clients.stream import ChatCompletionStream as ChatCompletionStream
    from .clients.typed_answers import AsyncParsedStream as AsyncParsedStream
    from .clients.typed_answers import ParsedStream as ParsedStream
    from .schemas import load_schema as load_schema
    from .structured.answers import parse_answer as parse_answer
    from .structured.asking import schema_of as schema_of
    from .structured.asking import typed_request as typed_request
    from .validation.lint import CompatibilityWarning as CompatibilityWarning
    from .validation.lint import Lint as Lint
    from .validation.lint import lint_request as lint_request
    from .validation.validate import validate_request as validate_request
    from .values.answer_message import Message as Message
    from .values.chunk import ChatCompletionChunk as ChatCompletionChunk
    from .values.completion import ChatCompletion as ChatCompletion
    from .values.completion import Choice as Choice
    from .values.delta import ChunkChoice as ChunkChoice
    from .values.delta import Delta as Delta
    from .values.delta import FunctionCallDelta as FunctionCallDelta
    from .values.delta import ToolCallDelta as ToolCallDelta
    from .values.errors import APIConnectionError as APIConnectionError
    from .values.errors import APIStatusError as APIStatusError
    from .values.errors import APITimeoutError as APITimeoutError
    from .values.errors import AuthenticationError as AuthenticationError
    from .values.errors import BadRequestError as BadRequestError
    from .values.errors import BedrockOpenAIError as BedrockOpenAIError
    from .values.errors import ConfigurationError as ConfigurationError
    from .values.errors import ConflictError as ConflictError
    from .values.errors import CredentialsError as CredentialsError
    from .values.errors import IncompleteStreamError as IncompleteStreamError
    from .values.errors import InternalServerError as InternalServerError
    from .values.errors import NotFoundError as NotFoundError
    from .values.errors import ParseError as ParseError
    from .values.errors import PermissionDeniedError as PermissionDeniedError
    from .values.errors import RateLimitError as RateLimitError
    from .values.errors import RequestValidationError as RequestValidationError
    from .values.errors import ResponseFormatError as ResponseFormatError
    from .values.errors import ToolLoopError as ToolLoopError
    from .values.errors import UnprocessableEntityError as UnprocessableEntityError
    from .values.guardrail_outcome import GuardrailOutcome as GuardrailOutcome
    from .values.http import Headers as Headers
    from .values.http import HTTPRequest as HTTPRequest
    from .values.http import HTTPResponse as HTTPResponse
    from .values.messages import AssistantMessage as AssistantMessage
    from .values.messages import AudioPart as AudioPart
    from .values.messages import CustomCall as CustomCall
    from .values.messages import CustomToolCall as CustomToolCall
    from .values.messages import DeveloperMessage as DeveloperMessage
    from .values.messages import FilePart as FilePart
    from .values.messages import FunctionCall as FunctionCall
    from .values.messages import FunctionMessage as FunctionMessage
    from .values.messages import ImagePart as ImagePart
    from .values.messages import OtherPart as OtherPart
    from .values.messages import OtherToolCall as OtherToolCall
    from .values.messages import RefusalPart as RefusalPart
    from .values.messages import SystemMessage as SystemMessage
    from .values.messages import TextPart as TextPart
    from .values.messages import ToolCall as ToolCall
    from .values.messages import ToolMessage as ToolMessage
    from .values.messages import UserMessage as UserMessage
    from .values.parsed import Parsed as Parsed
    from .values.request import ChatCompletionRequest as ChatCompletionRequest
    from .values.request import CustomTool as CustomTool
    from .values.request import FunctionTool as FunctionTool
    from .values.request import Guardrail as Guardrail
    from .values.request import OtherTool as OtherTool
    from .values.tool_run import ToolError as ToolError
    from .values.tool_run import ToolRun as ToolRun
    from .values.tool_run import Turn as Turn
    from .values.usage import Usage as Usage

_NAMES_BY_MODULE = {
    "values.answer_message": "Message",
    "aws.api_keys": "ApiKeyInfo inspect_api_key",
    "call.building": "build_http_request",
    "values.chunk": "ChatCompletionChunk",
    "clients.async_client": "AsyncClient",
    "clients.async_stream": "AsyncChatCompletionStream PendingStream",
    "clients.client": "Client",
    "clients.stream": "ChatCompletionStream",
    "clients.typed_answers": "AsyncParsedStream ParsedStream",
    "structured.answers": "parse_answer",
    "structured.asking": "schema_of typed_request",
    "values.completion": "ChatCompletion Choice",
    "aws.credentials": "Credentials",
    "values.delta": "ChunkChoice Delta FunctionCallDelta ToolCallDelta",
    "aws.endpoint": "Endpoint resolve_endpoint",
    "values.errors": (
        "APIConnectionError APIStatusError APITimeoutError AuthenticationError BadRequestError BedrockOpenAIError "
        "ConfigurationError ConflictError CredentialsError IncompleteStreamError InternalServerError NotFoundError "
        "ParseError PermissionDeniedError RateLimitError RequestValidationError ResponseFormatError ToolLoopError "
        "UnprocessableEntityError"
    ),
    "values.guardrail_outcome": "GuardrailOutcome",
    "aws.lambda_deadline": "lambda_deadline",
    "validation.lint": "CompatibilityWarning Lint lint_request",
    "values.messages": (
        "AssistantMessage AudioPart CustomCall CustomToolCall DeveloperMessage FilePart FunctionCall "
        "FunctionMessage ImagePart OtherPart OtherToolCall RefusalPart SystemMessage TextPart ToolCall ToolMessage "
        "UserMessage"
    ),
    "aws.minting": "ApiKeyProvider mint_api_key",
    "values.request": "ChatCompletionRequest CustomTool FunctionTool Guardrail OtherTool",
    "call.answer": "parse_completion",
    "schemas": "load_schema",
    "aws.signing": "sign",
    "call.decode": "iter_chunks",
    "values.parsed": "Parsed",
    "values.tool_run": "ToolError ToolRun Turn",
    "values.usage": "Usage",
    "validation.validate": "validate_request",
    "values.http": "HTTPRequest HTTPResponse Headers",
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}

__all__ = ["__version__", *sorted(_MODULE_OF)]


if not TYPE_CHECKING:  # a type checker would take it that there is every name

    def __getattr__(name: str) -> Any:
        module = _MODULE_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{module}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
