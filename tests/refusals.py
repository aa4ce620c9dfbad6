"""Refusals as they are on the wire, one for each known cause, and what is to be read in them.

This module checks nothing.
"""

from __future__ import annotations

import json
from typing import Any

from bedrock_openai_http import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    Headers,
    HTTPResponse,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

CORAL = ":http://internal.amazon.com/coral/com.amazon.coral.service/"
#: Characters that an advice may have.
LONGEST = 300
#: What stands in for a prompt or a key.
SECRET = "c4n4ry"


def is_a_line(advice: str) -> bool:
    """Tell whether advice is short, on one line, a sentence, and filled in."""
    return len(advice) <= LONGEST and advice.isprintable() and advice[-1] == "." and not {"{", "}"} & set(advice)


def answer(status: int, body: Any, kind: str = "", **headers: str) -> HTTPResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"x-amzn-RequestId": "r-1", **({"x-amzn-ErrorType": kind + CORAL} if kind else {}), **headers}
    return HTTPResponse(status, Headers(given), data)


def openai(message: str, code: str | None = None, type: str | None = "invalid_request_error", **more: Any) -> Any:
    return {"error": {"code": code, "type": type, "param": None, "message": message, **more}}


def denied(message: str) -> HTTPResponse:
    return answer(403, {"Message": message}, "AccessDeniedException")


def not_authorized(action: str, why: str = "no identity-based policy allows the action") -> HTTPResponse:
    who = "User: arn:aws:sts::111122223333:assumed-role/app/i-1"
    what = "arn:aws:bedrock:us-west-2::foundation-model/openai.gpt-oss-20b-1:0"
    return denied(f"{who} is not authorized to perform: {action} on resource: {what} because {why}")


NESTED = openai(json.dumps(openai("Model does not support image modality", "validation_error")), "validation_error")
UNKNOWN_OPERATION = {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"}
NO_SUCH_MODEL = "The model doesn't exist or doesn't support this API. Retry your request with a different model ID."
MISMATCH = "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String..."
BUSY = "Too many tokens, please wait before trying again."
UNSUPPORTED = "Unsupported parameter: '{}' is not supported with this model."

#: Name: the answer; class, type and words of the error; words of its advice.
REFUSALS: dict[str, tuple[HTTPResponse, type[APIStatusError], str | None, str, list[str]]] = {
    "key expired": (
        denied("Bearer Token has expired"),
        PermissionDeniedError, "AccessDeniedException", "Bearer Token has expired", ["has expired", "new one"],
    ),
    "key refused": (
        denied("Authentication failed: Please make sure your API Key is valid."),
        PermissionDeniedError, "AccessDeniedException", "make sure your API Key", ["wrong", "another Region"],
    ),
    "no key": (
        denied("Invalid API Key format: Must start with pre-defined prefix"),
        PermissionDeniedError, "AccessDeniedException", "Invalid API Key format", ["placeholder", "bedrock-api-key-"],
    ),
    "mantle's key": (
        answer(401, openai("Invalid bearer token", "invalid_api_key")),
        AuthenticationError, "invalid_request_error", "Invalid bearer token", ["API key", "another Region"],
    ),
    "mantle's key without known words": (
        answer(401, openai("No.", "invalid_api_key")),
        AuthenticationError, "invalid_request_error", "No.", ["API key", "another Region"],
    ),
    "mantle's form of a key": (
        answer(403, openai("No.", type="permission_error")),
        PermissionDeniedError, "permission_error", "No.", ["probably", "bedrock-mantle:CallWithBearerToken"],
    ),
    "no model access": (
        denied("You don't have access to the model with the specified model ID."),
        PermissionDeniedError, "AccessDeniedException", "You don't have", ["no access to this model", "console"],
    ),
    "not for this account": (
        answer(403, openai("x is not available for this account. You can explore other available models on Amazon "
                           "Bedrock. For additional access options, contact AWS Sales.", type="permission_error")),
        PermissionDeniedError, "permission_error", "x is not", ["no key and no permission changes", "ask AWS"],
    ),
    "a retention mode": (
        answer(400, {"message": "data retention mode 'default' is not available for this model"},
               "ValidationException"),
        BadRequestError, "ValidationException", "data retention", ["bedrock:PutAccountDataRetention", "no field"],
    ),
    "access denied, in OpenAI's shape": (
        answer(401, openai("Access denied.", "access_denied")),
        AuthenticationError, "invalid_request_error", "Access denied.", ["no access to this model"],
    ),
    "no such project": (
        answer(404, openai("Project 'arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_x' does not exist",
                           "not_found_error")),
        NotFoundError, "invalid_request_error", "Project 'arn", ["no such project", "project="],
    ),
    "no keys allowed": (
        not_authorized("bedrock:CallWithBearerToken"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["bedrock:CallWithBearerToken", "AWS credentials"],
    ),
    "no keys allowed on mantle": (
        not_authorized("bedrock-mantle:CallWithBearerToken"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["bedrock-mantle:CallWithBearerToken"],
    ),
    "no call allowed": (
        not_authorized("bedrock:InvokeModel"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["Allow bedrock:InvokeModel on this model"],
    ),
    "no stream allowed": (
        not_authorized("bedrock:InvokeModelWithResponseStream"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["stream", "bedrock:InvokeModelWithResponseStream"],
    ),
    "no call allowed on mantle": (
        not_authorized("bedrock-mantle:CreateInference"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["bedrock-mantle:CreateInference"],
    ),
    "no call allowed on mantle, in OpenAI's shape": (
        answer(403, openai("x: not authorized to perform: bedrock-mantle:CreateInference", type="permission_error")),
        PermissionDeniedError, "permission_error", "x: not", ["bedrock-mantle:CreateInference"],
    ),
    "no guardrail allowed": (
        not_authorized("bedrock:ApplyGuardrail"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["guardrail", "bedrock:ApplyGuardrail"],
    ),
    "another permission": (
        not_authorized("bedrock:SomethingNew."),
        PermissionDeniedError, "AccessDeniedException", "User:", ["Allow the action that the message names"],
    ),
    "an explicit deny": (
        not_authorized("bedrock:InvokeModel", "with an explicit deny in a service control policy"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["service control policy denies"],
    ),
    "the policy of a VPC endpoint": (
        not_authorized("bedrock:InvokeModel", "because no VPC endpoint policy allows the action"),
        PermissionDeniedError, "AccessDeniedException", "User:", ["The vpc endpoint policy has to allow"],
    ),
    "the agreement": (
        denied("The model agreement is being created. Try again after 15 minutes."),
        PermissionDeniedError, "AccessDeniedException", "The model agreement", ["agreement", "15 minutes"],
    ),
    "the form": (
        answer(404, {"message": "Model use case details have not been submitted."}, "ResourceNotFoundException"),
        NotFoundError, "ResourceNotFoundException", "Model use case", ["use case form"],
    ),
    "session expired": (
        answer(403, {"message": "The security token included in the request is expired"}, "ExpiredTokenException"),
        PermissionDeniedError, "ExpiredTokenException", "The security token", ["has expired", "sign in again"],
    ),
    "unknown access key": (
        answer(403, {"message": "The security token included in the request is invalid"},
               "UnrecognizedClientException"),
        PermissionDeniedError, "UnrecognizedClientException", "The security token", ["two sources", "SESSION_TOKEN"],
    ),
    "signature": (
        answer(403, {"message": MISMATCH}, "InvalidSignatureException"),
        PermissionDeniedError, "InvalidSignatureException", MISMATCH, ["secret key is probably", "proxy", "clock"],
    ),
    "mantle's signature": (
        answer(401, {"message": MISMATCH}),
        AuthenticationError, None, MISMATCH, ["secret key is probably not"],
    ),
    "signature as XML": (
        answer(403, b"<InvalidSignatureException><Message>x &lt; y</Message></InvalidSignatureException>"),
        PermissionDeniedError, "InvalidSignatureException", "x < y", ["secret key is probably not"],
    ),
    "signed for another Region": (
        answer(403, {"message": "Credential should be scoped to a valid region."}, "InvalidSignatureException"),
        PermissionDeniedError, "InvalidSignatureException", "Credential should", ["another Region"],
    ),
    "signed for another endpoint": (
        answer(403, {"message": "Credential should be scoped to correct service: 'bedrock'."},
               "InvalidSignatureException"),
        PermissionDeniedError, "InvalidSignatureException", "Credential should", ["another service", "endpoint="],
    ),
    "clock": (
        answer(403, {"message": "Signature expired: 20260102T030405Z is now earlier than 20260102T031905Z"},
               "InvalidSignatureException"),
        PermissionDeniedError, "InvalidSignatureException", "Signature expired", ["clock is probably wrong"],
    ),
    "request expired": (
        answer(400, {"message": "Request has expired."}, "RequestExpired"),
        BadRequestError, "RequestExpired", "Request has", ["clock is probably wrong"],
    ),
    "no authorization": (
        answer(403, {"message": "Missing Authentication Token"}, "MissingAuthenticationTokenException"),
        PermissionDeniedError, "MissingAuthenticationTokenException", "Missing", ["Authorization", "proxy"],
    ),
    "wrong path": (
        answer(200, UNKNOWN_OPERATION),
        NotFoundError, "UnknownOperationException", "does not know this path", ["/openai/v1/chat/completions"],
    ),
    "wrong path, as XML": (
        answer(404, b"<UnknownOperationException/>"),
        NotFoundError, "UnknownOperationException", "does not know this path", ["/openai/v1/chat/completions"],
    ),
    "mantle's path": (
        answer(400, openai("The model 'x' does not support the '/v1/chat/completions' API", "validation_error")),
        BadRequestError, "invalid_request_error", "The model 'x'", ["/openai/v1", "/v1", "Responses API"],
    ),
    "unknown model": (
        answer(404, openai(NO_SUCH_MODEL, "model_not_found", "not_found_error")),
        NotFoundError, "not_found_error", NO_SUCH_MODEL, ["this model is not in this Region", "Claude"],
    ),
    "mantle's unknown model": (
        answer(404, openai("The model 'x' does not exist", "not_found_error")),
        NotFoundError, "invalid_request_error", "The model 'x'", ["Region"],
    ),
    "ID of the other endpoint": (
        answer(400, openai("The provided model identifier is invalid.", "validation_error")),
        BadRequestError, "invalid_request_error", "The provided",
        ["own geography", "no access", "different IDs", "openai.gpt-oss-20b-1:0"],
    ),
    "a bare ID": (
        answer(400, {"message": "Invocation of model ID x with on-demand throughput isn\u2019t supported."},
               "ValidationException"),
        BadRequestError, "ValidationException", "Invocation", ["profile", '"global."'],
    ),
    "guardrail": (
        answer(400, {"message": "The guardrail identifier or version provided in the request does not exist."},
               "ValidationException"),
        BadRequestError, "ValidationException", "The guardrail", ["no such guardrail"],
    ),
    "images": (
        answer(400, NESTED),
        BadRequestError, "invalid_request_error", "Model does not support image modality", ["text only"],
    ),
    "max_tokens": (
        answer(400, openai(UNSUPPORTED.format("max_tokens"), "unsupported_parameter", param="max_tokens")),
        BadRequestError, "invalid_request_error", "Unsupported", ["max_completion_tokens in place of max_tokens"],
    ),
    "max_tokens in other words": (
        answer(400, openai("The 'max_tokens' parameter is not supported, use 'max_completion_tokens' instead")),
        BadRequestError, "invalid_request_error", "The 'max_tokens'", ["max_completion_tokens in place of"],
    ),
    "temperature": (
        answer(400, openai(UNSUPPORTED.format("temperature"))),
        BadRequestError, "invalid_request_error", "Unsupported", ['reasoning_effort to "none"'],
    ),
    "response_format": (
        answer(400, openai(UNSUPPORTED.format("response_format"))),
        BadRequestError, "invalid_request_error", "Unsupported", ["Leave response_format out"],
    ),
    "another parameter": (
        answer(400, openai(UNSUPPORTED.format("mood"), "unsupported_parameter")),
        BadRequestError, "invalid_request_error", "Unsupported", ["leave it out"],
    ),
    "tools": (
        answer(400, openai("Function tools with reasoning_effort are not supported for x in this API.")),
        BadRequestError, "invalid_request_error", "Function tools", ['reasoning_effort to "none"'],
    ),
    "stop": (
        answer(400, {"message": "This model doesn't support the stopSequences field. Remove it and try again."},
               "ValidationException"),
        BadRequestError, "ValidationException", "This model", ["Leave `stop` out"],
    ),
    "the word json": (
        answer(400, openai("'messages' must contain the word 'json' in some form")),
        BadRequestError, "invalid_request_error", "'messages'", ['word "json"'],
    ),
    "no stream": (
        answer(400, {"message": "The model is unsupported for streaming"}, "ValidationException"),
        BadRequestError, "ValidationException", "The model", ["without a stream"],
    ),
    "unknown field": (
        answer(400, openai("Failed to deserialize the JSON body into the target type: x: unknown field `x`")),
        BadRequestError, "invalid_request_error", "Failed", ["does not know a field", "extra_body"],
    ),
    "too long": (
        answer(400, openai("This model's maximum context length is 131072 tokens.")),
        BadRequestError, "invalid_request_error", "This model's", ["more than the model can hold"],
    ),
    "too long, by its code": (
        answer(400, openai("No.", "context_length_exceeded")),
        BadRequestError, "invalid_request_error", "No.", ["more than the model can hold"],
    ),
    "too long an answer": (
        answer(400, {"message": "The maximum tokens you requested exceeds the model limit of 8192."},
               "ValidationException"),
        BadRequestError, "ValidationException", "The maximum", ["max_completion_tokens is more than"],
    ),
    "too large": (answer(413, b""), APIStatusError, None, "no error message", ["too large"]),
    "requests": (
        answer(429, {"message": "Too many requests, please wait before trying again."}, "ThrottlingException"),
        RateLimitError, "ThrottlingException", "Too many requests", ["quota for requests or tokens"],
    ),
    "requests, in OpenAI's shape": (
        answer(429, openai("Slow down.", "rate_limit_exceeded", "rate_limit_error")),
        RateLimitError, "rate_limit_error", "Slow down.", ["quota for requests or tokens"],
    ),
    "a bare 429": (answer(429, b""), RateLimitError, None, "no error", ["quota for requests or tokens"]),
    "throttling under 400": (
        answer(400, {"message": "Rate exceeded"}, "ThrottlingException"),
        BadRequestError, "ThrottlingException", "Rate exceeded", ["quota for requests or tokens"],
    ),
    "tokens": (
        answer(429, {"message": BUSY}, "ThrottlingException"),
        RateLimitError, "ThrottlingException", BUSY, ["reserved", "all of max_completion_tokens as soon"],
    ),
    "tokens of the day": (
        answer(429, {"message": "Too many tokens per day, please wait."}, "ThrottlingException"),
        RateLimitError, "ThrottlingException", "Too many", ["of the day", "does not help"],
    ),
    "service quota": (
        answer(400, {"message": "x"}, "ServiceQuotaExceededException"),
        BadRequestError, "ServiceQuotaExceededException", "x", ["Service Quotas"],
    ),
    "model not ready": (
        answer(429, {"message": "x"}, "ModelNotReadyException"),
        RateLimitError, "ModelNotReadyException", "x", ["made ready"],
    ),
    "model timeout": (
        answer(408, {"message": "x"}, "ModelTimeoutException"),
        APIStatusError, "ModelTimeoutException", "x", ["took longer"],
    ),
    "model error": (
        answer(424, {"message": "x", "originalStatusCode": 500}, "ModelErrorException"),
        APIStatusError, "ModelErrorException", "x", ["model failed"],
    ),
    "model stream error": (
        answer(424, {"message": "x"}, "ModelStreamErrorException"),
        APIStatusError, "ModelStreamErrorException", "x", ["failed while it wrote"],
    ),
    "a tool call that was spoilt": (
        answer(500, openai("unexpected tokens remaining in message header: x")),
        InternalServerError, "invalid_request_error", "unexpected", ["tool call", "ask again"],
    ),
    "mantle's failure": (
        answer(400, openai("Internal server error", "validation_error")),
        BadRequestError, "invalid_request_error", "Internal", ["The service failed inside"],
    ),
    "overloaded": (
        answer(529, openai("Overloaded", type="overloaded_error")),
        InternalServerError, "overloaded_error", "Overloaded", ["overloaded"],
    ),
    "overloaded, without words": (answer(529, b""), InternalServerError, None, "no error", ["overloaded"]),
    "no capacity": (
        answer(503, {"message": "x"}, "ServiceUnavailableException"),
        InternalServerError, "ServiceUnavailableException", "x", ["probably has no free capacity"],
    ),
    "redirect": (answer(307, b"", location="https://a.example/x"), APIStatusError, None, "redirect", ["base_url"]),
    **{
        f"no redirect: {status}": (
            answer(status, b"", location="https://a.example/x"),
            APIStatusError, None, "no error message", ["probably", "cache"],
        )
        for status in (300, 304, 305, 306)
    },
    "proxy's password": (answer(407, b"<html>"), APIStatusError, None, "no error message", ["HTTPS_PROXY"]),
    "gateway out of time": (
        answer(504, {"message": "Endpoint request timed out"}, **{"x-amz-apigw-id": "a"}),
        InternalServerError, None, "Endpoint request timed out",
        ["on the way", "not known", "time limits", "retry_read_timeouts=True"],
    ),
    "proxy's page": (
        answer(502, b"<!DOCTYPE html><title>Bad Gateway</title>", **{"content-type": "text/html"}),
        InternalServerError, None, "no error message; text/html", ["page for a browser", "probably", "proxy"],
    ),
}  # fmt: skip
