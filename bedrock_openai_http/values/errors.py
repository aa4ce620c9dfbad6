"""Every way a call can fail, as one tree of exceptions.

    BedrockOpenAIError                    .request_id .attempts .elapsed .partial .usage .advice
    ├── RequestValidationError            the body breaks the schema or a rule; nothing was sent
    ├── ConfigurationError                a region, endpoint, header value or option is unusable; nothing was sent
    ├── CredentialsError                  no usable credentials; nothing was sent
    ├── APIConnectionError                no whole answer came back
    │   └── APITimeoutError               ... because time ran out
    ├── ResponseFormatError               a 2xx answer that is not what the API promises
    ├── IncompleteStreamError             the stream ended before its end mark
    ├── ParseError                        an answer that does not fit the kind that was asked for
    ├── ToolLoopError                     a run of tools that cannot go on
    └── APIStatusError                    a status of 300 or more, or an error object inside a 200
        ├── BadRequestError 400           ├── AuthenticationError 401     ├── PermissionDeniedError 403
        ├── NotFoundError 404             ├── ConflictError 409           ├── UnprocessableEntityError 422
        └── RateLimitError 429            └── InternalServerError 500 and above

This module's law: an exception is data. It survives pickling and copying, keeps no request, no credentials and of a
prompt only what the service quotes, and builds its text, which is always one harmless line, only when asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .completion import ChatCompletion
    from .http import HTTPResponse
    from .tool_run import ToolRun
    from .usage import Usage


#: Characters that a terminal or the reader of a log obeys: the controls of C0, DEL and C1 (ECMA-48), the separators
#: of lines and paragraphs, and the marks that turn the order of what follows around, so that a text reads as another
#: one (UAX #9: embeddings, overrides, isolates). Not the marks U+200E, U+200F and U+061C and the zero-width joiners:
#: they reach no further than their neighbours, and Arabic, Hebrew, Persian and emoji are not written without them.
OBEYED = (range(0x20), range(0x7F, 0xA0), range(0x2028, 0x202F), range(0x2066, 0x206A))
#: Halves of a pair, which JSON can hold and no encoding can: what prints them fails.
_SURROGATES = range(0xD800, 0xE000)


def one_line(text: str) -> str:
    """Return `text` on one line, with U+FFFD for what would be obeyed and not shown, or cannot be written at all."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return line.translate({code: "\ufffd" for codes in (*OBEYED, _SURROGATES) for code in codes})


class BedrockOpenAIError(Exception):
    """The root: `except BedrockOpenAIError` catches every failure of this package, and nothing else."""

    #: The AWS request ID, for a support case; None where no answer arrived or none was named.
    request_id: str | None
    #: How many attempts at sending were made for the call; None where the failure is not part of a call.
    attempts: int | None
    #: Seconds from the start of the call to the failure; None where the failure is not part of a call.
    elapsed: float | None
    #: Of a stream that failed: the completion that its chunks add up to so far. None elsewhere.
    partial: ChatCompletion | None
    #: The answer, if there was one: of one that broke off and of a stream only status and headers. None elsewhere.
    response: HTTPResponse | None
    #: One line on the likely cause and what helps, in words of ours; None where the cause is not known.
    advice: str | None
    #: Of an error that leaves `run_tools`: the run so far. None elsewhere.
    run: ToolRun | None = None
    #: The tokens of completions that came before the failure, where one call of ours asks for several.
    spent: Usage | None = None

    # The constructor's positional arguments are exactly `Exception.args`, and everything else has a default and
    # lives in `__dict__`: that is what the default pickling restores.
    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        self.attempts = None
        self.elapsed = None
        self.partial = None
        self.response = None
        self.advice = None

    @property
    def usage(self) -> Usage | None:
        """The tokens that are known to have been used: of `partial`, and before it. None where it is not known."""
        own = None if self.partial is None else self.partial.usage
        return own if self.spent is None else self.spent.plus(own)

    def __str__(self) -> str:
        """Return everything that a log needs, on one line: what happened, the request ID, the advice.

        Whatever the service sent, there is no character in it that a terminal or a log would obey: see `one_line`.
        """
        notes = []
        if self.request_id:
            notes.append(f"request ID {self.request_id}")
        if self.attempts and self.attempts > 1:
            notes.append(f"{self.attempts} attempts")
        text = one_line(str(self._text()))  # whoever builds an exception may give anything
        end = "" if text.endswith((".", "!", "?")) else "."
        if notes:
            text += f" ({', '.join(notes)})"
        return one_line(f"{text}{end} {self.advice}" if self.advice else text)

    def _text(self) -> str:
        return self.message


class RequestValidationError(BedrockOpenAIError):
    """The request breaks the schema or a rule of the API. Nothing was sent.

    The text names the place and the rule, and never repeats what stands there, which may be a prompt.
    """

    def __init__(self, message: str, *, json_path: str = "$", rule: str = "") -> None:
        super().__init__(message)
        #: Where in the body, as a JSON path such as `$.messages[0].content`.
        self.json_path = json_path
        #: Which rule: a JSON Schema keyword ("required", "maximum", ...) or a name in `validation.fields.RULES`.
        self.rule = rule

    def _text(self) -> str:
        return f"{self.json_path}: {self.message}"


class ConfigurationError(BedrockOpenAIError):
    """A region, endpoint, header value or option cannot be used. Nothing was sent."""


class CredentialsError(BedrockOpenAIError):
    """No usable credentials were found; the text lists the sources tried. Nothing was sent."""


class APIConnectionError(BedrockOpenAIError):
    """No whole answer came back: no connection, or one that broke."""

    def __init__(self, message: str, *, phase: str = "connect", request_id: str | None = None) -> None:
        super().__init__(message, request_id=request_id)
        #: What was under way: "connect", "send", "headers" or "body"; "reused" if a pooled connection was dead
        #: before it was used; of a timeout also "idle" (between pieces of a stream) or "deadline" (of the call).
        self.phase = phase
        #: Whether another attempt would fail for the same, as with a certificate that is not trusted; it is not made.
        self.permanent = False


class APITimeoutError(APIConnectionError):
    """Time ran out: `phase` says for what. "deadline" is the total over all attempts."""


class ResponseFormatError(BedrockOpenAIError):
    """A 2xx answer that is not what the API promises: not JSON, not a completion, not an event stream."""

    def __init__(self, message: str, *, response: HTTPResponse | None = None, request_id: str | None = None) -> None:
        super().__init__(message, request_id=request_id)
        #: The answer as it came; of a stream, only its status and headers.
        self.response = response


class IncompleteStreamError(BedrockOpenAIError):
    """The stream ended before its end mark `[DONE]`; what had arrived is in `partial`."""


class ParseError(BedrockOpenAIError):
    """An answer that does not fit the kind that was asked for. The text repeats nothing of it: see `completion`."""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        json_path: str = "$",
        rule: str = "",
        completion: ChatCompletion | None = None,
    ) -> None:
        super().__init__(message, request_id=completion.request_id if completion else None)
        #: "not-json" or "schema", which `reask` asks again for; "length", "refusal", "guardrail", "empty" or
        #: "tool-calls", which are never asked again.
        self.reason = reason
        #: Where in the answer's JSON, as a JSON path such as `$.items[0].price`.
        self.json_path = json_path
        #: Of the reason "schema": the JSON Schema keyword that is broken, or "value" for what cannot be converted.
        self.rule = rule
        #: What `reask` tells the model is wrong, which the text of a class's own ValueError is a part of: that may
        #: hold what the model said. None where an answer is never asked for again. It is in no text of the error.
        self.told: str | None = None
        #: The answer; None where `parse_answer` was given a text.
        self.completion = completion
        if completion is not None:
            self.attempts, self.elapsed, self.response = completion.attempts, completion.elapsed, completion.response

    @property
    def usage(self) -> Usage | None:
        """The tokens of all completions that were asked for; None without one."""
        own = None if self.completion is None else self.completion.usage
        return own if self.spent is None else self.spent.plus(own)

    def _text(self) -> str:
        has_place = self.reason == "schema" or self.json_path != "$"
        return f"{self.json_path}: {self.message}" if has_place else self.message


class ToolLoopError(BedrockOpenAIError):
    """A run of tools that cannot go on; `run` is the run so far. What a tool has raised is the `__cause__`."""

    def __init__(self, message: str, *, reason: str = "", request_id: str | None = None) -> None:
        super().__init__(message, request_id=request_id)
        #: "tool-failed", "max-turns", "length", "repeated" or "guardrail".
        self.reason = reason

    @property
    def usage(self) -> Usage | None:
        """The tokens of all completions of the run."""
        return None if self.run is None else self.run.usage


class APIStatusError(BedrockOpenAIError):
    """The service answered with an error: a status of 300 or more, or an error object inside a 200 answer."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
        response: HTTPResponse | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id)
        #: The HTTP status; of an error object inside a 200 answer, the status that the object names, or None.
        self.status_code = status_code
        #: The machine-readable code: AWS's exception name or OpenAI's `error.code`.
        self.code = code
        #: The kind: AWS's exception name or OpenAI's `error.type`.
        self.type = type
        #: The request field that the service blames, if it names one.
        self.param = param
        #: The whole answer; of an error in mid-stream, only its status and headers.
        self.response = response

    def _text(self) -> str:
        name = self.type if self.code == str(self.status_code) else self.code or self.type
        label = " ".join(dict.fromkeys(str(part) for part in (self.status_code, name) if part))
        places = [label] if label else []
        # A field that the message does not name; what is too long for a name is none.
        if isinstance(self.param, str) and 0 < len(self.param) <= 200 and self.param not in str(self.message):
            places.append(self.param)
        return ": ".join([*places, str(self.message)]) if places else self.message


class BadRequestError(APIStatusError):
    """400: the service refuses the request as it is."""


class AuthenticationError(APIStatusError):
    """401: the service does not accept who asks."""


class PermissionDeniedError(APIStatusError):
    """403: the key or signature is refused, or it does not allow this call. Bedrock uses it for both."""


class NotFoundError(APIStatusError):
    """404: no such model or path, or the model does not offer this API."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the state of a resource."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed but cannot be followed."""


class RateLimitError(APIStatusError):
    """429: too many requests or tokens, or a model that is not ready."""


class InternalServerError(APIStatusError):
    """500 and above: the service failed."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error_class(status_code: int | None) -> type[APIStatusError]:
    """Return the exception class for an HTTP status; APIStatusError itself where no class is its own."""
    if status_code is None:
        return APIStatusError
    if status_code >= 500:
        return InternalServerError
    return _BY_STATUS.get(status_code, APIStatusError)
